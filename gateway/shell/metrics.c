/* The table. A metric is one row; nothing else has to be touched to add one but what it
 * counts. Names as Prometheus wants them: base units, _total for counters. */
#include "shell/metrics.h"

#include "mqtt/reason.h"
#include "shell/metrics_print.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): they are initialisers */
#define AT(member) .offset = offsetof(struct measured, member)
#define NEEDS(member) .needs = offsetof(struct measured, member)
#define COUNTER(name_, member, help_)                                                              \
	{                                                                                          \
		.name = name_, .type = METRIC_COUNTER, .print = print_u64, AT(member),             \
		.help = help_                                                                      \
	}
#define GAUGE(name_, print_, member, help_)                                                        \
	{                                                                                          \
		.name = name_, .type = METRIC_GAUGE, .print = print_, AT(member), .help = help_    \
	}
#define HISTOGRAM(name_, member, help_)                                                            \
	{                                                                                          \
		.name = name_, .type = METRIC_HISTOGRAM, .print = print_histogram, AT(member),     \
		.help = help_                                                                      \
	}
/* NOLINTEND(bugprone-macro-parentheses) */

/* --- what labels say: the order is that of the members counted ------------------------------ */

#define NAMES(function, ...)                                                                       \
	static const char *function(size_t i)                                                      \
	{                                                                                          \
		static const char *const names[] = {__VA_ARGS__};                                  \
		return names[i];                                                                   \
	}

NAMES(handshake_name, "full", "resumed")
NAMES(refused_name, "foreign", "privacy", "not_kept")
NAMES(turned_away_name, "no_descriptor", "connections", "address", "strangers")
NAMES(order_name, "stored", "parked", "refused")
NAMES(reload_name, "done", "failed")
NAMES(evicted_name, "limit", "age")
NAMES(http_name, "answered", "refused", "cut")
NAMES(retried_name, "tried", "understood", "refused")

static const char *tls_name(size_t i)
{
	return tls_reason_name((enum tls_reason)(TLS_OK + 1 + i));
}

static const char *close_name(size_t i)
{
	return close_reason_name((enum close_reason)i);
}

static const char *mqtt_name(size_t i)
{
	return mqtt_reason_row((enum mqtt_reason)(MQTT_OK + 1 + i))->counter + strlen("mqtt_");
}

