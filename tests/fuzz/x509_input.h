/* x509_input.h - what the targets that read requests and revocation lists share. */
#ifndef FUZZ_X509_INPUT_H
#define FUZZ_X509_INPUT_H

#include "fuzz.h"

#include "pki/error.h"

#define FUZZ_PATH "fuzz"

/* As file_read() gives it: NUL-ended behind its length. To be freed. */
uint8_t *fuzz_file(struct slice bytes);

/* What mbedTLS answers: it was not built for this, and its branches do not show. */
void fuzz_mark_answer(int answer);

/* "fuzz: ..." that can be printed. */
void fuzz_check_refused(enum cp_err err, const struct pki_error *error);

#endif
