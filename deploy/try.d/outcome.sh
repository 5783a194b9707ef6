# shellcheck shell=bash
# What came of a run of deploy/try: counted, shown, judged. Sourced.

# FILE EXPRESSION: SQL over `document`, the JSON in FILE
of_json() {
	sqlite3 :memory: "SELECT $2 FROM (SELECT CAST(readfile('$1') AS TEXT) AS document)"
}

count_store() {
	"$programs/carepace" counts --config "$work/carepace.yaml" --json >"$work/counts.json"
}

nothing_waits_for_head_office() {
	count_store && [ "$(of_json "$work/counts.json" "document ->> '\$.outbox.alert'")" -eq 0 ]
}

all_alerts_arrived() {
	ask_head_office
	known=$(known_count alert)
	[ "${known:-0}" -ge "$alerts" ]
}

# Names of everything in the store, as in the simulator's list, with the hash where there is
# one: the stream keeps none.
stored() {
	sqlite3 -readonly -separator ' ' "$work/store/carepace.db" "
		SELECT lower(hex(s.id)), boot, seq, lower(hex(hash)) FROM journal j
		JOIN source s ON s.no = j.source" "
		SELECT lower(hex(s.id)), boot, seq FROM stream r JOIN source s ON s.no = r.source"
}

# The journal keeps the first half of a hash.
find_missing() {
	sed -E 's/ ([0-9a-f]{32})[0-9a-f]*$/ \1/' "$work/acked" | sort -u >"$work/acked.sorted"
	stored >"$work/stored"
	awk 'NR == FNR { known[$0]; next } !($0 in known) && !($1 " " $2 " " $3 in known)' \
		"$work/stored" "$work/acked.sorted" >"$work/missing"
	acked=$(wc -l <"$work/acked.sorted")
	missing=$(wc -l <"$work/missing")
}

collect() {
	wait_until $SETTLE_S nothing_waits_for_head_office || true
	count_store || fail 'carepace counts does not work.' 'The gateway'"'"'s log may say why.' "$work/gateway.log"
	counted_devices=$(of_json "$work/counts.json" "document ->> '\$.devices'")
	sessions_told=$(sed -n 's/^sessions  *//p' "$work/clinic.log")
	latency_told=$(sed -n 's/^start to verdict  *//p' "$work/clinic.log")
	sessions=$(of_json "$work/counts.json" "document ->> '\$.sessions'")
	alerts=$(of_json "$work/counts.json" "(SELECT sum(value) FROM json_each(document, '\$.alerts'))")
	wait_until $SETTLE_S all_alerts_arrived || true
	find_missing
	verified=$("$programs/carepace" verify --config "$work/carepace.yaml" 2>&1) && is_verified=yes || is_verified=
	# "verdicts   permit 13, advise 1, ...": what devices were answered
	decisions=$(sed -n 's/^verdicts  *//p' "$work/clinic.log")
	verdicts=$(($(grep -o '[0-9]\+' <<<"${decisions:-0}" | paste -sd+)))
}

show_alerts() {
	local row
	heading 'What a therapist reads (carepace alerts --all)'
	"$programs/carepace" alerts --all --config "$work/carepace.yaml" --json >"$work/alerts.json"
	sqlite3 :memory: "
		SELECT printf('%s, %s, alert %.8s|%s', value ->> 'severity', lower(value ->> 'state'),
		              value ->> 'id', value ->> 'sentence')
		FROM json_each(CAST(readfile('$work/alerts.json') AS TEXT))
		WHERE value ->> 'severity' != 'INFO'" |
		while IFS='|' read -r -a row; do
			printf '  %s%s%s\n' "$DIM" "${row[0]}" "$PLAIN"
			fold -s -w 96 <<<"${row[1]}" | sed 's/^/    /'
		done
}

# The last that a clinician overrode, else any.
show_why() {
	local alert
	alert=$(sqlite3 :memory: "
		SELECT substr(value ->> 'id', 1, 8) FROM json_each(CAST(readfile('$work/alerts.json') AS TEXT))
		ORDER BY value ->> 'check' = 'INTERVAL_TOO_SOON' DESC, value ->> 'state' = 'OVERRIDDEN' DESC
		LIMIT 1")
	[ "$alert" ] || return 0
	heading "Why? (carepace why $alert)"
	"$programs/carepace" why "$alert" --config "$work/carepace.yaml" | sed 's/^/  /'
}

# NAME COUNT DETAIL
figure() {
	printf '  %-38s %6d   %s\n' "$1" "$2" "$3" | sed 's/ *$//'
}

# "session_summary 14, course_state 9"
others_known() {
	awk -v site="$SITE" '$1 == "stream" && $2 == site && $3 != "alert" { print $3 }' "$work/picture" |
		while read -r kind; do
			printf '%s%s %s' "${comma:-}" "$kind" "$(known_count "$kind")"
			comma=', '
		done
}

show_figures() {
	heading 'What came of it'
	figure devices "$counted_devices" ''
	figure sessions "$sessions" "$sessions_told"
	figure 'messages acknowledged' "$acked" ''
	figure 'acknowledged but missing in the store' "$missing" ''
	figure verdicts "$verdicts" "$decisions"
	figure 'alerts raised' "$alerts" ''
	figure 'alerts known at head office' "$known" "$(others_known)"
	printf '  %-38s %s\n' 'from a start to its verdict' "$latency_told" 'carepace verify' "$verified"
}

# Every promise of this demonstration; the first one that is not kept is said.
judge() {
	local log=$work/gateway.log
	local report='Please report it, with the folder that was kept.'
	[ "$simulator_status" -eq 0 ] ||
		fail 'Not everything that devices said was acknowledged.' "$report" "$work/clinic.log"
	[ "$missing" -eq 0 ] ||
		fail "$missing acknowledged messages are not in the store; they are listed in $work/missing." "$report" "$log"
	[ "$is_verified" ] || fail 'carepace verify found a difference.' "$report" "$log"
	if [ "$counted_devices" -eq 0 ] || [ "$sessions" -eq 0 ] || [ "$acked" -eq 0 ] || [ "$verdicts" -eq 0 ]; then
		fail 'Nobody was treated.' 'A longer day has more sessions: --seconds 60.' "$work/clinic.log"
	fi
	[ "$alerts" -gt 0 ] ||
		fail 'No alert was raised.' 'More devices or a longer day have more to tell: --seconds 60.' "$log"
	[ "$known" -ge "$alerts" ] ||
		fail "Head office knows only $known of $alerts alerts." "$report" "$log"
	! says "$work/head-office.log" ' WRONG: ' ||
		fail 'Head office was told what must never be.' "$report" "$work/head-office.log"
}
