#include "cli/output.h"

#include "care/time/civil.h"
#include "care/time/zone.h"
#include "cli/commands.h"
#include "cli/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* --- tables -------------------------------------------------------------------------- */

void table_init(struct table *table, struct arena *arena, const char *const *heads, size_t columns)
{
	CP_CHECK(columns > 0 && columns <= TABLE_COLUMNS_MAX);
	*table = (struct table){.arena = arena, .heads = heads, .columns = columns};
}

void table_add(struct table *table, const char *cell)
{
	const char **cells = arena_push(
	    table->arena, table->cells, table->count, &table->cap, sizeof(*table->cells));
	const uint8_t *copy = arena_copy(table->arena, slice_of(cell, strlen(cell) + 1)).p;

	if (!cells || !copy) {
		table->is_full = true;
		return;
	}
	table->cells = cells;
	cells[table->count++] = (const char *)copy;
}

/* Characters of UTF-8 text: bytes that do not continue one. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void widen(const struct table *table, const char *const *cells, size_t *widths)
{
	for (size_t i = 0; i < table->columns; i++)
		if (width_of(cells[i]) > widths[i])
			widths[i] = width_of(cells[i]);
}

/* COLUMNS as of a shell, else the terminal's; SIZE_MAX where nobody looks. */
static size_t terminal_columns(void)
{
	const char *told = getenv("COLUMNS");
	struct winsize size;
	unsigned columns;

	if (told && sscanf(told, "%u", &columns) == 1 && columns > 0)
		return columns;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return SIZE_MAX;
}

/* The last column goes on below itself, unless there is no room to begin it. */
#define LAST_COLUMN_MIN 20

/* How much of a text of words stands in a line so wide; at least a word. */
static size_t line_of(const char *text, size_t width)
{
	size_t len = 0;
	size_t columns = 0;
	size_t fits = 0;

	for (; text[len] && (columns <= width || !fits); len++) {
		if (text[len] == ' ')
			fits = len;
		columns += ((unsigned char)text[len] & 0xc0) != 0x80;
	}
	return !text[len] && columns <= width ? len : fits ? fits : len;
}

static void wrap(FILE *out, const char *text, size_t at)
{
	size_t columns = terminal_columns();
	size_t width = columns == SIZE_MAX ? SIZE_MAX : columns > at ? columns - at : 0;

	if (width < LAST_COLUMN_MIN)
		width = SIZE_MAX;
	for (;;) {
		size_t len = line_of(text, width);
		fprintf(out, "%.*s\n", (int)len, text);
		text += len;
		text += *text == ' ';
		if (!*text)
			return;
		fprintf(out, "%*s", (int)at, "");
	}
}

void print_wrapped(const char *text, size_t at)
{
	wrap(stdout, text, at);
}

static void print_row(const struct table *table, const char *const *cells, const size_t *widths,
    const char *indent, FILE *out)
{
	size_t last = table->columns - 1;
	size_t at = strlen(indent);

	fputs(indent, out);
	for (size_t i = 0; i < last; i++) {
		fprintf(out, "%s%*s  ", cells[i], (int)(widths[i] - width_of(cells[i])), "");
		at += widths[i] + 2;
	}
	wrap(out, cells[last], at);
}

static void print_notes(const struct table *table, const char *indent, FILE *out)
{
	bool is_in_doubt = false;

	for (size_t i = 0; i < table->count; i++)
		is_in_doubt = is_in_doubt || strncmp(table->cells[i], TABLE_DOUBT, 1) == 0;
	if (is_in_doubt)
		fprintf(out, "%s" TABLE_DOUBT " the clock was in doubt then\n", indent);
	if (table->is_full)
		fprintf(out, "%s(out of memory: there is more)\n", indent);
}

