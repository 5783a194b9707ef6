/* scrub.h - text without secrets, for eyes outside the clinic.
 *
 * What:    copies text and takes out what could be one: private keys (PEM), what stands behind
 *          words such as password, secret and token, user and password of an address, ids and
 *          tokens of 32 hex digits and more (six are left, P10), long base64.
 * Errs:    towards taking out. Whoever prints a digest that shall stay puts colons in it.
 * Pure:    but for the FILE that it prints to.
 */
#ifndef CLI_SCRUB_H
#define CLI_SCRUB_H

#include "base/slice.h"

#include <stdio.h>

void scrub_print(FILE *out, struct slice text);

#endif
