/* arguments.h - what a command line may say, or one sentence and the end with status 2. */
#ifndef SIM_ARGUMENTS_H
#define SIM_ARGUMENTS_H

#include <stdint.h>

#define ARGUMENT_EXIT 2

uint64_t argument_number(const char *option, const char *text, uint64_t min, uint64_t max);

/* domain.md 9: a site is [a-z0-9-]{1,32}. Returns the text. */
const char *argument_site(const char *option, const char *text);

/* NULL is not a value. */
void argument_demand(const char *option, const char *value, const char *what);

/* A word that is no option. */
_Noreturn void argument_refuse(const char *text);

#endif
