// The real driver: libvirt for domains, files for disks, nftables and netlink for the network.
#include <errno.h>
#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "host/image_store.h"
#include "host/image_updates.h"
#include "host/kvm_probe.h"
#include "host/libvirt/agent.h"
#include "host/libvirt/ask.h"
#include "host/libvirt/backup.h"
#include "host/libvirt/connection.h"
#include "host/libvirt/console.h"
#include "host/libvirt/interfaces.h"
#include "host/libvirt/ports.h"
#include "host/libvirt/report.h"
#include "host/libvirt/statistics.h"
#include "host/libvirt/xml.h"
#include "host/network/filter.h"
#include "host/network/network.h"

#define CONSOLE_LOG_DIR  "/var/log/libvirt/qemu"
#define CONSOLE_OLD_LOGS 3 /* that virtlogd keeps beside a full one */
#define DETACH_POLLS     20
#define DETACH_POLL_US   100000

struct libvirt_driver {
	struct driver driver;
	struct driver_events events;
	const struct config *config;
	struct connection *connection;
	struct image_store images;
	struct network *network;
	struct reports *reports;
	bool kvm;
	char no_kvm_reason[HOST_TEXT_BYTES];
};

static void close_connection_reference(virConnectPtr *connection)
{
	if (*connection != NULL)
		(void)virConnectClose(*connection);
}

static void free_domain_reference(virDomainPtr *domain)
{
	if (*domain != NULL)
		(void)virDomainFree(*domain);
}

#define AUTO_CONNECTION CLEANUP(close_connection_reference)
#define AUTO_DOMAIN     CLEANUP(free_domain_reference)

static struct libvirt_driver *self_of(struct driver *driver)
{
	return (struct libvirt_driver *)driver;
}

/* Only domains with our prefix are ours, whoever asks. */
static bool is_ours(const struct libvirt_driver *self, virDomainPtr domain)
{
	const char *name = virDomainGetName(domain);
	const size_t prefix = strlen(self->config->instance);

	return name != NULL && strncmp(name, self->config->instance, prefix) == 0 &&
	       name[prefix] == '-';
}

/* NULL and ERR_NOT_FOUND when there is none of ours. */
static virDomainPtr find(const struct libvirt_driver *self, virConnectPtr connection,
			 const uint8_t uuid[UUID_BYTES], struct err *err)
{
	virDomainPtr domain = virDomainLookupByUUID(connection, uuid);

	if (domain == NULL) {
		(void)connection_error("find the server", err);
		return NULL;
	}
	if (!is_ours(self, domain)) {
		(void)virDomainFree(domain);
		(void)err_set(err, ERR_NOT_FOUND, "the server is not defined on this host");
		return NULL;
	}
	return domain;
}

/* The common beginning of a verb on a domain. 0 and both references, or an error. */
static int open_domain(struct libvirt_driver *self, const uint8_t uuid[UUID_BYTES],
		       virConnectPtr *ret_connection, virDomainPtr *ret_domain, struct err *err)
{
	struct err why = {0};

	*ret_connection = connection_get(self->connection, err);
	if (*ret_connection == NULL)
		return ERR_HYPERVISOR;
	*ret_domain = find(self, *ret_connection, uuid, &why);
	return *ret_domain == NULL ? err_set(err, why.code, "%s", why.text) : 0;
}

/* What of a verb's time is libvirt's own; on the clock that all processes of the machine share. */
static void say_took(const char *call, virDomainPtr domain, int64_t began_ms)
{
	log_debug("libvirt: %s of %s began at %lld ms and took %lld ms", call,
		  domain != NULL ? virDomainGetName(domain) : "nothing", (long long)began_ms,
		  (long long)(clock_mono_ms() - began_ms));
}

static int read_state(virDomainPtr domain, enum host_domain_state *ret, struct err *err)
{
	int state;

	if (virDomainGetState(domain, &state, NULL, 0) < 0)
		return connection_error("ask the server's state", err);
	*ret = connection_state(state);
	return 0;
}

