/* devices.h - every connected device: TLS below, the ledger above.
 *
 * The way of a message, all on the loop:
 *
 *     listener -> link -> reading -> entry of the open batch        (up)
 *     settled batch -> PUBACK, ACK, NACK, VERDICT -> link -> listener  (down)
 *
 * Promise:  P1: link_ack() is called by devices_settled() only. CONNACK, SUBACK and
 *           UNSUBACK wait for the session's row, where there is one.
 *           P6: when the batch is full, the connection that brings more is
 *           paused. What it already brought is kept: at most two TLS records here,
 *           and what its link holds (mqtt/link.h).
 *           P7: a reading that claims another source is refused.
 * Names:    a connection by its id; a device has at most one link, the newest
 *           (takeover).
 * Threads:  the loop's only.
 */
#ifndef SHELL_DEVICES_H
#define SHELL_DEVICES_H

#include "io/listener.h"
#include "mqtt/link.h"
#include "shell/intake.h"
#include "shell/quota.h"
#include "shell/roster.h"
#include "shell/wills.h"

struct devices;

struct devices_config {
	struct listener_place place;
	struct listener_limits limits;
	struct link_config link;
	struct quota_rates quota; /* of one device */
	struct tls_config *tls;   /* held */
	struct roster *roster;    /* what devices_remember() filled; borrowed */
};

struct devices_counters {
	uint64_t messages;     /* PUBLISHes taken from devices */
	uint64_t acknowledged; /* PUBACKs with code 0, to a link that was there */
	uint64_t stored;       /* new readings */
	uint64_t duplicates;
	uint64_t conflicts;
	uint64_t parked;
	uint64_t range;    /* a value was withheld */
	uint64_t foreign;  /* P7 */
	uint64_t privacy;  /* P10 */
	uint64_t not_kept; /* park limits */
	uint64_t downs_sent;
	uint64_t downs_again;   /* of these: sent before, on an older link */
	uint64_t downs_refused; /* by the device, with a reason code */
	uint64_t downs_kept;    /* for a device that was not there or not ready */
	uint64_t wills;         /* taken like a PUBLISH; also counted in messages */
	uint64_t takeovers;
	uint64_t slowed;                      /* times that a device had to rest */
	uint64_t protocol[MQTT_REASON_COUNT]; /* links and requests refused or ended, by reason */
};

/* What the store knows of devices, before intake_open() takes the ledger over. */
enum cp_err devices_remember(struct ledger *ledger, struct roster *roster) CP_MUST_CHECK;

/* All but tls and roster. */
struct config;
struct devices_config devices_config_of(const struct config *config);

enum cp_err devices_open(uv_loop_t *loop, const struct devices_config *config,
    struct intake *intake, struct devices **out) CP_MUST_CHECK;

uint16_t devices_port(const struct devices *devices);

/* What a reload changes (io/listener.h): address, port, limits and quotas. A link that is there
 * keeps what its CONNACK said. */
enum cp_err devices_prepare(
    struct devices *devices, const struct devices_config *next) CP_MUST_CHECK;
void devices_commit(struct devices *devices, const struct devices_config *next);
void devices_abandon(struct devices *devices);

/* For new connections; a device that it does not allow any more is told and closed. */
void devices_set_tls(struct devices *devices, struct tls_config *tls);

/* A batch is durable: acknowledge and deliver. */
void devices_settled(struct devices *devices, const struct batch *batch);

/* The batch has room again: go on with what waited. */
void devices_has_room(struct devices *devices);

/* Now and then: what time alone ends. */
void devices_tick(struct devices *devices);

/* Takes no more; every link is told and closed; then `done`, and it is gone. */
void devices_close(struct devices *devices, void (*done)(void *ctx), void *ctx);

const struct devices_counters *devices_counters(const struct devices *devices);
size_t devices_count(const struct devices *devices);                /* links past CONNECT */
const struct roster *devices_roster(const struct devices *devices); /* for its counters */
const struct wills_counters *devices_wills_counters(const struct devices *devices);
const struct listener_counters *devices_listener_counters(const struct devices *devices);

#endif
