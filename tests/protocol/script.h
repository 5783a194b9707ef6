/* script.h - protocol scripts: send these bytes, expect those.
 *
 * What:    reads the text files of this folder and runs each case against a gateway; what
 *          that is, the ops say: a link in memory, or a socket with TLS.
 *          tests/protocol/common.txt explains the language.
 */
#ifndef PROTOCOL_SCRIPT_H
#define PROTOCOL_SCRIPT_H

#include "base/buf.h"
#include "base/slice.h"

#define SCRIPT_CONNS 3

struct script_ops {
	int64_t wait_max_ms;      /* a case that waits longer is skipped and said */
	void (*begin)(void *ctx); /* a case begins, no connection is open */
	void (*send)(void *ctx, int conn, struct slice bytes);
	/* Bytes that came and were not dropped yet; a real one waits until `want`
	 * bytes are there, or nothing comes for a while. */
	struct slice (*received)(void *ctx, int conn, size_t want);
	void (*drop)(void *ctx, int conn, size_t len_bytes);
	bool (*is_closed)(void *ctx, int conn, bool is_expected);
	void (*wait)(void *ctx, int64_t wait_ms);
	void (*end)(void *ctx);
};

struct script_result {
	int cases;
	int failed; /* each one was explained on stderr */
	int skipped;
};

/* `device` are the 32 digits of the identity that the connections have. False when
 * the file cannot be read or its language is wrong. */
bool script_run(const char *path, const char *device, const struct script_ops *ops, void *ctx,
    struct script_result *result);

#endif