/* --- facts and inventory --- */

static int facts(struct driver *driver, struct host_facts *ret, struct err *err)
{
	struct libvirt_driver *self = self_of(driver);
	virConnectPtr connection AUTO_CONNECTION = connection_get(self->connection, err);
	struct host_facts facts = {0};
	struct buf boot_id CLEANUP(buf_done) = {0};
	unsigned long library = 0, qemu = 0;
	struct sysinfo info;

	if (connection == NULL)
		return ERR_HYPERVISOR;
	if (virConnectGetLibVersion(connection, &library) < 0 ||
	    virConnectGetVersion(connection, &qemu) < 0)
		return connection_error("ask libvirt's version", err);
	(void)gethostname(facts.hostname, sizeof facts.hostname - 1);
	(void)snprintf(facts.driver, sizeof facts.driver, "libvirt");
	(void)snprintf(facts.virtualization, sizeof facts.virtualization, "%s",
		       self->kvm ? "kvm" : "emulation");
	(void)snprintf(facts.reason, sizeof facts.reason, "%s", self->no_kvm_reason);
	(void)snprintf(facts.hypervisor, sizeof facts.hypervisor,
		       "QEMU %lu.%lu.%lu, libvirt %lu.%lu.%lu", qemu / 1000000, qemu / 1000 % 1000,
		       qemu % 1000, library / 1000000, library / 1000 % 1000, library % 1000);
	facts.cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	if (sysinfo(&info) == 0)
		facts.memory_mib = (uint64_t)info.totalram * info.mem_unit >> 20;
	(void)image_store_space(&self->images, &facts.pool_bytes, &facts.pool_free_bytes);
	if (fd_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &boot_id) == 0)
		(void)snprintf(facts.boot_id, sizeof facts.boot_id, "%.36s", buf_str(&boot_id));
	*ret = facts;
	return 0;
}

/* One that went away meanwhile is not there; any other failure fails the whole, because whoever
 * asks takes what is missing for gone. */
static int tell_domain(virDomainPtr domain, driver_item *item, void *context, struct err *err)
{
	struct host_item found = {.kind = HOST_ITEM_DOMAIN};
	enum host_domain_state state;
	int code;

	if (virDomainGetUUID(domain, found.uuid) < 0)
		return connection_error("ask a server's id", err);
	code = read_state(domain, &state, err);
	if (code == ERR_NOT_FOUND)
		return 0;
	if (code == 0) {
		found.state = (uint8_t)state;
		item(context, &found);
	}
	return code;
}

static int inventory(struct driver *driver, driver_item *item, void *context, struct err *err)
{
	struct err wrong = {0};
	struct libvirt_driver *self = self_of(driver);
	virConnectPtr connection AUTO_CONNECTION = connection_get(self->connection, err);
	virDomainPtr *domains = NULL;
	int count, code = 0;

	if (connection == NULL)
		return ERR_HYPERVISOR;
	count = virConnectListAllDomains(connection, &domains, 0);
	if (count < 0)
		return connection_error("list the servers", err);
	for (int i = 0; i < count; i++) {
		if (code == 0 && is_ours(self, domains[i]))
			code = tell_domain(domains[i], item, context, err);
		(void)virDomainFree(domains[i]);
	}
	free(domains);
	if (code < 0 || (code = image_store_inventory(&self->images, item, context, err)) < 0)
		return code;
	/* Core asks each minute: the time to look whether the filter is still what it was made. */
	if (network_check(self->network, &wrong) < 0)
		log_warning("the packet filter cannot be looked at: %s", wrong.text);
	network_inventory(self->network, item, context);
	return 0;
}

static int statistics(struct driver *driver, driver_sample *sample, void *context, struct err *err)
{
	struct libvirt_driver *self = self_of(driver);
	virConnectPtr connection AUTO_CONNECTION = connection_get(self->connection, err);

	return connection == NULL
		       ? ERR_HYPERVISOR
		       : statistics_all(connection, self->config->instance, sample, context, err);
}