const struct metric metrics[] = {
    {.name = "carepace_build_info",
        .type = METRIC_GAUGE,
        .print = print_build,
        .help = "Always 1; version and wire contract of the running program."},
    GAUGE("carepace_start_time_seconds", print_time, now.started_at,
        "When the program started, in seconds since 1970."),
    GAUGE("carepace_ready", print_bool, now.is_ready,
        "1 while devices are served: what /readyz says."),
    GAUGE("carepace_clock_in_doubt", print_bool, now.in_doubt,
        "1 while this box does not know the time: nothing falls due, starts are advised."),
    HISTOGRAM("carepace_loop_lateness_seconds", now.lateness,
        "How late the main thread came to its work, looked at once a second."),

    /* Messages. */
    COUNTER("carepace_messages_total", now.devices.messages,
        "Messages taken from devices and tablets, wills too."),
    COUNTER("carepace_messages_acknowledged_total", now.devices.acknowledged,
        "Messages that were acknowledged after they were on disk."),
    COUNTER("carepace_readings_stored_total", now.devices.stored, "New readings in the store."),
    COUNTER("carepace_duplicates_total", now.devices.duplicates,
        "Readings that were there already: counted once, acknowledged again."),
    COUNTER("carepace_conflicts_total", now.devices.conflicts,
        "Readings under a name that has another content: kept, not judged."),
    COUNTER("carepace_messages_parked_total", now.devices.parked,
        "Messages that could not be understood: kept and acknowledged."),
    COUNTER("carepace_values_out_of_range_total", now.devices.range,
        "Readings of which a value was not used because it cannot be."),
    {.name = "carepace_messages_refused_total",
        .type = METRIC_COUNTER,
        .print = print_u64,
        AT(now.devices.foreign),
        .label = "reason",
        .value_name = refused_name,
        .count = 3,
        .help = "Messages not kept: of another device (foreign), free text where codes are "
                "allowed (privacy), over a device's limit of parked ones (not_kept)."},
    COUNTER("carepace_wills_total", now.devices.wills, "Wills of devices that were lost."),
    COUNTER("carepace_wills_cancelled_total", now.wills.cancelled,
        "Wills not sent because the device came back in time."),
    COUNTER("carepace_wills_dropped_total", now.wills.dropped, "Wills there was no room for."),
    {.name = "carepace_parked_retries_total",
        .type = METRIC_COUNTER,
        .print = print_u64,
        AT(now.staff.parked_tried),
        .label = "result",
        .value_name = retried_name,
        .count = 3,
        .help = "Parked messages tried again, and of these what became of them."},

    /* Messages for devices. */
    COUNTER("carepace_device_messages_sent_total", now.devices.downs_sent,
        "Messages sent to devices and tablets."),
    COUNTER("carepace_device_messages_repeated_total", now.devices.downs_again,
        "Of these: sent before, on an earlier connection."),
    COUNTER("carepace_device_messages_refused_total", now.devices.downs_refused,
        "Of these: refused by the device with a reason code."),
    COUNTER("carepace_device_messages_waited_total", now.devices.downs_kept,
        "Messages that had to wait for their device."),
    COUNTER("carepace_device_messages_expired_total", now.downs.expired,
        "Messages that were worth nothing any more before their device came."),
    COUNTER("carepace_device_messages_dropped_total", now.downs.dropped,
        "Messages for devices that a limit dropped."),

    /* Connections. */
    GAUGE("carepace_devices_registered", print_u64, now.registered, "Devices in the registry."),
    GAUGE("carepace_devices_connected", print_u64, now.connected,
        "Devices and tablets with an MQTT connection."),
    GAUGE("carepace_connections", print_u32, now.listener.connections,
        "TCP connections of devices, authenticated or not."),
    COUNTER("carepace_connections_accepted_total", now.listener.accepted, "TCP connections taken."),
    {.name = "carepace_connections_turned_away_total",
        .type = METRIC_COUNTER,
        .print = print_u64,
        AT(now.listener.accept_failures),
        .label = "reason",
        .value_name = turned_away_name,
        .count = 4,
        .help = "TCP connections closed at once: no descriptor or memory, or over the limit of "
                "all connections, of one address, of those not yet authenticated."},
    {.name = "carepace_connections_closed_total",
        .type = METRIC_COUNTER,
        .print = print_u64,
        AT(now.listener.closed),
        .label = "reason",
        .value_name = close_name,
        .count = CLOSE_REASON_COUNT,
        .help = "Connections of known devices that ended."},
    COUNTER("carepace_received_bytes_total", now.listener.received_bytes,
        "Bytes from devices, encrypted."),
    COUNTER("carepace_sent_bytes_total", now.listener.sent_bytes, "Bytes to devices, encrypted."),
    {.name = "carepace_tls_handshakes_total",
        .type = METRIC_COUNTER,
        .print = print_u64,
        AT(now.handshakes),
        .label = "kind",
        .value_name = handshake_name,
        .count = HANDSHAKE_KINDS,
        .help = "TLS handshakes that the gate let in."},
    {.name = "carepace_tls_handshakes_failed_total",
        .type = METRIC_COUNTER,
        .print = print_u64,
        AT(now.listener.refused[TLS_OK + 1]),
        .label = "reason",
        .value_name = tls_name,
        .count = TLS_REASON_COUNT - 1,
        .help = "TLS handshakes that failed or that the gate refused."},
    COUNTER("carepace_tls_handshakes_timed_out_total", now.listener.handshakes_timed_out,
        "TLS handshakes that took too long."),
    {.name = "carepace_mqtt_ended_total",
        .type = METRIC_COUNTER,
        .print = print_u64,
        AT(now.devices.protocol[MQTT_OK + 1]),
        .label = "reason",
        .value_name = mqtt_name,
        .count = MQTT_REASON_COUNT - 1,
        .help = "MQTT connections and requests that ended or were refused."},
    COUNTER("carepace_takeovers_total", now.devices.takeovers,
        "Devices that connected again while their old connection stood."),
    COUNTER("carepace_devices_slowed_total", now.devices.slowed,
        "Times that a device was over its own limit and had to rest."),
    COUNTER("carepace_mqtt_sessions_resumed_total", now.sessions.resumed,
        "Connections that found the MQTT session of before."),
    COUNTER("carepace_mqtt_sessions_expired_total", now.sessions.expired,
        "MQTT sessions whose device did not come back in time."),
    GAUGE("carepace_listener_certificate_expiry_timestamp_seconds", print_time,
        now.certificate_until, "When the certificate that devices see runs out, since 1970."),
    {.name = "carepace_reloads_total",
        .type = METRIC_COUNTER,
        .print = print_u64,
        AT(now.reloads),
        .label = "result",
        .value_name = reload_name,
        .count = 2,
        .help = "Times that certificates and registry were read again."},

    /* Ledger and store. */
    COUNTER("carepace_batches_total", now.intake.batches, "Batches given to the ledger."),
    COUNTER("carepace_batch_entries_total", now.intake.entries, "Messages in these."),
    HISTOGRAM("carepace_commit_seconds", now.intake.commit,
        "How long a batch took to be written and fsynced."),
    HISTOGRAM("carepace_batch_seconds", now.intake.batch,
        "How long the ledger had a batch: journal, judges, commit."),
    GAUGE("carepace_ledger_waiting_entries", print_u64, now.waiting,
        "Messages that wait for their batch to leave."),
    GAUGE("carepace_ledger_busy_seconds", print_seconds, now.busy_ms,
        "How long the ledger has been at the batch it has; 0 when it has none."),
    COUNTER("carepace_disk_full_total", now.intake.times_full,
        "Times that devices had to wait because the disk was full."),
    GAUGE("carepace_disk_lacking_bytes", print_u64, now.lacking_bytes,
        "What must be freed before devices are served again; 0: nothing."),
    GAUGE("carepace_disk_free_bytes", print_u64, now.disk_free_bytes,
        "Free bytes where the store lies."),
    GAUGE("carepace_disk_size_bytes", print_u64, now.disk_bytes,
        "Free and used bytes where the store lies."),
    {.name = "carepace_store_bytes",
        .type = METRIC_GAUGE,
        .print = print_u64,
        AT(health.bytes),
        NEEDS(has_store),
        .help = "Size of the store's file."},
    {.name = "carepace_store_unused_bytes",
        .type = METRIC_GAUGE,
        .print = print_u64,
        AT(health.free_bytes),
        NEEDS(has_store),
        .help = "Of these: without content, used before the file grows."},
    {.name = "carepace_store_growth_bytes",
        .type = METRIC_GAUGE,
        .print = print_u64,
        AT(growth_a_day),
        NEEDS(has_store),
        .help = "By what the store has grown a day since it began; 0 on its first day."},
    {.name = "carepace_store_log_bytes",
        .type = METRIC_GAUGE,
        .print = print_u64,
        AT(health.log_bytes),
        NEEDS(has_store),
        .help = "Size of the write-ahead log beside the store."},
    {.name = "carepace_last_backup_timestamp_seconds",
        .type = METRIC_GAUGE,
        .print = print_time,
        AT(backup_at),
        NEEDS(has_backup),
        .help = "When carepace backup was last done, in seconds since 1970; absent if never."},
    {.name = "carepace_parked_messages",
        .type = METRIC_GAUGE,
        .print = print_u64,
        AT(health.parked),
        NEEDS(has_store),
        .help = "Messages that are kept and not understood: carepace parked."},
    {.name = "carepace_unjudged",
        .type = METRIC_GAUGE,
        .print = print_u64,
        AT(health.unjudged),
        NEEDS(has_store),
        .help = "Inputs and subjects set aside because judging them ended the program twice."},
    {.name = "carepace_pending",
        .type = METRIC_GAUGE,
        .print = print_u64,
        AT(health.pending),
        NEEDS(has_store),
        .help = "Inputs and subjects that wait to be judged one by one after a crash."},
    {.name = "carepace_alerts_open",
        .type = METRIC_GAUGE,
        .print = print_alerts,
        NEEDS(has_store),
        .help = "Alerts that are not cleared, by severity."},
    {.name = "carepace_alerts_open_by_check",
        .type = METRIC_GAUGE,
        .print = print_alert_checks,
        NEEDS(has_store),
        .help = "The same by check and severity; those of which there are none are left out."},

    /* Head office. */
    {.name = "carepace_outbox_reports",
        .type = METRIC_GAUGE,
        .print = print_outbox,
        NEEDS(has_store),
        .help = "Reports that wait for head office."},
    {.name = "carepace_outbox_oldest_age_seconds",
        .type = METRIC_GAUGE,
        .print = print_outbox_age,
        NEEDS(has_store),
        .help = "How long the oldest of them has waited; 0 when none does."},
    {.name = "carepace_outbox_evicted_total",
        .type = METRIC_COUNTER,
        .print = print_u64,
        AT(now.intake.evicted),
        .label = "reason",
        .value_name = evicted_name,
        .count = EVICTED_WHYS,
        .help = "Reports given up because too many waited (limit) or for too long (age)."},
    {.name = "carepace_upstream_connected",
        .type = METRIC_GAUGE,
        .print = print_bool,
        AT(now.is_connected),
        NEEDS(now.has_office),
        .help = "1 while head office's broker is connected; absent when none is configured."},
    {.name = "carepace_upstream_down_seconds",
        .type = METRIC_GAUGE,
        .print = print_seconds,
        AT(now.down_ms),
        NEEDS(now.has_office),
        .help = "How long it has not been connected."},
    COUNTER("carepace_upstream_connects_total", now.upstream.connects,
        "Connections to head office's broker."),
    COUNTER("carepace_upstream_losses_total", now.upstream.losses, "Of these: lost."),
    COUNTER("carepace_upstream_sent_total", now.upstream.sent,
        "Reports sent, a second time after a loss."),
    COUNTER("carepace_upstream_acknowledged_total", now.upstream.acknowledged,
        "Reports that the broker took."),
    COUNTER("carepace_upstream_refused_total", now.upstream.refused,
        "Reports that the broker refused; they are offered again."),
    {.name = "carepace_orders_total",
        .type = METRIC_COUNTER,
        .print = print_u64,
        AT(now.orders),
        .label = "result",
        .value_name = order_name,
        .count = 3,
        .help = "Messages of head office: stored, not understood but kept, not kept."},
    COUNTER("carepace_orders_dropped_total", now.upstream.orders_dropped,
        "Messages of head office there was no room for; it sends them again."),

    /* People and programs that ask. */
    COUNTER(
        "carepace_control_requests_total", now.control.requests, "Requests of carepace commands."),
    COUNTER("carepace_control_refused_total", now.control.refused,
        "Connections to the control socket that were closed unanswered."),
    {.name = "carepace_http_requests_total",
        .type = METRIC_COUNTER,
        .print = print_u64,
        AT(http),
        .label = "result",
        .value_name = http_name,
        .count = 3,
        .help = "Requests over HTTP: answered, refused, cut off because they took too long."},
};

const size_t metric_count = CP_COUNT(metrics);

static const char *type_name(enum metric_type type)
{
	static const char *const names[] = {
	    [METRIC_COUNTER] = "counter",
	    [METRIC_GAUGE] = "gauge",
	    [METRIC_HISTOGRAM] = "histogram",
	};

	return names[type];
}

void metrics_print(const struct measured *from, struct http_reply *reply)
{
	for (size_t i = 0; i < metric_count; i++) {
		const struct metric *metric = &metrics[i];
		if (!*((const bool *)from + metric->needs))
			continue;
		http_print(reply, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help,
		    metric->name, type_name(metric->type));
		metric->print(metric, from, reply);
	}
}

void metrics_print_list(FILE *out)
{
	fputs("# Metrics of Carepace\n\nWhat http://127.0.0.1:9883/metrics says.\n\n"
	      "| name | type | labels | meaning |\n| --- | --- | --- | --- |\n",
	    out);
	for (size_t i = 0; i < metric_count; i++)
		fprintf(out, "| `%s` | %s | %s | %s |\n", metrics[i].name,
		    type_name(metrics[i].type), metrics[i].label ? metrics[i].label : "",
		    metrics[i].help);
}
