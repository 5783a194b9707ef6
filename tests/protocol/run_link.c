/* Runs protocol scripts on the link in memory: no socket, no TLS, no clock.
 *
 * Each script runs three times: the bytes of a `send` arrive whole, one at a time,
 * and in sevens. The answers must be the same. As in the daemon, a message is
 * acknowledged after the bytes that came with it were all read, and a device that
 * connects again ends its older link.
 */
#include "script.h"

#include "mqtt/link.h"

#include <stdio.h>

#define DEVICE "00112233445566778899aabbccddeeff"
#define MAX_OWED 1024

/* The daemon's defaults (deploy/carepace.yaml). */
static const struct link_config config = {
    .max_packet_bytes = 66000,
    .max_out_bytes = 64 * 1024,
    .max_will_bytes = 4096,
    .connect_timeout_ms = 5 * MS_PER_SECOND,
    .session_expiry_max_s = 7 * 86400,
    .receive_maximum = 100,
    .topic_alias_maximum = 4,
    .keep_alive_max_s = 1200,
};

struct conn {
	struct link link;
	bool is_used;
	bool is_closed;
	struct buf got;
	uint16_t owed[MAX_OWED]; /* acknowledgements */
	size_t owed_count;
};

struct memory {
	struct conn conns[SCRIPT_CONNS];
	size_t chunk_bytes;
	mono_ms now;
	struct link_session session; /* of the device, present until its time is over */
	mono_ms session_ends_at;
};

static void drain(struct memory *memory, struct conn *conn);

static void end_older(struct memory *memory, const struct conn *newer)
{
	for (int i = 0; i < SCRIPT_CONNS; i++) {
		struct conn *conn = &memory->conns[i];
		if (conn == newer || !conn->is_used)
			continue;
		link_close(&conn->link, MQTT_TAKEN_OVER);
		drain(memory, conn);
	}
}

static void on_connect(struct memory *memory, struct conn *conn, const struct link_event *event)
{
	end_older(memory, conn);
	if (event->connect.clean_start || memory->now >= memory->session_ends_at)
		memory->session = (struct link_session){0};
	link_accept(&conn->link, &memory->session, memory->now);
	memory->session.is_present = true;
	memory->session_ends_at = TIME_NEVER;
}

static void on_subscription(struct memory *memory, struct conn *conn, bool is_subscribed)
{
	memory->session.is_subscribed = is_subscribed;
	link_confirm(&conn->link, memory->now);
}

static void on_closed(struct memory *memory, struct conn *conn, const struct link_event *event)
{
	conn->is_closed = true;
	if (event->closed.was_accepted)
		memory->session_ends_at =
		    memory->now + event->closed.session_expiry_s * MS_PER_SECOND;
}

static void on_event(struct memory *memory, struct conn *conn, const struct link_event *event)
{
	if (event->type == LINK_CONNECT)
		on_connect(memory, conn, event);
	if (event->type == LINK_SUBSCRIBED || event->type == LINK_UNSUBSCRIBED)
		on_subscription(memory, conn, event->type == LINK_SUBSCRIBED);
	if (event->type == LINK_CLOSED)
		on_closed(memory, conn, event);
	if (event->type == LINK_PUBLISH && event->publish.packet_id != 0) {
		CP_CHECK(conn->owed_count < MAX_OWED);
		conn->owed[conn->owed_count++] = event->publish.packet_id;
	}
}

static void drain(struct memory *memory, struct conn *conn)
{
	struct link_event event;

	while (link_next(&conn->link, memory->now, &event))
		on_event(memory, conn, &event);
	struct slice out = link_out(&conn->link);
	CP_CHECK(buf_append(&conn->got, out.p, out.len) == CP_OK);
	link_sent(&conn->link, out.len, memory->now);
}

static void acknowledge(struct memory *memory, struct conn *conn)
{
	size_t count = conn->owed_count;

	conn->owed_count = 0;
	for (size_t i = 0; i < count; i++)
		link_ack(&conn->link, conn->owed[i], 0, memory->now);
	drain(memory, conn);
}

static struct conn *conn_at(struct memory *memory, int i)
{
	static const uint8_t identity[] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
	    0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
	struct conn *conn = &memory->conns[i];
	struct id id;

	if (conn->is_used)
		return conn;
	CP_CHECK(id_from_bytes(&id, slice_of(identity, sizeof(identity))));
	link_init(&conn->link, &config, &id, memory->now);
	buf_init(&conn->got, 1024 * 1024);
	conn->is_used = true;
	return conn;
}

static void op_begin(void *ctx)
{
	struct memory *memory = ctx;

	memory->now = 1000;
	memory->session = (struct link_session){0};
}

static void op_send(void *ctx, int i, struct slice bytes)
{
	struct memory *memory = ctx;
	struct conn *conn = conn_at(memory, i);

	while (bytes.len > 0 && !conn->is_closed) {
		if (!link_wants_read(&conn->link)) {
			CP_CHECK(conn->owed_count > 0);
			acknowledge(memory, conn);
			continue;
		}
		size_t len = bytes.len < memory->chunk_bytes ? bytes.len : memory->chunk_bytes;
		link_feed(&conn->link, slice_of(bytes.p, len));
		drain(memory, conn);
		bytes = slice_from(bytes, len);
	}
	while (conn->owed_count > 0)
		acknowledge(memory, conn);
}

static struct slice op_received(void *ctx, int i, size_t want)
{
	struct memory *memory = ctx;

	(void)want;
	return buf_bytes(&memory->conns[i].got);
}

static void op_drop(void *ctx, int i, size_t len_bytes)
{
	struct memory *memory = ctx;

	buf_consume(&memory->conns[i].got, len_bytes);
}

static bool op_is_closed(void *ctx, int i, bool is_expected)
{
	struct memory *memory = ctx;

	(void)is_expected;
	return conn_at(memory, i)->is_closed;
}

static void op_wait(void *ctx, int64_t wait_ms)
{
	struct memory *memory = ctx;
	mono_ms until = memory->now + wait_ms;

	(void)conn_at(memory, 0);
	for (int i = 0; i < SCRIPT_CONNS; i++) {
		struct conn *conn = &memory->conns[i];
		if (!conn->is_used)
			continue;
		mono_ms wake = link_next_wake(&conn->link);
		memory->now = wake < until ? wake : until;
		link_tick(&conn->link, memory->now);
		drain(memory, conn);
	}
	memory->now = until;
}

static void op_end(void *ctx)
{
	struct memory *memory = ctx;

	for (int i = 0; i < SCRIPT_CONNS; i++) {
		struct conn *conn = &memory->conns[i];
		link_deinit(&conn->link);
		buf_deinit(&conn->got);
		*conn = (struct conn){0};
	}
}

static const struct script_ops ops = {
    .wait_max_ms = INT64_MAX,
    .begin = op_begin,
    .send = op_send,
    .received = op_received,
    .drop = op_drop,
    .is_closed = op_is_closed,
    .wait = op_wait,
    .end = op_end,
};

int main(int argc, char **argv)
{
	static const size_t chunks[] = {LINK_FEED_MAX_BYTES, 1, 7};
	static struct memory memory;
	struct script_result result = {0};
	bool is_ok = argc > 1;

	for (int i = 1; i < argc; i++) {
		for (size_t c = 0; c < CP_COUNT(chunks); c++) {
			memory.chunk_bytes = chunks[c];
			is_ok &= script_run(argv[i], DEVICE, &ops, &memory, &result);
		}
	}
	printf("%d cases, %d failed\n", result.cases, result.failed);
	return is_ok && result.failed == 0 ? 0 : 1;
}
