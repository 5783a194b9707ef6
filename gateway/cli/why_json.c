#include "cli/why.h"

#include "care/verdict.h"
#include "cli/alert_json.h"
#include "cli/list.h"
#include "cli/moment.h"

static json_t *use_json(const struct why *why, const struct cart_use *use)
{
	json_t *object = json_object();

	json_put_text(object, "gtin", use->gtin);
	json_put_text(object, "serial", use->serial);
	json_put_int(object, "slot", use->slot);
	json_put_text(object, "lot", use->lot);
	if (use->expiry_yyyymmdd)
		json_put_int(object, "expiry", use->expiry_yyyymmdd);
	if (use->tip_used != TIP_USED_UNKNOWN)
		json_put_int(object, "tip_used", use->tip_used);
	json_put_time(object, "from", &why->source->zone, use->from);
	json_put_time(object, "until", &why->source->zone, use->until);
	return object;
}

static json_t *verdict_json(const struct why *why, const struct view_session *view)
{
	if (!view->verdict_rev)
		return NULL;
	json_t *object = json_object();
	json_put_text(object, "decision", decision_name((enum decision)view->decision));
	json_put_int(object, "revision", view->verdict_rev);
	json_put_moment(
	    object, "given", &why->source->zone, moment_stamped(why->source, view->verdict_at));
	return object;
}

static json_t *session_json(const struct why *why, const struct why_session *session)
{
	const struct view_session *view = &session->view;
	const struct session *s = &view->session;
	json_t *object = json_object();
	json_t *uses = json_array();
	char zones[ZONES_TEXT_BYTES];

	json_put_text(object, "role", session->is_subject ? "this" : "earlier");
	json_put_id(object, "sid", &s->sid);
	json_put_id(object, "device", &s->source);
	json_put_text(object, "kind", device_kind_name(view->device_kind));
	json_put_text(object, "serial", view->serial[0] ? view->serial : NULL);
	json_put_client(object, &view->client, view->is_forgotten);
	json_put_token(object, "operator", &view->operator);
	json_put_text(object, "state", session_state_name(s->state));
	json_put(object, "exposing", json_boolean(s->is_exposing));
	json_put(object, "completed", json_boolean(s->is_completed));
	json_put_text(object, "modality", modality_name(s->modality));
	json_put_text(
	    object, "zones", s->zones ? zones_text(s->zones, zones, sizeof(zones)) : NULL);
	json_put_moment(object, "start", &why->source->zone, moment_of_start(s));
	json_put_time(object, "end", &why->source->zone, s->end);
	for (size_t i = 0; i < session->use_count; i++)
		json_append(uses, use_json(why, &session->uses[i]));
	json_put(object, "cartridges", uses);
	json_put(object, "verdict", verdict_json(why, view));
	return object;
}

static json_t *plan_json(const struct why *why)
{
	if (!why->has_plan)
		return NULL;
	json_t *object = json_object();
	json_put_int(object, "course", why->plan.course);
	json_put_int(object, "revision", (int64_t)why->plan.revision);
	json_put_time(object, "from", &why->source->zone, why->plan.from);
	json_put_int(object, "planned", why->plan.planned);
	json_put_int(object, "min_days", why->plan.min_days);
	json_put_int(object, "max_days", why->plan.max_days);
	return object;
}

static json_t *correction_json(const struct why *why, const struct view_correction *correction)
{
	static const char *const kinds[] = {
	    [CAREPACE__V1__CORRECTION_KIND__CORRECTION_REASSIGN_CLIENT] = "reassign client",
	    [CAREPACE__V1__CORRECTION_KIND__CORRECTION_VOID] = "void",
	    [CAREPACE__V1__CORRECTION_KIND__CORRECTION_COUNT_OVERRIDE] = "count override",
	    [CAREPACE__V1__CORRECTION_KIND__CORRECTION_MERGE_CLIENTS] = "merge clients",
	};
	char text[WHY_CORRECTION_BYTES];
	json_t *object = json_object();

	json_put_text(object, "kind", kinds[correction->kind]);
	json_put_text(object, "sentence", why_correction_text(correction, text));
	json_put_id(object, "sid", &correction->sid);
	json_put_token(object, "client", &correction->client);
	json_put_token(object, "new_client", &correction->new_client);
	json_put_time(object, "from", &why->source->zone, correction->at);
	json_put_token(object, "by", &correction->by);
	json_put_text(object, "through", correction->is_by_head_office ? "head office" : "tablet");
	json_put_int(object, "reason", correction->reason);
	json_put(object, "in_force", json_boolean(correction->is_in_force));
	return object;
}

/* The numbers of the check as they were in force. */
static json_t *rules_json(const struct why *why)
{
	const struct finding *finding = &why->row.alert.finding;
	json_t *object = json_object();

	for (size_t i = 0; i < PARAMETERS; i++)
		if (parameters[i].check == finding->check)
			json_put_int(object, parameters[i].name,
			    policy_number(&why->policy, parameters[i].parameter, finding->from));
	return object;
}

void why_print_json(const struct why *why)
{
	json_t *object = alert_json(why->source, &why->row);
	json_t *sessions = json_array();
	json_t *corrections = json_array();

	json_put_text(object, "condition", why->check ? why->check->condition : NULL);
	json_put_text(object, "cleared_by", why->check ? why->check->cleared_by : NULL);
	json_put(object, "rules", rules_json(why));
	json_put(object, "plan", plan_json(why));
	for (size_t i = 0; i < why->session_count; i++)
		json_append(sessions, session_json(why, &why->sessions[i]));
	json_put(object, "sessions", sessions);
	for (size_t i = 0; i < why->correction_count; i++)
		json_append(corrections, correction_json(why, &why->corrections[i]));
	json_put(object, "corrections", corrections);
	json_print(object);
}
