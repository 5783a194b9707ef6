/* err.h - the three kinds of trouble, and what each does.
 *
 * Ours:    a bug. CP_CHECK stops the program, in release builds too. systemd
 *          restarts it, and nothing acknowledged is lost (P1), so stopping is
 *          safe and going on is not.
 * Theirs:  the peer's fault is a result, not an error: parsers answer with an
 *          enum of their own (packet, link, reading).
 * World:   disk, network, memory: enum cp_err. The adapter that met it logs it
 *          once, where the library's text is known; callers only decide.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum cp_err {
	CP_OK = 0,
	CP_NOMEM,    /* a bounded buffer or the heap has no room */
	CP_FULL,     /* a bounded queue is full; try again later */
	CP_IO,       /* the disk failed: fail-stop (P11) */
	CP_NOSPACE,  /* the disk is full: a state, not a failure (P11) */
	CP_CORRUPT,  /* the store holds what we did not write */
	CP_NEWER,    /* the store was written by a newer program */
	CP_NOTFOUND, /* no such thing */
	CP_BUSY,     /* somebody else holds it (port, lock, store) */
	CP_NET,      /* the network said no */
	CP_TLS,      /* a certificate or handshake was refused */
	CP_CONFIG,   /* a setting or an argument is wrong */
	CP_INVALID,  /* malformed input */
};

/* "disk error": a few words for people, never NULL. */
const char *cp_err_text(enum cp_err err);

#define CP_MUST_CHECK __attribute__((warn_unused_result))
#define CP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

_Noreturn void cp_check_failed(const char *what, const char *file, int line);
#define CP_CHECK(cond) ((cond) ? (void)0 : cp_check_failed(#cond, __FILE__, __LINE__))

#define CP_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
