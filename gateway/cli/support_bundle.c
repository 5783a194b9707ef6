/* support_bundle.c - `carepace support-bundle`: what the maker needs to see, in one file, and
 * nothing that is nobody's business. Everything passes the scrubber on its way in; keys,
 * messages and the store's contents are not even looked at. */
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/scrub.h"
#include "io/clock.h"
#include "ledger/view/health.h"
#include "pki/certificate.h"
#include "pki/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PART_MAX_BYTES (8U << 20)
#define JOURNAL_LINES "2000"
#define TOOL_LIMIT_S 20
#define FOLDER_NAME "carepace-support"

struct bundle {
	struct cli_options options;
	const char *file; /* NULL: a name of our own */
	char own_name[64];
	char folder[PATH_MAX]; /* what is collected, until it is packed */
	char raw[PATH_MAX];    /* what a tool has said, before it is scrubbed */
	struct config config;
	bool has_config;
};

/* --- parts -------------------------------------------------------------------------------------
 */

static FILE *create(const struct bundle *bundle, const char *name)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/" FOLDER_NAME "/%s", bundle->folder, name);
	return fopen(path, "we");
}

static void add_text(const struct bundle *bundle, const char *name, struct slice text)
{
	FILE *out = create(bundle, name);

	if (!out)
		return;
	scrub_print(out, text);
	fclose(out);
}

/* What cannot be read is a finding, too. */
static void add_file(const struct bundle *bundle, const char *name, const char *path)
{
	struct pki_error error;
	struct buf text;

	if (file_read(path, PART_MAX_BYTES, &text, &error)) {
		add_text(bundle, name, slice_str(error.text));
		return;
	}
	add_text(bundle, name, buf_bytes(&text));
	buf_deinit(&text);
}

/* Files of /proc have no size that could be asked for. */
static void add_proc(const struct bundle *bundle, const char *name, const char *path)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text));

	if (fd >= 0)
		close(fd);
	add_text(bundle, name, slice_of(text, len > 0 ? (size_t)len : 0));
}

/* The child's stdout and stderr go to the raw file; it is ended when it takes too long. */
static pid_t fork_to_raw(const struct bundle *bundle)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		int fd = open(bundle->raw, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
			_exit(1);
		alarm(TOOL_LIMIT_S);
	}
	return pid;
}

static void add_raw(const struct bundle *bundle, const char *name, pid_t pid)
{
	if (pid > 0)
		waitpid(pid, NULL, 0);
	add_file(bundle, name, bundle->raw);
	unlink(bundle->raw);
}

static void add_tool(const struct bundle *bundle, const char *name, const char *const *argv)
{
	pid_t pid = fork_to_raw(bundle);

	if (pid == 0) {
		execvp(argv[0], (char *const *)argv);
		printf("%s: %s\n", argv[0], strerror(errno));
		fflush(stdout);
		_exit(1);
	}
	add_raw(bundle, name, pid);
}

/* One of our own subcommands, as a person would call it. */
static void add_own(const struct bundle *bundle, const char *name, const char *command)
{
	const struct cli_command *own = cli_find(command);
	char *argv[] = {(char *)command, (char *)"--config", (char *)bundle->options.config_path,
	    (char *)"--json", NULL};

	if (!own)
		return;
	pid_t pid = fork_to_raw(bundle);
	if (pid == 0) {
		int status = own->run(4, argv);
		fflush(NULL);
		_exit(status);
	}
	add_raw(bundle, name, pid);
}

/* --- certificates and store ---------------------------------------------------------------------
 */

static void print_certificate(FILE *out, const char *what, const char *path)
{
	struct certificate cert;
	struct pki_error error;
	char from[WHEN_BYTES];
	char until[WHEN_BYTES];
	char names[512];

	if (!path)
		return;
	fprintf(out, "%s: %s\n", what, path);
	if (certificate_load(path, &cert, &error)) {
		fprintf(out, "  %s\n\n", error.text);
		return;
	}
	fprintf(out,
	    "  subject  %s\n  issuer   %s\n  names    %s\n  valid    %s to %s\n  sha256   ",
	    cert.subject, cert.issuer, certificate_names_text(&cert, names, sizeof(names)),
	    when_utc(cert.not_before, from), when_utc(cert.not_after, until));
	for (size_t i = 0; i < HASH_BYTES; i++)
		fprintf(out, "%s%02x", i ? ":" : "", cert.sha256[i]);
	fputs("\n\n", out);
}

