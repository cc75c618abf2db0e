# shellcheck shell=bash
# What the small guests share: a disk that boots by itself into an initrd. Sourced by images/*/build.

# boot_disk WORK IMAGE [WORDS] [MIB]: makes the qcow2 file IMAGE from WORK/boot/vmlinuz and WORK/boot/initrd,
# with these words for the kernel and so much room. Its second partition, of 1 MiB, is the guest's to keep
# things in. An emulated timer on a busy machine looks broken at boot, which is a panic unless it is not
# looked at; nor does the kernel try its ciphers.
boot_disk() {
	local work=$1 image=$2 mib=${4:-24} disk=$1/disk.raw
	local words=${3:-console=ttyS0 quiet mitigations=off no_timer_check cryptomgr.notests panic=1}
	cat >"$work/grub.cfg" <<END
set root=(hd0,msdos1)
linux /vmlinuz $words
initrd /initrd
boot
END
	grub-mkimage -O i386-pc -o "$work/core.img" -c "$work/grub.cfg" -p /grub biosdisk part_msdos ext2 linux boot
	mke2fs -q -t ext2 -b 1024 -d "$work/boot" "$work/boot.ext2" "${mib}M" >/dev/null
	truncate -s $((mib + 4))M "$disk"
	printf 'label: dos\nstart=2048, size=%d, type=83, bootable\nstart=%d, size=2048, type=da\n' \
		$((mib * 2048)) $((mib * 2048 + 2048)) | sfdisk -q "$disk"
	dd if=/usr/lib/grub/i386-pc/boot.img of="$disk" bs=440 count=1 conv=notrunc status=none
	dd if="$work/core.img" of="$disk" bs=512 seek=1 conv=notrunc status=none
	dd if="$work/boot.ext2" of="$disk" bs=1M seek=1 conv=notrunc,sparse status=none
	qemu-img convert -O qcow2 "$disk" "$image"
}
