/* reload_set.h - everything that one reload reads, and what is different in it.
 *
 * Threads: reload_set_read() may run anywhere, all else the loop's only.
 * Memory:  the caller's; deinit is safe on a zeroed struct.
 */
#ifndef SHELL_RELOAD_SET_H
#define SHELL_RELOAD_SET_H

#include "io/config.h"
#include "io/tls_show.h"

#define RELOAD_REFUSED                                                                             \
	"reload: nothing is taken, everything that was in force stays so; correct this and "       \
	"reload again"

struct reload_shown {
	struct tls_shown devices;     /* what they see of us */
	struct tls_shown head_office; /* and what it sees; zeroed: there is none */
};

struct reload_set {
	struct config config;
	struct tls_config *tls;
	struct reload_shown shown;
	struct buf faults;      /* of the configuration and the policy, a line each */
	struct pki_error error; /* of the certificates */
	enum cp_err err;
};

void reload_set_read(struct reload_set *set, const char *path, const struct ticket_keys *keys);
void reload_set_deinit(struct reload_set *set);

/* What was wrong, and that nothing is taken. */
void reload_set_say_faults(const struct reload_set *set);

/* A line for each change. What needs a restart is put back to what is in force. Returns how many
 * were taken; *has_new_head_office: one of them concerns the connection to it. */
unsigned reload_set_say_changes(struct reload_set *set, struct config *in_force,
    const struct reload_shown *shown, bool *has_new_head_office);

struct tls_files reload_files(const struct config *config, const struct ticket_keys *keys);

/* Nothing to show without a head office. */
enum cp_err reload_show_head_office(
    const struct config *config, struct tls_shown *out, struct pki_error *error) CP_MUST_CHECK;

#endif
