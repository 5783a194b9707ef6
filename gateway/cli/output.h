/* output.h - tables for people, JSON for programs.
 *
 * P10: of a token at most CLI_TOKEN_DIGITS digits are printed, in both.
 * Times: for people clinic-local; for programs ISO 8601 UTC, with the clinic's
 *        civil date beside it.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/time.h"

#include <jansson.h>
#include <stdio.h>

struct cli_options;
struct zone;

#define CLI_TOKEN_DIGITS 6
#define CLI_ALERT_DIGITS 8 /* enough to name it to `carepace why` */

/* --- tables -------------------------------------------------------------------- */

/* Cells are copied into the arena, row by row. Columns are as wide as their
 * widest cell, counted in characters; the last one is not filled up, and goes on below
 * itself where the terminal ends. */
#define TABLE_COLUMNS_MAX 12
#define TABLE_DOUBT "~" /* begins the cell of a time in doubt; a line below the table says so */

struct table {
	struct arena *arena;
	const char *const *heads; /* NULL: no line of heads */
	size_t columns;           /* at most TABLE_COLUMNS_MAX */
	const char **cells;
	size_t count;
	size_t cap;
	bool is_full;
};

void table_init(struct table *table, struct arena *arena, const char *const *heads, size_t columns);
void table_add(struct table *table, const char *cell);
void table_print(const struct table *table, const char *indent, FILE *out);

/* A whole list on stdout. On a terminal that is too narrow for its columns each row
 * becomes some lines of "HEAD value", without those that say "-". */
void table_print_list(const struct table *table, const char *indent);

/* Words on stdout, from column `at` on, which the caller has reached, and below that. Ends the
 * line. */
void print_wrapped(const char *text, size_t at);

/* --- words; each returns `out` ----------------------------------------------------- */

#define WHEN_BYTES 40

/* "2026-09-14 10:00" and "14 September 2026, 10:00" in the zone. */
const char *when_short(const struct zone *zone, int64_t ms, char out[WHEN_BYTES]);
const char *when_long(const struct zone *zone, int64_t ms, char out[WHEN_BYTES]);
const char *when_utc(int64_t ms, char out[WHEN_BYTES]);  /* "2026-09-14T08:00:00.000Z" */
const char *when_day(int32_t day, char out[WHEN_BYTES]); /* "2026-09-14" */

/* The first digits of an id; "-" for none. */
const char *short_hex(const struct id *id, size_t digits, char out[ID_HEX_LEN + 1]);

/* A client by the first digits of the token, or as the one whose token was forgotten. */
#define CLIENT_TEXT_BYTES 40
const char *client_text(const struct id *token, bool is_forgotten, char out[CLIENT_TEXT_BYTES]);

/* "14,203 inputs", "1 input". */
const char *count_text(int64_t count, const char *noun, char out[64]);

/* --- JSON ---------------------------------------------------------------------------- */

void json_append(json_t *array, json_t *value); /* takes it */

/* Takes the value; NULL for a NULL value is JSON's null. */
void json_put(json_t *object, const char *key, json_t *value);
void json_put_text(json_t *object, const char *key, const char *text);
void json_put_int(json_t *object, const char *key, int64_t value);
void json_put_id(json_t *object, const char *key, const struct id *id);
void json_put_token(json_t *object, const char *key, const struct id *token);
void json_put_client(json_t *object, const struct id *token, bool is_forgotten);
void json_put_day(json_t *object, const char *key, int32_t day); /* 0: null */

/* "<name>_at" and "<name>_date"; both null for 0 and TIME_NEVER. */
void json_put_time(json_t *object, const char *name, const struct zone *zone, int64_t ms);

/* Prints and frees. */
void json_print(json_t *value);

/* The last thing a subcommand does: CLI_OK if all output reached its place. */
int cli_finish(const struct cli_options *options);

#endif
