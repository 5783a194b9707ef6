/* year.h - `device-sim year`: clinics for a year, as logs, and what must be found in them. */
#ifndef SIM_YEAR_H
#define SIM_YEAR_H

#include "base/err.h"
#include "pki/error.h"
#include "telemetry.pb-c.h"

#include <stdint.h>

struct year_options {
	const char *out_dir;
	uint64_t seed;
	uint32_t clinics;
	uint32_t days;
	uint32_t busy;       /* new clients a day, at most */
	uint32_t first_date; /* YYYYMMDD; 0: by the seed */
	/* Head office switches it off, and nothing else changes: it must be missed. */
	Carepace__V1__Check off; /* 0: none */
};

/* Ends the program with status 2 and one sentence when something is wrong, with 0 after
 * --help. The strings point into argv. */
void year_options_parse(struct year_options *options, int argc, char **argv);

/* Writes SITE.log and SITE.expected.jsonl for each clinic. */
enum cp_err year_write(const struct year_options *options, struct pki_error *error) CP_MUST_CHECK;

#endif
