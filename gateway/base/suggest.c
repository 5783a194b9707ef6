#include "base/suggest.h"

#define WORD_MAX_LEN 40

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/* Letters to insert, delete or replace; case does not count. */
static size_t distance(struct slice a, struct slice b)
{
	size_t row[WORD_MAX_LEN + 1];

	if (a.len > WORD_MAX_LEN || b.len > WORD_MAX_LEN)
		return SIZE_MAX / 2;
	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			bool is_other = lower(a.p[i - 1]) != lower(b.p[j - 1]);
			size_t least = diagonal + is_other;
			diagonal = row[j];
			if (row[j] + 1 < least)
				least = row[j] + 1;
			if (row[j - 1] + 1 < least)
				least = row[j - 1] + 1;
			row[j] = least;
		}
	}
	return row[b.len];
}

struct suggestion suggest_for_slice(struct slice word)
{
	/* A third of the letters may be wrong, one always. */
	return (struct suggestion){.word = word, .distance = word.len / 3 + 2};
}

struct suggestion suggest_for(const char *word)
{
	return suggest_for_slice(slice_str(word));
}

static bool offer(struct suggestion *suggestion, const char *candidate, size_t further)
{
	size_t far = distance(suggestion->word, slice_str(candidate)) + further;

	if (far >= suggestion->distance)
		return false;
	suggestion->distance = far;
	suggestion->best = candidate;
	return true;
}

bool suggest_offer(struct suggestion *suggestion, const char *candidate)
{
	return offer(suggestion, candidate, 0);
}

bool suggest_offer_from_afar(struct suggestion *suggestion, const char *candidate)
{
	return offer(suggestion, candidate, 1);
}