/* --- images, volumes, network: files and the kernel --- */

static int image_import(struct driver *driver, const struct host_image_import *import, int fd,
			driver_progress *progress, void *context, struct host_image_facts *ret,
			struct err *err)
{
	return image_store_import(&self_of(driver)->images, import, fd, progress, context, ret,
				  err);
}

static int take_running(struct libvirt_driver *self, virDomainPtr domain, const char *path,
			driver_progress *progress, void *context, struct err *err)
{
	const struct backup backup = {
		.images = &self->images, .path = path, .progress = progress, .context = context};

	return backup_run(domain, &backup, err);
}

/* One that is switched off in the middle of it is an error, and tried again as one that is off. */
static int image_create(struct driver *driver, const struct host_image_disk *disk,
			driver_progress *progress, void *context, struct host_image_facts *ret,
			struct err *err)
{
	struct libvirt_driver *self = self_of(driver);
	virConnectPtr connection AUTO_CONNECTION = NULL;
	virDomainPtr domain AUTO_DOMAIN = NULL;
	char path[IMAGE_STORE_PATH_BYTES];
	enum host_domain_state state;
	int code = open_domain(self, disk->uuid, &connection, &domain, err);

	if (code < 0 || (code = read_state(domain, &state, err)) < 0)
		return code;
	const bool running = state != HOST_DOMAIN_OFF && state != HOST_DOMAIN_CRASHED;
	/* Of an attempt that was cut off: what it writes is nobody's any more. */
	if (running && (code = backup_end(domain, err)) < 0)
		return code;
	code = image_store_take_begin(&self->images, disk, running, path, ret, err);
	if (code != 0)
		return code < 0 ? code : 0;
	if (running)
		code = take_running(self, domain, path, progress, context, err);
	if (code == 0)
		return image_store_take_end(&self->images, disk, running, progress, context, ret,
					    err);
	image_store_take_undo(&self->images, disk->image_id);
	return code;
}

static int image_delete(struct driver *driver, uint64_t image_id, struct err *err)
{
	return image_store_delete(&self_of(driver)->images, image_id, err);
}

static int image_facts(struct driver *driver, uint64_t image_id, struct host_image_facts *ret,
		       struct err *err)
{
	return image_store_facts(&self_of(driver)->images, image_id, ret, err);
}

static int image_updates(struct driver *driver, const struct host_package_list *list,
			 struct host_updates *ret, struct err *err)
{
	return image_updates_look(self_of(driver)->config, list, ret, err);
}

static int volume_create(struct driver *driver, const struct host_volume *volume, struct err *err)
{
	return image_store_volume_create(&self_of(driver)->images, volume, err);
}

static int volume_grow(struct driver *driver, const struct host_volume *volume, struct err *err)
{
	return image_store_volume_grow(&self_of(driver)->images, volume, err);
}

static int volume_delete(struct driver *driver, const struct host_volume *volume, struct err *err)
{
	return image_store_volume_delete(&self_of(driver)->images, volume, err);
}

static int seed_create(struct driver *driver, const struct host_seed *seed, struct err *err)
{
	return image_store_seed_create(&self_of(driver)->images, seed, err);
}

static int net_set(struct driver *driver, const struct host_network *network, struct err *err)
{
	return network_set(self_of(driver)->network, network, err);
}

static int net_clear(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	return network_clear(self_of(driver)->network, uuid, err);
}

static int filter_set(struct driver *driver, const struct host_filter_change *change,
		      uint64_t *ret_version, struct err *err)
{
	return network_set_filter(self_of(driver)->network, change, ret_version, err);
}

static uint64_t filter_version(struct driver *driver, const uint8_t uuid[UUID_BYTES])
{
	return network_filter_version(self_of(driver)->network, uuid);
}

static int traffic(struct driver *driver, driver_traffic *of, void *context, struct err *err)
{
	return network_traffic(self_of(driver)->network, of, context, err);
}

