/* settings.h - the one table of settings.
 *
 * What:    each setting's name, type, unit, limits, default and sentence. The
 *          loader, its error messages and the example file all come from it.
 * Threads: none; the table is constant.
 */
#ifndef IO_SETTINGS_H
#define IO_SETTINGS_H

#include <stdio.h>

#include "io/config.h"

enum setting_type {
	SETTING_SITE,    /* char *: [a-z0-9-]{1,32} */
	SETTING_ZONE,    /* char *: an IANA time zone */
	SETTING_PATH,    /* char * */
	SETTING_ADDRESS, /* char *: numeric IPv4 or IPv6 */
	SETTING_SERVERS, /* char **, and an int in `count_offset` */
	SETTING_NUMBER,  /* int */
	SETTING_BYTES,   /* int; written with or without KiB, MiB */
	SETTING_SECONDS, /* int; written with s, min, h or d */
	SETTING_BOOL,    /* bool */
	SETTING_LEVEL,   /* enum log_level */
};

struct setting {
	const char *section;
	const char *name;
	enum setting_type type;
	size_t offset; /* in struct config */
	size_t count_offset;
	int min; /* of numbers; the most entries of a list is `max` */
	int max;
	const char *unit;     /* for people, "days"; NULL when the value says it */
	const char *fallback; /* as written in the file; NULL when there is none */
	bool is_required;
	bool is_live;       /* a reload takes it; the others hold until the next start */
	const char *sample; /* for the example file when there is no fallback */
	const char *sentence;
};

extern const struct setting settings[];
extern const size_t setting_count;

/* A value as the file has it. */
struct setting_value {
	struct slice text;
	bool is_quoted;     /* a quoted scalar is text, never a number */
	const char *folder; /* of the file, with the slash at the end; "" is here */
};

/* Stores the value, or one more entry of a list. False, and nothing stored,
 * when it is not what setting_expected() says. CP_NOMEM goes to *err. */
bool setting_set(const struct setting *setting, struct config *config,
    const struct setting_value *value, enum cp_err *err);

/* "a whole number from 1 to 65535"; returns `out`. */
const char *setting_expected(const struct setting *setting, char *out, size_t out_bytes);

/* The value as it could stand in the file, "-" for none; returns `out`. */
#define SETTING_TEXT_BYTES 1200
const char *setting_print(
    const struct setting *setting, const struct config *config, char out[SETTING_TEXT_BYTES]);

/* Each gets the other's value. */
void setting_swap(const struct setting *setting, struct config *a, struct config *b);

/* Frees what setting_set() stored; safe on a zeroed config. */
void setting_clear(const struct setting *setting, struct config *config);

/* The commented example file: required settings with a sample, the others
 * commented out with their defaults. */
void settings_print_example(FILE *out);

/* The manual page carepace.yaml(5). */
void settings_print_manual(FILE *out);

/* The same with some values chosen, written as YAML; the last one has no section. */
struct setting_choice {
	const char *section;
	const char *name;
	const char *value;
};
void settings_print(FILE *out, const struct setting_choice *choices);

#endif
