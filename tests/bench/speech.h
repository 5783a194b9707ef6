/* speech.h - what a benchmarked device says: real messages of the contract.
 *
 * Each call appends one message to `out`, with a new name (device, boot, seq).
 */
#ifndef BENCH_SPEECH_H
#define BENCH_SPEECH_H

#include "base/buf.h"
#include "base/id.h"

struct voice {
	struct id device;
	uint32_t boot;
	uint32_t seq; /* of the last message */
};

/* A boot that this device did not have before. */
void voice_init(struct voice *voice, const struct id *device);

/* A new id with this number in it, the same for the same device and number. */
struct id speech_id(const struct voice *voice, uint8_t what, uint32_t number);
#define SPEECH_SESSION 1
#define SPEECH_CLIENT 2
#define SPEECH_PAST_SESSION 3

void speak_hello(struct voice *voice, struct buf *out);
void speak_start(struct voice *voice, const struct id *session, const struct id *client,
    uint32_t days_ago, struct buf *out);
void speak_samples(struct voice *voice, const struct id *session, uint32_t days_ago,
    uint32_t seconds, struct buf *out);
void speak_end(struct voice *voice, const struct id *session, uint32_t days_ago, struct buf *out);

/* SAMPLES of so many seconds make a payload of about 200 bytes. */
#define SPEECH_SAMPLES_200_BYTES 7

#endif
