/* transport.h - one device's MQTT connection, by Eclipse Paho.
 *
 * What:    the only caller of MQTTAsync. Mutual TLS, no
 *          persistence and no reconnect of Paho's own: who keeps messages and
 *          when to come back is the device's business.
 * Threads: one calls; Paho's own threads only post to the inbox.
 * Events:  every connect is a generation and is answered by CONNECTED or
 *          CONNECT_FAILED, every publish by ACKED or SEND_FAILED, every
 *          subscribe likewise; LOST may come once after CONNECTED. Whoever has
 *          seen LOST, or called transport_cut(), ignores the generation from
 *          then on: its late answers still arrive.
 */
#ifndef SIM_TRANSPORT_H
#define SIM_TRANSPORT_H

#include "base/err.h"
#include "base/slice.h"
#include "inbox.h"

struct transport;

struct transport_config {
	const char *host;
	uint16_t port;
	const char *client_id;
	const char *ca_path;
	const char *cert_path;
	const char *key_path;
	bool is_mqtt5;
	uint8_t qos; /* of what is published. At 0 ACKED says only: written */
	uint32_t
	    session_s; /* MQTT 5: the broker keeps what it has for us so long. 0: clean start */
	struct inbox *inbox;
	size_t device; /* stands in every event */
};

/* Must be called once before any other thread starts. */
void transport_library_init(void);

/* All strings are copied. */
enum cp_err transport_new(
    const struct transport_config *config, struct transport **out) CP_MUST_CHECK;
/* Takes a tenth of a second: Paho waits for its threads. No event comes after. */
void transport_free(struct transport *transport);
/* Before the program ends, when no transport is left. */
void transport_finish(void);

/* Starts the next generation. CP_NET or CP_NOMEM: no event will come of it. */
enum cp_err transport_connect(struct transport *transport) CP_MUST_CHECK;
uint32_t transport_generation(const struct transport *transport);
uint8_t transport_qos(const struct transport *transport);

enum cp_err transport_subscribe(struct transport *transport, const char *topic) CP_MUST_CHECK;
/* (boot, seq) comes back in the answer. The bytes are copied. */
enum cp_err transport_publish(struct transport *transport, const char *topic, struct slice payload,
    uint32_t boot, uint32_t seq) CP_MUST_CHECK;

/* DISCONNECT, then close; answered by DISCONNECTED if it was started. */
enum cp_err transport_disconnect(struct transport *transport) CP_MUST_CHECK;

/* Pulls the plug: the gateway sees the connection end without DISCONNECT. Takes
 * a tenth of a second. */
void transport_cut(struct transport *transport);

#endif
