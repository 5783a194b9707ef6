/* truth.h - what the oracle knows of one device. */
#ifndef MODEL_TRUTH_H
#define MODEL_TRUTH_H

#include "base/buf.h"
#include "base/time.h"

/* What is known of something. */
enum maybe {
	NO,
	YES,
	MAYBE
};

/* --- what devices say and hear ---------------------------------------------------------- */

struct reading_said {
	bool is_applied;
	unsigned times_new;
	bool is_odd;  /* a value is out of range: the device is told by a message */
	bool is_will; /* said by nobody but as a will */
};

struct down_due {
	struct buf payload;
	uint64_t n; /* 0: worth only a moment */
	wall_ms expires_at;
	bool is_acked; /* the device has said so, or it had it at QoS 0 */
	bool is_gone;  /* with a restart */
	uint64_t sent_on;
	uint16_t packet_id;
	unsigned session; /* that it was sent in */
};

struct will_left {
	size_t reading;
	enum maybe must; /* be stored when it is due */
	mono_ms due_at;
};

/* The session as the standard has it. */
struct truth {
	enum maybe is_kept;
	bool is_sub_known;
	int sub; /* QoS, or -1 */
	uint32_t expiry_s;
	wall_ms ends_at; /* TIME_NEVER: connected */
	bool is_durable;
	unsigned number; /* of the session */
};

#endif
