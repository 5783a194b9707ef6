#include "care/sentence.h"

#include "care/session.h"
#include "care/time/civil.h"

#include <inttypes.h>
#include <stdio.h>

/* --- quantities -------------------------------------------------------------------- */

/* value / 10^digits without its last zeros: 1750 with 3 is 1.75. */
static void put_decimal(int64_t value, unsigned digits, const char *unit, char *out)
{
	uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	uint64_t scale = 1;
	const char *sign = value < 0 ? "-" : "";

	while (digits > 0 && magnitude % 10 == 0) {
		magnitude /= 10;
		digits--;
	}
	for (unsigned i = 0; i < digits; i++)
		scale *= 10;
	if (digits == 0)
		snprintf(out, QUANTITY_BYTES, "%s%" PRIu64 "%s", sign, magnitude, unit);
	else
		snprintf(out, QUANTITY_BYTES, "%s%" PRIu64 ".%0*" PRIu64 "%s", sign,
		    magnitude / scale, (int)digits, magnitude % scale, unit);
}

/* The largest unit that comes out even: 24 h, 45 min, 90 s. */
static void put_duration(int64_t ms, char *out)
{
	if (ms != 0 && ms % MS_PER_HOUR == 0)
		put_decimal(ms / MS_PER_HOUR, 0, " h", out);
	else if (ms != 0 && ms % MS_PER_MINUTE == 0)
		put_decimal(ms / MS_PER_MINUTE, 0, " min", out);
	else
		put_decimal(ms, 3, " s", out);
}

static void put_date(int64_t yyyymmdd, char *out)
{
	int32_t day;

	if (yyyymmdd >= 0 && yyyymmdd <= UINT32_MAX &&
	    civil_parse_yyyymmdd((uint32_t)yyyymmdd, &day))
		civil_format(day, out);
	else
		snprintf(out, QUANTITY_BYTES, "an unknown date");
}

/* As Hello.fw: major 10 bits, minor 10 bits, patch 12 bits. */
static void put_version(int64_t fw, char *out)
{
	snprintf(out, QUANTITY_BYTES, "%u.%u.%u", (unsigned)(fw >> 22 & 0x3ff),
	    (unsigned)(fw >> 12 & 0x3ff), (unsigned)(fw & 0xfff));
}

const char *quantity_of(int64_t value, enum check_unit unit, char out[QUANTITY_BYTES])
{
	static const struct {
		unsigned digits; /* behind the point, in the unit that people use */
		const char *unit;
	} units[] = {
	    [IN_NOTHING] = {0, ""},
	    [IN_COUNT] = {0, ""},
	    [IN_UM] = {3, " mm"},
	    [IN_DHZ] = {1, " Hz"},
	    [IN_KHZ] = {3, " MHz"},
	    [IN_MW] = {3, " W"},
	    [IN_UJ] = {3, " mJ"},
	    [IN_US] = {3, " ms"},
	    [IN_CDEGC] = {2, " \u00b0C"},
	    [IN_OHM] = {0, " ohm"},
	    [IN_PERMILLE] = {1, " %"},
	    [IN_PERCENT] = {0, " %"},
	    [IN_CODE] = {0, ""},
	};

	switch (unit) {
	case IN_DAYS:
		put_decimal(value, 0, value == 1 ? " day" : " days", out);
		break;
	case IN_MS:
		put_duration(value, out);
		break;
	case IN_DATE:
		put_date(value, out);
		break;
	case IN_VERSION:
		put_version(value, out);
		break;
	default:
		put_decimal(value, units[unit].digits, units[unit].unit, out);
	}
	return out;
}

/* --- words ---------------------------------------------------------------------------- */

#define WORD_BYTES 192

static void put_ago(int64_t days, char *out)
{
	if (days == 0)
		snprintf(out, WORD_BYTES, "earlier today");
	else if (days == 1)
		snprintf(out, WORD_BYTES, "yesterday");
	else
		snprintf(out, WORD_BYTES, "%" PRId64 " days ago", days);
}

/* "ACTIVE_INFECTION" */
static void put_plain(const char *name, char *out)
{
	size_t i = 0;

	for (; name[i] && i < WORD_BYTES - 1; i++)
		out[i] = name[i] == '_'                     ? ' '
		         : name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] - 'A' + 'a')
		                                            : name[i];
	out[i] = '\0';
}

/* Of "04012345678901/1001#0": "0". */
static void put_slot(const char *onset, char *out)
{
	const char *slot = strchr(onset, '#');

	slot = slot ? slot + 1 : "?";
	snprintf(out, WORD_BYTES, "%.*s", (int)strspn(slot, "0123456789?"), slot);
}

static bool is_word(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(word, name, len) == 0;
}

static void put_word(
    const struct finding *f, enum check_unit unit, const char *word, size_t len, char *out)
{
	if (is_word(word, len, "value"))
		quantity_of(f->value, unit, out);
	else if (is_word(word, len, "limit"))
		quantity_of(f->limit, unit, out);
	else if (is_word(word, len, "max"))
		quantity_of(f->max, unit, out);
	else if (is_word(word, len, "ago"))
		put_ago(f->value, out);
	else if (is_word(word, len, "day"))
		civil_format(f->effective_day, out);
	else if (is_word(word, len, "earliest"))
		civil_format(f->earliest_day, out);
	else if (is_word(word, len, "zones"))
		zones_text(f->zones, out, WORD_BYTES);
	else if (is_word(word, len, "subject"))
		snprintf(out, WORD_BYTES, "%s", f->subject);
	else if (is_word(word, len, "onset"))
		snprintf(out, WORD_BYTES, "%s", f->onset);
	else if (is_word(word, len, "cart"))
		snprintf(out, WORD_BYTES, "%.*s", (int)strcspn(f->onset, "#"), f->onset);
	else if (is_word(word, len, "slot"))
		put_slot(f->onset, out);
	else if (is_word(word, len, "what"))
		put_plain(f->onset, out);
	else if (is_word(word, len, "count"))
		put_decimal(f->count, 0, "", out);
	else
		snprintf(
		    out, WORD_BYTES, "?"); /* a mistake in the catalogue; a test looks for it */
}

static void fill(const char *template, const struct finding *f, enum check_unit unit, char *out)
{
	size_t len = 0;

	while (*template && len < SENTENCE_BYTES - 1) {
		char word[WORD_BYTES];
		const char *end = *template == '{' ? strchr(template, '}') : NULL;
		if (!end) {
			out[len++] = *template ++;
			continue;
		}
		put_word(f, unit, template + 1, (size_t)(end - template) - 1, word);
		len += (size_t)snprintf(out + len, SENTENCE_BYTES - len, "%s", word);
		template = end + 1;
	}
	out[len < SENTENCE_BYTES ? len : SENTENCE_BYTES - 1] = '\0';
}

const char *sentence_of(const struct finding *finding, char out[SENTENCE_BYTES])
{
	const struct check_row *row = catalogue_find(finding->check);

	out[0] = '\0';
	if (!row)
		return out;
	const char *template = row->sentence[finding->severity];
	fill(template ? template : row->sentence[0], finding, row->unit, out);
	return out;
}
