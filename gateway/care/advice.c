#include "care/advice.h"

#include <stdlib.h>

bool finding_is_during(const struct finding *finding, event_ms start)
{
	unsigned when = catalogue_find(finding->check)->when;

	return when & WHEN_DURING &&
	       (!(when & WHEN_START) || finding->from > start || finding->count > 1);
}

static bool is_on(const struct alert *alert, bool is_during)
{
	const struct finding *finding = &alert->finding;

	return alert->state != ALERT_RETRACTED &&
	       (finding->until == TIME_NEVER || (!is_during && finding->is_latched));
}

struct advice advice_of(
    const struct alert *alert, const struct session *session, int knows, enum advice_news news)
{
	const struct finding *finding = &alert->finding;
	bool is_during = finding_is_during(finding, session->start);
	bool is_of_start = catalogue_find(finding->check)->when & WHEN_START && !is_during;
	bool is_loud = news != ADVICE_QUIET;
	int severity = (int)finding->severity;

	if (!is_during && !is_of_start)
		return (struct advice){.knows = 0};
	if (!is_on(alert, is_during)) /* what it was told, it is owed the end of */
		return knows > 0 && !is_loud ? (struct advice){.knows = knows}
		                             : (struct advice){.is_sent = knows > 0};
	if (severity <= abs(knows))
		return (struct advice){.knows = knows};
	if (is_of_start && (session->state == SESSION_OFFERED || news == ADVICE_BESIDE_VERDICT))
		is_loud = false;
	if (!is_loud)
		return (struct advice){.knows = knows > 0 ? severity : -severity};
	return (struct advice){.knows = severity, .is_sent = true, .is_on = true};
}
