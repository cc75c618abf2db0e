# shellcheck shell=bash
# Progress that tells the time, and failures that say what to do. Sourced by the other scripts here.

say() {
	printf '%5ss  %s\n' "$SECONDS" "$*" >&2
}

# fail WHAT WHAT-TO-DO
fail() {
	printf '%5ss  failed: %s\n        %s\n' "$SECONDS" "$1" "$2" >&2
	exit 1
}

# long WHAT COMMAND ... : runs it quietly and tells every ten seconds that it still runs; shows the end of
# what it said when it fails.
long() {
	local what=$1 log code=0 start=$SECONDS
	shift
	log=$(mktemp)
	say "$what"
	"$@" >"$log" 2>&1 &
	local job=$! beat=0
	while kill -0 "$job" 2>/dev/null; do
		sleep 0.2
		beat=$((beat + 1))
		[ $((beat % 50)) -ne 0 ] || say "$what … $((SECONDS - start))s"
	done
	wait "$job" || code=$?
	[ "$code" = 0 ] || tail -n 40 "$log" >&2
	rm -f "$log"
	return "$code"
}