static int filter_status(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct buf *answer,
			 struct err *err)
{
	return network_filter_status(self_of(driver)->network, uuid, answer, err);
}

static int filter_came(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct buf *answer,
		       struct err *err)
{
	return network_came(self_of(driver)->network, uuid, answer, err);
}

static int net_sync(struct driver *driver, const struct host_network *networks, size_t count,
		    struct err *err)
{
	return network_sync(self_of(driver)->network, networks, count, err);
}

/* --- domains --- */

static int domain_define(struct driver *driver, const struct host_domain *domain, struct err *err)
{
	struct libvirt_driver *self = self_of(driver);
	virConnectPtr connection AUTO_CONNECTION = connection_get(self->connection, err);
	char disk[IMAGE_STORE_PATH_BYTES], image[IMAGE_STORE_PATH_BYTES],
		seed[IMAGE_STORE_PATH_BYTES], rescue[IMAGE_STORE_PATH_BYTES], tap[FILTER_TAP_BYTES],
		log[RECOVER_PATH_BYTES];
	struct buf xml CLEANUP(buf_done) = {0};

	if (connection == NULL)
		return ERR_HYPERVISOR;
	if (filter_tap_name(self->config->instance, domain->server_id, tap) < 0)
		return err_set(err, ERR_INVALID_INPUT,
			       "the server's id is too large for an interface's name");
	image_store_volume_path(&self->images, domain->uuid, domain->generation, disk);
	image_store_image_path(&self->images, domain->image_id, image);
	image_store_seed_path(&self->images, domain->uuid, seed);
	image_store_image_path(&self->images, domain->rescue.image_id, rescue);
	if (domain->rescue.image_id != 0 && access(rescue, R_OK) < 0)
		return err_set(err, ERR_IMAGE_MISSING,
			       "the rescue system's image is not on the host");
	(void)snprintf(log, sizeof log, CONSOLE_LOG_DIR "/%s-%llu.console.log",
		       self->config->instance, (unsigned long long)domain->server_id);
	const struct xml_domain input = {.domain = domain,
					 .instance = self->config->instance,
					 .kvm = self->kvm,
					 .disk_path = disk,
					 .image_path = domain->image_id != 0 ? image : NULL,
					 .seed_path = domain->has_seed ? seed : NULL,
					 .rescue_path =
						 domain->rescue.image_id != 0 ? rescue : NULL,
					 .tap = tap,
					 .console_log = log};
	if (xml_write_domain(&input, &xml) < 0)
		return err_set(err, -ENOMEM, "no memory for the server's definition");
	const int64_t began_ms = clock_mono_ms();
	virDomainPtr defined AUTO_DOMAIN =
		virDomainDefineXMLFlags(connection, buf_str(&xml), VIR_DOMAIN_DEFINE_VALIDATE);
	say_took("define", defined, began_ms);
	if (defined == NULL)
		return connection_error("define the server", err);
	ports_follow(defined);
	return interfaces_follow(defined, domain, self->config->instance, err);
}

/* By the name that libvirt knows it by, for a server that is defined. */
static void log_path(virDomainPtr domain, char out[RECOVER_PATH_BYTES])
{
	(void)snprintf(out, RECOVER_PATH_BYTES, CONSOLE_LOG_DIR "/%s.console.log",
		       virDomainGetName(domain));
}

/* virtlogd cuts the log itself when a guest is started, but leaves the old ones beside it. */
static void remove_old_logs(const char *log)
{
	char path[RECOVER_PATH_BYTES + 8];

	for (int i = 0; i < CONSOLE_OLD_LOGS; i++) {
		(void)snprintf(path, sizeof path, "%s.%d", log, i);
		(void)unlink(path);
	}
}

