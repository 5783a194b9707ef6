/* doctor.c - `carepace doctor`: is this box well, and if not, what is to be done? */
#include "cli/doctor.h"

#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/output.h"
#include "ledger/view/view.h"

#include <stdarg.h>

#define SERVICE "carepace.service"
#define QUICK_MS 5000
#define NETWORK_MS 8000
#define TEXT_COLUMN 24

#define NEEDS(check) (1U << (check))

const struct doctor_check doctor_checks[CHECK_COUNT] = {
    [CHECK_CONFIGURATION] = {"configuration", "the configuration and policy files",
        doctor_configuration, 0, QUICK_MS, EYES_OF_SERVICE, false},
    [CHECK_TIME_ZONE] = {"time zone", "the clinic's time zone", doctor_time_zone,
        NEEDS(CHECK_CONFIGURATION), QUICK_MS, EYES_OF_SERVICE, false},
    [CHECK_CLOCK] = {"clock", "the clock of this box", doctor_clock, 0, QUICK_MS, EYES_OF_SERVICE,
        true},
    [CHECK_FOLDER] = {"store folder", "the folder of the store and who may write there",
        doctor_folder, NEEDS(CHECK_CONFIGURATION), QUICK_MS, EYES_OF_SERVICE, false},
    [CHECK_DISK] = {"disk", "free room, and days until the disk is full", doctor_disk,
        NEEDS(CHECK_FOLDER), QUICK_MS, EYES_OF_SERVICE, true},
    [CHECK_FILE_SYSTEM] = {"file system", "whether what is written there stays", doctor_file_system,
        NEEDS(CHECK_FOLDER), QUICK_MS, EYES_OF_SERVICE, true},
    [CHECK_STORE] = {"store", "the store's file", doctor_store,
        NEEDS(CHECK_FOLDER) | NEEDS(CHECK_DISK), QUICK_MS, EYES_OF_SERVICE, false},
    [CHECK_LEFT_OVER] = {"left over", "failures, and what could not be read or judged",
        doctor_left_over, NEEDS(CHECK_STORE), QUICK_MS, EYES_OF_SERVICE, false},
    [CHECK_SECRETS] = {"permissions", "who may read keys and change files", doctor_secrets,
        NEEDS(CHECK_CONFIGURATION), QUICK_MS, EYES_OF_SERVICE, false},
    [CHECK_CERTIFICATES] = {"certificates", "the listener's certificate, key, CA and registry",
        doctor_certificates, NEEDS(CHECK_CONFIGURATION), QUICK_MS, EYES_OF_KEEPER, false},
    [CHECK_EXPIRY] = {"expiry", "until when certificates are good", doctor_expiry,
        NEEDS(CHECK_CERTIFICATES) | NEEDS(CHECK_CLOCK), QUICK_MS, EYES_OF_SERVICE, false},
    [CHECK_NAMES] = {"names", "by which names devices may call this box", doctor_names,
        NEEDS(CHECK_CERTIFICATES), QUICK_MS, EYES_OF_SERVICE, true},
    [CHECK_PORT] = {"port", "whether the gateway listens, or could", doctor_port,
        NEEDS(CHECK_CERTIFICATES), QUICK_MS, EYES_OF_ROOT, true},
    [CHECK_LIMITS] = {"limits", "open files and memory", doctor_limits, NEEDS(CHECK_CONFIGURATION),
        QUICK_MS, EYES_OF_ROOT, true},
    [CHECK_NAME_SERVER] = {"name server", "the addresses of head office's names",
        doctor_name_server, NEEDS(CHECK_CONFIGURATION), QUICK_MS, EYES_OF_SERVICE, true},
    [CHECK_HEAD_OFFICE] = {"head office", "whether head office's broker lets us in",
        doctor_head_office, NEEDS(CHECK_NAME_SERVER) | NEEDS(CHECK_CLOCK), NETWORK_MS,
        EYES_OF_KEEPER, true},
    [CHECK_SERVICE] = {"service", "the systemd unit", doctor_service, 0, QUICK_MS, EYES_OF_ROOT,
        true},
};

/* --- findings --------------------------------------------------------------------- */

CP_PRINTF(4, 0)
static void find(struct diagnosis *finding, enum doctor_result result, const char *remedy,
    const char *format, va_list args)
{
	if (finding->text[0] && finding->result >= result)
		return;
	finding->result = result;
	vsnprintf(finding->text, sizeof(finding->text), format, args);
	snprintf(finding->remedy, sizeof(finding->remedy), "%s", remedy);
}

void doctor_ok(struct diagnosis *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	find(finding, DOCTOR_OK, "", format, args);
	va_end(args);
}

void doctor_skip(struct diagnosis *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	find(finding, DOCTOR_SKIPPED, "", format, args);
	va_end(args);
}

void doctor_warn(struct diagnosis *finding, const char *remedy, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	find(finding, DOCTOR_WARN, remedy, format, args);
	va_end(args);
}

void doctor_fail(struct diagnosis *finding, const char *remedy, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	find(finding, DOCTOR_FAIL, remedy, format, args);
	va_end(args);
}

const char *doctor_size(int64_t bytes, char out[DOCTOR_SIZE_BYTES])
{
	static const char *const units[] = {"kB", "MB", "GB", "TB"};
	int64_t tenths = bytes / 100;
	size_t unit = 0;

	while (tenths >= 10000 && unit + 1 < CP_COUNT(units)) {
		tenths /= 1000;
		unit++;
	}
	snprintf(out, DOCTOR_SIZE_BYTES, "%d.%d %s", (int)(tenths / 10), (int)(tenths % 10),
	    units[unit]);
	return out;
}

