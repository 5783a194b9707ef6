#include "cli/why.h"

#include "cli/commands.h"
#include "cli/list.h"

struct request {
	struct cli_options options;
	const char *alert;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		return cli_take_alert(&request->options, value, &request->alert);
	case ARGP_KEY_NO_ARGS:
		if (request->options.is_help)
			return 0;
		return cli_wrong(&request->options,
		    "which alert? Give the first digits of its id; carepace alerts lists them");
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* --- gathering --------------------------------------------------------------------- */

static void add_session(struct why *why, struct arena *arena, bool is_subject)
{
	struct why_session *out = &why->sessions[why->session_count++];

	out->uses = view_cart_uses(why->source->view, arena, out->view.session.no, &out->use_count);
	out->is_subject = is_subject;
}

static void add_subject(struct why *why, struct arena *arena, int64_t no)
{
	if (no && view_session(why->source->view, arena, no, &why->sessions[0].view))
		add_session(why, arena, true);
}

/* Sessions of other clinics are not found: only their sid is known here. */
static void add_related(struct why *why, struct arena *arena, const struct id *sid)
{
	char hex[ID_HEX_LEN + 1];

	if (view_session_find(why->source->view, arena, slice_str(id_hex(sid, hex)),
	        &why->sessions[why->session_count].view) == 1)
		add_session(why, arena, false);
}

static void add_corrections(
    struct why *why, struct arena *arena, const struct view_correction *corrections, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct view_correction *grown = arena_push(arena, why->corrections,
		    why->correction_count, &why->correction_cap, sizeof(*grown));
		if (!grown)
			return;
		why->corrections = grown;
		grown[why->correction_count++] = corrections[i];
	}
}

static void gather_corrections(struct why *why, struct arena *arena)
{
	struct view *view = why->source->view;
	size_t count;

	for (size_t i = 0; i < why->session_count; i++) {
		const struct session *session = &why->sessions[i].view.session;
		struct view_correction *found = view_corrections(view, arena, session, &count);
		add_corrections(why, arena, found, count);
	}
	struct view_correction *found =
	    view_merges(view, arena, why->row.alert.finding.client, &count);
	add_corrections(why, arena, found, count);
}

static void gather(struct why *why, struct arena *arena)
{
	const struct finding *finding = &why->row.alert.finding;

	why->check = catalogue_find(finding->check);
	why->policy = policy_default(&why->source->zone);
	view_policy(why->source->view, arena, &why->policy);
	add_subject(why, arena, finding->session);
	for (size_t i = 0; i < finding->related_count; i++)
		add_related(why, arena, &finding->related[i]);
	why->has_plan = finding->course && view_plan(why->source->view, arena, finding->course,
	                                       finding->from, &why->plan);
	gather_corrections(why, arena);
}

static int explain(struct cli_source *source, void *ctx)
{
	const struct request *request = ctx;
	struct why why = {.source = source};
	int status = cli_find_alert(source, &request->options, request->alert, &why.row);

	if (status)
		return status;
	gather(&why, &source->arena);
	status = cli_source_check(source, &request->options);
	if (status)
		return status;
	if (request->options.is_json)
		why_print_json(&why);
	else
		why_print_text(&why, &source->arena);
	return cli_finish(&request->options);
}

int cli_why(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "why",
	    .takes = CLI_TAKES_ALL,
	    .arguments = "ALERT",
	    .about = "Explains one alert, named by the first digits of its id: which check, on "
	             "what evidence, by which rules, what clears it and what became of it.",
	    .parse = parse,
	};
	struct request request = {0};

	return cli_source_run(&syntax, argc, argv, &request, explain);
}
