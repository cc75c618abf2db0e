# What the image recipes share: where finished images are kept, and progress that tells the time.
# Sourced by images/*/build.

IPPO_CACHE=${IPPO_CACHE:-/var/cache/ippo}

say() {
	printf '%5ss  %s\n' "$SECONDS" "$*" >&2
}

fail() {
	printf 'failed after %ss: %s\n' "$SECONDS" "$*" >&2
	exit 1
}

# recipe_key FILE ... : changes when any of these files does.
recipe_key() {
	cat "$@" | sha256sum | cut -c1-16
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
	fail "no Debian mirror in /etc/apt: add one to /etc/apt/sources.list and run this again"
}