/* --- what is printed ---------------------------------------------------------------- */

static const char *const result_names[DOCTOR_RESULT_COUNT] = {
    [DOCTOR_OK] = "ok",
    [DOCTOR_SKIPPED] = "skipped",
    [DOCTOR_WARN] = "WARN",
    [DOCTOR_FAIL] = "FAIL",
};

static size_t count(const struct diagnosis *findings, enum doctor_result result)
{
	size_t found = 0;

	for (size_t i = 0; i < CHECK_COUNT; i++)
		found += findings[i].result == result;
	return found;
}

static void print_text(const struct diagnosis *findings, bool is_brief)
{
	char warnings[64];
	char failures[64];

	for (size_t i = 0; i < CHECK_COUNT; i++) {
		if (is_brief && !findings[i].remedy[0])
			continue;
		printf("%-8s %-14s ", result_names[findings[i].result], doctor_checks[i].name);
		print_wrapped(findings[i].text, TEXT_COLUMN);
		if (findings[i].remedy[0]) {
			printf("%-*s-> ", TEXT_COLUMN, "");
			print_wrapped(findings[i].remedy, TEXT_COLUMN + 3);
		}
	}
	size_t bad = count(findings, DOCTOR_FAIL);
	size_t doubtful = count(findings, DOCTOR_WARN);
	if (bad + doubtful == 0)
		printf("%sNothing is wrong.\n", is_brief ? "" : "\n");
	else
		printf("\n%s, %s.\n", count_text((int64_t)bad, "failure", failures),
		    count_text((int64_t)doubtful, "warning", warnings));
}

static json_t *to_json(const struct diagnosis *findings)
{
	static const char *const words[DOCTOR_RESULT_COUNT] = {"ok", "skipped", "warn", "fail"};
	json_t *object = json_object();
	json_t *checks = json_array();

	for (size_t i = 0; i < CHECK_COUNT; i++) {
		json_t *one = json_object();
		json_put_text(one, "check", doctor_checks[i].name);
		json_put_text(one, "looks_at", doctor_checks[i].looks_at);
		json_put_text(one, "result", words[findings[i].result]);
		json_put_text(one, "text", findings[i].text);
		json_put_text(one, "remedy", findings[i].remedy[0] ? findings[i].remedy : NULL);
		json_append(checks, one);
	}
	json_put_text(object, "version", CAREPACE_VERSION);
	json_put_int(object, "failures", (int64_t)count(findings, DOCTOR_FAIL));
	json_put_int(object, "warnings", (int64_t)count(findings, DOCTOR_WARN));
	json_put(object, "checks", checks);
	return object;
}

/* --- the command -------------------------------------------------------------------- */

/* A fault is doctor_configuration()'s to tell. */
static void open_box(
    struct box *box, const struct cli_options *options, const struct doctor_request *request)
{
	struct buf unsaid;

	*box = (struct box){
	    .config_path = options->config_path,
	    .is_deep = request->is_deep,
	    .is_elsewhere = request->root != NULL,
	    .is_not_yet_begun = request->is_not_yet_begun,
	};
	buf_init(&unsaid, CONFIG_FAULTS_MAX_BYTES);
	box->has_config = config_load(&box->config, options->config_path, &unsaid) == CP_OK;
	buf_deinit(&unsaid);
	if (box->has_config)
		snprintf(box->store_file, sizeof(box->store_file), "%s/" LEDGER_FILE_NAME,
		    box->config.store.path);
	if (box->is_elsewhere || systemd_unit_ask(SERVICE, &box->unit))
		box->unit = (struct systemd_unit){0};
	box->has_unit = systemd_unit_is_installed(request->root ? request->root : "", SERVICE);
}

int doctor_examine(
    struct cli_options *options, const struct doctor_request *request, struct json_t **out)
{
	struct diagnosis findings[CHECK_COUNT];
	struct box box;

	open_box(&box, options, request);
	doctor_run(&box, findings);
	if (box.has_config)
		config_free(&box.config);
	if (out)
		*out = to_json(findings);
	else if (options->is_json)
		json_print(to_json(findings));
	else
		print_text(findings, request->is_brief);
	int status = cli_finish(options);
	return status ? status : count(findings, DOCTOR_FAIL) ? CLI_FOUND : CLI_OK;
}

struct request {
	struct cli_options options;
	struct doctor_request doctor;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct request *request = state->input;

	(void)value;
	if (key != 'd')
		return ARGP_ERR_UNKNOWN;
	request->doctor.is_deep = true;
	return 0;
}

int cli_doctor(int argc, char **argv)
{
	static const struct argp_option own[] = {
	    {"deep", 'd', NULL, 0, "also read the whole store (minutes on a large one)", 0},
	    {0},
	};
	static const struct cli_syntax syntax = {
	    .name = "doctor",
	    .takes = CLI_TAKES_CONFIG | CLI_TAKES_JSON,
	    .about =
	        "Looks at everything that the gateway needs and says what is wrong and what to "
	        "do. Changes nothing; works beside the running gateway and without it, within "
	        "ten seconds. Exit status: 0 nothing failed (there may be warnings), 1 "
	        "something did, 3 this box is not set up.",
	    .options = own,
	    .parse = parse,
	};
	struct request request = {0};
	int status;

	if (!cli_parse(&syntax, argc, argv, &request.options, &status))
		return status;
	if (!cli_is_set_up(&request.options))
		return CLI_UNREADABLE;
	return doctor_examine(&request.options, &request.doctor, NULL);
}
