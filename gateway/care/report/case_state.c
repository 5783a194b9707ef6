#include "care/report/case_state.h"

#include "care/time/civil.h"

static ProtobufCBinaryData bytes_of(const struct id *id)
{
	return (ProtobufCBinaryData){.len = ID_BYTES, .data = (uint8_t *)id->b};
}

/* Of several the one that is told last in the order of duty. */
static Carepace__V1__ReportedTo reported_to(unsigned reported)
{
	if (reported & 1U << CAREPACE__V1__REPORTED_TO__REPORTED_TO_AUTHORITY)
		return CAREPACE__V1__REPORTED_TO__REPORTED_TO_AUTHORITY;
	return reported ? CAREPACE__V1__REPORTED_TO__REPORTED_TO_MAKER
	                : CAREPACE__V1__REPORTED_TO__REPORTED_TO_NOBODY;
}

void case_state_fill(Carepace__V1__AeCase *out, const struct case_outlook *outlook)
{
	const struct adverse_case *told = &outlook->told;

	carepace__v1__ae_case__init(out);
	out->ae_id = bytes_of(&outlook->id);
	out->has_deadline_date = 1;
	out->deadline_date = outlook->has_duty ? civil_to_yyyymmdd(outlook->deadline_day) : 0;
	out->has_role = outlook->role != 0;
	out->role = outlook->role;
	out->state = told->is_resolved ? CAREPACE__V1__AE_STATE__AE_RESOLVED
	                               : CAREPACE__V1__AE_STATE__AE_OPEN;
	out->has_code = told->code != 0;
	out->code = told->code;
	out->has_serious = told->serious != 0;
	out->serious = told->serious;
	out->has_reported_to = 1;
	out->reported_to = reported_to(told->reported);
	out->has_sid = !id_is_zero(&told->sid);
	out->sid = bytes_of(&told->sid);
}
