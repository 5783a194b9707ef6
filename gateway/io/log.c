/* The location fields come from the call site, not from this file. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include "io/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

#include "io/clock.h"

/* What a site says about one device. */
struct subject {
	const struct log_site *site; /* NULL: free */
	struct id about;
	struct log_window window;
};

/* Everything about the log that changes; the one such thing in the program. */
static struct {
	_Atomic enum log_level level;
	pthread_mutex_t lock;   /* guards the rest, and the state inside every site */
	struct log_site *sites; /* those that suppressed something once */
	struct subject subjects[LOG_SUBJECTS_MAX];
} logger = {.level = LOG_LEVEL_INFO, .lock = PTHREAD_MUTEX_INITIALIZER};

static const struct {
	const char *name;
	const char *printed;
	int priority;
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", "ERROR", LOG_ERR},
    [LOG_LEVEL_WARNING] = {"warning", "WARNING", LOG_WARNING},
    [LOG_LEVEL_NOTICE] = {"notice", "NOTICE", LOG_NOTICE},
    [LOG_LEVEL_INFO] = {"info", "INFO", LOG_INFO},
    [LOG_LEVEL_DEBUG] = {"debug", "DEBUG", LOG_DEBUG},
};

static const struct {
	const char *message_id;
	const char *name;
} events[LOG_EVENT_COUNT] = {
#define LOG_EVENT(name, level, message_id, subject) [LOG_EVENT_##name] = {message_id, #name},
#include "io/log_events.def"
#undef LOG_EVENT
};

void log_set_level(enum log_level level)
{
	atomic_store(&logger.level, level);
}

enum log_level log_get_level(void)
{
	return atomic_load(&logger.level);
}

const char *log_level_name(enum log_level level)
{
	return (size_t)level < CP_COUNT(levels) ? levels[level].name : "unknown";
}

