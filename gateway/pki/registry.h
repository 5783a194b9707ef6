/* registry.h - which devices may speak: the authority behind a certificate.
 *
 * What:    a text file, loaded whole, replaced atomically. One line a
 *          certificate, fields separated by blanks, the name last:
 *
 *            # carepace device registry 2
 *            # device kind state serial key_sha256 issued expires revoked reason name
 *            <32 hex> pen active <hex> <64 hex> 2026-08-29T12:00:00Z 2028-08-28T12:00:00Z - - Pen 1
 *            crl 2026-11-01T00:00:00Z 2026-12-01T00:00:00Z 2026-11-02T08:00:00Z
 *
 *          kind: pen stamp roller rf tablet; state: active revoked; `revoked` and
 *          `reason` may be - when that is not known. crl: the revocation list that
 *          was imported last, its date, when the next is due, when it came. Empty
 *          lines and lines that begin with # are skipped. The first line is
 *          demanded: an empty or foreign file must not read as "no device".
 *          Version 1 knew no `revoked`, `reason` and crl; it is read, not written.
 * Order:   of the file, so a new device stands at its end; serials are unique. A
 *          device that was renewed has two lines.
 * Memory:  entries belong to the registry; a pointer dies with registry_free()
 *          and with registry_add(). Immutable once loaded, so any thread may look.
 * Errors:  CP_CORRUPT with "file:line: what was expected, what was found".
 */
#ifndef PKI_REGISTRY_H
#define PKI_REGISTRY_H

#include "base/buf.h"
#include "pki/authority.h"
#include "pki/revocation.h"

#define REGISTRY_NAME_MAX 40       /* [A-Za-z0-9 ._-], for people only */
#define REGISTRY_ENTRIES_MAX 20000 /* P6; one clinic has dozens */
#define REGISTRY_LINE_MAX_BYTES 320
#define REGISTRY_FILE_MAX_BYTES ((size_t)REGISTRY_ENTRIES_MAX * REGISTRY_LINE_MAX_BYTES)

/* Numbers as in telemetry.proto. */
enum pki_kind {
	PKI_KIND_NONE = 0,
	PKI_PEN,
	PKI_STAMP,
	PKI_ROLLER,
	PKI_RF,
	PKI_TABLET,
};

struct registry_entry {
	struct id device;
	enum pki_kind kind;
	bool is_revoked;
	enum revocation reason;
	wall_ms revoked_at;               /* 0: not known */
	uint8_t serial[SERIAL_MAX_BYTES]; /* without leading zero bytes */
	size_t serial_len;
	uint8_t key_sha256[HASH_BYTES];
	wall_ms issued_at;
	wall_ms expires_at;
	char name[REGISTRY_NAME_MAX + 1];
};

/* The revocation list that was imported last. */
struct registry_crl {
	wall_ms this_update;
	wall_ms next_update;
	wall_ms imported_at;
};

struct registry;

enum cp_err registry_new(struct registry **out, struct pki_error *error) CP_MUST_CHECK;
enum cp_err registry_load(
    const char *path, struct registry **out, struct pki_error *error) CP_MUST_CHECK;
enum cp_err registry_save(
    const struct registry *registry, const char *path, struct pki_error *error) CP_MUST_CHECK;

/* The same for text in memory; `path` is what errors call it. */
enum cp_err registry_parse(const char *path, struct slice text, struct registry **out,
    struct pki_error *error) CP_MUST_CHECK;
enum cp_err registry_format(const struct registry *registry, struct buf *out) CP_MUST_CHECK;

void registry_free(struct registry *registry);

/* The entry with this serial and this key, revoked or not; NULL if there is no
 * such pair. Leading zero bytes of the serial do not count. */
const struct registry_entry *registry_find(
    const struct registry *registry, struct slice serial, const uint8_t key_sha256[HASH_BYTES]);

/* CP_BUSY if the serial is there, CP_FULL beyond the maximum, CP_INVALID for a
 * name or an id that could not be read back. */
enum cp_err registry_add(struct registry *registry, const struct registry_entry *entry,
    struct pki_error *error) CP_MUST_CHECK;

size_t registry_count(const struct registry *registry);
const struct registry_entry *registry_at(const struct registry *registry, size_t index);

/* By its serial, whatever its key. */
bool registry_find_serial(const struct registry *registry, struct slice serial, size_t *index);
void registry_revoke(
    struct registry *registry, size_t index, enum revocation reason, wall_ms revoked_at);

/* NULL: none was ever imported. */
const struct registry_crl *registry_crl(const struct registry *registry);
void registry_set_crl(struct registry *registry, const struct registry_crl *crl);

/* "pen"; and back, PKI_KIND_NONE when there is no such kind. */
const char *pki_kind_name(enum pki_kind kind);
enum pki_kind pki_kind_from_name(struct slice name);
bool registry_name_is_valid(const char *name);

#endif
