/* lot.h - when a lot of cartridges was recalled. */
#ifndef CLI_LOT_H
#define CLI_LOT_H

#include "cli/list.h"

/* Since when the recall holds that holds at a moment; 0: none. Of any product where gtin
 * is "". */
event_ms lot_recalled_at(
    const struct policy *policy, const char *gtin, const char *lot, event_ms at);

#endif
