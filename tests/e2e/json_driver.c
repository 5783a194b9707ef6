/* The JSON printer and reader, one line in, one line out (test_json.py).
 *
 *   print MESSAGE HEX    ->  JSON
 *   read MESSAGE JSON    ->  HEX, or "! why"
 */
#include "base/hex.h"
#include "report.pb-c.h"
#include "telemetry.pb-c.h"
#include "wire/json.h"

#include <stdio.h>
#include <stdlib.h>

static const ProtobufCMessageDescriptor *const types[] = {
    &carepace__v1__up__descriptor,
    &carepace__v1__down__descriptor,
    &carepace__v1__report__descriptor,
    &carepace__v1__order__descriptor,
};

static const ProtobufCMessageDescriptor *type_of(const char *name)
{
	for (size_t i = 0; i < CP_COUNT(types); i++)
		if (strcmp(types[i]->short_name, name) == 0)
			return types[i];
	abort();
}

static void print(struct arena *arena, const ProtobufCMessageDescriptor *type, const char *hex)
{
	struct slice digits = slice_str(hex);
	uint8_t *bytes = arena_alloc(arena, digits.len / 2 + 1);
	ProtobufCMessage *message;
	struct wire_scan scan;
	struct slice text;
	size_t len = 0;

	CP_CHECK(digits.len == 0 || hex_parse(digits, bytes, digits.len / 2, &len));
	CP_CHECK(wire_unpack(arena, type, slice_of(bytes, len), &message, &scan) == WIRE_OK);
	CP_CHECK(wire_json_print(arena, message, &text) == CP_OK);
	printf("%.*s\n", (int)text.len, (const char *)text.p);
}

static void read(struct arena *arena, const ProtobufCMessageDescriptor *type, const char *text)
{
	char why[WIRE_JSON_WHY_BYTES];
	struct slice bytes;

	if (wire_json_read(arena, type, slice_str(text), &bytes, why) != WIRE_OK) {
		printf("! %s\n", why);
		return;
	}
	char *hex = arena_alloc(arena, bytes.len * 2 + 1);
	printf("%s\n", hex_format(bytes, hex));
}

int main(void)
{
	char *line = NULL;
	size_t cap = 0;
	struct arena arena;

	arena_init(&arena, 1U << 16, 64U << 20);
	while (getline(&line, &cap, stdin) > 0) {
		char *rest = line;
		const char *what = strsep(&rest, " ");
		const char *name = strsep(&rest, " ");
		rest[strcspn(rest, "\n")] = '\0';
		(*what == 'p' ? print : read)(&arena, type_of(name), rest);
		fflush(stdout);
		arena_reset(&arena);
	}
	arena_deinit(&arena);
	free(line);
	return 0;
}
