/* What the protocol scripts send, as inputs to begin with.
 *
 *   fuzz_seeds FOLDER common.txt SCRIPT...
 *
 * FOLDER/link gets a file for each case, FOLDER/packet two for each packet. The first
 * byte is how (packet.c, link.c), what follows is what a device sends.
 */
#include "fuzz.h"

#include "mqtt/packet.h"
#include "notation.h"

#include <stdio.h>

#define CASE_MAX_BYTES 2048 /* a long one teaches nothing that a short one does not */

struct seeds {
	const char *folder;
	struct notation notation;
	struct buf sent; /* in this case */
	unsigned count;
};

static void save(struct seeds *seeds, const char *target, uint8_t how, struct slice bytes)
{
	char path[512];

	if (bytes.len == 0 || bytes.len > CASE_MAX_BYTES)
		return;
	snprintf(path, sizeof(path), "%s/%s/%06u", seeds->folder, target, seeds->count++);
	FILE *file = fopen(path, "wb");
	CP_CHECK(file && fputc(how, file) == how);
	CP_CHECK(fwrite(bytes.p, 1, bytes.len, file) == bytes.len);
	fclose(file);
}

static void save_packets(struct seeds *seeds, struct slice bytes)
{
	struct packet_frame frame;
	enum mqtt_reason reason;

	while (bytes.len > 0) {
		bool is_whole = packet_frame(bytes, SIZE_MAX, &frame, &reason) == PACKET_DONE;
		size_t len = is_whole ? frame.len_bytes : bytes.len;
		save(seeds, "packet", 0, slice_of(bytes.p, len));
		save(seeds, "packet", 1, slice_of(bytes.p, len));
		bytes = slice_from(bytes, len);
	}
}

static void end_case(struct seeds *seeds)
{
	const uint8_t no_decisions = 0;

	if (seeds->sent.len > 0) {
		CP_CHECK(buf_append(&seeds->sent, &no_decisions, 1) == CP_OK);
		save(seeds, "link", 0, buf_bytes(&seeds->sent));
	}
	buf_consume(&seeds->sent, seeds->sent.len);
}

static void read_line(struct seeds *seeds, char *line)
{
	struct buf bytes;
	char *comment = strstr(line, " #");

	line[strcspn(line, "\n")] = '\0';
	if (comment)
		*comment = '\0';
	if (strncmp(line, "define ", 7) == 0)
		notation_define(&seeds->notation, line + 7);
	if (strncmp(line, "case ", 5) == 0)
		end_case(seeds);
	if (strncmp(line, "send ", 5) != 0)
		return;
	buf_init(&bytes, NOTATION_MAX_BYTES);
	CP_CHECK(notation_parse(&seeds->notation, line + 5, &bytes));
	save_packets(seeds, buf_bytes(&bytes));
	CP_CHECK(
	    bytes.len == 0 || buf_append(&seeds->sent, buf_bytes(&bytes).p, bytes.len) == CP_OK);
	buf_deinit(&bytes);
}

static void read_script(struct seeds *seeds, const char *path)
{
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0;

	CP_CHECK(file);
	while (getline(&line, &cap, file) > 0)
		read_line(seeds, line);
	end_case(seeds);
	free(line);
	fclose(file);
}

int main(int argc, char **argv)
{
	struct seeds seeds = {0};

	CP_CHECK(argc > 2);
	seeds.folder = argv[1];
	buf_init(&seeds.sent, (size_t)4 * NOTATION_MAX_BYTES);
	for (int i = 3; i < argc; i++) {
		notation_init(&seeds.notation, FUZZ_DEVICE);
		read_script(&seeds, argv[2]);
		read_script(&seeds, argv[i]);
		notation_deinit(&seeds.notation);
	}
	buf_deinit(&seeds.sent);
	return 0;
}
