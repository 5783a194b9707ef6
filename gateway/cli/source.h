/* source.h - the clinic that a subcommand speaks about: its rules and its store. */
#ifndef CLI_SOURCE_H
#define CLI_SOURCE_H

#include "care/policy.h"
#include "care/time/zone.h"
#include "cli/options.h"
#include "io/config.h"
#include "ledger/view/doubts.h"

#include <limits.h>

struct cli_source {
	struct config config;            /* zeroed without a configuration */
	char site[VIEW_META_BYTES];      /* by the configuration, or else as the store says; */
	char zone_name[VIEW_META_BYTES]; /* both "" when nobody does */
	struct zone zone;
	struct policy policy; /* at its defaults; view_policy() has the clinic's */
	char path[PATH_MAX];  /* of the store's file */
	struct arena arena;
	struct view *view; /* NULL until opened; with it: */
	struct view_doubts doubts;
};

/* CLI_OK, or a sentence on stderr and the exit status. Close in either case. */
int cli_source_load(struct cli_source *source, const struct cli_options *options);
int cli_source_open(struct cli_source *source, const struct cli_options *options); /* + view */
void cli_source_close(struct cli_source *source);

/* The last word of the view: CLI_OK, or its error as a sentence. */
int cli_source_check(const struct cli_source *source, const struct cli_options *options);

/* When the day of --since began in the clinic; 0 without it. */
event_ms cli_since(const struct cli_source *source, const struct cli_options *options);

/* A whole subcommand that reads a store: arguments go into `request`, which begins with a
 * struct cli_options; the store is open while `run` runs, which gives the exit status. */
typedef int cli_source_fn(struct cli_source *source, void *request);
int cli_source_run(
    const struct cli_syntax *syntax, int argc, char **argv, void *request, cli_source_fn *run);

#endif
