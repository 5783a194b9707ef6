#include "care/sentence.h"

#include "care/civil.h"
#include "care/session.h"

#include <inttypes.h>
#include <stdio.h>

static const char *days_ago(int64_t days, char *out, size_t out_bytes)
{
	if (days == 0)
		return "earlier today";
	if (days == 1)
		return "yesterday";
	snprintf(out, out_bytes, "%" PRId64 " days ago", days);
	return out;
}

static void too_soon(const struct finding *finding, char out[SENTENCE_BYTES])
{
	char zones[ZONES_TEXT_BYTES];
	char ago[32];
	char date[CIVIL_TEXT_BYTES];

	snprintf(out, SENTENCE_BYTES,
	    "Last treated %s on %s; at least %" PRId64 " days are recommended. Earliest date: %s.",
	    days_ago(finding->value, ago, sizeof(ago)),
	    zones_text(finding->zones, zones, sizeof(zones)), finding->limit,
	    civil_format(finding->earliest_day, date));
}

/* The limit of the MEDIUM step is not what is recommended, but what nobody should
 * wait for. */
static void overdue(const struct finding *finding, char out[SENTENCE_BYTES])
{
	char date[CIVIL_TEXT_BYTES];

	civil_format(finding->effective_day, date);
	if (finding->severity == SEVERITY_LOW)
		snprintf(out, SENTENCE_BYTES,
		    "On %s the last session of course %s was %" PRId64 " days ago; at most %" PRId64
		    " days are recommended. Please offer an appointment.",
		    date, finding->subject, finding->value, finding->limit);
	else
		snprintf(out, SENTENCE_BYTES,
		    "On %s the last session of course %s was %" PRId64
		    " days ago, more than %" PRId64 ". Please offer an appointment soon.",
		    date, finding->subject, finding->value, finding->limit);
}

static void reuse(const struct finding *finding, char out[SENTENCE_BYTES])
{
	const char *whose = finding->related_count == 0 ? "its own counter shows earlier pulses"
	                    : finding->severity == SEVERITY_CRITICAL
	                        ? "it was used before on another or an unknown client"
	                        : "it was used on this client in an earlier visit";
	const char *name_end = strchr(finding->onset, '#');
	int name_len =
	    (int)(name_end ? (size_t)(name_end - finding->onset) : strlen(finding->onset));

	snprintf(out, SENTENCE_BYTES,
	    "Cartridge %.*s is single-use and %s. Replace it with a new one before treating.",
	    name_len, finding->onset, whose);
}

const char *sentence_of(const struct finding *finding, char out[SENTENCE_BYTES])
{
	out[0] = '\0';
	switch (finding->check) {
	case CHECK_INTERVAL_TOO_SOON:
		too_soon(finding, out);
		break;
	case CHECK_INTERVAL_OVERDUE:
		overdue(finding, out);
		break;
	case CHECK_CART_REUSE:
		reuse(finding, out);
		break;
	}
	return out;
}
