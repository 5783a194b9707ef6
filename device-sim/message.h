/* message.h - what devices and tablets say, as protobuf bytes.
 *
 * What:    one function per message; and the stamp that a copy gets when it is
 *          sent (when, and whether from a buffer), which is not part of the
 *          content: copies of one message differ in nothing else (P2).
 * Pure:    bytes from arguments. Values lie within domain.md 1.3.
 * Memory:  appended to the caller's buffer, which must have room for
 *          MESSAGE_MAX_BYTES.
 */
#ifndef SIM_MESSAGE_H
#define SIM_MESSAGE_H

#include "base/buf.h"
#include "base/hash.h"
#include "base/time.h"
#include "pki/registry.h"
#include "plan.h"

#define MESSAGE_MAX_BYTES 65535 /* domain.md 9 */

/* One model of each kind; the settings stay within domain.md 1.2 and 1.4. */
struct model {
	uint32_t number;
	Carepace__V1__Modality modality;
	uint32_t pins;
	uint32_t depth_um;
	uint32_t max_depth_um; /* beyond every zone's limit */
	uint32_t rate_dhz;
	uint32_t energy_uj; /* per pin */
	uint32_t power_mw;
	uint32_t pulse_us;
};

/* One type of cartridge fits them all, so that any two devices can meet over one. */
#define MESSAGE_GTIN ((char *)"04012345600017")
#define MESSAGE_FREQ_KHZ 1000

const struct model *message_model(enum pki_kind kind);

struct envelope {
	struct id source;
	uint32_t boot;
	uint32_t seq;
	event_ms ts_ms;
	uint64_t mono_ms; /* since the device's boot */
};

/* A session as its device counts it. */
struct treatment {
	enum pki_kind kind;
	const struct visit *visit;
	const struct cartridge *cart; /* the one that is on */
	uint32_t active_ms;
	uint32_t pulses;
	uint64_t punctures;
};

void message_hello(struct buf *out, const struct envelope *envelope, enum pki_kind kind,
    const char *site, uint32_t last_seq);
void message_heartbeat(
    struct buf *out, const struct envelope *envelope, bool is_active, uint32_t queue);

void message_start(
    struct buf *out, const struct envelope *envelope, const struct treatment *treatment);
void message_mount(struct buf *out, const struct envelope *envelope,
    const struct treatment *treatment, bool is_attach);
void message_param(
    struct buf *out, const struct envelope *envelope, const struct treatment *treatment);
/* The readings of the batch that ends now; adds them to the treatment. */
void message_batch(struct buf *out, const struct envelope *envelope, struct treatment *treatment);
void message_end(struct buf *out, const struct envelope *envelope,
    const struct treatment *treatment, Carepace__V1__EndReason reason);
void message_clean(struct buf *out, const struct envelope *envelope, const struct id *by_token);
void message_selftest(struct buf *out, const struct envelope *envelope);

void message_screening(struct buf *out, const struct envelope *envelope, const struct id *client,
    event_ms at, const struct id *by_token);

void message_ack_alert(struct buf *out, const struct envelope *envelope, const struct id *alert,
    const struct id *by_token);
/* alert NULL: the check of the session is meant. */
void message_override(struct buf *out, const struct envelope *envelope, const struct id *alert,
    const struct id *sid, Carepace__V1__Check check, const struct id *by_token);

/* What the message says, without how a copy of it was sent: SHA-256 over ts_ms,
 * mono_ms and the number of the body's field (8 bytes each, little endian), the
 * test flag (1 byte) and the body. The gateway's journal holds the first half. */
void message_hash(struct slice message, uint8_t out[HASH_BYTES]);

/* Behind the bytes of a message: fields 6 and 7 of the envelope. */
void message_stamp(struct buf *out, uint64_t sent_mono_ms, bool is_replay);

#endif