void table_print(const struct table *table, const char *indent, FILE *out)
{
	size_t widths[TABLE_COLUMNS_MAX] = {0};
	size_t row_count = table->count / table->columns;

	if (table->heads)
		widen(table, table->heads, widths);
	for (size_t i = 0; i < row_count; i++)
		widen(table, table->cells + i * table->columns, widths);
	if (table->heads)
		print_row(table, table->heads, widths, indent, out);
	for (size_t i = 0; i < row_count; i++)
		print_row(table, table->cells + i * table->columns, widths, indent, out);
	print_notes(table, indent, out);
}

/* The longest word of the last column. */
static size_t word_of(const struct table *table)
{
	size_t longest = 0;

	for (size_t i = table->columns - 1; i < table->count; i += table->columns)
		for (const char *at = table->cells[i]; *at; at += *at == ' ') {
			size_t len = strcspn(at, " ");
			longest = len > longest ? len : longest;
			at += len;
		}
	return longest;
}

static bool is_too_wide(const struct table *table, const char *indent)
{
	size_t widths[TABLE_COLUMNS_MAX] = {0};
	size_t last = table->columns - 1;
	size_t sum = strlen(indent);
	size_t word = word_of(table);
	size_t least = word > LAST_COLUMN_MIN ? word : LAST_COLUMN_MIN;

	widen(table, table->heads, widths);
	for (size_t i = 0; i < table->count; i += table->columns)
		widen(table, table->cells + i, widths);
	for (size_t i = 0; i < last; i++)
		sum += widths[i] + 2;
	sum += widths[last] < least ? widths[last] : least;
	return sum > terminal_columns();
}

static void print_card(const struct table *table, const char *const *cells, const char *indent)
{
	size_t widths[TABLE_COLUMNS_MAX] = {0};
	size_t width = 0;

	widen(table, table->heads, widths);
	for (size_t i = 0; i < table->columns; i++)
		width = widths[i] > width ? widths[i] : width;
	for (size_t i = 0; i < table->columns; i++) {
		if (strcmp(cells[i], "-") == 0)
			continue;
		printf("%s%-*s  ", indent, (int)width, table->heads[i]);
		print_wrapped(cells[i], strlen(indent) + width + 2);
	}
}

void table_print_list(const struct table *table, const char *indent)
{
	if (!is_too_wide(table, indent)) {
		table_print(table, indent, stdout);
		return;
	}
	for (size_t i = 0; i < table->count; i += table->columns) {
		if (i)
			putchar('\n');
		print_card(table, table->cells + i, indent);
	}
	print_notes(table, indent, stdout);
}

/* --- words ------------------------------------------------------------------------------ */

static int32_t day_of(int64_t ms)
{
	return (int32_t)(ms / MS_PER_DAY - (ms % MS_PER_DAY < 0));
}

static int minute_of(int64_t ms)
{
	return (int)((ms - day_of(ms) * MS_PER_DAY) / MS_PER_MINUTE);
}

const char *when_day(int32_t day, char out[WHEN_BYTES])
{
	struct civil_ymd ymd = civil_to_ymd(day);

	snprintf(out, WHEN_BYTES, "%04d-%02d-%02d", ymd.year, ymd.month, ymd.day);
	return out;
}

const char *when_short(const struct zone *zone, int64_t ms, char out[WHEN_BYTES])
{
	int64_t local = ms + zone_offset_s(zone, ms) * MS_PER_SECOND;
	char day[WHEN_BYTES];

	snprintf(out, WHEN_BYTES, "%.10s %02d:%02d", when_day(day_of(local), day),
	    minute_of(local) / 60, minute_of(local) % 60);
	return out;
}

const char *when_long(const struct zone *zone, int64_t ms, char out[WHEN_BYTES])
{
	int64_t local = ms + zone_offset_s(zone, ms) * MS_PER_SECOND;
	char day[CIVIL_TEXT_BYTES];

	snprintf(out, WHEN_BYTES, "%s, %02d:%02d", civil_format(day_of(local), day),
	    minute_of(local) / 60, minute_of(local) % 60);
	return out;
}

