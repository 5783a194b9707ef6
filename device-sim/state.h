/* state.h - what a device remembers from run to run.
 *
 * What:    DIR/<id>: the number of its last start and the time up to which it has
 *          been running. A boot number that were used twice would name two
 *          messages alike, so the new one is on disk before it is used.
 * Errors:  CP_CORRUPT or those of pki/file, with the sentence in *error.
 */
#ifndef SIM_STATE_H
#define SIM_STATE_H

#include "base/id.h"
#include "base/time.h"
#include "pki/error.h"

struct device_memory {
	uint32_t last_boot;    /* 0: never started */
	event_ms last_seen_at; /* no event of that boot is later */
};

/* All zero when the device was never started. */
enum cp_err state_load(const char *dir, const struct id *device, struct device_memory *out,
    struct pki_error *error) CP_MUST_CHECK;
enum cp_err state_save(const char *dir, const struct id *device, const struct device_memory *memory,
    struct pki_error *error) CP_MUST_CHECK;

#endif
