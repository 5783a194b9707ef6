#include "cli/suggest.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#define WORD_MAX_LEN 40

/* Letters to insert, delete or replace; case does not count. */
static size_t distance(const char *a, const char *b)
{
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);
	size_t row[WORD_MAX_LEN + 1];

	if (a_len > WORD_MAX_LEN || b_len > WORD_MAX_LEN)
		return SIZE_MAX;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			int is_other =
			    tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]);
			size_t least = diagonal + (size_t)is_other;
			diagonal = row[j];
			if (row[j] + 1 < least)
				least = row[j] + 1;
			if (row[j - 1] + 1 < least)
				least = row[j - 1] + 1;
			row[j] = least;
		}
	}
	return row[b_len];
}

struct suggestion suggest_for(const char *word)
{
	/* A third of the letters may be wrong, one always. */
	return (struct suggestion){.word = word, .distance = strlen(word) / 3 + 2};
}

void suggest_offer(struct suggestion *suggestion, const char *candidate)
{
	size_t d = distance(suggestion->word, candidate);

	if (d >= suggestion->distance)
		return;
	suggestion->distance = d;
	suggestion->best = candidate;
}
