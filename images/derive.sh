# shellcheck shell=bash
# What the recipes share that begin with a finished image: its disk is opened, changed from the inside, and written as
# another image. Sourced by images/*/build; docs/man/ippo-recipe.7 has a whole example.

# shellcheck source=images/image.sh
. "$(dirname "${BASH_SOURCE[0]}")/image.sh"

# derive_options "$@" : what a recipe is called with by `ippo image build` and `ippo image refresh`.
derive_options() {
	local option
	derive_fresh=
	for option in "$@"; do
		case $option in
		--fresh) derive_fresh=yes ;;
		*) fail "there is no option $option" "Use: $0 [--fresh]" ;;
		esac
	done
}

# derive_image NAME BASE FILE ... : where the finished image is, by what it is made of; the FILEs are the recipe's.
# What is there already is printed, and the recipe ends, unless derive_fresh has something in it.
derive_image() {
	local name=$1 base=$2
	shift 2
	image=$IPPO_CACHE/$name-$(date +%Y%m)-$({ basename "$base"; cat "${BASH_SOURCE[0]}" "$@"; } | sha256sum | cut -c1-16).qcow2
	if [ -s "$image" ] && [ -z "${derive_fresh:-}" ]; then
		printf '%s\n' "$image"
		exit 0
	fi
	[ "$(id -u)" = 0 ] || fail "an image is made by root" "Run this again with sudo."
	mkdir -p "$IPPO_CACHE"
	exec 8>"$IPPO_CACHE/$name.lock"
	flock 8
	[ ! -s "$image" ] || [ -n "${derive_fresh:-}" ] || { printf '%s\n' "$image"; exit 0; }
}

derive_cleanup() {
	local mounted
	for mounted in dev proc sys ''; do
		! mountpoint -q "$root/$mounted" || umount "$root/$mounted"
	done
	[ -z "$loop" ] || losetup -d "$loop"
	rm -rf "$work"
}

# derive_open BASE : sets root, below which the image's files are, and work, a folder that is gone at the end.
derive_open() {
	work=$(mktemp -d "$IPPO_CACHE/build.XXXXXX")
	root=$work/root
	loop=
	trap derive_cleanup EXIT
	mkdir "$root"
	long "opening $(basename "$1")" qemu-img convert -O raw "$1" "$work/disk.raw" ||
		fail "$1 cannot be read" "Is there room in $IPPO_CACHE?"
	loop=$(losetup --show -f --offset $((2048 * 512)) "$work/disk.raw")
	mount "$loop" "$root"
	local dir
	for dir in dev proc sys; do
		mount --bind "/$dir" "$root/$dir"
	done
	# Names are found as on this machine, and what is installed does not start here.
	mkdir -p "$root/run/systemd/resolve"
	cat /etc/resolv.conf >"$root/run/systemd/resolve/stub-resolv.conf"
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"
}

# derive_run COMMAND ... : inside the image.
derive_run() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"
}

derive_apt() {
	derive_run apt-get -qq update && derive_run apt-get -qq -y dist-upgrade &&
		derive_run apt-get -qq -y --no-install-recommends install "$@"
}

# derive_install PACKAGE ... : with the latest updates of everything else.
derive_install() {
	long "installing into the image" derive_apt "$@" || fail "apt-get failed in the image" "Is the mirror in /etc/apt reachable? Then run this again."
	derive_run apt-get clean
	rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin
}

# derive_allow PORT/tcp ... : open in the packet filter of every server made from it, beside SSH and what is chosen for the server.
derive_allow() {
	"$root/usr/sbin/firststep" allow --yes --root "$root" --image "$@" >"$work/allowed" ||
		fail "firststep could not open $*" "$(cat "$work/allowed")"
}

# derive_close : writes the image, and prints its path.
derive_close() {
	local dir
	rm -f "$root/usr/sbin/policy-rc.d"
	# Each server makes its own identity at its first boot, also when a package has begun with one here.
	rm -f "$root"/etc/ssh/ssh_host_*_key* "$root/var/lib/dbus/machine-id"
	: >"$root/etc/machine-id"
	package_list "$root" >"$work/packages"
	for dir in dev proc sys; do
		umount "$root/$dir"
	done
	rm -rf "${root:?}"/run/* "${root:?}"/tmp/* "$root"/var/log/*/* "$root/var/log/dpkg.log" "$root/var/log/alternatives.log"
	fstrim "$root" 2>/dev/null || true
	# Another mount namespace may hold a copy of the mount, and then unmounting it here writes nothing.
	sync -f "$root"
	umount "$root"
	losetup -d "$loop"
	loop=
	long "writing the image" qemu-img convert -O qcow2 -c "$work/disk.raw" "$image.new"
	mv "$work/packages" "$image.packages"
	mv "$image.new" "$image"
	say "made $image ($(du -h "$image" | cut -f1))"
	printf '%s\n' "$image"
}
