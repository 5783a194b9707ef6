/* An order of head office as JSON. */
#include "wire/json.h"
#include "wire_laws.h"

/* What was read is a message that reads the same when it is printed. */
static void check_again(struct arena *arena, struct slice bytes)
{
	ProtobufCMessage *message;
	struct wire_scan scan;
	struct slice text, again;
	char why[WIRE_JSON_WHY_BYTES];

	if (wire_unpack(arena, &carepace__v1__order__descriptor, bytes, &message, &scan) != WIRE_OK)
		return; /* within the form of JSON, beyond a limit of ours */
	CP_CHECK(wire_json_print(arena, message, &text) == CP_OK);
	CP_CHECK(
	    wire_json_read(arena, &carepace__v1__order__descriptor, text, &again, why) == WIRE_OK);
	CP_CHECK(slice_eq(bytes, again));
}

void fuzz_one(struct slice text)
{
	struct arena arena = wire_laws_arena();
	char why[WIRE_JSON_WHY_BYTES];
	struct slice bytes;

	enum wire_result result =
	    wire_json_read(&arena, &carepace__v1__order__descriptor, text, &bytes, why);
	CP_CHECK((result == WIRE_BAD) == (*why != '\0'));
	if (result == WIRE_OK)
		check_again(&arena, bytes);
	else
		CP_CHECK(bytes.len == 0);
	arena_deinit(&arena);
}
