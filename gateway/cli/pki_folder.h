/* pki_folder.h - the folder of a clinic's certificates, opened for one command.
 *
 * What:    its paths, its lock, and the authority and registry in it.
 * Threads: two commands on one folder take turns (PKI_LOCK).
 * Memory:  pki_folder_close() frees and unlocks; also after a failed open.
 */
#ifndef CLI_PKI_FOLDER_H
#define CLI_PKI_FOLDER_H

#include "pki/file.h"
#include "pki/registry.h"

#define PKI_BACKDATE_MS MS_PER_HOUR /* for devices whose clock is a little behind */

enum {
	PKI_LOCK = 1 << 0, /* who does not change it needs none: files are replaced whole */
	PKI_AUTHORITY = 1 << 1,
	PKI_REGISTRY = 1 << 2,
};

struct pki_folder {
	const char *dir;
	char ca[PATH_MAX];
	char ca_key[PATH_MAX];
	char listener[PATH_MAX];
	char listener_key[PATH_MAX];
	char registry_path[PATH_MAX];
	char devices[PATH_MAX];
	struct authority *authority; /* NULL unless asked for */
	struct registry *registry;   /* the same */
	int lock;
};

enum cp_err pki_folder_open(struct pki_folder *folder, const char *dir, unsigned parts,
    struct pki_error *error) CP_MUST_CHECK;
/* The registry, durable. */
enum cp_err pki_folder_save(const struct pki_folder *folder, struct pki_error *error) CP_MUST_CHECK;
void pki_folder_close(struct pki_folder *folder);

/* DIR/NAME.pem and DIR/NAME.key */
enum cp_err pki_pair(const char *dir, const char *name, char cert[PATH_MAX], char key[PATH_MAX],
    struct pki_error *error) CP_MUST_CHECK;

/* From a little before now on. */
struct validity pki_valid_for(unsigned days);

#endif
