#include "ledger/past/verify.h"

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/source.h"

/* A difference names clients by their tokens: cut, they still tell (P10). */
static void cut_tokens(char *text)
{
	static const char before[] = " client ";
	char *token = strstr(text, before);

	if (!token)
		return;
	token += sizeof(before) - 1;
	size_t digits = strspn(token, "0123456789abcdef");
	if (digits > CLI_TOKEN_DIGITS)
		memmove(token + CLI_TOKEN_DIGITS, token + digits, strlen(token + digits) + 1);
}

static void show(void *ctx, const char *difference)
{
	json_t *lines = ctx;
	char text[640];

	snprintf(text, sizeof(text), "%s", difference);
	cut_tokens(text);
	if (lines)
		json_append(lines, json_string(text));
	else
		puts(text);
}

/* How far back it looked at what devices sent; before that at what was left of it. */
static void print_streams(const struct verify_result *result)
{
	char sealed[64];
	char late[64];

	if (!result->streams_since)
		return;
	count_text(result->sealed, "session", sealed);
	if (result->streams_since == TIME_NEVER) {
		printf("No stream is left: the seals of %s were counted.\n", sealed);
	} else {
		char since[WHEN_BYTES];
		printf("Streams reach back to %s; of what went before, the seals of %s were "
		       "counted.\n",
		    when_utc(result->streams_since, since), sealed);
	}
	if (result->late)
		printf("%s came when the stream of its session had gone: it counts in times and "
		       "sums, not in findings about dose and safety.\n",
		    count_text(result->late, "message", late));
}

static void print_result(const struct verify_result *result)
{
	char inputs[64];
	char sessions[64];
	char findings[64];
	char differences[64];
	char unjudged[64];

	printf("%s counted again: %s, %s, %s", count_text(result->inputs, "input", inputs),
	    count_text(result->sessions, "session", sessions),
	    count_text(result->findings, "finding", findings),
	    result->differences ? count_text(result->differences, "difference", differences)
	                        : "no difference");
	if (result->unjudged)
		printf("; %s set aside unjudged", count_text(result->unjudged, "item", unjudged));
	puts(".");
	print_streams(result);
}

static void print_json(const struct verify_result *result, json_t *lines)
{
	json_t *object = json_object();

	json_put_int(object, "inputs", result->inputs);
	json_put_int(object, "sessions", result->sessions);
	json_put_int(object, "findings", result->findings);
	json_put_int(object, "differences", result->differences);
	json_put_int(object, "unjudged", result->unjudged);
	if (result->streams_since && result->streams_since != TIME_NEVER)
		json_put_int(object, "streams_since_ms", result->streams_since);
	json_put_int(object, "sealed_sessions", result->sealed);
	json_put_int(object, "late_for_seal", result->late);
	json_put(object, "difference", lines);
	json_print(object);
}

static int recount(struct cli_source *source, void *ctx)
{
	const struct cli_options *options = ctx;
	struct verify_result result;
	json_t *lines = options->is_json ? json_array() : NULL;
	char why[256];

	if (verify_store(source->path, &source->policy, show, lines, &result, why)) {
		json_decref(lines);
		cli_say(options, "%s", why);
		return CLI_UNREADABLE;
	}
	if (lines)
		print_json(&result, lines);
	else
		print_result(&result);
	int status = cli_finish(options);
	return status ? status : result.differences ? CLI_FOUND : CLI_OK;
}

int cli_verify(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "verify",
	    .takes = CLI_TAKES_ALL,
	    .about = "Counts everything again from the inputs and compares: sessions and findings "
	             "must be what the store holds. Works beside the running gateway.",
	};
	struct cli_options options = {0};

	/* It opens a view, which says in one sentence what is wrong with a file. */
	return cli_source_run(&syntax, argc, argv, &options, recount);
}
