/* alert_json.h - an alert for programs; `alerts` lists them, `why` adds to one. */
#ifndef CLI_ALERT_JSON_H
#define CLI_ALERT_JSON_H

#include "cli/source.h"

#include <jansson.h>

json_t *alert_json(const struct cli_source *source, const struct view_alert *row);

/* The catalogue's sets as words: {"OP", "CL"} and "operator, clinician". */
json_t *who_json(unsigned who);
const char *who_text(unsigned who, char out[96]);

#endif
