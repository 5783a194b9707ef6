/* export.h - what the parts of `carepace export` share.
 *
 * A row is a message of the contract with head office (proto/report.proto), and whom it is
 * about as local numbers. P10: a field for a token is never printed; its place has the number.
 */
#ifndef CLI_EXPORT_H
#define CLI_EXPORT_H

#include "base/arena.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct export_row {
	const ProtobufCMessage *body;
	int64_t client; /* 0: nobody */
	int64_t operator_no;
	bool is_suppressed;
};

/* RFC 4180, lines end in CR LF. A message within the message is flattened, its fields' names
 * behind its own: end_reason. Lists of messages are JSON. A text that a spreadsheet would take
 * for a formula begins with '. False: out of memory. */
void export_csv_head(const ProtobufCMessageDescriptor *type, bool has_suppressed, FILE *out);
bool export_csv_row(
    struct arena *arena, const struct export_row *row, bool has_suppressed, FILE *out);

/* The message's canonical JSON form, and beside it clientNo and operatorNo. */
bool export_json_row(
    struct arena *arena, const struct export_row *row, bool has_suppressed, FILE *out);

struct cli_source;
struct cli_options;

/* Everything that came in, as a log, under names that nobody else has. The exit status. */
int export_log(struct cli_source *source, const struct cli_options *options, const char *path);

#endif
