#include "cli/parked.h"

#include "cli/commands.h"
#include "cli/moment.h"
#include "cli/output.h"

static error_t take_word(struct parked_request *request, const char *word)
{
	static const struct {
		const char *name;
		enum parked_what what;
	} words[] = {{"list", PARKED_LIST}, {"show", PARKED_SHOW}, {"retry", PARKED_RETRY}};

	if (request->what == PARKED_NOTHING) {
		for (size_t i = 0; i < CP_COUNT(words); i++)
			if (strcmp(words[i].name, word) == 0)
				request->what = words[i].what;
		if (request->what != PARKED_NOTHING)
			return 0;
		return cli_wrong(
		    &request->options, "list, show or retry? \"%s\" is none of them", word);
	}
	if (request->what == PARKED_LIST || request->hash[0])
		return cli_wrong(&request->options, "what is \"%s\"?", word);
	if (strlen(word) > ID_HEX_LEN || word[strspn(word, "0123456789abcdef")] || !word[0])
		return cli_wrong(&request->options,
		    "a parked message is named by the first of its 32 digits 0-9a-f, not by \"%s\"",
		    word);
	memcpy(request->hash, word, strlen(word) + 1);
	return 0;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct parked_request *request = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		return take_word(request, value);
	case ARGP_KEY_END:
		if (request->what == PARKED_NOTHING)
			request->what = PARKED_LIST;
		if (request->what == PARKED_SHOW && !request->hash[0])
			return cli_wrong(&request->options,
			    "which one? Give the first digits of its hash; carepace parked list "
			    "has them");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* --- list ------------------------------------------------------------------------- */

static const char *source_name(const struct view_parked *parked, char hex[ID_HEX_LEN + 1])
{
	if (id_eq(&parked->device, &reading_head_office))
		return "head office";
	return id_hex(&parked->device, hex);
}

static json_t *json_of(const struct cli_source *source, const struct view_parked *parked)
{
	char hex[ID_HEX_LEN + 1];
	json_t *object = json_object();

	json_put_text(object, "source", source_name(parked, hex));
	json_put_id(object, "hash", &parked->hash);
	json_put_moment(object, "received", &source->zone, moment_stamped(source, parked->recv));
	json_put_text(object, "why", parked->why);
	json_put_int(object, "bytes", (int64_t)parked->size_bytes);
	return object;
}

static void print_table(struct cli_source *source, const struct view_parked *list, size_t count)
{
	static const char *const heads[] = {"WHEN", "FROM", "HASH", "BYTES", "WHY"};
	struct table table;

	table_init(&table, &source->arena, heads, CP_COUNT(heads));
	for (size_t i = 0; i < count; i++) {
		char text[WHEN_BYTES];
		char hex[ID_HEX_LEN + 1];

		table_add(&table,
		    moment_short(&source->zone, moment_stamped(source, list[i].recv), text));
		table_add(&table, source_name(&list[i], hex));
		table_add(&table, short_hex(&list[i].hash, CLI_ALERT_DIGITS, hex));
		snprintf(text, sizeof(text), "%zu", list[i].size_bytes);
		table_add(&table, text);
		table_add(&table, list[i].why);
	}
	if (count)
		table_print_list(&table, "");
	else
		puts("Nothing is parked.");
}

static void list(struct cli_source *source, const struct parked_request *request,
    const struct view_parked *parked, size_t count)
{
	if (!request->options.is_json) {
		print_table(source, parked, count);
		return;
	}
	json_t *array = json_array();
	for (size_t i = 0; i < count; i++)
		json_append(array, json_of(source, &parked[i]));
	json_print(array);
}

/* --- show --------------------------------------------------------------------------- */

static void print_field(void *ctx, const struct wire_outline_field *field)
{
	(void)ctx;
	printf("%*s%u %s: %s", (int)field->depth * 2, "", field->number,
	    field->name ? field->name : "(not known to this version)", field->form);
	if (field->len_bytes)
		printf(", %zu bytes", field->len_bytes);
	putchar('\n');
}

static void add_field(void *ctx, const struct wire_outline_field *field)
{
	json_t *object = json_object();

	json_put_int(object, "depth", field->depth);
	json_put_int(object, "number", field->number);
	if (field->name)
		json_put_text(object, "name", field->name);
	json_put_text(object, "form", field->form);
	json_put_int(object, "bytes", (int64_t)field->len_bytes);
	json_append(ctx, object);
}

/* Structure only: what this program does not understand may hold anything (P10). */
static void show_text(struct cli_source *source, const struct view_parked *parked)
{
	char hex[ID_HEX_LEN + 1];
	char when[WHEN_BYTES];

	printf("%s\n", id_hex(&parked->hash, hex));
	printf("  from %s, received %s, %zu bytes\n", source_name(parked, hex),
	    moment_long(&source->zone, moment_stamped(source, parked->recv), when),
	    parked->size_bytes);
	printf("  kept because: %s\n", parked->why);
	enum wire_bad bad =
	    view_parked_outline(source->view, &source->arena, parked, print_field, NULL);
	if (bad)
		printf("  from here on it cannot be read: %s\n", wire_bad_text(bad));
}

static json_t *show_json(struct cli_source *source, const struct view_parked *parked)
{
	json_t *object = json_of(source, parked);
	json_t *fields = json_array();
	enum wire_bad bad =
	    view_parked_outline(source->view, &source->arena, parked, add_field, fields);

	json_put(object, "fields", fields);
	if (bad)
		json_put_text(object, "broken", wire_bad_text(bad));
	return object;
}

static void show(struct cli_source *source, const struct parked_request *request,
    const struct view_parked *parked, size_t count)
{
	json_t *array = request->options.is_json ? json_array() : NULL;

	for (size_t i = 0; i < count; i++) {
		if (array)
			json_append(array, show_json(source, &parked[i]));
		else
			show_text(source, &parked[i]);
	}
	if (array)
		json_print(array);
}

static int list_or_show(struct cli_source *source, const struct parked_request *request)
{
	size_t count;
	struct view_parked *parked =
	    view_parked(source->view, &source->arena, request->hash, &count);
	int status = cli_source_check(source, &request->options);

	if (status)
		return status;
	if (request->what == PARKED_SHOW && count == 0) {
		cli_say(&request->options,
		    "no parked message begins with %s; carepace parked list "
		    "has them all",
		    request->hash);
		return CLI_FOUND;
	}
	if (request->what == PARKED_SHOW)
		show(source, request, parked, count);
	else
		list(source, request, parked, count);
	status = cli_source_check(source, &request->options);
	return status ? status : cli_finish(&request->options);
}

static int work(struct cli_source *source, void *ctx)
{
	const struct parked_request *request = ctx;

	return request->what == PARKED_RETRY ? parked_retry_by_person(source, request)
	                                     : list_or_show(source, request);
}

int cli_parked(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "parked",
	    .takes = CLI_TAKES_ALL,
	    .arguments = "[list | show HASH | retry [HASH]]",
	    .about = "Messages that could not be understood: lists them, shows the structure of "
	             "one (never its content), or tries to understand them again: with the "
	             "running gateway's program, or this one when none runs.",
	    .parse = parse,
	};
	struct parked_request request = {0};

	return cli_source_run(&syntax, argc, argv, &request, work);
}
