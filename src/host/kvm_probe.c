/*
 * Theory of operation. On some machines /dev/kvm opens and virtual machines run, but instruction by
 * instruction, so that a kernel never gets anywhere. Only time tells. The child makes a machine
 * with one megabyte, puts it directly into 64-bit mode with one identity-mapped page of 2 MiB, and
 * lets it count. A working KVM does it in about a tenth of a second.
 */
#include "host/kvm_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define MEMORY_BYTES   0x100000
#define PML4_AT        0x1000
#define PDPT_AT        0x2000
#define PD_AT          0x3000
#define CODE_AT        0x4000
#define PROBE_LIMIT_MS 2000
#define PROBE_GOOD_MS  1000

enum probe_result { PROBE_RAN = 0, PROBE_NO_DEVICE = 10, PROBE_REFUSED = 11, PROBE_CRASHED = 12 };

static int set_long_mode(int cpu)
{
	struct kvm_sregs sregs;
	const struct kvm_regs regs = {.rip = CODE_AT, .rflags = 2};

	if (ioctl(cpu, KVM_GET_SREGS, &sregs) < 0)
		return -1;
	sregs.cr3 = PML4_AT;
	sregs.cr4 = 1U << 5;                 /* PAE */
	sregs.cr0 = 1U | 1U << 4 | 1U << 31; /* protection, extension type, paging */
	sregs.efer = 1U << 8 | 1U << 10;     /* long mode enabled and active */
	sregs.cs = (struct kvm_segment){.limit = 0xffffffff,
					.selector = 8,
					.type = 11,
					.present = 1,
					.s = 1,
					.l = 1,
					.g = 1};
	sregs.ds = sregs.es = sregs.ss = (struct kvm_segment){.limit = 0xffffffff,
							      .selector = 16,
							      .type = 3,
							      .present = 1,
							      .s = 1,
							      .db = 1,
							      .g = 1};
	return ioctl(cpu, KVM_SET_SREGS, &sregs) < 0 || ioctl(cpu, KVM_SET_REGS, &regs) < 0 ? -1
											    : 0;
}

static enum probe_result run_loop(void)
{
	/* mov $200000000,%ecx; 1: dec %ecx; jnz 1b; hlt */
	static const uint8_t code[] = {0xb9, 0x00, 0xc2, 0xeb, 0x0b, 0xff, 0xc9, 0x75, 0xfc, 0xf4};
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0UL);
	uint8_t *memory;

	if (kvm < 0)
		return PROBE_NO_DEVICE;
	if (vm < 0)
		return PROBE_REFUSED;
	memory =
		mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct kvm_userspace_memory_region region = {
		.memory_size = MEMORY_BYTES, .userspace_addr = (uint64_t)(uintptr_t)memory};
	if (memory == MAP_FAILED || ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) < 0)
		return PROBE_REFUSED;
	*(uint64_t *)(void *)(memory + PML4_AT) = PDPT_AT | 3;
	*(uint64_t *)(void *)(memory + PDPT_AT) = PD_AT | 3;
	*(uint64_t *)(void *)(memory + PD_AT) = 0x83; /* present, writable, 2 MiB */
	memcpy(memory + CODE_AT, code, sizeof code);
	int cpu = ioctl(vm, KVM_CREATE_VCPU, 0UL);
	int run_bytes = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0UL);
	if (cpu < 0 || run_bytes <= 0)
		return PROBE_REFUSED;
	struct kvm_run *run =
		mmap(NULL, (size_t)run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, cpu, 0);
	if (run == MAP_FAILED || set_long_mode(cpu) < 0)
		return PROBE_REFUSED;
	while (ioctl(cpu, KVM_RUN, 0UL) < 0)
		if (errno != EINTR)
			return PROBE_CRASHED;
	return run->exit_reason == KVM_EXIT_HLT ? PROBE_RAN : PROBE_CRASHED;
}

bool kvm_probe(char *reason, size_t size)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	const int64_t began = clock_mono_ms();
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_exit((int)run_loop());
	while (child > 0 && waitpid(child, &status, WNOHANG) == 0) {
		if (clock_mono_ms() - began > PROBE_LIMIT_MS) {
			(void)kill(child, SIGKILL);
			(void)waitpid(child, &status, 0);
			break;
		}
		(void)nanosleep(&pause, NULL);
	}
	const long took_ms = (long)(clock_mono_ms() - began);
	const int result = child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : PROBE_CRASHED;
	reason[0] = '\0';
	if (child > 0 && WIFEXITED(status) && result == PROBE_RAN && took_ms <= PROBE_GOOD_MS)
		return true;
	if (result == PROBE_NO_DEVICE)
		(void)snprintf(reason, size, "this machine offers no /dev/kvm");
	else if (result == PROBE_REFUSED)
		(void)snprintf(reason, size, "/dev/kvm is there but makes no virtual machine");
	else if (took_ms > PROBE_GOOD_MS)
		(void)snprintf(reason, size,
			       "/dev/kvm is there but too slow to be of use: the probe took over "
			       "%d ms where a "
			       "working one takes about 100",
			       PROBE_GOOD_MS);
	else
		(void)snprintf(reason, size,
			       "/dev/kvm is there but a virtual machine crashes in it");
	return false;
}
