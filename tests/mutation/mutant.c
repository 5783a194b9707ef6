#include "mutant.h"

#include <stdio.h>
#include <stdlib.h>

#define MUTANTS_MAX 10000

static unsigned chosen; /* 0: none */
static bool seen[MUTANTS_MAX];

static void write_seen(void)
{
	FILE *file = fopen(getenv("MUTANT_SEEN"), "a");

	if (!file)
		abort();
	for (unsigned i = 0; i < MUTANTS_MAX; i++)
		if (seen[i])
			fprintf(file, "%u\n", i);
	fclose(file);
}

__attribute__((constructor)) static void choose(void)
{
	const char *number = getenv("MUTANT");

	chosen = number ? (unsigned)strtoul(number, NULL, 10) : 0;
	if (getenv("MUTANT_SEEN"))
		atexit(write_seen);
}

bool mutant_decides(unsigned number, bool is_so, bool is_flipped)
{
	if (is_so != is_flipped)
		seen[number] = true;
	return number == chosen ? is_flipped : is_so;
}

bool mutant_removes(int check)
{
	return mutant_decides(mutant_of_check[check], false, true);
}
