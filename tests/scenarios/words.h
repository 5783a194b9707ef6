/* words.h - a line of a script as words that are taken one after another.
 *
 * Options ("course 7", "late") are taken by name first, then what is left by
 * place; words_end() fails for what nobody took, so that no typing error is lost.
 * What stands in braces is one word.
 */
#ifndef SCENARIOS_WORDS_H
#define SCENARIOS_WORDS_H

#include "clinic.h"

#define WORDS_MAX 64

struct words {
	struct clinic *clinic;
	char *items[WORDS_MAX]; /* NULL: taken */
	size_t count;
};

/* Cuts `text` in place. */
void words_cut(struct words *words, struct clinic *clinic, char *text);

/* The next word. "" (and failed) when there is none. */
const char *words_take(struct words *words);

/* The next one without taking it, or "". */
const char *words_peek(const struct words *words);

/* The word after `name`, or NULL. */
const char *words_option(struct words *words, const char *name);
bool words_flag(struct words *words, const char *name);
void words_end(struct words *words);

/* "2026-03-02 17:30", "17:30:05", "16:30Z"; or words_moment(). False when the next word
 * is no time. The zone is the clinic's. */
bool words_take_time(struct words *words, wall_ms *out);
wall_ms words_time_option(struct words *words, const char *name, wall_ms otherwise);

/* "2026-03-02T17:30", "...T16:30Z"; "+20s" "-4h" from now. */
wall_ms words_moment(struct clinic *clinic, const char *text);

/* A date alone or before a T. */
bool words_is_date(const char *text, int32_t *day);

/* "20s" "5m" "-4h" "250ms"; 0 is 0. */
int64_t words_duration(struct clinic *clinic, const char *text);
int64_t words_duration_option(struct words *words, const char *name, int64_t otherwise);
uint32_t words_number(struct clinic *clinic, const char *text);
uint32_t words_number_option(struct words *words, const char *name, uint32_t otherwise);

#endif
