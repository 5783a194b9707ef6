/* upstream_why.h - why head office cannot be reached, in one sentence that says
 * what to do.
 *
 * What:    reads the few lines of Paho's trace and of OpenSSL's error queue that
 *          tell one failed connect from another; Paho itself answers -1 to a
 *          wrong certificate, a missing key and a closed port alike. Pure.
 * Memory:  texts are copied and cut.
 * Fails:   never; a library that words its trace differently makes the sentence
 *          general, not wrong.
 */
#ifndef IO_UPSTREAM_WHY_H
#define IO_UPSTREAM_WHY_H

#include "io/upstream.h"

#define UPSTREAM_WHY_TEXT_MAX 64

struct upstream_why {
	bool is_name_unknown; /* the resolver has no address */
	bool is_shaken;       /* the TLS handshake was done, on our side at least */
	bool is_other_name;   /* a good certificate, of somebody else */
	char alert_sent[UPSTREAM_WHY_TEXT_MAX];     /* what we did not like: "unknown CA" */
	char alert_received[UPSTREAM_WHY_TEXT_MAX]; /* what the broker did not like */
	char tls_error[UPSTREAM_WHY_TEXT_MAX];      /* OpenSSL's reason */
};

/* One line of Paho's trace; most say nothing. */
void upstream_why_trace(struct upstream_why *why, const char *line);

/* One line of OpenSSL's error queue; the first one tells most. */
void upstream_why_tls(struct upstream_why *why, struct slice line);

/* What Paho said itself. */
struct upstream_failure {
	const char *reason;  /* the broker's reason code in words, or NULL */
	const char *message; /* Paho's, or NULL */
};

/* Writes at most UPSTREAM_TEXT_MAX bytes. */
void upstream_why_text(char out[UPSTREAM_TEXT_MAX], const struct upstream_why *why,
    const struct upstream_failure *failure, const struct upstream_config *config);

#endif
