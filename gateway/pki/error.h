/* error.h - why a certificate, key or registry could not be used.
 *
 * What:    the sentence that goes with an enum cp_err of this room: file, what
 *          is wrong, what to do. pki writes no log: the caller prints it once.
 */
#ifndef PKI_ERROR_H
#define PKI_ERROR_H

#include "base/err.h"

struct pki_error {
	char text[320];
};

/* Fills the sentence and answers `err`, so that a failure is one line. */
enum cp_err pki_fail(struct pki_error *error, enum cp_err err, const char *format, ...)
    CP_PRINTF(3, 4);

#endif
