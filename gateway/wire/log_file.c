#include "wire/log_file.h"

#include "wire/pack.h"
#include "wire/unpack.h"

#include "log.pb-c.h"

static const uint8_t magic[] = {'C', 'P', 'L', 'O', 'G', '1', '\r', '\n'};

#define ARENA_BYTES_MAX (4U << 20)
#define LENGTH_BYTES_MAX 3                 /* of a varint up to WIRE_MAX_BYTES */
#define TIME_MAX_MS INT64_C(4102444800000) /* the year 2100, as everywhere (care/range.h) */

/* --- read -------------------------------------------------------------------------- */

void log_reader_init(struct log_reader *reader)
{
	*reader = (struct log_reader){0};
	arena_init(&reader->arena, 8 * 1024, ARENA_BYTES_MAX);
	arena_init(&reader->head_arena, 1024, ARENA_BYTES_MAX);
}

void log_reader_deinit(struct log_reader *reader)
{
	arena_deinit(&reader->arena);
	arena_deinit(&reader->head_arena);
}

static enum log_what bad(struct log_reader *reader, const char *why)
{
	reader->why = why;
	return LOG_BAD;
}

/* LOG_ENTRY: *message is what stands behind its length. */
static enum log_what next_frame(
    struct log_reader *reader, struct slice bytes, struct slice *message, size_t *used)
{
	size_t len = 0;
	size_t at = 0;

	for (;; at++) {
		if (at == LENGTH_BYTES_MAX)
			return bad(reader, "a message is longer than 65,535 bytes");
		if (at == bytes.len)
			return LOG_MORE;
		len |= (size_t)(bytes.p[at] & 0x7f) << (7 * at);
		if (bytes.p[at] < 0x80)
			break;
	}
	if (len > WIRE_MAX_BYTES)
		return bad(reader, "a message is longer than 65,535 bytes");
	*message = slice_from(bytes, at + 1);
	if (message->len < len)
		return LOG_MORE;
	message->len = len;
	*used = at + 1 + len;
	return LOG_ENTRY;
}

static const ProtobufCMessage *unpack(struct log_reader *reader, struct arena *arena,
    const ProtobufCMessageDescriptor *type, struct slice bytes)
{
	ProtobufCMessage *message;
	struct wire_scan scan;

	arena_reset(arena);
	if (wire_unpack(arena, type, bytes, &message, &scan) == WIRE_OK && !scan.has_nul)
		return message;
	reader->why = scan.has_nul ? "a string with a NUL" : wire_bad_text(scan.bad);
	return NULL;
}

static enum log_what take_head(struct log_reader *reader, struct slice bytes)
{
	const Carepace__V1__LogHead *head = (const void *)unpack(
	    reader, &reader->head_arena, &carepace__v1__log_head__descriptor, bytes);

	if (!head)
		return LOG_BAD;
	reader->has_head = true;
	reader->head = (struct log_head){
	    .site = head->site,
	    .timezone = head->timezone,
	    .writer = head->writer,
	    .from_ms = head->has_from_ms ? head->from_ms : 0,
	    .until_ms = head->has_until_ms ? head->until_ms : 0,
	};
	if (reader->head.until_ms > TIME_MAX_MS)
		return bad(reader, "it shall end after the year 2100");
	return LOG_HEAD;
}

static enum log_what take_up(struct log_reader *reader, const Carepace__V1__LogUp *up)
{
	if (!id_from_bytes(&reader->entry.device, slice_of(up->device.data, up->device.len)))
		return bad(reader, "a device's id is not 16 bytes");
	if (up->kind <= CAREPACE__V1__DEVICE_KIND__DEVICE_KIND_UNSPECIFIED ||
	    up->kind > CAREPACE__V1__DEVICE_KIND__DEVICE_TABLET)
		return bad(reader, "a device is of no kind that this version knows");
	reader->entry.kind = up->kind;
	reader->entry.payload = slice_of(up->payload.data, up->payload.len);
	return LOG_ENTRY;
}

static enum log_what take_entry(struct log_reader *reader, struct slice bytes)
{
	const Carepace__V1__LogEntry *entry = (const void *)unpack(
	    reader, &reader->arena, &carepace__v1__log_entry__descriptor, bytes);

