/* config_credential.h - secrets that the service manager hands over.
 *
 * What:    the unit lets systemd read the private keys (LoadCredential=), so that they
 *          belong to root and the gateway sees only copies that nobody else can open. A
 *          credential goes before the file that the configuration names.
 * Names:   of /etc/carepace/pki/listener.key: "pki_listener.key", the last folder and the file.
 * Reload:  systemd makes the copies at the start; the unit's ExecReload= puts later ones into
 *          $RUNTIME_DIRECTORY, which go before.
 * Errors:  none. A credential that is not there, or says CONFIG_CREDENTIAL_ABSENT (the
 *          unit's default), leaves the path as it is.
 */
#ifndef IO_CONFIG_CREDENTIAL_H
#define IO_CONFIG_CREDENTIAL_H

#include "base/err.h"

#include <stdbool.h>

#define CONFIG_CREDENTIAL_ABSENT "absent"

/* Replaces *path, which is on the heap, by that of its credential; NULL is allowed in it.
 * CP_NOMEM leaves it as it is. */
enum cp_err config_credential_take(char **path) CP_MUST_CHECK;

/* Both are copies of one key, of the start and of a reload: as a setting they are the same. */
bool config_credential_is_same(const char *one, const char *other);

#endif
