#include "care/report/summary.h"

#include "care/time/civil.h"

static ProtobufCBinaryData bytes_of(const struct id *id)
{
	return (ProtobufCBinaryData){.len = ID_BYTES, .data = (uint8_t *)id->b};
}

/* The device's last word (R12), else what its silence or its emergency stop says. */
static void fill_end(Carepace__V1__SessionEnd *end, const struct summary_input *input)
{
	const struct session *session = input->session;
	const struct session_fold *fold = &session->fold;

	carepace__v1__session_end__init(end);
	end->reason = session->has_end ? CAREPACE__V1__END_REASON__END_ESTOP
	                               : CAREPACE__V1__END_REASON__END_LOST;
	end->has_active_ms = end->has_pulses = 1;
	end->active_ms = fold->active_ms < UINT32_MAX ? (uint32_t)fold->active_ms : UINT32_MAX;
	end->pulses = fold->pulses < UINT32_MAX ? (uint32_t)fold->pulses : UINT32_MAX;
	for (size_t i = 0; i < input->facts.count; i++)
		if (input->facts.items[i].reading.kind == READING_SESSION_END)
			*end = *input->facts.items[i].reading.up->session_end;
	end->sid = bytes_of(&session->sid);
	end->has_end_ts_ms = 1;
	end->end_ts_ms = session->end;
}

static void fill_carts(struct summary *summary, const struct summary_input *input)
{
	Carepace__V1__SessionSummary *out = &summary->message;

	out->cart = summary->cart_pointers;
	for (size_t i = 0; i < input->use_count && i < SUMMARY_CARTS_MAX; i++) {
		const struct cart_use *use = &input->uses[i];
		Carepace__V1__Cartridge *cart = &summary->carts[i];
		carepace__v1__cartridge__init(cart);
		cart->gtin = *use->gtin ? (char *)use->gtin : NULL;
		cart->serial = *use->serial ? (char *)use->serial : NULL;
		cart->lot = *use->lot ? (char *)use->lot : NULL;
		cart->has_expiry_yyyymmdd = use->expiry_yyyymmdd != 0;
		cart->expiry_yyyymmdd = use->expiry_yyyymmdd;
		out->cart[out->n_cart++] = cart;
	}
}

static void fill_kind(Carepace__V1__SessionSummary *out, const struct session *session)
{
	out->has_booking = session->booking != 0;
	out->booking = (uint64_t)session->booking;
	out->has_course = session->course != 0;
	out->course = (uint64_t)session->course;
	out->has_phase = session->phase != 0;
	out->phase = (Carepace__V1__Phase)session->phase;
	out->has_modality = session->modality != 0;
	out->modality = (Carepace__V1__Modality)session->modality;
	out->has_zones = session->zones != 0;
	out->zones = session->zones;
}

void summary_fill(struct summary *summary, const struct summary_input *input)
{
	const struct session *session = input->session;
	Carepace__V1__SessionSummary *out = &summary->message;

	carepace__v1__session_summary__init(out);
	fill_end(&summary->end, input);
	out->end = &summary->end;
	out->start_ts_ms = session->start;
	out->local_date = civil_to_yyyymmdd(session->day);
	out->has_visit_id = !id_is_zero(&input->visit);
	out->visit_id = bytes_of(&input->visit);
	out->has_exposing = out->has_completed = out->has_voided = 1;
	out->exposing = session->is_exposing;
	out->completed = session->is_completed;
	out->voided = session->is_void;
	out->has_test = out->test = session->is_test;
	out->has_decision = input->decision != 0;
	out->decision = (Carepace__V1__Decision)input->decision;
	out->has_overrides = 1;
	out->overrides = input->overrides;
	out->has_device = 1;
	out->device = bytes_of(&session->source);
	fill_kind(out, session);
	fill_carts(summary, input);
	out->has_ts_source = 1;
	out->ts_source = ts_source_told(session->ts_source);
}