const char *when_utc(int64_t ms, char out[WHEN_BYTES])
{
	char day[WHEN_BYTES];
	int in_minute = (int)((ms - day_of(ms) * MS_PER_DAY) % MS_PER_MINUTE);

	snprintf(out, WHEN_BYTES, "%.10sT%02d:%02d:%02d.%03dZ", when_day(day_of(ms), day),
	    minute_of(ms) / 60, minute_of(ms) % 60, in_minute / 1000, in_minute % 1000);
	return out;
}

const char *short_hex(const struct id *id, size_t digits, char out[ID_HEX_LEN + 1])
{
	id_hex(id, out);
	out[id_is_zero(id) ? 0 : digits] = '\0';
	if (!out[0])
		snprintf(out, ID_HEX_LEN + 1, "-");
	return out;
}

const char *client_text(const struct id *token, bool is_forgotten, char out[CLIENT_TEXT_BYTES])
{
	if (!is_forgotten)
		return short_hex(token, CLI_TOKEN_DIGITS, out);
	snprintf(out, CLIENT_TEXT_BYTES, "forgotten client");
	return out;
}

const char *count_text(int64_t count, const char *noun, char out[64])
{
	char digits[24];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRId64, count);
	size_t at = 0;

	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	snprintf(out + at, 64 - at, " %s%s", noun, count == 1 ? "" : "s");
	return out;
}

/* --- JSON -------------------------------------------------------------------------------- */

/* A program that only reads may stop when it has no memory left. */
void json_put(json_t *object, const char *key, json_t *value)
{
	CP_CHECK(json_object_set_new(object, key, value ? value : json_null()) == 0);
}

void json_append(json_t *array, json_t *value)
{
	CP_CHECK(json_array_append_new(array, value) == 0);
}

void json_put_text(json_t *object, const char *key, const char *text)
{
	json_put(object, key, text ? json_string(text) : NULL);
}

void json_put_int(json_t *object, const char *key, int64_t value)
{
	json_put(object, key, json_integer(value));
}

static void put_hex(json_t *object, const char *key, const struct id *id, size_t digits)
{
	char hex[ID_HEX_LEN + 1];

	json_put_text(object, key, id_is_zero(id) ? NULL : short_hex(id, digits, hex));
}

void json_put_id(json_t *object, const char *key, const struct id *id)
{
	put_hex(object, key, id, ID_HEX_LEN);
}

void json_put_token(json_t *object, const char *key, const struct id *token)
{
	put_hex(object, key, token, CLI_TOKEN_DIGITS);
}

void json_put_client(json_t *object, const struct id *token, bool is_forgotten)
{
	if (is_forgotten)
		json_put_text(object, "client", "forgotten");
	else
		json_put_token(object, "client", token);
}

void json_put_day(json_t *object, const char *key, int32_t day)
{
	char text[WHEN_BYTES];

	json_put_text(object, key, day ? when_day(day, text) : NULL);
}

void json_put_time(json_t *object, const char *name, const struct zone *zone, int64_t ms)
{
	bool is_known = ms != 0 && ms != TIME_NEVER;
	char key[64];
	char text[WHEN_BYTES];

	snprintf(key, sizeof(key), "%s_at", name);
	json_put_text(object, key, is_known ? when_utc(ms, text) : NULL);
	snprintf(key, sizeof(key), "%s_date", name);
	json_put_text(object, key, is_known ? when_day(zone_day(zone, ms), text) : NULL);
}

void json_print(json_t *value)
{
	CP_CHECK(json_dumpf(value, stdout, JSON_INDENT(2)) == 0 || ferror(stdout));
	fputc('\n', stdout);
	json_decref(value);
}

int cli_finish(const struct cli_options *options)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return CLI_OK;
	cli_say(options, "the output could not be written: %s", strerror(errno));
	return CLI_UNREADABLE;
}
