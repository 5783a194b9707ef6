/* What must be so, whatever was lost on the way. It sees what the port sends and what the
 * ledger applies, and knows by itself what MQTT and the promises allow. */
#include "parties.h"

#include "io/clock.h"

#include <limits.h>

/* Of a message that was written when another connection had taken over. */
#define NO_SESSION UINT_MAX

/* --- the session --------------------------------------------------------------------- */

/* Does the row say what the device knows? */
static void compare_row(struct model_device *device)
{
	const struct batch_link *row = &device->row;
	struct truth *truth = &device->truth;

	if (truth->is_kept == NO)
		truth->is_durable = !row->is_kept;
	else
		truth->is_durable = truth->is_kept == YES && truth->is_sub_known && row->is_kept &&
		                    row->qos == truth->sub && row->expiry_s == truth->expiry_s &&
		                    row->ends_at == truth->ends_at;
}

static void end_session(struct truth *truth)
{
	truth->is_kept = NO;
	truth->is_sub_known = true;
	truth->sub = BATCH_NOT_SUBSCRIBED;
	truth->number++;
}

static void leave_will(struct conn *conn, enum maybe must, int64_t delay_s)
{
	struct model_device *device = conn->client->device;

	if (!conn->has_will)
		return;
	MODEL_CHECK(device->will_count < MODEL_WILLS_MAX, "too many wills");
	device->wills[device->will_count++] = (struct will_left){
	    .reading = conn->will,
	    .must = must == YES && !conn->is_acked ? MAYBE : must,
	    .due_at = clock_mono() + delay_s * MS_PER_SECOND,
	};
	conn->has_will = false;
}

/* Those whose delay runs are taken back when the session goes on, and are due when not. */
static void meet_wills(struct model_device *device, enum maybe is_present)
{
	for (size_t i = 0; i < device->will_count; i++) {
		struct will_left *will = &device->wills[i];
		if (will->due_at <= clock_mono())
			continue;
		will->due_at = clock_mono();
		if (is_present == MAYBE)
			will->must = MAYBE;
		else if (is_present == YES && will->must == YES)
			will->must = NO;
	}
}

static void take_over(struct conn *older, enum maybe is_present)
{
	enum maybe must = YES;

	older->has_ended = true;
	older->client->device->truth.is_sub_known &= !older->is_asking;
	if (older->will_delay_s > 0 && is_present != NO)
		must = is_present == YES ? NO : MAYBE;
	leave_will(older, must, 0);
}

void oracle_connect_arrived(struct conn *conn)
{
	struct model_device *device = conn->client->device;
	struct truth *truth = &device->truth;

	if (truth->is_kept == YES && truth->ends_at <= clock_wall())
		end_session(truth);
	conn->is_present = conn->is_clean ? NO : truth->is_kept;
	model_trace("conn %d: CONNECT arrives, session %d", (int)conn->id, conn->is_present);
	meet_wills(device, conn->is_present);
	if (device->current)
		take_over(device->current, conn->is_present);
	device->current = conn;
	if (conn->is_present == NO)
		end_session(truth);
	truth->is_kept = conn->expiry_s > 0 ? YES : NO;
	truth->expiry_s = conn->expiry_s;
	truth->ends_at = TIME_NEVER;
	compare_row(device);
}

void oracle_ended(struct conn *conn, enum close_reason reason)
{
	struct model_device *device = conn->client->device;
	struct truth *truth = &device->truth;
	bool is_goodbye = reason == CLOSE_DISCONNECT;
	uint32_t expiry_s = is_goodbye ? conn->goodbye_expiry_s : conn->expiry_s;

	if (reason != CLOSE_NETWORK)
		model_trace("conn %d: the gateway closes it: %d", (int)conn->id, reason);
	MODEL_CHECK(reason != CLOSE_PROTOCOL && reason != CLOSE_LIMIT,
	    "a device that keeps to the standard is turned away");
	MODEL_CHECK(reason != CLOSE_KEEP_ALIVE ||
	                (conn->keep_alive_s > 0 &&
	                    clock_mono() - conn->opened_at >= conn->keep_alive_s * INT64_C(1500)),
	    "silent for too long, too early");
	if (conn->has_ended || device->current != conn)
		return;
	conn->has_ended = true;
	device->current = NULL;
	truth->is_sub_known &= !conn->is_asking;
	if (truth->is_kept != YES || expiry_s == 0)
		end_session(truth);
	truth->expiry_s = expiry_s;
	truth->ends_at = clock_wall() + expiry_s * MS_PER_SECOND;
	if (!is_goodbye || conn->keeps_will)
		leave_will(
		    conn, YES, conn->will_delay_s < expiry_s ? conn->will_delay_s : expiry_s);
	compare_row(device);
}