	if (!entry)
		return LOG_BAD;
	if (entry->received_ms < reader->last_ms)
		return bad(
		    reader, "the time falls: an entry was received before the one before it");
	if (entry->received_ms > TIME_MAX_MS)
		return bad(reader, "the time is after the year 2100");
	reader->last_ms = entry->received_ms;
	reader->entry = (struct log_entry){.received_ms = entry->received_ms};
	switch (entry->input_case) {
	case CAREPACE__V1__LOG_ENTRY__INPUT_UP:
		return take_up(reader, entry->up);
	case CAREPACE__V1__LOG_ENTRY__INPUT_DOWN:
		reader->entry.is_order = true;
		reader->entry.payload = slice_of(entry->down.data, entry->down.len);
		return LOG_ENTRY;
	case CAREPACE__V1__LOG_ENTRY__INPUT_OWN:
		reader->entry.is_order = reader->entry.is_own = true;
		reader->entry.payload = slice_of(entry->own.data, entry->own.len);
		return LOG_ENTRY;
	default:
		return bad(reader, "an entry holds no input that this version knows");
	}
}

enum log_what log_next(struct log_reader *reader, struct slice bytes, size_t *used)
{
	size_t before = reader->offset == 0 ? sizeof(magic) : 0;
	struct slice message = {0};

	*used = 0;
	for (size_t i = 0; i < before; i++) {
		if (i == bytes.len)
			return LOG_MORE;
		if (bytes.p[i] != magic[i])
			return bad(reader, "it does not begin like a log of carepace");
	}
	enum log_what what = next_frame(reader, slice_from(bytes, before), &message, used);
	if (what == LOG_ENTRY)
		what = reader->has_head ? take_entry(reader, message) : take_head(reader, message);
	*used = what == LOG_HEAD || what == LOG_ENTRY ? *used + before : 0;
	reader->offset += *used;
	return what;
}

bool log_end(struct log_reader *reader, struct slice rest)
{
	if (rest.len == 0 && reader->has_head)
		return true;
	reader->why = rest.len ? "it is cut: the file ends within a message" : "it is empty";
	return false;
}

/* --- write ------------------------------------------------------------------------- */

static enum cp_err put(struct buf *buf, const ProtobufCMessage *message)
{
	size_t len = protobuf_c_message_get_packed_size(message);
	uint8_t length[LENGTH_BYTES_MAX];
	size_t count = 0;

	if (len > WIRE_MAX_BYTES)
		return CP_INVALID;
	if (buf_room(buf) < len + sizeof(length))
		return CP_FULL;
	for (size_t rest = len; rest || count == 0; rest >>= 7)
		length[count++] = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
	enum cp_err err = buf_append(buf, length, count);
	return err ? err : wire_pack_to(buf, message);
}

enum cp_err log_put_head(struct buf *buf, const struct log_head *head)
{
	Carepace__V1__LogHead message = CAREPACE__V1__LOG_HEAD__INIT;
	enum cp_err err = buf_append(buf, magic, sizeof(magic));

	message.site = (char *)head->site;
	message.timezone = (char *)head->timezone;
	message.writer = (char *)head->writer;
	message.has_from_ms = head->from_ms != 0;
	message.from_ms = head->from_ms;
	message.has_until_ms = head->until_ms != 0;
	message.until_ms = head->until_ms;
	return err ? err : put(buf, &message.base);
}

enum cp_err log_put_entry(struct buf *buf, const struct log_entry *entry)
{
	Carepace__V1__LogEntry message = CAREPACE__V1__LOG_ENTRY__INIT;
	Carepace__V1__LogUp up = CAREPACE__V1__LOG_UP__INIT;
	ProtobufCBinaryData payload = {
	    .data = (uint8_t *)entry->payload.p, .len = entry->payload.len};

	message.received_ms = entry->received_ms;
	if (entry->is_own) {
		message.input_case = CAREPACE__V1__LOG_ENTRY__INPUT_OWN;
		message.own = payload;
	} else if (entry->is_order) {
		message.input_case = CAREPACE__V1__LOG_ENTRY__INPUT_DOWN;
		message.down = payload;
	} else {
		message.input_case = CAREPACE__V1__LOG_ENTRY__INPUT_UP;
		message.up = &up;
		up.device =
		    (ProtobufCBinaryData){.data = (uint8_t *)entry->device.b, .len = ID_BYTES};
		up.kind = entry->kind;
		up.payload = payload;
	}
	return put(buf, &message.base);
}
