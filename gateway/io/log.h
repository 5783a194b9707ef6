/* log.h - one line per event, for the person who looks after the box.
 *
 * What:    to the journal with fields (MESSAGE, PRIORITY, CODE_*; CAREPACE_DEVICE;
 *          MESSAGE_ID and CAREPACE_EVENT of log_events.def) when stderr is the
 *          journal's, otherwise to stderr as "LEVEL text"; with the UTC time in
 *          front when stderr is a terminal.
 * Safe:    everything outside printable ASCII is escaped as \xNN and a line is
 *          cut at LOG_LINE_BYTES, so what a device sent cannot forge a line.
 * Limit:   each call site writes LOG_BURST lines in LOG_WINDOW_MS, and LOG_BURST_ABOUT
 *          about one device, so that a hostile one neither fills the journal nor
 *          hides what is said about the others. What comes on top is counted and
 *          said ("N more suppressed") by the next line of that kind or by
 *          log_tick(), whichever is first (P8).
 * Privacy: a client or operator token is printed by log_token() only (P10).
 * Threads: any; a line is never mixed with another.
 * Fails:   never; a line that cannot be written is lost.
 */
#ifndef IO_LOG_H
#define IO_LOG_H

#include <stdatomic.h>

#include "base/err.h"
#include "base/id.h"
#include "base/time.h"

#define LOG_LINE_BYTES 1024
#define LOG_BURST 20
#define LOG_BURST_ABOUT 5
#define LOG_SUBJECTS_MAX 256 /* devices times call sites, in one window */
#define LOG_WINDOW_MS (10 * MS_PER_SECOND)
#define LOG_TOKEN_LEN 6

enum log_level {
	LOG_LEVEL_ERROR,   /* something does not work; a person must act */
	LOG_LEVEL_WARNING, /* something was refused or lost */
	LOG_LEVEL_NOTICE,  /* a change of state: started, ready, stopping */
	LOG_LEVEL_INFO,    /* a device came or went */
	LOG_LEVEL_DEBUG,
};

/* LOG_EVENT_LISTENING and so on. */
enum log_event {
	LOG_EVENT_NONE,
#define LOG_EVENT(name, level, message_id, subject) LOG_EVENT_##name,
#include "io/log_events.def"
#undef LOG_EVENT
	LOG_EVENT_COUNT,
};

enum {
#define LOG_EVENT(name, level, message_id, subject) LOG_LEVEL_OF_##name = LOG_LEVEL_##level,
#include "io/log_events.def"
#undef LOG_EVENT
};

/* Lines above this level are not written; LOG_LEVEL_INFO at start. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* "warning"; and back, false when there is no such level. */
const char *log_level_name(enum log_level level);
bool log_level_from_name(enum log_level *out, const char *name);

#define log_error(...) LOG_AT(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) LOG_AT(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) LOG_AT(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) LOG_AT(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) LOG_AT(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* The same about a device, by its id. */
#define log_warning_about(about, ...) LOG_ABOUT(LOG_LEVEL_WARNING, about, __VA_ARGS__)
#define log_info_about(about, ...) LOG_ABOUT(LOG_LEVEL_INFO, about, __VA_ARGS__)

/* One of log_events.def, by its name there: log_event(STOPPED, "stopped"). */
#define log_event(name, ...) log_event_about(name, NULL, __VA_ARGS__)
#define log_event_about(name, about, ...)                                                          \
	LOG_SITE(LOG_LEVEL_OF_##name, LOG_EVENT_##name, about, __VA_ARGS__)

/* Says what was suppressed at sites that have been quiet since. Call it every
 * few seconds; log_finish() once, before the end: it does not wait for a window
 * to be over. */
void log_tick(void);
void log_finish(void);

/* The first six hex digits of a token, "-" for an absent one; returns `out`. */
const char *log_token(const struct id *token, char out[LOG_TOKEN_LEN + 1]);

/* Lines of one kind in a window of time. */
struct log_window {
	mono_ms from;
	unsigned written;
	unsigned suppressed;
};

/* The state of one call site: what the rate limit counts by. */
struct log_site {
	const enum log_level level;
	const enum log_event event;
	const char *const file;
	const char *const function;
	const int line;
	/* The rest belongs to log.c. */
	struct log_window window;
	bool is_listed;
	struct log_site *next;
};

/* `about` may be NULL. */
void log_write(struct log_site *site, const struct id *about, const char *format, ...)
    CP_PRINTF(3, 4);

#define LOG_AT(log_level_, ...) LOG_ABOUT(log_level_, NULL, __VA_ARGS__)
#define LOG_ABOUT(log_level_, about_, ...) LOG_SITE(log_level_, LOG_EVENT_NONE, about_, __VA_ARGS__)
#define LOG_SITE(log_level_, event_, about_, ...)                                                  \
	do {                                                                                       \
		static struct log_site log_site_ = {                                               \
		    .level = (enum log_level)(log_level_),                                         \
		    .event = (event_),                                                             \
		    .file = __FILE__,                                                              \
		    .function = __func__,                                                          \
		    .line = __LINE__,                                                              \
		};                                                                                 \
		log_write(&log_site_, about_, __VA_ARGS__);                                        \
	} while (0)

#endif
