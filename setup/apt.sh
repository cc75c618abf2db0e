# shellcheck shell=bash
# How the mirror is asked. Sourced by setup/packages and by images/image.sh.

# One that is away for a moment is asked again, with growing pauses of half a minute at most.
# shellcheck disable=SC2034 # for those who source this
APT_RETRIES=8
