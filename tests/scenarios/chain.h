/* chain.h - the chain's policy as the scenario has told it so far.
 *
 * A policy replaces the one before it as a whole; here each sentence changes one thing
 * and all of it is sent again.
 */
#ifndef SCENARIOS_CHAIN_H
#define SCENARIOS_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHAIN_CHECKS_MAX 128 /* report.proto: Policy.off */
#define CHAIN_SETTINGS_MAX 32
#define CHAIN_SETTING_BYTES 96

struct words;

struct chain {
	bool has_policy;
	uint32_t version;
	bool is_off[CHAIN_CHECKS_MAX]; /* by place in the enum's descriptor */
	char settings[CHAIN_SETTINGS_MAX][CHAIN_SETTING_BYTES]; /* CHECK:PARAMETER:VALUE... */
	size_t setting_count;
};

/* "off A, B", "on A", "only A B", "setting A:min_days:21", one after another. */
void chain_take(struct chain *chain, struct words *words);

#endif
