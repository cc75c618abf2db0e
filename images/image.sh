# shellcheck shell=bash
# What the image recipes share: where finished images are kept, and what they are made of. Sourced by
# images/*/build.

# shellcheck source=setup/say.sh
. "$(dirname "${BASH_SOURCE[0]}")/../setup/say.sh"
# shellcheck source=setup/apt.sh
. "$(dirname "${BASH_SOURCE[0]}")/../setup/apt.sh"

IPPO_CACHE=${IPPO_CACHE:-/var/cache/ippo}

# fetch_packages FOLDER PACKAGE ... : the packages' files, in their newest versions.
fetch_packages() {
	local folder=$1
	shift
	(cd "$folder" && apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries="$APT_RETRIES" download "$@" >&2)
}

# recipe_key FILE ... : changes when any of these files does.
recipe_key() {
	cat "$@" | sha256sum | cut -c1-16
}

# package_list ROOT : what is installed there, in the form of src/wire/package_list.h, for looks at what the archive has since.
package_list() {
	local codename
	codename=$(sed -n 's/^VERSION_CODENAME=//p' "$1/etc/os-release")
	printf 'Built: %s\nCodename: %s\n\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$codename"
	awk '/^$/ || /^(Package|Status|Essential|Protected|Priority|Source|Version|Architecture|Multi-Arch|Installed-Size): / ||
		/^(Provides|Depends|Pre-Depends|Breaks|Conflicts|Replaces): /' "$1/var/lib/dpkg/status"
}

# The system's own apt sources, whichever form they have.
apt_sources() {
	local file
	for file in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
		if [ -s "$file" ] && grep -qE '^(deb |URIs:)' "$file"; then
			printf '%s\n' "$file"
			return
		fi
	done
	fail "there is no Debian mirror in /etc/apt" "Add one to /etc/apt/sources.list and run this again."
}
