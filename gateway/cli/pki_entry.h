/* pki_entry.h - a line of the registry: which one is meant, and how it is shown. */
#ifndef CLI_PKI_ENTRY_H
#define CLI_PKI_ENTRY_H

#include "cli/pki_request.h"

#include <jansson.h>

#define PKI_SOON_DAYS 30 /* time enough to bring a new certificate to each device */

enum pki_state {
	PKI_ACTIVE,
	PKI_ENDS_SOON, /* within PKI_SOON_DAYS */
	PKI_EXPIRED,
	PKI_REVOKED,
	PKI_STATE_COUNT,
};

enum pki_state pki_state_of(const struct registry_entry *entry, wall_ms now);
const char *pki_state_name(enum pki_state state); /* "ends-soon" */

/* The device that goes by this name: of several certificates the newest, and never one that was
 * revoked, whose name is free again. NULL: nobody does. */
const struct registry_entry *pki_bearer(const struct registry *registry, const char *name);

/* The newest line of the device that --id or --name means; dies with the registry.
 * Of a name that several had, the one that has it now. CP_NOTFOUND, or CP_INVALID when
 * neither is given or the name is not one device's. */
enum cp_err pki_find_device(const struct pki_request *request, const struct registry *registry,
    const struct registry_entry **out, struct pki_error *error) CP_MUST_CHECK;

const char *pki_serial(const struct registry_entry *entry, char out[2 * SERIAL_MAX_BYTES + 1]);

/* id, kind, name, serial, state, issued, expires, revoked, reason. */
json_t *pki_entry_json(const struct registry_entry *entry, wall_ms now);

#endif