/* --- what the gateway says ------------------------------------------------------------- */

static uint16_t number_at(struct slice body, size_t at)
{
	MODEL_CHECK(body.len >= at + 2, "a packet is too short");
	return (uint16_t)(body.p[at] << 8 | body.p[at + 1]);
}

static void on_connack(struct conn *conn, struct slice body)
{
	struct model_device *device = conn->client->device;
	struct truth *truth = &device->truth;
	bool is_current = device->current == conn;
	bool is_present = body.p[0] & 1;

	MODEL_CHECK(!conn->is_acked, "a second CONNACK");
	if (body.p[1] != 0) {
		MODEL_CHECK(!is_current, "a CONNECT is refused");
		return;
	}
	model_trace("conn %d: CONNACK, session %s", (int)conn->id, is_present ? "present" : "new");
	conn->is_acked = true;
	MODEL_CHECK(conn->is_present == MAYBE || is_present == (conn->is_present == YES),
	    "session present is %d, which is wrong", is_present);
	if (!is_current)
		return;
	MODEL_CHECK(
	    truth->is_kept != YES || (device->row.is_kept && device->row.ends_at == TIME_NEVER),
	    "CONNACK before the row of the session");
	if (conn->is_present == MAYBE) {
		truth->sub = is_present && device->row.is_kept ? device->row.qos : -1;
		truth->is_sub_known = !is_present || device->row.is_kept;
	}
	compare_row(device);
}

static void on_subscription(struct conn *conn, int sub)
{
	struct model_device *device = conn->client->device;

	conn->is_asking = false;
	if (device->current != conn)
		return;
	device->truth.sub = sub;
	device->truth.is_sub_known = true;
	MODEL_CHECK(device->truth.is_kept != YES || (device->row.is_kept && device->row.qos == sub),
	    "SUBACK or UNSUBACK before the row of the session");
	compare_row(device);
}

static void on_suback(struct conn *conn, struct slice body)
{
	uint8_t code = body.p[body.len - 1];

	MODEL_CHECK(conn->sub_id == number_at(body, 0), "SUBACK of nothing");
	MODEL_CHECK(code == (conn->sub_qos > 1 ? 1 : conn->sub_qos), "SUBACK %u", code);
	on_subscription(conn, code);
}

/* P1 */
static void on_ack(struct conn *conn, struct slice body, uint8_t qos)
{
	const struct pub *pub = client_pub(conn->client, number_at(body, 0));

	MODEL_CHECK(body.len == 2, "a good message is refused");
	MODEL_CHECK(pub && pub->qos == qos, "an acknowledgement of nothing");
	MODEL_CHECK(conn->client->device->readings[pub->reading].is_applied,
	    "reading %zu is acknowledged and not stored", pub->reading);
}

/* Behind topic, identifier and properties. */
static struct slice payload_of(const struct conn *conn, struct slice body, uint8_t qos)
{
	size_t at = 2U + number_at(body, 0) + (qos > 0 ? 2U : 0);

	if (conn->level == MQTT_LEVEL_5)
		at += 1U + body.p[at]; /* our properties are short */
	return slice_from(body, at);
}

/* Two messages may read the same; the identifier tells them apart (shell/downlink). */
static bool is_it(const struct down_due *down, struct slice payload, uint16_t packet_id)
{
	uint16_t own_id = (uint16_t)(LINK_OWNER_IDS + down->n % LINK_OWNER_IDS);

	if (!slice_eq(buf_bytes(&down->payload), payload))
		return false;
	return packet_id == 0 || (down->n ? packet_id == own_id : packet_id < LINK_OWNER_IDS);
}

static struct down_due *match_down(struct conn *conn, struct slice payload, uint16_t packet_id)
{
	struct model_device *device = conn->client->device;

	for (size_t i = conn->next_down; i < device->down_count; i++) {
		if (!is_it(&device->downs[i], payload, packet_id))
			continue;
		conn->next_down = i + 1;
		return &device->downs[i];
	}
	model_fail("a message that nobody sent, or out of its order, or twice");
}

