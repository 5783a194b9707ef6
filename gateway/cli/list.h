/* list.h - what the lists for people have in common: names, pages, who is meant. */
#ifndef CLI_LIST_H
#define CLI_LIST_H

#include "cli/output.h"
#include "cli/source.h"
#include "ledger/view/list.h"

/* A device or client by a person's word: CLI_OK, or a sentence on stderr (with the
 * nearest name, if there is one) and the exit status. */
int cli_find_device(const struct cli_source *source, const struct cli_options *options,
    const char *word, int64_t *no);
int cli_find_client(const struct cli_source *source, const struct cli_options *options,
    const char *word, int64_t *no);

/* An alert by the first digits of its id: first is that what the word is, then which one. */
error_t cli_take_alert(struct cli_options *options, const char *word, const char **out);
int cli_find_alert(struct cli_source *source, const struct cli_options *options, const char *word,
    struct view_alert *out);

/* The zone bit of "CHEEK", "cheek", "UNKNOWN". */
error_t cli_take_zone(struct cli_options *options, const char *word, uint32_t *zones);

/* For tables; each returns `out`. */
#define LIST_TEXT_BYTES 96

/* "12 (636331)"; "12 (forgotten)" when the token is gone; "-" for nobody. */
const char *list_client_text(int64_t no, const struct id *token, char out[LIST_TEXT_BYTES]);

/* "pen P-1001", "pen 64503100" before its first HELLO. */
const char *device_text(
    unsigned kind, const char *serial, const struct id *id, char out[LIST_TEXT_BYTES]);

/* "CHEEK", "CHEEK+2" with two others; "-" for none. */
const char *zones_short(uint32_t zones, char out[LIST_TEXT_BYTES]);

/* "pen", "rf"; "device" when it never said what it is. */
const char *device_kind_name(unsigned kind);

/* "2 HIGH"; "-" for none. */
const char *open_text(int64_t open, enum severity worst, char out[LIST_TEXT_BYTES]);

/* For programs. */
json_t *zones_json(uint32_t zones);
void list_put_open(json_t *object, int64_t open, enum severity worst);
void list_put_client(json_t *object, int64_t no, const struct id *token); /* "client", ..._no */

/* Prints {"<name>": [...], "next": NUMBER or null} and frees. */
void json_print_page(const char *name, json_t *array, const struct view_page *page);

/* Under a table: how to go on, if there is more. */
void print_more(const struct cli_options *options, const struct view_page *page);

#endif
