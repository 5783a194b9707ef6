/* picture.h - what head office knows of its clinics.
 *
 * What:    per site and epoch the highest revision of every key of every kind, and which
 *          numbers have come. What comes again changes nothing; another epoch begins the
 *          site's picture anew.
 * Holes:   n counts every revision that was to be told. One that a newer one of its key has
 *          replaced leaves a hole, and the newer one skips a revision: so many holes before
 *          a report are explained as it skips revisions, or a Gone explains them. What is
 *          complete is what a receipt may say (contract, ReportReceipt).
 * Hash:    of a report's body without persons' tokens (P10): whoever has the file cannot try
 *          out who is meant.
 * Memory:  owns everything; at most PICTURE_AHEAD_MAX numbers beyond what is complete.
 * Pure:    no clock, no connection.
 */
#ifndef SIM_PICTURE_H
#define SIM_PICTURE_H

#include "base/err.h"
#include "report.pb-c.h"

#include <stdbool.h>
#include <stdio.h>

#define PICTURE_SITE_MAX 32
#define PICTURE_AHEAD_MAX (1u << 22)

enum picture_news {
	PICTURE_NEW,     /* a higher revision */
	PICTURE_AGAIN,   /* this number was there: fine */
	PICTURE_LATE,    /* a newer revision was faster: fine */
	PICTURE_BACK,    /* a higher number with a revision that is not higher: never */
	PICTURE_CHANGED, /* a number that was there, with another revision or body: never */
	PICTURE_BAD,     /* no kind, key, number or body that the contract allows */
	PICTURE_NEWS
};

struct picture;

struct picture *picture_new(void); /* NULL: no memory */
void picture_free(struct picture *picture);

/* CP_NOMEM changes nothing. */
enum cp_err picture_take(struct picture *picture, const char *site,
    const Carepace__V1__Report *report, enum picture_news *news) CP_MUST_CHECK;

/* What could not even be read. */
void picture_bad(struct picture *picture);

struct picture_receipt {
	char site[PICTURE_SITE_MAX + 1];
	uint64_t epoch;
	uint32_t kind;
	uint64_t n;
};

/* The next kind of a site of which something has come since its last receipt, and up to
 * which number it is complete. From then on head office answers for what the receipt says. */
bool picture_next_receipt(struct picture *picture, struct picture_receipt *out);

/* A head office that loses power: everything is gone that no receipt has named. */
void picture_forget(struct picture *picture);

/* Lines, sorted: what has come, of every stream where it stands, every key. */
void picture_print(const struct picture *picture, FILE *out);

/* How often there was that, since the begin. */
uint64_t picture_count(const struct picture *picture, enum picture_news news);

#endif