/* A guest whose serial port cannot be had runs all the same. */
static void attach_line(struct libvirt_driver *self, virConnectPtr connection, virDomainPtr domain,
			bool is_from_start)
{
	char log[RECOVER_PATH_BYTES];
	uint8_t uuid[UUID_BYTES];
	struct serial_line line;
	struct err err = {0};

	if (self->events.line == NULL || virDomainGetUUID(domain, uuid) < 0)
		return;
	log_path(domain, log);
	if (console_open_line(connection, uuid, log, &line, &err) < 0) {
		log_warning("the serial port of %s is not listened to: %s",
			    virDomainGetName(domain), err.text);
		return;
	}
	line.is_from_start = is_from_start;
	self->events.line(self->events.context, uuid, &line);
}

/* It is off: what it said last may still be in the log. */
static void tell_off(struct libvirt_driver *self, virDomainPtr domain)
{
	struct serial_line line = {.fd = -1};
	uint8_t uuid[UUID_BYTES];

	if (self->events.line == NULL || virDomainGetUUID(domain, uuid) < 0)
		return;
	log_path(domain, line.log);
	line.log_place = recover_place(line.log);
	self->events.line(self->events.context, uuid, &line);
}

static int stop_domain(virDomainPtr domain, struct err *err)
{
	if (virDomainDestroy(domain) < 0 && virGetLastErrorCode() != VIR_ERR_OPERATION_INVALID)
		return connection_error("stop the server", err);
	return 0;
}

static int domain_undefine(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	struct libvirt_driver *self = self_of(driver);
	virConnectPtr connection AUTO_CONNECTION = NULL;
	virDomainPtr domain AUTO_DOMAIN = NULL;
	char log[RECOVER_PATH_BYTES];
	int code = open_domain(self, uuid, &connection, &domain, err);

	if (code == ERR_NOT_FOUND && self->events.forget != NULL)
		self->events.forget(self->events.context, uuid);
	if (code == ERR_NOT_FOUND)
		return 0;
	if (code < 0)
		return code;
	log_path(domain, log);
	reports_detach(self->reports, uuid);
	if ((code = stop_domain(domain, err)) < 0)
		return code;
	if (virDomainUndefineFlags(domain, VIR_DOMAIN_UNDEFINE_MANAGED_SAVE |
						   VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA |
						   VIR_DOMAIN_UNDEFINE_NVRAM) < 0 &&
	    virGetLastErrorCode() != VIR_ERR_NO_DOMAIN)
		return connection_error("undefine the server", err);
	(void)unlink(log);
	remove_old_logs(log);
	if (self->events.forget != NULL)
		self->events.forget(self->events.context, uuid);
	return 0;
}

/* Paused first: the wire has its addresses and filter before the guest's first packet, and the
 * serial port has a listener before its first byte. */
static int domain_start(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	struct libvirt_driver *self = self_of(driver);
	virConnectPtr connection AUTO_CONNECTION = NULL;
	virDomainPtr domain AUTO_DOMAIN = NULL;
	enum host_domain_state state;
	char log[RECOVER_PATH_BYTES];
	int64_t began_ms = clock_mono_ms();
	int code = open_domain(self, uuid, &connection, &domain, err);

	if (code < 0 || (code = read_state(domain, &state, err)) < 0)
		return code;
	say_took("look-up", domain, began_ms);
	if (state == HOST_DOMAIN_RUNNING)
		return 0;
	log_path(domain, log);
	if ((code = network_prepare(self->network, uuid, err)) < 0)
		return code;
	if (state != HOST_DOMAIN_PAUSED)
		remove_old_logs(log);
	began_ms = clock_mono_ms();
	if (state != HOST_DOMAIN_PAUSED &&
	    virDomainCreateWithFlags(domain, VIR_DOMAIN_START_PAUSED) < 0)
		return connection_error("start the server", err);
	say_took("start", domain, began_ms);
	if ((code = network_plumb(self->network, uuid, err)) < 0) {
		(void)virDomainDestroy(domain);
		return code;
	}
	reports_attach(self->reports, connection, uuid);
	attach_line(self, connection, domain, state != HOST_DOMAIN_PAUSED);
	if (virDomainResume(domain) < 0) {
		code = connection_error("start the server", err);
		(void)virDomainDestroy(domain);
		return code;
	}
	return 0;
}

