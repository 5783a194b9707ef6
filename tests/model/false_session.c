/* A gateway that is wrong: it finds a session for everybody who asks for one. */
#include "model.h"

bool __real_roster_connect(struct roster *roster, struct device *device, bool is_clean,
    uint32_t expiry_s, wall_ms now, struct link_session *out);
bool __wrap_roster_connect(struct roster *roster, struct device *device, bool is_clean,
    uint32_t expiry_s, wall_ms now, struct link_session *out);

bool __wrap_roster_connect(struct roster *roster, struct device *device, bool is_clean,
    uint32_t expiry_s, wall_ms now, struct link_session *out)
{
	bool waits = __real_roster_connect(roster, device, is_clean, expiry_s, now, out);

	out->is_present |= !is_clean;
	return waits;
}
