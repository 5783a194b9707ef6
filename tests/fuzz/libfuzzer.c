/* The way in for libFuzzer. */
#include "fuzz.h"

#define MARKS 8192

/* libFuzzer takes what stands in this section for branches. */
__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t marks[MARKS];

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
	/* libFuzzer's own copy has exactly the length, too. */
	fuzz_one(slice_of(bytes, len_bytes));
	return 0;
}

void fuzz_mark(unsigned what)
{
	marks[what % MARKS] = 1;
}