bool log_level_from_name(enum log_level *out, const char *name)
{
	for (size_t i = 0; i < CP_COUNT(levels); i++) {
		if (strcmp(levels[i].name, name) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

const char *log_token(const struct id *token, char out[LOG_TOKEN_LEN + 1])
{
	char hex[ID_HEX_LEN + 1];

	if (id_is_zero(token)) {
		memcpy(out, "-", 2);
		return out;
	}
	id_hex(token, hex);
	memcpy(out, hex, LOG_TOKEN_LEN);
	out[LOG_TOKEN_LEN] = '\0';
	return out;
}

/* Into `out` of LOG_LINE_BYTES. A backslash is doubled, so that what was
 * escaped and what was sent as "\x0a" can be told apart. */
static void escape_line(char *out, const char *text)
{
	static const char cut[] = "...";
	const size_t room = LOG_LINE_BYTES - sizeof(cut);
	size_t used = 0;

	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		char shown[5] = {(char)*at};

		if (*at < 0x20 || *at > 0x7e)
			snprintf(shown, sizeof(shown), "\\x%02x", *at);
		else if (*at == '\\')
			shown[1] = '\\';
		size_t len = strlen(shown);
		if (used + len > room) {
			memcpy(out + used, cut, sizeof(cut));
			return;
		}
		memcpy(out + used, shown, len);
		used += len;
	}
	out[used] = '\0';
}

/* systemd names the journal's stream by device and inode, because a service may
 * have sent its stderr elsewhere since. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) != 0)
		return false;
	snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(own, stream) == 0;
}

static void print_line(enum log_level level, const char *text)
{
	char stamp[32] = "";
	char line[LOG_LINE_BYTES + 64];

	if (isatty(STDERR_FILENO)) {
		time_t now = (time_t)(clock_wall() / MS_PER_SECOND);
		struct tm utc;

		gmtime_r(&now, &utc);
		strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%SZ ", &utc);
	}
	int len = snprintf(line, sizeof(line), "%s%s %s\n", stamp, levels[level].printed, text);
	CP_CHECK(len > 0 && (size_t)len < sizeof(line));
	/* One write, so that lines of several threads do not mix. */
	if (write(STDERR_FILENO, line, (size_t)len) < 0)
		return; /* stderr is gone; there is nobody left to tell */
}

#define FIELD_BYTES 256
#define FIELDS_MAX 8

/* "NAME=value" each, beside the message. */
struct fields {
	char text[FIELDS_MAX][FIELD_BYTES];
	int count;
};

CP_PRINTF(2, 3)
static void add_field(struct fields *fields, const char *format, ...)
{
	va_list args;

	CP_CHECK(fields->count < FIELDS_MAX);
	va_start(args, format);
	vsnprintf(fields->text[fields->count++], FIELD_BYTES, format, args);
	va_end(args);
}

static void find_fields(struct fields *fields, const struct log_site *site, const struct id *about)
{
	char hex[ID_HEX_LEN + 1];

	add_field(fields, "SYSLOG_IDENTIFIER=carepace");
	add_field(fields, "PRIORITY=%i", levels[site->level].priority);
	add_field(fields, "CODE_FILE=%s", site->file);
	add_field(fields, "CODE_LINE=%i", site->line);
	add_field(fields, "CODE_FUNC=%s", site->function);
	if (about)
		add_field(fields, "CAREPACE_DEVICE=%s", id_hex(about, hex));
	if (site->event != LOG_EVENT_NONE) {
		add_field(fields, "MESSAGE_ID=%s", events[site->event].message_id);
		add_field(fields, "CAREPACE_EVENT=%s", events[site->event].name);
	}
}

/* False: the journal is not there. */
static bool send_to_journal(const struct log_site *site, const struct id *about, const char *text)
{
	char message[LOG_LINE_BYTES + sizeof("MESSAGE=")];
	struct iovec parts[1 + FIELDS_MAX];
	struct fields fields = {0};

	find_fields(&fields, site, about);
	int len = snprintf(message, sizeof(message), "MESSAGE=%s", text);
	parts[0] = (struct iovec){message, (size_t)len};
	for (int i = 0; i < fields.count; i++)
		parts[1 + i] = (struct iovec){fields.text[i], strlen(fields.text[i])};
	return sd_journal_sendv(parts, 1 + fields.count) >= 0;
}

static void emit(const struct log_site *site, const struct id *about, const char *text)
{
	if (!stderr_is_journal() || !send_to_journal(site, about, text))
		print_line(site->level, text);
}

static void emit_suppressed(const struct log_site *site, const struct id *about, unsigned count)
{
	char text[160];
	char hex[ID_HEX_LEN + 1];

	if (count == 0)
		return;
	snprintf(text, sizeof(text), "%u more suppressed of the kind in %s%s%s", count,
	    site->function, about ? " about " : "", about ? id_hex(about, hex) : "");
	emit(site, about, text);
}

/* --- the limit; under the lock ---------------------------------------------------- */

static bool is_over(const struct log_window *window, mono_ms now)
{
	return window->written == 0 || now >= window->from + LOG_WINDOW_MS;
}

/* Opens a new window when the old one is over; returns what that one hid. */
static unsigned next_window(struct log_window *window, mono_ms now)
{
	if (!is_over(window, now))
		return 0;
	unsigned hidden = window->suppressed;
	*window = (struct log_window){.from = now};
	return hidden;
}

static bool count(struct log_window *window, unsigned burst)
{
	bool is_admitted = window->written < burst;

	window->written += is_admitted;
	window->suppressed += !is_admitted;
	return is_admitted;
}

#define PROBES_MAX 8

/* NULL when there is no room: then the site's own limit must do. */
static struct subject *find_subject(
    const struct log_site *site, const struct id *about, mono_ms now)
{
	size_t at = ((uintptr_t)site >> 4) + about->b[ID_BYTES - 2] * 251U + about->b[ID_BYTES - 1];
	struct subject *free = NULL;

	for (size_t i = 0; i < PROBES_MAX; i++, at++) {
		struct subject *subject = &logger.subjects[at % LOG_SUBJECTS_MAX];
		if (subject->site == site && id_eq(&subject->about, about))
			return subject;
		/* What it hid must be said first. */
		if (!free && is_over(&subject->window, now) && !subject->window.suppressed)
			free = subject;
	}
	if (free)
		*free = (struct subject){.site = site, .about = *about};
	return free;
}

struct hidden {
	unsigned of_site;
	unsigned of_subject;
};

/* Whether the site may write now, and what it has to own up to first. */
static bool admit(struct log_site *site, const struct id *about, mono_ms now, struct hidden *hidden)
{
	bool is_admitted = true;

	pthread_mutex_lock(&logger.lock);
	struct subject *subject = about ? find_subject(site, about, now) : NULL;
	*hidden = (struct hidden){.of_site = next_window(&site->window, now)};
	if (subject) {
		hidden->of_subject = next_window(&subject->window, now);
		is_admitted = count(&subject->window, LOG_BURST_ABOUT);
	}
	if (is_admitted)
		is_admitted = count(&site->window, LOG_BURST);
	if (site->window.suppressed && !site->is_listed) {
		site->is_listed = true;
		site->next = logger.sites;
		logger.sites = site;
	}
	pthread_mutex_unlock(&logger.lock);
	return is_admitted;
}

/* --- writing ------------------------------------------------------------------------ */

void log_write(struct log_site *site, const struct id *about, const char *format, ...)
{
	char raw[LOG_LINE_BYTES];
	char text[LOG_LINE_BYTES];
	struct hidden hidden;
	va_list args;

	if (site->level > log_get_level() || !admit(site, about, clock_mono(), &hidden))
		return;
	va_start(args, format);
	vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	escape_line(text, raw);
	emit_suppressed(site, NULL, hidden.of_site);
	emit_suppressed(site, about, hidden.of_subject);
	emit(site, about, text);
}

static void say_suppressed_of_sites(mono_ms now)
{
	pthread_mutex_lock(&logger.lock);
	/* Sites live for ever and are only ever put in front, so the list may be
	 * walked without the lock between two of them. */
	struct log_site *site = logger.sites;
	while (site) {
		unsigned hidden = next_window(&site->window, now);

		pthread_mutex_unlock(&logger.lock);
		emit_suppressed(site, NULL, hidden);
		pthread_mutex_lock(&logger.lock);
		site = site->next;
	}
	pthread_mutex_unlock(&logger.lock);
}

static void say_suppressed_of_subjects(mono_ms now)
{
	for (size_t i = 0; i < LOG_SUBJECTS_MAX; i++) {
		pthread_mutex_lock(&logger.lock);
		struct subject subject = logger.subjects[i];
		unsigned hidden = next_window(&logger.subjects[i].window, now);

		pthread_mutex_unlock(&logger.lock);
		if (subject.site)
			emit_suppressed(subject.site, &subject.about, hidden);
	}
}

static void say_suppressed(mono_ms now)
{
	say_suppressed_of_sites(now);
	say_suppressed_of_subjects(now);
}

void log_tick(void)
{
	say_suppressed(clock_mono());
}

void log_finish(void)
{
	say_suppressed(TIME_NEVER);
}