static int domain_shutdown(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	struct libvirt_driver *self = self_of(driver);
	virConnectPtr connection AUTO_CONNECTION = NULL;
	virDomainPtr domain AUTO_DOMAIN = NULL;
	enum host_domain_state state;
	int code = open_domain(self, uuid, &connection, &domain, err);

	if (code < 0 || (code = read_state(domain, &state, err)) < 0)
		return code;
	if (state == HOST_DOMAIN_OFF || state == HOST_DOMAIN_CRASHED)
		return 0;
	if (virDomainShutdownFlags(domain, VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN) == 0)
		return 0;
	if (ports_check(domain, NULL) == 0 && agent_is_connected(domain) &&
	    virDomainShutdownFlags(domain, VIR_DOMAIN_SHUTDOWN_GUEST_AGENT) == 0)
		return 0;
	return connection_error("shut the server down", err);
}

static int domain_stop(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	struct libvirt_driver *self = self_of(driver);
	virConnectPtr connection AUTO_CONNECTION = NULL;
	virDomainPtr domain AUTO_DOMAIN = NULL;
	int code = open_domain(self, uuid, &connection, &domain, err);

	return code < 0 ? code : stop_domain(domain, err);
}

static int domain_reboot(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	struct libvirt_driver *self = self_of(driver);
	virConnectPtr connection AUTO_CONNECTION = NULL;
	virDomainPtr domain AUTO_DOMAIN = NULL;
	int code = open_domain(self, uuid, &connection, &domain, err);

	if (code < 0)
		return code;
	return virDomainReboot(domain, VIR_DOMAIN_REBOOT_ACPI_POWER_BTN) < 0
		       ? connection_error("restart the server", err)
		       : 0;
}

static int domain_reset(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	struct libvirt_driver *self = self_of(driver);
	virConnectPtr connection AUTO_CONNECTION = NULL;
	virDomainPtr domain AUTO_DOMAIN = NULL;
	int code = open_domain(self, uuid, &connection, &domain, err);

	if (code < 0)
		return code;
	return virDomainReset(domain, 0) < 0 ? connection_error("reset the server", err) : 0;
}

static int domain_state(struct driver *driver, const uint8_t uuid[UUID_BYTES],
			enum host_domain_state *ret, struct err *err)
{
	struct libvirt_driver *self = self_of(driver);
	virConnectPtr connection AUTO_CONNECTION = NULL;
	virDomainPtr domain AUTO_DOMAIN = NULL;
	int code = open_domain(self, uuid, &connection, &domain, err);

	if (code == ERR_NOT_FOUND) {
		*ret = HOST_DOMAIN_ABSENT;
		return 0;
	}
	return code < 0 ? code : read_state(domain, ret, err);
}

static bool has_seed(virDomainPtr domain, const char *path, unsigned flags)
{
	AUTO_FREE char *xml = virDomainGetXMLDesc(domain, flags);

	return xml != NULL && strstr(xml, path) != NULL;
}

/*
 * The disc leaves the definition at once. A running guest is asked to let go of it; one that does
 * not keeps an open file without a name until it is stopped, and nobody else can read it.
 */
