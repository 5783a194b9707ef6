/* A clinic's policy file. What is valid would pass as an order of head office. */
#include "faults.h"

#include "care/reading.h"
#include "io/config.h"
#include "io/config_policy.h"
#include "wire/pack.h"
#include "wire/unpack.h"

#define FILE_NAME "policy.yaml"
#define ORDER_MAX_BYTES (256u << 10)

static const Carepace__V1__Order empty_order = CAREPACE__V1__ORDER__INIT;

static void pack_order(const struct ledger_own *own, struct buf *out)
{
	Carepace__V1__Order order = empty_order;
	unsigned number = (unsigned)own->kind - READING_ORDER;
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field(order.base.descriptor, number);
	const ProtobufCMessage *body = own->body;

	CP_CHECK(field && field->descriptor == body->descriptor);
	order.hq_epoch = 1;
	order.n = 1;
	order.key = (char *)own->key;
	order.revision = 1;
	order.body_case = (Carepace__V1__Order__BodyCase)number;
	*(const ProtobufCMessage **)((uint8_t *)&order + field->offset) = body;
	CP_CHECK(wire_pack_to(out, &order.base) == CP_OK);
}

static void check_order(const struct ledger_own *own)
{
	struct reading reading;
	struct arena arena;
	struct buf bytes;
	const char *why;

	buf_init(&bytes, ORDER_MAX_BYTES);
	arena_init(&arena, 4096, WIRE_MAX_MEMORY_BYTES);
	pack_order(own, &bytes);
	enum reading_result result = reading_parse_order(&arena, buf_bytes(&bytes), &reading, &why);
	CP_CHECK(result == READING_OK);
	CP_CHECK(reading.kind == own->kind);
	fuzz_mark((unsigned)own->kind);
	arena_deinit(&arena);
	buf_deinit(&bytes);
}

void fuzz_one(struct slice bytes)
{
	struct config_own own;
	struct buf faults;

	buf_init(&faults, CONFIG_FAULTS_MAX_BYTES);
	enum cp_err err = config_own_parse(&own, FILE_NAME, bytes, &faults);
	if (err == CP_OK) {
		CP_CHECK(faults.len == 0 && own.count >= 1);
		for (size_t i = 0; i < own.count; i++)
			check_order(&own.orders[i]);
		config_own_free(&own);
	} else {
		CP_CHECK(err == CP_CONFIG && own.count == 0);
		faults_check(buf_bytes(&faults), FILE_NAME);
	}
	buf_deinit(&faults);
}