static void check_repeated(
    const struct truth *truth, const struct down_due *down, uint16_t packet_id, bool is_dup)
{
	bool was_sent = down->sent_on && down->session == truth->number && !down->is_acked;

	if (down->n == 0)
		return;
	MODEL_CHECK(!was_sent || (is_dup && packet_id == down->packet_id),
	    "message %u is sent again as if it were new", (unsigned)down->n);
}

static void on_publish(struct conn *conn, const struct packet_frame *frame)
{
	const struct truth *truth = &conn->client->device->truth;
	bool is_current = conn->client->device->current == conn; /* else it was said before */
	uint8_t qos = frame->flags >> 1 & 3;
	uint16_t packet_id = qos ? number_at(frame->body, 2U + number_at(frame->body, 0)) : 0;

	struct down_due *down = match_down(conn, payload_of(conn, frame->body, qos), packet_id);
	MODEL_CHECK(
	    !is_current || !truth->is_sub_known || qos <= truth->sub, "a message to nobody");
	/* What is worth two seconds (SET_TIME) may be read later than it was written. */
	bool is_over = down->n != 0 && down->expires_at <= clock_wall();
	MODEL_CHECK(!is_over && !down->is_gone, "a message that is over");
	if (qos > 0 && is_current)
		check_repeated(truth, down, packet_id, frame->flags & 8);
	model_trace(
	    "conn %d: message %u, QoS %u, id %u", (int)conn->id, (unsigned)down->n, qos, packet_id);
	down->sent_on = conn->id;
	down->session = is_current ? truth->number : NO_SESSION;
	down->packet_id = packet_id;
	down->is_acked |= qos == 0;
}

void oracle_sent(struct conn *conn, struct slice bytes)
{
	struct packet_frame frame;
	enum mqtt_reason reason;

	while (bytes.len > 0) {
		MODEL_CHECK(
		    packet_frame(bytes, SIZE_MAX, &frame, &reason) == PACKET_DONE, "half a packet");
		MODEL_CHECK((frame.type == PACKET_CONNACK) == !conn->is_acked,
		    "CONNACK is not the first packet");
		if (frame.type == PACKET_CONNACK)
			on_connack(conn, frame.body);
		if (frame.type == PACKET_PUBACK || frame.type == PACKET_PUBREC)
			on_ack(conn, frame.body, frame.type == PACKET_PUBACK ? 1 : 2);
		if (frame.type == PACKET_SUBACK)
			on_suback(conn, frame.body);
		if (frame.type == PACKET_UNSUBACK)
			on_subscription(conn, BATCH_NOT_SUBSCRIBED);
		if (frame.type == PACKET_PUBLISH)
			on_publish(conn, &frame);
		bytes = slice_from(bytes, frame.len_bytes);
	}
}

void oracle_down_acked(struct conn *conn, uint16_t packet_id)
{
	struct model_device *device = conn->client->device;

	for (size_t i = 0; i < device->down_count; i++)
		if (device->downs[i].sent_on == conn->id && device->downs[i].packet_id == packet_id)
			device->downs[i].is_acked = true;
}

/* --- what the ledger applies -------------------------------------------------------------- */

static struct model_device *device_of(const struct id *id)
{
	for (size_t i = 0; i < model.device_count; i++)
		if (id_eq(&model.devices[i].id, id))
			return &model.devices[i];
	return NULL;
}

static void applied_reading(const struct batch_entry *entry)
{
	struct model_device *device = device_of(&entry->reading.source);

	if (!device)
		return;
	size_t reading = reading_find(device, &entry->reading);
	MODEL_CHECK(reading != NO_READING, "a reading that nobody sent");
	MODEL_CHECK(entry->outcome != BATCH_CONFLICT, "reading %zu in two versions", reading);
	device->readings[reading].is_applied = true;
	device->readings[reading].times_new += entry->outcome == BATCH_NEW;
	MODEL_CHECK(device->readings[reading].times_new == 1, "reading %zu counts %u times",
	    reading, device->readings[reading].times_new);
}

/* It may have been sent before it was taken back, and may be sent no more. */
static void taken_back(struct model_device *device, uint64_t n)
{
	for (size_t i = 0; i < device->down_count; i++)
		device->downs[i].is_acked |= device->downs[i].n == n;
}