static int seed_delete(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct err *err)
{
	struct libvirt_driver *self = self_of(driver);
	virConnectPtr connection AUTO_CONNECTION = NULL;
	virDomainPtr domain AUTO_DOMAIN = NULL;
	char path[IMAGE_STORE_PATH_BYTES];
	struct buf xml CLEANUP(buf_done) = {0};
	enum host_domain_state state = HOST_DOMAIN_OFF;
	int code = open_domain(self, uuid, &connection, &domain, err);

	if (code < 0 && code != ERR_NOT_FOUND)
		return code;
	image_store_seed_path(&self->images, uuid, path);
	if (domain != NULL) {
		if (xml_write_seed(path, &xml) < 0 || read_state(domain, &state, err) < 0)
			return err_wrap(err, ERR_HYPERVISOR_FAILED, "cannot take the seed out");
		if (has_seed(domain, path, VIR_DOMAIN_XML_INACTIVE) &&
		    virDomainDetachDeviceFlags(domain, buf_str(&xml), VIR_DOMAIN_AFFECT_CONFIG) < 0)
			return connection_error("take the seed out of the definition", err);
		if (state == HOST_DOMAIN_RUNNING && has_seed(domain, path, 0) &&
		    virDomainDetachDeviceFlags(domain, buf_str(&xml), VIR_DOMAIN_AFFECT_LIVE) == 0)
			for (int i = 0; i < DETACH_POLLS && has_seed(domain, path, 0); i++)
				(void)usleep(DETACH_POLL_US);
	}
	return image_store_seed_delete(&self->images, uuid, err);
}

static int password_set(struct driver *driver, const struct host_password *password,
			struct err *err)
{
	struct libvirt_driver *self = self_of(driver);
	virConnectPtr connection AUTO_CONNECTION = NULL;
	virDomainPtr domain AUTO_DOMAIN = NULL;
	int code = open_domain(self, password->uuid, &connection, &domain, err);

	if (code < 0 || (code = ports_check(domain, err)) < 0 ||
	    (code = agent_set_password(domain, password, err)) < 0)
		return code;
	/* firststep does it, and lets the agent run nothing; other guests have only the agent. */
	code = ask_expire(connection, domain, password->uuid, password->user, err);
	return code == ERR_UNSUPPORTED ? agent_expire(domain, password->user, err) : code;
}

static int guest_ask(struct driver *driver, const struct host_guest_ask *ask, struct err *err)
{
	struct libvirt_driver *self = self_of(driver);
	virConnectPtr connection AUTO_CONNECTION = NULL;
	virDomainPtr domain AUTO_DOMAIN = NULL;
	char line[HOST_ASK_MAX_BYTES + 1];
	enum host_domain_state state;
	int code = open_domain(self, ask->uuid, &connection, &domain, err);

	if (code < 0 || (code = ports_check(domain, err)) < 0 ||
	    (code = read_state(domain, &state, err)) < 0)
		return code;
	if (state != HOST_DOMAIN_RUNNING)
		return err_set(err, ERR_SERVER_NOT_RUNNING, "the server is off: nobody answers");
	(void)snprintf(line, sizeof line, "%s\n", ask->line);
	return ask_line(connection, domain, line, err);
}

static int vnc_open(struct driver *driver, const uint8_t uuid[UUID_BYTES], int *ret_fd,
		    struct err *err)
{
	struct libvirt_driver *self = self_of(driver);
	virConnectPtr connection AUTO_CONNECTION = NULL;
	virDomainPtr domain AUTO_DOMAIN = NULL;
	int code = open_domain(self, uuid, &connection, &domain, err);

	return code < 0 ? code : console_open_vnc(domain, ret_fd, err);
}

static int screenshot(struct driver *driver, const uint8_t uuid[UUID_BYTES], struct buf *png,
		      struct err *err)
{
	struct libvirt_driver *self = self_of(driver);
	virConnectPtr connection AUTO_CONNECTION = NULL;
	virDomainPtr domain AUTO_DOMAIN = NULL;
	int code = open_domain(self, uuid, &connection, &domain, err);

	return code < 0 ? code : console_screenshot(connection, domain, png, err);
}

/* --- events --- */

static void on_opened(void *context, virConnectPtr connection)
{
	struct libvirt_driver *self = context;
	virDomainPtr *domains = NULL;
	int count = virConnectListAllDomains(connection, &domains, 0);

	for (int i = 0; i < count; i++) {
		uint8_t uuid[UUID_BYTES];
		const bool is_one =
			is_ours(self, domains[i]) && virDomainGetUUID(domains[i], uuid) == 0;
		if (is_one && virDomainIsActive(domains[i]) == 1) {
			reports_attach(self->reports, connection, uuid);
			attach_line(self, connection, domains[i], false);
		} else if (is_one) {
			tell_off(self, domains[i]);
		}
		(void)virDomainFree(domains[i]);
	}
	free(domains);
	self->events.hypervisor(self->events.context, true);
}

