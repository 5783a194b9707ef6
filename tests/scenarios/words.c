#include "words.h"

#include "care/time/civil.h"

#include <stdio.h>
#include <stdlib.h>

/* Behind the word that begins at `text`: at its first blank outside of braces. */
static char *word_end(struct clinic *clinic, char *text)
{
	int depth = 0;

	for (; *text && (depth > 0 || !strchr(" \t", *text)); text++)
		depth += (*text == '{') - (*text == '}');
	if (depth != 0)
		clinic_fail(clinic, "a brace has no partner");
	return text;
}

void words_cut(struct words *words, struct clinic *clinic, char *text)
{
	*words = (struct words){.clinic = clinic};
	for (text += strspn(text, " \t"); *text; text += strspn(text, " \t")) {
		if (words->count == WORDS_MAX) {
			clinic_fail(clinic, "too many words");
			return;
		}
		words->items[words->count++] = text;
		text = word_end(clinic, text);
		if (*text)
			*text++ = '\0';
	}
}

static char **next(const struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		if (words->items[i])
			return (char **)&words->items[i];
	return NULL;
}

const char *words_peek(const struct words *words)
{
	char **word = next(words);

	return word ? *word : "";
}

const char *words_take(struct words *words)
{
	char **word = next(words);

	if (!word) {
		clinic_fail(words->clinic, "a word is missing");
		return "";
	}
	const char *taken = *word;
	*word = NULL;
	return taken;
}

/* words->count when it is not there. */
static size_t place_of(const struct words *words, const char *name)
{
	size_t i = 0;

	while (i < words->count && (!words->items[i] || strcmp(words->items[i], name) != 0))
		i++;
	return i;
}

const char *words_option(struct words *words, const char *name)
{
	size_t at = place_of(words, name);

	if (at == words->count)
		return NULL;
	words->items[at] = NULL;
	if (at + 1 == words->count || !words->items[at + 1]) {
		clinic_fail(words->clinic, "what comes after %s?", name);
		return NULL;
	}
	const char *value = words->items[at + 1];
	words->items[at + 1] = NULL;
	return value;
}

bool words_flag(struct words *words, const char *name)
{
	size_t at = place_of(words, name);

	if (at == words->count)
		return false;
	words->items[at] = NULL;
	return true;
}

void words_end(struct words *words)
{
	char **word = next(words);

	if (word)
		clinic_fail(words->clinic, "what does '%s' mean here?", *word);
}

/* --- numbers and times -------------------------------------------------------------- */

uint32_t words_number(struct clinic *clinic, const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!*text || *end || value > UINT32_MAX)
		clinic_fail(clinic, "'%s' is no number", text);
	return (uint32_t)value;
}

uint32_t words_number_option(struct words *words, const char *name, uint32_t otherwise)
{
	const char *text = words_option(words, name);

	return text ? words_number(words->clinic, text) : otherwise;
}

int64_t words_duration(struct clinic *clinic, const char *text)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {
	    {"ms", 1}, {"s", MS_PER_SECOND}, {"m", MS_PER_MINUTE}, {"h", MS_PER_HOUR}, {"", 0}};
	char *end;
	long value = strtol(text, &end, 10);

	for (size_t i = 0; i < CP_COUNT(units); i++)
		if (end > text && strcmp(end, units[i].unit) == 0 && (units[i].ms || !value))
			return value * units[i].ms;
	clinic_fail(clinic, "'%s' is no duration", text);
	return 0;
}

int64_t words_duration_option(struct words *words, const char *name, int64_t otherwise)
{
	const char *text = words_option(words, name);

	return text ? words_duration(words->clinic, text) : otherwise;
}

bool words_is_date(const char *text, int32_t *day)
{
	int year, month, dom, len = 0;

	if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &dom, &len) != 3 ||
	    (text[len] && text[len] != 'T') || len != 10 || month < 1 || month > 12 || dom < 1 ||
	    dom > civil_month_length(year, month))
		return false;
	*day = civil_from_ymd(year, month, dom);
	return true;
}

/* Of a time that comes twice the first is meant; write the other with Z. */
static wall_ms time_of(struct clinic *clinic, int32_t day, const char *text)
{
	int hour, minute, len = 0;
	double seconds = 0;

	if (sscanf(text, "%2d:%2d%n", &hour, &minute, &len) != 2)
		clinic_fail(clinic, "'%s' is no time of day", text);
	else if (text[len] == ':') {
		int more = 0;
		sscanf(text + len + 1, "%6lf%n", &seconds, &more);
		len += 1 + more;
	}
	int64_t ms = (int64_t)(seconds * 1000 + 0.5);
	if (strcmp(text + len, "Z") == 0)
		return day * MS_PER_DAY + hour * MS_PER_HOUR + minute * MS_PER_MINUTE + ms;
	if (text[len])
		clinic_fail(clinic, "'%s' is no time of day", text);
	return clinic_failed(clinic) ? 0
	                             : zone_time_at(&clinic->zone, day, hour * 60 + minute) + ms;
}

wall_ms words_moment(struct clinic *clinic, const char *text)
{
	const char *time = strchr(text, 'T');
	int32_t day;

	if (text[0] == '+' || text[0] == '-')
		return clinic->now + words_duration(clinic, text);
	if (time && words_is_date(text, &day))
		return time_of(clinic, day, time + 1);
	clinic_fail(clinic, "'%s' is no moment: 2026-03-02T17:30, +5m, -24h", text);
	return 0;
}

bool words_take_time(struct words *words, wall_ms *out)
{
	const char *word = words_peek(words);
	int32_t day;

	if (word[0] == '+' || (words_is_date(word, &day) && strchr(word, 'T'))) {
		*out = words_moment(words->clinic, words_take(words));
		return true;
	}
	if (!words_is_date(word, &day))
		return false;
	words_take(words);
	*out = time_of(words->clinic, day, words_take(words));
	return true;
}

wall_ms words_time_option(struct words *words, const char *name, wall_ms otherwise)
{
	size_t at = place_of(words, name);
	int32_t day;

	if (at + 2 >= words->count || !words->items[at + 1] || !words->items[at + 2] ||
	    !words_is_date(words->items[at + 1], &day) || strchr(words->items[at + 1], 'T')) {
		const char *moment = words_option(words, name);
		return moment ? words_moment(words->clinic, moment) : otherwise;
	}
	wall_ms when = time_of(words->clinic, day, words->items[at + 2]);
	words->items[at] = words->items[at + 1] = words->items[at + 2] = NULL;
	return when;
}
