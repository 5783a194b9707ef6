#include "arguments.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t argument_number(const char *option, const char *text, uint64_t min, uint64_t max)
{
	char *end = NULL;

	errno = 0;
	uint64_t value = strtoull(text, &end, 10);

	if (!isdigit((unsigned char)text[0]) || *end || errno || value < min || value > max) {
		fprintf(stderr,
		    "device-sim: --%s: expected a number from %llu to %llu, found \"%s\"\n", option,
		    (unsigned long long)min, (unsigned long long)max, text);
		exit(ARGUMENT_EXIT);
	}
	return value;
}

const char *argument_site(const char *option, const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (len == 0 || len > 32 || text[len]) {
		fprintf(stderr,
		    "device-sim: --%s: expected 1 to 32 of a-z, 0-9 and -, found \"%s\"\n", option,
		    text);
		exit(ARGUMENT_EXIT);
	}
	return text;
}

void argument_demand(const char *option, const char *value, const char *what)
{
	if (value)
		return;
	fprintf(stderr, "device-sim: --%s is missing: %s\n", option, what);
	exit(ARGUMENT_EXIT);
}

void argument_refuse(const char *text)
{
	fprintf(stderr, "device-sim: \"%s\" is not an option; --help lists them\n", text);
	exit(ARGUMENT_EXIT);
}
