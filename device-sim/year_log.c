/* year_log.c - a tape in the order in which the gateway hears it (proto/log.proto). */
#include "year_tape.h"

#include "wire/log_file.h"
#include "wire/pack.h"

#include <stdio.h>
#include <stdlib.h>

#define WRITER "device-sim year"
#define FLUSH_TWICE_AFTER_MS 500 /* the second copies follow the first ones */

/* A copy of a saying on its way. */
struct copy {
	const struct saying *saying;
	wall_ms received;
};

static int compare(const void *a, const void *b)
{
	const struct copy *x = a;
	const struct copy *y = b;

	if (x->received != y->received)
		return x->received < y->received ? -1 : 1;
	if (x->saying->speaker != y->saying->speaker)
		return x->saying->speaker < y->saying->speaker ? -1 : 1;
	return (x->saying->seq > y->saying->seq) - (x->saying->seq < y->saying->seq);
}

static bool is_sent_twice(const struct tape *tape, const struct saying *saying)
{
	const struct speaker *speaker = &tape->speakers[saying->speaker];
	event_ms sent = saying->at + saying->delay_ms;

	for (size_t i = 0; saying->is_held && i < speaker->outage_count; i++)
		if (sent >= speaker->outages[i].from && sent < speaker->outages[i].until)
			return speaker->outages[i].flush == FLUSH_TWICE;
	return false;
}

/* What comes after the end of the plan is not heard. */
static struct copy *copies_of(const struct tape *tape, wall_ms until, size_t *count)
{
	struct copy *copies = calloc(2 * tape->count + 1, sizeof(*copies));

	CP_CHECK(copies);
	*count = 0;
	for (size_t i = 0; i < tape->count; i++) {
		const struct saying *saying = tape->sayings[i];
		if (saying->is_lost || saying->received >= until)
			continue;
		copies[(*count)++] = (struct copy){saying, saying->received};
		if (is_sent_twice(tape, saying))
			copies[(*count)++] =
			    (struct copy){saying, saying->received + FLUSH_TWICE_AFTER_MS};
	}
	qsort(copies, *count, sizeof(*copies), compare);
	return copies;
}

static void put(const struct tape *tape, struct buf *out, const struct copy *copy)
{
	const struct saying *saying = copy->saying;
	const struct speaker *speaker = &tape->speakers[saying->speaker];
	struct buf payload;

	buf_init(&payload, WIRE_MAX_BYTES);
	CP_CHECK(wire_pack_to(&payload, saying->order ? &saying->order->base : &saying->up->base) ==
	         CP_OK);
	struct log_entry entry = {
	    .received_ms = copy->received,
	    .is_order = saying->order != NULL,
	    .device = speaker->id,
	    .kind = speaker->kind,
	    .payload = buf_bytes(&payload),
	};
	CP_CHECK(log_put_entry(out, &entry) == CP_OK);
	buf_deinit(&payload);
}

static bool write_out(FILE *file, struct buf *out)
{
	struct slice bytes = buf_bytes(out);
	bool is_written = fwrite(bytes.p, 1, bytes.len, file) == bytes.len;

	buf_consume(out, bytes.len);
	return is_written;
}

enum cp_err tape_write(const struct tape *tape, const struct town *town, event_ms from,
    event_ms until, const char *path, struct pki_error *error)
{
	const struct log_head head = {.site = town->site,
	    .timezone = town->zone,
	    .writer = WRITER,
	    .from_ms = from,
	    .until_ms = until};
	FILE *file = fopen(path, "wb");
	struct buf out;
	size_t count;

	if (!file)
		return pki_fail(error, CP_IO, "cannot write %s: %m", path);
	struct copy *copies = copies_of(tape, until, &count);
	buf_init(&out, (size_t)2 * WIRE_MAX_BYTES);
	CP_CHECK(log_put_head(&out, &head) == CP_OK);
	bool is_written = write_out(file, &out);
	for (size_t i = 0; i < count && is_written; i++) {
		put(tape, &out, &copies[i]);
		is_written = write_out(file, &out);
	}
	buf_deinit(&out);
	free(copies);
	bool is_closed = fclose(file) == 0;
	return is_written && is_closed ? CP_OK
	                               : pki_fail(error, CP_IO, "cannot write %s: %m", path);
}
