# shellcheck shell=bash
# What deploy/try starts, and that it ends. Sourced.

started=() # process ids, in the order of their start
work=
keep=
is_failed=

# OUTPUT LOG COMMAND...: its process id is in `pid`. The terminal's Ctrl-C does not
# reach it, since the order in which things end matters; SIGKILL does, as soon as this
# script is gone, however that happened.
start() {
	local output=$1 log=$2
	shift 2
	setsid setpriv --pdeathsig KILL "$@" </dev/null >>"$output" 2>>"$log" &
	pid=$!
	started+=("$pid")
}

# Asks bash, not the system: a number of ours that is free again may be somebody else's.
has_ended() {
	[[ $'\n'$(jobs -pr)$'\n' != *$'\n'"$1"$'\n'* ]]
}

# LIMIT_S COMMAND...: until it succeeds
wait_until() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

end_everything() {
	local i
	for ((i = ${#started[@]} - 1; i >= 0; i--)); do
		! has_ended "${started[i]}" || continue
		kill -TERM "${started[i]}" 2>/dev/null || true
		wait_until 3 has_ended "${started[i]}" || kill -KILL "${started[i]}" 2>/dev/null || true
	done
	started=()
	wait # for the two that read what they said
}

at_exit() {
	local status=$?
	trap '' INT TERM HUP
	end_everything
	[ "$work" ] || exit "$status"
	if [ "$status" -eq 1 ] && [ -z "$is_failed" ]; then
		echo 'deploy/try: a command failed that never should; the logs may tell.' >&2
		is_failed=yes
	fi
	if [ "$is_failed" ] || [ "$keep" ]; then
		printf '\nKept: %s\n' "$work"
	else
		rm -rf "$work"
	fi
	exit "$status"
}

# The first Ctrl-C closes the clinic, the second ends everything at once.
simulator=
is_closing=
is_interrupted=
at_interrupt() {
	is_interrupted=yes
	[ "$simulator" ] && [ -z "$is_closing" ] || exit 130
	is_closing=yes
	printf '\n  The clinic closes; what is under way ends first. (Ctrl-C again: everything ends now.)\n'
	kill -INT "$simulator" || true
}

# Until the first of these processes ends; its exit status is in `status`, its number
# in `ended`. A signal interrupts bash's wait.
wait_for_first() {
	while :; do
		is_interrupted=
		status=0
		wait -n -p ended "$@" || status=$?
		[ "$is_interrupted" ] || return 0
	done
}

says() {
	grep -qsF -- "$2" "$1"
}

is_up_or_gone() {
	says "$2" "$3" || has_ended "$1"
}

# LOG READY CONFIGURE COMMAND...: CONFIGURE writes the configuration for `port`; READY
# stands in the log when the port is open. Somebody else may be faster, so it is tried
# with several ports, below those that the system gives out itself.
start_server() {
	local log=$1 ready=$2 configure=$3 i
	shift 3
	for ((i = 0; i < PORT_TRIES; i++)); do
		port=$((20000 + RANDOM % 12000))
		"$configure"
		rm -f "$log"
		start "$log" "$log" "$@"
		wait_until 20 is_up_or_gone "$pid" "$log" "$ready" || return 1
		! says "$log" "$ready" || return 0
		grep -q -e 'Address already in use' -e 'another program has this port' "$log" || return 1
	done
	return 1
}
