/* A payload from head office (message Order). */
#include "wire_laws.h"

void fuzz_one(struct slice bytes)
{
	struct arena arena = wire_laws_arena();
	struct reading reading;
	const char *why;

	wire_laws_message(&carepace__v1__order__descriptor, bytes);
	enum reading_result result = reading_parse_order(&arena, bytes, &reading, &why);
	wire_laws_reading(bytes, result, &reading, why);
	CP_CHECK(id_eq(&reading.source, &reading_head_office));
	arena_deinit(&arena);
}
