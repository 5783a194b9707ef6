/* A payload from a device or a tablet (message Up).
 *
 *   first byte: bit 0 a tablet; then the payload
 */
#include "wire_laws.h"

void fuzz_one(struct slice bytes)
{
	bool is_tablet = fuzz_take_byte(&bytes) & 1;
	struct arena arena = wire_laws_arena();
	struct reading reading;
	const char *why;
	struct id device;

	wire_laws_message(&carepace__v1__up__descriptor, bytes);
	CP_CHECK(id_from_hex(&device, slice_str(FUZZ_DEVICE)));
	enum reading_result result =
	    reading_parse(&arena, bytes, &device, is_tablet, &reading, &why);
	wire_laws_reading(bytes, result, &reading, why);
	/* P7 */
	CP_CHECK(result > READING_RANGE || id_eq(&reading.source, &device));
	CP_CHECK(result > READING_RANGE || is_tablet || reading.kind < READING_AE_REPORT);
	arena_deinit(&arena);
}
