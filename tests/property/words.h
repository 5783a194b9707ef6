/* words.h - the table of what a field may say. */
#ifndef PROPERTY_WORDS_H
#define PROPERTY_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum word_sort {
	WORD_ONE_OF,  /* of the values */
	WORD_SPREAD,  /* the first value to the second, both included */
	WORD_NUMBER,  /* the first value and the number of the key */
	WORD_BITMAP,  /* one or two bits of the values */
	WORD_TEXT,    /* one of the texts */
	WORD_MINUTES, /* a moment: so many minutes beside a session's start or end */
	WORD_DAYS,    /* a date: so many days beside one */
	WORD_DRAWN,   /* by its type: any value of an enum, any id of its kind, a message */
};

#define WORD_VALUES_MAX 12
#define WORD_TEXTS_MAX 4

struct word {
	const char *field; /* the end of "Message.field" */
	uint8_t percent;   /* how often it is said, if it need not be */
	bool is_name;      /* the revisions of a key agree about it, nearly always */
	uint8_t least;     /* of a list */
	uint8_t most;
	enum word_sort sort;
	uint8_t count; /* of values or texts */
	int64_t values[WORD_VALUES_MAX];
	const char *texts[WORD_TEXTS_MAX];
};

/* The first row that fits; stops the program for a number or a text that has none. */
const struct word *word_of(const char *message, const char *field, bool is_drawn);

#endif
