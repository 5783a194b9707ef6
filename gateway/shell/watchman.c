#include "shell/watchman.h"

#include "io/clock.h"

void watchman_look(const struct watchman *watchman)
{
	struct watch_look look = {
	    .is_taken = true,
	    .has_head_office = watchman->office != NULL,
	    .down_ms = head_office_down_ms(watchman->office, clock_mono()),
	    .crl_next_update = tls_config_crl_next_update(reload_tls(watchman->reload)),
	};

	ledger_disk(watchman->store_path, &look.disk_used_bytes, &look.disk_total_bytes);
	intake_look(watchman->intake, &look);
}
