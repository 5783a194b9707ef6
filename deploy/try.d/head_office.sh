# shellcheck shell=bash
# Head office of deploy/try: an authority, a Mosquitto, and `device-sim head-office`, which
# listens there, sends receipts and orders, and knows in the end what it was told. Sourced.

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
		issue_by_head_office chain DNS:chain
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

# ALERT STATE SENTENCE. A revision that a person would not tell from the one before is not
# told, nor what only informs ("moisturizer is allowed now"), or was never told and is taken
# back.
tell_alert() {
	[[ $3 != *', INFO'* ]] || return 0
	[ "$2" != retracted ] || [ "${told[$1]:-}" ] || return 0
	[ "${told[$1]:-}" != "$3" ] || return 0
	told[$1]=$3
	tell "$now" 'head office' "$3"
}

# Its lines: "10:42:07 try-clinic <- alert 5da3c1f0 raised: INTERVAL_TOO_SOON, ..."
listen_at_head_office() {
	local text now
	local -A told=()
	trap '' INT # it ends with what it reads
	while IFS= read -r text; do
		printf '%s\n' "$text" >>"$work/head-office.log"
		now=${text:0:8}
		if [[ $text =~ (<-\ alert\ ([0-9a-f]+)\ ([a-z]+):\ .*) ]]; then
			tell_alert "${BASH_REMATCH[2]}" "${BASH_REMATCH[3]}" "${BASH_REMATCH[1]}"
		fi
	done
}

start_head_office() {
	make_head_office_certificates >"$work/openssl.log" 2>&1 ||
		fail 'openssl cannot make certificates.' 'Is the disk full?' "$work/openssl.log"
	start_server "$work/broker.log" ' running' configure_broker mosquitto -c "$work/broker.conf" ||
		fail 'Mosquitto does not start.' 'Its log says why.' "$work/broker.log"
	broker=$pid broker_port=$port
	mkfifo "$work/head-office.pipe"
	listen_at_head_office <"$work/head-office.pipe" &
	start "$work/head-office.pipe" "$work/head-office.log" "$programs/device-sim" head-office \
		--port "$port" --ca "$work/head-office/ca.pem" --certificate "$work/head-office/chain.pem" \
		--key "$work/head-office/chain.key" --picture "$work/picture" --receipts 200 \
		--orders "$work/orders" --site "$SITE"
	office=$pid
	wait_until 10 says "$work/head-office.log" 'listens at the broker' ||
		fail 'Head office cannot subscribe at its own broker.' "The broker's log is $work/broker.log." \
			"$work/head-office.log"
	step 'head office' "is a Mosquitto broker, 127.0.0.1:$broker_port, with an authority of its own"
}

# Written elsewhere first: head office sends a file as soon as it is there.
send_orders() {
	local orders
	"$programs/device-sim" "${simulator_options[@]}" --orders "$work/orders.new"
	orders=("$work"/orders.new/*.order)
	mv "$work/orders.new" "$work/orders"
	wait_until $ORDERS_S says "$work/head-office.log" "has stored order ${#orders[@]}" ||
		fail 'The gateway does not take the orders of head office.' 'Its log says why.' \
			"$work/gateway.log"
	step orders "${#orders[@]} came down from head office (plans, bookings, profiles ...) and are confirmed"
}

# KIND: how many of them head office knows
known_count() {
	grep -c "^state $SITE $1 " "$work/picture" 2>/dev/null || true
}

# What it was told is in `picture` a moment later.
ask_head_office() {
	kill -USR1 "$office"
	sleep 0.3
}