static void on_lost(void *context)
{
	struct libvirt_driver *self = context;

	reports_detach_all(self->reports);
	self->events.hypervisor(self->events.context, false);
}

static void on_domain(void *context, virDomainPtr domain, enum host_domain_state state)
{
	struct libvirt_driver *self = context;
	uint8_t uuid[UUID_BYTES];

	if (is_ours(self, domain) && virDomainGetUUID(domain, uuid) == 0)
		self->events.domain(self->events.context, uuid, state);
}

static void on_reset(void *context, virDomainPtr domain)
{
	struct libvirt_driver *self = context;
	uint8_t uuid[UUID_BYTES];

	if (self->events.mark != NULL && is_ours(self, domain) &&
	    virDomainGetUUID(domain, uuid) == 0)
		self->events.mark(self->events.context, uuid, SERIAL_MARK_RESET);
}

static const struct connection_events connection_events = {
	.opened = on_opened, .lost = on_lost, .domain = on_domain, .reset = on_reset};

static void free_driver(struct driver *driver)
{
	struct libvirt_driver *self = self_of(driver);

	if (self->connection != NULL)
		connection_free(self->connection);
	network_free(self->network);
	free(self->reports);
	free(self);
}

static const struct driver_verbs verbs = {
	.facts = facts,
	.inventory = inventory,
	.image_import = image_import,
	.image_create = image_create,
	.image_delete = image_delete,
	.image_facts = image_facts,
	.image_updates = image_updates,
	.volume_create = volume_create,
	.volume_grow = volume_grow,
	.volume_delete = volume_delete,
	.seed_create = seed_create,
	.seed_delete = seed_delete,
	.network_set = net_set,
	.network_clear = net_clear,
	.network_sync = net_sync,
	.filter_set = filter_set,
	.filter_version = filter_version,
	.filter_status = filter_status,
	.filter_came = filter_came,
	.traffic = traffic,
	.domain_define = domain_define,
	.domain_undefine = domain_undefine,
	.domain_start = domain_start,
	.domain_shutdown = domain_shutdown,
	.domain_stop = domain_stop,
	.domain_reboot = domain_reboot,
	.domain_reset = domain_reset,
	.domain_state = domain_state,
	.password_set = password_set,
	.guest_ask = guest_ask,
	.vnc_open = vnc_open,
	.screenshot = screenshot,
	.statistics = statistics,
	.free = free_driver,
};

int libvirt_driver_new(const struct config *config, const struct driver_events *events,
		       struct driver **ret, struct err *err)
{
	struct libvirt_driver *self = calloc(1, sizeof *self);
	int code;

	if (self == NULL)
		return err_set(err, -ENOMEM, "no memory");
	self->driver.verbs = &verbs;
	self->events = *events;
	self->config = config;
	if (config->emulation)
		(void)snprintf(self->no_kvm_reason, sizeof self->no_kvm_reason,
			       "the settings say emulation = yes");
	else
		self->kvm = kvm_probe(self->no_kvm_reason, sizeof self->no_kvm_reason);
	if (self->kvm)
		log_info("servers run with KVM");
	else
		log_warning("servers run in software emulation, which is slow: %s",
			    self->no_kvm_reason);
	(void)snprintf(self->images.program_dir, sizeof self->images.program_dir, "%s",
		       config->program_dir);
	if ((code = image_store_init(&self->images, config->host_dir, err)) < 0 ||
	    (code = network_new(config, &self->network, err)) < 0 ||
	    (code = reports_new(&self->events, &self->reports)) < 0 ||
	    (code = connection_new(config->libvirt_uri, &connection_events, self, &self->connection,
				   err)) < 0) {
		free_driver(&self->driver);
		return code;
	}
	*ret = &self->driver;
	return 0;
}
