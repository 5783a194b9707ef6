# shellcheck shell=bash
# Head office of deploy/try: an authority, a Mosquitto, somebody who listens, and the
# orders that come down. Sourced.

# NAME SUBJECT_ALTERNATIVE_NAMES: its certificate by head office's authority
issue_by_head_office() {
	local stem=$work/head-office/$1
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
		-keyout "$stem.key" -out "$stem.csr" &&
		openssl x509 -req -in "$stem.csr" -CA "$work/head-office/ca.pem" \
			-CAkey "$work/head-office/ca.key" -CAcreateserial -days 30 -out "$stem.pem" \
			-extfile <(printf 'basicConstraints=CA:FALSE\nsubjectAltName=%s\n' "$2")
}

make_head_office_certificates() {
	mkdir "$work/head-office"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
		-subj '/CN=head office CA' -addext basicConstraints=critical,CA:TRUE \
		-keyout "$work/head-office/ca.key" -out "$work/head-office/ca.pem" &&
		issue_by_head_office broker IP:127.0.0.1 &&
		issue_by_head_office "$SITE" "DNS:$SITE" &&
		issue_by_head_office consumer DNS:consumer
}

configure_broker() {
	cat >"$work/broker.conf" <<-END
		listener $port 127.0.0.1
		user $(id -un)
		cafile $work/head-office/ca.pem
		certfile $work/head-office/broker.pem
		keyfile $work/head-office/broker.key
		require_certificate true
		use_identity_as_username true
		log_dest stderr
		log_type error
		log_type warning
		log_type notice
		log_type information
		log_type subscribe
	END
}

# NAME: that field in protoc's text of `report`; fields of its body are indented by two
field() {
	[[ $report =~ (^|$'\n')$1:\ \"?([^$'\n'\"]*) ]] && printf '%s' "${BASH_REMATCH[2]}"
}

# ", 20 days, limit 28"; a count of 1 where none is allowed says nothing more
measured() {
	local unit
	unit=$(field '  unit') || return 0
	case $unit in
	UNIT_NONE | UNIT_COUNT) ;;
	*)
		unit=${unit#UNIT_}
		printf ', %s %s, limit %s' "$(field '  value')" "${unit,,}" "$(field '  limit')"
		;;
	esac
}

# A revision that a person would not tell from the one before is not told, nor what only
# informs ("moisturizer is allowed now"), or was never told and is taken back.
take_alert() {
	local key state now sentence
	key=$(field key)
	echo "$key" >>"$work/arrived"
	state=$(field '  state')
	state=${state#ALERT_}
	[ "$(field '  severity')" != INFO ] || return 0
	[ "$state" != RETRACTED ] || [ "${told[$key]:-}" ] || return 0
	sentence="<- alert ${key:0:8} ${state,,}: $(field '  check'), $(field '  severity')$(measured)"
	if [ "${told[$key]:-}" != "$sentence" ]; then
		told[$key]=$sentence
		printf -v now '%(%T)T'
		tell "$now" 'head office' "$sentence"
	fi
}

to_bytes() {
	local escaped
	# shellcheck disable=SC2001 # & in ${x//} is bash 5.2's
	escaped=$(sed 's/../\\x&/g' <<<"$1")
	printf '%b' "$escaped"
}

# Reads what arrives at the broker and decodes it with the public contract. The keys of
# the alerts go to `arrived`, the number of the last order that the gateway has stored
# to `receipt`.
listen_at_head_office() {
	local topic hex report
	local -A told=()
	trap '' INT # it ends with what it reads
	while read -r topic hex; do
		report=$(to_bytes "$hex" |
			protoc -I "$ROOT/proto" --decode=carepace.v1.Report report.proto) || continue
		printf '%s\n%s\n' "$topic" "$report" >>"$work/reports.log"
		case $topic in
		*/alert) take_alert ;;
		*/receipt) field '  n' >"$work/receipt.new" && mv "$work/receipt.new" "$work/receipt" ;;
		esac
	done
}

start_head_office() {
	make_head_office_certificates >"$work/openssl.log" 2>&1 ||
		fail 'openssl cannot make certificates.' 'Is the disk full?' "$work/openssl.log"
	start_server "$work/broker.log" ' running' configure_broker mosquitto -c "$work/broker.conf" ||
		fail 'Mosquitto does not start.' 'Its log says why.' "$work/broker.log"
	broker=$pid broker_port=$port
	consumer_options=(-h 127.0.0.1 -p "$port" -q 1 --cafile "$work/head-office/ca.pem"
		--cert "$work/head-office/consumer.pem" --key "$work/head-office/consumer.key")
	mkfifo "$work/consumer.pipe"
	listen_at_head_office <"$work/consumer.pipe" &
	start "$work/consumer.pipe" "$work/consumer.log" mosquitto_sub "${consumer_options[@]}" \
		-i consumer -F '%t %x' -t "$TOPIC/alert" -t "$TOPIC/receipt"
	wait_until 10 says "$work/broker.log" "consumer 1 $TOPIC/alert" ||
		fail 'Head office cannot subscribe at its own broker.' "The broker's log is $work/broker.log." \
			"$work/consumer.log"
	step 'head office' "is a Mosquitto broker, 127.0.0.1:$broker_port, with an authority of its own"
}

# FILE...
publish() {
	printf '%s\0' "$@" |
		xargs -0 -n 1 -P 4 mosquitto_pub "${consumer_options[@]}" -t "$TOPIC/down" -f \
			>>"$work/consumer.log" 2>&1
}

# Nobody queues for a gateway that has not subscribed yet. So head office sends the first
# until the gateway's receipt says that it has stored it; what it has counts once.
first_order_arrives() {
	publish "${orders[0]}" && wait_until 1 has_receipt 1
}

has_receipt() {
	[ "$(cat "$work/receipt" 2>/dev/null)" = "$1" ]
}

send_orders() {
	"$programs/device-sim" "${simulator_options[@]}" --orders "$work/orders"
	orders=("$work"/orders/*.order)
	wait_until $SETTLE_S first_order_arrives && publish "${orders[@]:1}" &&
		wait_until $ORDERS_S has_receipt "${#orders[@]}" ||
		fail 'The gateway does not take the orders of head office.' 'Its log says why.' \
			"$work/gateway.log"
	step orders "${#orders[@]} came down from head office (plans, bookings, profiles ...) and are confirmed"
}
