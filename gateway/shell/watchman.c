#include "shell/watchman.h"

#include "io/clock.h"
#include "io/log.h"

static void say_expiry(const struct watchman *watchman)
{
	wall_ms left = tls_config_expires_at(reload_tls(watchman->reload)) - clock_wall();
	mono_ms now = clock_mono();
	mono_ms *said_at = watchman->expiry_said_at;

	if (left > WATCHMAN_EXPIRY_DAYS * MS_PER_DAY || (*said_at && now < *said_at + MS_PER_DAY))
		return;
	*said_at = now;
	if (left > 0)
		log_event(CERTIFICATE_EXPIRES,
		    "the certificate that the gateway shows to devices ends in %lld days; then no "
		    "device connects any more. Make a new one with carepace pki listener, then "
		    "systemctl reload carepace",
		    (long long)(left / MS_PER_DAY));
	else
		log_event(CERTIFICATE_EXPIRES,
		    "the certificate that the gateway shows to devices has ended: no device "
		    "connects any more. Make a new one with carepace pki listener, then systemctl "
		    "reload carepace");
}

void watchman_look(const struct watchman *watchman)
{
	struct watch_look look = {
	    .is_taken = true,
	    .has_head_office = head_office_is_configured(watchman->office),
	    .down_ms = head_office_down_ms(watchman->office, clock_mono()),
	    .crl_next_update = tls_config_crl_next_update(reload_tls(watchman->reload)),
	};

	ledger_disk(watchman->store_path, &look.disk_used_bytes, &look.disk_total_bytes);
	say_expiry(watchman);
	intake_look(watchman->intake, &look);
}
