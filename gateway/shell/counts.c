#include "shell/counts.h"

#include <inttypes.h>
#include <stdio.h>

struct line {
	char *out;
	size_t len;
};

static void add(struct line *line, const char *prefix, const char *name, uint64_t value)
{
	if (value == 0 || line->len >= COUNTS_LINE_BYTES)
		return;
	line->len += (size_t)snprintf(line->out + line->len, COUNTS_LINE_BYTES - line->len,
	    " %s%s=%" PRIu64, prefix, name, value);
}

static void add_devices(struct line *line, const struct devices_counters *n)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
	    {"messages", n->messages},
	    {"acknowledged", n->acknowledged},
	    {"stored", n->stored},
	    {"duplicates", n->duplicates},
	    {"conflicts", n->conflicts},
	    {"parked", n->parked},
	    {"range", n->range},
	    {"foreign", n->foreign},
	    {"privacy", n->privacy},
	    {"not_kept", n->not_kept},
	    {"downs_sent", n->downs_sent},
	    {"downs_again", n->downs_again},
	    {"downs_refused", n->downs_refused},
	    {"downs_kept", n->downs_kept},
	    {"wills", n->wills},
	    {"takeovers", n->takeovers},
	    {"slowed", n->slowed},
	};

	for (size_t i = 0; i < CP_COUNT(rows); i++)
		add(line, "", rows[i].name, rows[i].value);
	for (int i = 0; i < MQTT_REASON_COUNT; i++)
		add(line, "", mqtt_reason_row((enum mqtt_reason)i)->counter, n->protocol[i]);
}

static void add_roster(struct line *line, const struct roster *roster)
{
	add(line, "downs_", "expired", roster->downlink.counters.expired);
	add(line, "downs_", "dropped", roster->downlink.counters.dropped);
	add(line, "sessions_", "resumed", roster->counters.resumed);
	add(line, "sessions_", "expired", roster->counters.expired);
}

static void add_wills(struct line *line, const struct wills_counters *n)
{
	add(line, "wills_", "cancelled", n->cancelled);
	add(line, "wills_", "dropped", n->dropped);
}

static void add_listener(struct line *line, const struct listener_counters *n)
{
	add(line, "", "accepted", n->accepted);
	add(line, "", "accept_failures", n->accept_failures);
	add(line, "", "over_connections", n->over_connections);
	add(line, "", "over_address", n->over_address);
	add(line, "", "over_strangers", n->over_strangers);
	add(line, "", "handshakes_ok", n->handshakes_ok);
	add(line, "", "handshakes_resumed", n->handshakes_resumed);
	add(line, "", "handshakes_timed_out", n->handshakes_timed_out);
	for (int i = 0; i < TLS_REASON_COUNT; i++)
		add(line, "tls_", tls_reason_name((enum tls_reason)i), n->refused[i]);
	for (int i = 0; i < CLOSE_REASON_COUNT; i++)
		add(line, "closed_", close_reason_name((enum close_reason)i), n->closed[i]);
}

static void add_staff(struct line *line, const struct staff *staff)
{
	const struct control_counters *control;
	const struct staff_counters *n = staff_counters(staff, &control);

	add(line, "parked_", "tried_again", n->parked_tried);
	add(line, "parked_", "understood", n->parked_understood);
	add(line, "parked_", "refused", n->parked_refused);
	add(line, "control_", "requests", control->requests);
	add(line, "control_", "refused", control->refused);
}

const char *counts_line(const struct count_sources *from, char out[COUNTS_LINE_BYTES])
{
	struct line line = {.out = out};

	line.len = (size_t)snprintf(out, COUNTS_LINE_BYTES, "counts:");
	add_devices(&line, devices_counters(from->devices));
	add_roster(&line, devices_roster(from->devices));
	add_wills(&line, devices_wills_counters(from->devices));
	add_listener(&line, devices_listener_counters(from->devices));
	add(&line, "", "disk_full", intake_counters(from->intake)->times_full);
	if (from->staff)
		add_staff(&line, from->staff);
	add(&line, "", "reloads", reload_counters(from->reload)->done);
	add(&line, "", "reloads_failed", reload_counters(from->reload)->failed);
	if (head_office_is_configured(from->office)) {
		struct upstream_counts sent;
		const struct head_office_counters *n = head_office_counters(from->office, &sent);
		add(&line, "orders_", "stored", n->orders);
		add(&line, "orders_", "parked", n->orders_parked);
		add(&line, "orders_", "refused", n->orders_refused);
		add(&line, "orders_", "dropped", sent.orders_dropped);
		add(&line, "upstream_", "sent", sent.sent);
		add(&line, "upstream_", "acknowledged", sent.acknowledged);
		add(&line, "upstream_", "refused", sent.refused);
		add(&line, "upstream_", "connects", sent.connects);
		add(&line, "upstream_", "losses", sent.losses);
	}
	return out;
}