static void add_certificates(const struct bundle *bundle)
{
	const struct config *config = &bundle->config;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return;
	print_certificate(out, "the gateway's", config->listener.certificate);
	print_certificate(out, "the devices' authority", config->listener.ca);
	print_certificate(out, "for head office", config->upstream.certificate);
	print_certificate(out, "head office's authority", config->upstream.ca);
	fclose(out);
	add_text(bundle, "certificates.txt", slice_of(text, len));
	free(text);
}

static void add_store(const struct bundle *bundle)
{
	char path[PATH_MAX];
	char why[256];
	struct view *view;
	struct view_health health;
	char text[640];
	int len;

	snprintf(path, sizeof(path), "%s/" LEDGER_FILE_NAME, bundle->config.store.path);
	if (view_open(&view, path, why)) {
		add_text(bundle, "store.txt", slice_str(why));
		return;
	}
	view_health(view, path, &health);
	len = snprintf(text, sizeof(text),
	    "version %" PRId64 "\nbytes %" PRId64 "\nfree_bytes %" PRId64 "\nlog_bytes %" PRId64
	    "\nfirst_row_ms %" PRId64 "\nended_well %d\nunjudged %" PRId64 "\nparked %" PRId64
	    "\npending %" PRId64 "\n",
	    health.schema, health.bytes, health.free_bytes, health.log_bytes, health.since,
	    health.has_ended_well, health.unjudged, health.parked, health.pending);
	view_close(view);
	add_text(bundle, "store.txt", slice_of(text, (size_t)len));
}

/* --- all of it
 * ------------------------------------------------------------------------------------ */

static const struct part {
	const char *name;
	const char *what;
} parts[] = {
    {"version.txt", "version of Carepace"},
    {"doctor.json", "what carepace doctor says"},
    {"status.json", "what carepace status says"},
    {"counts.json", "what carepace counts counts"},
    {"carepace.yaml", "the configuration"},
    {"policy.yaml", "the clinic's policy"},
    {"certificates.txt", "the public part of certificates"},
    {"store.txt", "figures of the store, nothing of its contents"},
    {"journal.txt", "the last " JOURNAL_LINES " lines of the log"},
    {"unit.txt", "the systemd unit as it is in force"},
    {"system.txt", "release of the system"},
    {"memory.txt", "its memory"},
    {"disks.txt", "its disks"},
};

static void collect(const struct bundle *bundle)
{
	static const char *const journal[] = {"journalctl", "-u", "carepace", "-n", JOURNAL_LINES,
	    "--no-pager", "-o", "short-iso", NULL};
	static const char *const unit[] = {"systemctl", "show", "carepace.service", NULL};
	static const char *const disks[] = {"df", "-PT", NULL};
	struct progress progress;

	progress_begin(&progress, "collecting", 5);
	add_text(bundle, "version.txt",
	    slice_str("carepace " CAREPACE_VERSION ", contract " CAREPACE_CONTRACT "\n"));
	add_own(bundle, "doctor.json", "doctor");
	progress_at(&progress, 1);
	add_own(bundle, "status.json", "status");
	add_own(bundle, "counts.json", "counts");
	progress_at(&progress, 2);
	add_file(bundle, "carepace.yaml", bundle->options.config_path);
	if (bundle->has_config) {
		if (bundle->config.policy.file)
			add_file(bundle, "policy.yaml", bundle->config.policy.file);
		add_certificates(bundle);
		add_store(bundle);
	}
	progress_at(&progress, 3);
	add_tool(bundle, "journal.txt", journal);
	add_tool(bundle, "unit.txt", unit);
	progress_at(&progress, 4);
	add_file(bundle, "system.txt", "/etc/os-release");
	add_proc(bundle, "memory.txt", "/proc/meminfo");
	add_tool(bundle, "disks.txt", disks);
	progress_end(&progress);
}

/* --- the file
 * ---------------------------------------------------------------------------------------- */

static bool make_folder(struct bundle *bundle)
{
	const char *tmp = getenv("TMPDIR");
	char inside[PATH_MAX + 32];

	snprintf(bundle->folder, sizeof(bundle->folder), "%.3000s/carepace-XXXXXX",
	    tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(bundle->folder)) {
		cli_say(&bundle->options, "cannot make a folder %s: %s", bundle->folder,
		    strerror(errno));
		return false;
	}
	snprintf(bundle->raw, sizeof(bundle->raw), "%.4000s/raw", bundle->folder);
	snprintf(inside, sizeof(inside), "%s/" FOLDER_NAME, bundle->folder);
	return mkdir(inside, 0700) == 0;
}

