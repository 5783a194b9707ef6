/* doctor.h - what `carepace doctor` looks at, and what a check answers.
 *
 * What:    a check looks at one thing of the box and finds it well or not: one sentence, and
 *          what to do about it. Where the daemon would stumble over the same thing, the check
 *          asks the daemon's own code, and so the sentence is the same.
 * Alone:   each check runs in a process of its own (doctor_run.c), as the user of the
 *          service when root asks: what hangs is ended, what that user may not read shows.
 * Changes: nothing, anywhere.
 */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/options.h"
#include "io/config.h"
#include "io/systemd_unit.h"

#include <limits.h>
#include <stddef.h>

#define SERVICE_USER "carepace" /* as the package makes it */

enum doctor_result {
	DOCTOR_OK,
	DOCTOR_SKIPPED, /* not asked for, or something that comes first has failed */
	DOCTOR_WARN,    /* goes on, but somebody should look */
	DOCTOR_FAIL,
	DOCTOR_RESULT_COUNT,
};

struct diagnosis {
	enum doctor_result result;
	char text[640];
	char remedy[400]; /* "" unless WARN or FAIL */
};

struct box {
	const char *config_path;
	struct config config;
	bool has_config; /* else the checks that need it are skipped */
	char store_file[PATH_MAX];
	struct systemd_unit unit;
	bool has_unit; /* it is installed, whether systemd runs or not: keys are root's */
	bool is_deep;
	bool is_elsewhere; /* of a system that does not run here: only its files are looked at */
	bool is_not_yet_begun; /* nobody could have started the gateway yet */
};

/* The worst finding of a check stands, and of equals the first. */
void doctor_ok(struct diagnosis *finding, const char *format, ...) CP_PRINTF(2, 3);
void doctor_skip(struct diagnosis *finding, const char *format, ...) CP_PRINTF(2, 3);
void doctor_warn(struct diagnosis *finding, const char *remedy, const char *format, ...)
    CP_PRINTF(3, 4);
void doctor_fail(struct diagnosis *finding, const char *remedy, const char *format, ...)
    CP_PRINTF(3, 4);

typedef void doctor_fn(const struct box *box, struct diagnosis *out);

enum doctor_check_no {
	CHECK_CONFIGURATION,
	CHECK_TIME_ZONE,
	CHECK_CLOCK,
	CHECK_FOLDER,
	CHECK_DISK,
	CHECK_FILE_SYSTEM,
	CHECK_STORE,
	CHECK_LEFT_OVER,
	CHECK_SECRETS,
	CHECK_CERTIFICATES,
	CHECK_EXPIRY,
	CHECK_NAMES,
	CHECK_PORT,
	CHECK_LIMITS,
	CHECK_NAME_SERVER,
	CHECK_HEAD_OFFICE,
	CHECK_SERVICE,
	CHECK_COUNT,
};

/* As whom a check looks when root asks. */
enum doctor_eyes {
	EYES_OF_SERVICE,
	EYES_OF_KEEPER, /* of keys: systemd's where it hands them over, else the service's */
	EYES_OF_ROOT,
};

struct doctor_check {
	const char *name;
	const char *looks_at;
	doctor_fn *look;
	unsigned needs; /* 1 << CHECK_...: skipped when one of them has failed */
	int limit_ms;
	enum doctor_eyes eyes;
	bool is_of_host; /* looks at more than files */
};

extern const struct doctor_check doctor_checks[CHECK_COUNT];

/* All of them at once, each with its own time. */
void doctor_run(const struct box *box, struct diagnosis findings[CHECK_COUNT]);

doctor_fn doctor_configuration, doctor_time_zone, doctor_clock, doctor_folder, doctor_disk,
    doctor_file_system, doctor_store, doctor_left_over, doctor_secrets, doctor_certificates,
    doctor_expiry, doctor_names, doctor_port, doctor_limits, doctor_name_server, doctor_head_office,
    doctor_service;

/* "1.2 GB". */
#define DOCTOR_SIZE_BYTES 24
const char *doctor_size(int64_t bytes, char out[DOCTOR_SIZE_BYTES]);

struct doctor_request {
	bool is_deep;
	bool is_brief;    /* only what is not well */
	const char *root; /* the system that lies there; NULL: this one */
	bool is_not_yet_begun;
};

/* The findings as `carepace doctor` prints them, or with `out` as JSON for the caller to free; its
 * exit status. */
struct json_t;
int doctor_examine(
    struct cli_options *options, const struct doctor_request *request, struct json_t **out);

#endif