static void add_down(struct model_device *device, const struct batch_down *said)
{
	size_t open = 0;

	MODEL_CHECK(device->down_count < MODEL_DOWNS_MAX, "too many messages");
	for (size_t i = 0; i < device->down_count; i++)
		open += device->downs[i].n > 0 && !device->downs[i].is_acked;
	device->has_overflown |= open + 1 >= DOWNLINK_DEVICE_MAX;
	struct down_due *down = &device->downs[device->down_count++];
	*down = (struct down_due){.n = said->n, .expires_at = said->expires_at};
	model_trace("message %u for device %d", (unsigned)said->n, (int)(device - model.devices));
	buf_init(&down->payload, 4096);
	CP_CHECK(buf_append(&down->payload, said->payload.p, said->payload.len) == CP_OK);
}

static void applied_down(const struct batch_down *said)
{
	struct model_device *device = device_of(&said->device);

	if (device && said->payload.len == 0)
		taken_back(device, said->n);
	else if (device)
		add_down(device, said);
	for (size_t i = 0; id_is_zero(&said->device) && i < model.device_count; i++)
		if (model.devices[i].kind == PKI_TABLET)
			add_down(&model.devices[i], said);
}

/* A message that the store has kept: its batch was lost, but not what was judged before it. */
void oracle_remembered(const struct batch_down *kept)
{
	struct model_device *device = device_of(&kept->device);

	for (size_t i = 0; device && i < device->down_count; i++) {
		const struct down_due *down = &device->downs[i];
		if (down->n == kept->n && down->expires_at == kept->expires_at &&
		    slice_eq(buf_bytes(&down->payload), kept->payload))
			return;
	}
	if (device)
		add_down(device, kept);
}

void oracle_applied(const struct batch *batch)
{
	for (size_t i = 0; i < batch->entry_count; i++) {
		const struct batch_entry *entry = &batch->entries[i];
		struct model_device *device;

		if (entry->what == BATCH_READING || entry->what == BATCH_PARK)
			applied_reading(entry);
		if (entry->what != BATCH_LINK || !(device = device_of(&entry->link.device)))
			continue;
		device->row = entry->link;
		compare_row(device);
	}
	for (size_t i = 0; i < batch->down_count; i++)
		applied_down(&batch->downs[i]);
}

/* --- kill -9, and the end ------------------------------------------------------------------- */

static void killed(struct model_device *device)
{
	struct truth *truth = &device->truth;

	if (!truth->is_durable) {
		truth->is_kept = MAYBE;
		truth->is_sub_known = false;
		truth->number++;
	}
	if (truth->ends_at == TIME_NEVER)
		truth->ends_at = clock_wall() + truth->expiry_s * MS_PER_SECOND;
	if (device->row.ends_at == TIME_NEVER)
		device->row.ends_at = clock_wall() + device->row.expiry_s * MS_PER_SECOND;
	device->row.is_kept &= device->row.ends_at > clock_wall();
	for (size_t i = 0; i < device->will_count; i++)
		if (!device->readings[device->wills[i].reading].is_applied)
			device->wills[i].must = MAYBE;
	for (size_t i = 0; i < device->down_count; i++)
		device->downs[i].is_gone |= device->downs[i].n == 0;
	device->current = NULL;
}

void oracle_killed(void)
{
	for (size_t i = 0; i < model.device_count; i++)
		killed(&model.devices[i]);
	model.restarts++;
}

static void check_device(const struct model_device *device)
{
	for (size_t i = 0; i < device->will_count; i++) {
		const struct will_left *will = &device->wills[i];
		bool is_there = device->readings[will->reading].is_applied;

		MODEL_CHECK(will->must != YES || is_there, "the will %zu is lost", will->reading);
		MODEL_CHECK(will->must != NO || !is_there, "the will %zu was taken back, and came",
		    will->reading);
	}
	if (device->has_overflown)
		return;
	for (size_t i = 0; i < device->down_count; i++) {
		const struct down_due *down = &device->downs[i];
		bool is_over = down->n == 0 || down->is_acked || down->expires_at <= clock_wall();
		MODEL_CHECK(is_over || model.has_qos_0, "message %u is lost", (unsigned)down->n);
	}
	MODEL_CHECK(
	    model_store_rows_of(&device->id) == 0, "messages are over and still in the store");
}

void oracle_check_end(void)
{
	for (size_t i = 0; i < model.device_count; i++)
		check_device(&model.devices[i]);
}