static bool has_part(const struct bundle *bundle, const struct part *part, int64_t *bytes)
{
	char path[PATH_MAX + 64];
	struct stat st;

	snprintf(path, sizeof(path), "%s/" FOLDER_NAME "/%s", bundle->folder, part->name);
	if (stat(path, &st) < 0)
		return false;
	*bytes = st.st_size;
	return true;
}

static void remove_folder(const struct bundle *bundle)
{
	char path[PATH_MAX + 64];

	for (size_t i = 0; i < CP_COUNT(parts); i++) {
		snprintf(
		    path, sizeof(path), "%s/" FOLDER_NAME "/%s", bundle->folder, parts[i].name);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/" FOLDER_NAME, bundle->folder);
	rmdir(path);
	rmdir(bundle->folder);
}

static bool pack(const struct bundle *bundle, int fd)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (dup2(fd, STDOUT_FILENO) >= 0)
			execlp("tar", "tar", "-cz", "--owner=0", "--group=0", "-C", bundle->folder,
			    FOLDER_NAME, NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 && fsync(fd) == 0;
}

static void say_what(const struct bundle *bundle)
{
	json_t *list = json_array();
	int64_t bytes;

	for (size_t i = 0; i < CP_COUNT(parts); i++) {
		if (!has_part(bundle, &parts[i], &bytes))
			continue;
		json_append(list, json_string(parts[i].name));
		if (!bundle->options.is_json)
			printf("  %-18s %8" PRId64 "  %s\n", parts[i].name, bytes, parts[i].what);
	}
	if (bundle->options.is_json) {
		json_print(json_pack("{s:s, s:o}", "file", bundle->file, "contains", list));
		return;
	}
	json_decref(list);
	printf("\n%s is made; nothing was sent. Keys, messages and the store's contents are not in "
	       "it;\n"
	       "what looked like a secret, an id or a token was taken out. Please look before you\n"
	       "send it: tar -xzf %s\n",
	    bundle->file, bundle->file);
}

static int write_bundle(struct bundle *bundle)
{
	int fd = open(bundle->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0) {
		cli_say(&bundle->options, "cannot write %s: %s", bundle->file, strerror(errno));
		return CLI_UNREADABLE;
	}
	if (!make_folder(bundle)) {
		close(fd);
		unlink(bundle->file);
		return CLI_UNREADABLE;
	}
	collect(bundle);
	bool is_packed = pack(bundle, fd);
	close(fd);
	if (is_packed) {
		say_what(bundle);
	} else {
		cli_say(&bundle->options, "cannot pack %s: is there room, and the program tar?",
		    bundle->file);
		unlink(bundle->file);
	}
	remove_folder(bundle);
	return is_packed ? cli_finish(&bundle->options) : CLI_UNREADABLE;
}

/* --- the command
 * --------------------------------------------------------------------------------------- */

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct bundle *bundle = state->input;

	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	if (bundle->file)
		return cli_wrong(&bundle->options, "one file is enough, what is \"%s\"?", value);
	bundle->file = value;
	return 0;
}

int cli_support_bundle(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "support-bundle",
	    .takes = CLI_TAKES_CONFIG | CLI_TAKES_JSON,
	    .arguments = "[FILE]",
	    .about =
	        "Collects what the maker needs to see into one file (carepace-support-DAY.tar.gz "
	        "here): doctor, counts, configuration, public parts of certificates, figures of "
	        "the "
	        "store, the end of the log. Secrets, ids and tokens are taken out; nothing is "
	        "sent. "
	        "Look into it before you send it.",
	    .parse = parse,
	};
	struct bundle bundle = {0};
	struct buf unsaid;
	char now[WHEN_BYTES];
	int status;

	if (!cli_parse(&syntax, argc, argv, &bundle.options, &status))
		return status;
	if (!bundle.file) {
		snprintf(bundle.own_name, sizeof(bundle.own_name), "carepace-support-%.10s.tar.gz",
		    when_utc(clock_wall(), now));
		bundle.file = bundle.own_name;
	}
	buf_init(&unsaid, CONFIG_FAULTS_MAX_BYTES); /* doctor.json says it */
	bundle.has_config =
	    config_load(&bundle.config, bundle.options.config_path, &unsaid) == CP_OK;
	buf_deinit(&unsaid);
	status = write_bundle(&bundle);
	if (bundle.has_config)
		config_free(&bundle.config);
	return status;
}
