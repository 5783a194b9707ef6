/* config.h - what the person who runs the box has decided.
 *
 * What:    a YAML file becomes a plain struct; every value was checked against
 *          the table in io/settings and is usable as it stands.
 * Errors:  all of a file in one pass, one line each, in the order of the file:
 *          "file:line: key: expected ..., found ...".
 * Memory:  the strings belong to the struct; config_free() gives them back.
 *          Optional strings that were not given are NULL.
 * Threads: none of its own; a loaded struct is read-only.
 */
#ifndef IO_CONFIG_H
#define IO_CONFIG_H

#include "base/buf.h"
#include "base/err.h"
#include "io/log.h"

#define CONFIG_FILE_MAX_BYTES (256 * 1024)
#define CONFIG_FAULTS_MAX_BYTES (64 * 1024)
#define CONFIG_ZONEINFO_DIR "/usr/share/zoneinfo"

struct config_site {
	char *name;
	char *timezone; /* an IANA name; the file in CONFIG_ZONEINFO_DIR exists */
};

struct config_store {
	char *path; /* a folder */
	int reserve_bytes;
	int keep_streams_s;
};

struct config_listener {
	char *address; /* numeric, IPv4 or IPv6 */
	int port;
	char *certificate;
	char *key;
	char *ca;
	char *registry;
	int max_connections;
	int max_keep_alive_s;
	int session_expiry_max_s;
	int receive_maximum;
	int max_packet_bytes;
	int max_messages_per_s; /* of one device; these three */
	int max_bytes_per_s;
	int max_connects_per_s;
};

struct config_upstream {
	char **servers;   /* "ssl://host:port" each */
	int server_count; /* 0: no head office; the rest of the struct may be NULL */
	char *ca;
	char *certificate;
	char *key;
	bool receipts; /* wait for head office's receipt, not the broker's PUBACK */
	int outbox_max_bytes;
	int outbox_days;
	bool json; /* speak protobuf's JSON form */
};

/* For programs that watch the gateway (io/http). */
struct config_http {
	char *address; /* numeric, IPv4 or IPv6 */
	int port;      /* 0: nobody listens */
	char *socket;  /* a unix socket instead; NULL: none */
};

struct config_policy {
	char *file; /* the clinic's own policy (io/config_policy); NULL: none */
};

struct config_own;

struct config {
	struct config_site site;
	struct config_store store;
	struct config_listener listener;
	struct config_upstream upstream;
	struct config_http http;
	struct config_policy policy;
	enum log_level log_level;
	struct config_own *own; /* what policy.file says; NULL after config_parse() */
};

/* With the policy file, if one is named: both are good, or neither is taken.
 * A private key that systemd handed over is taken from there (io/config_credential).
 * CP_OK, or CP_CONFIG with at least one line appended to `faults`, or CP_NOMEM;
 * *out is zeroed unless CP_OK. Relative paths in the file count from its folder.
 * `faults` is the caller's, with a maximum of CONFIG_FAULTS_MAX_BYTES. */
enum cp_err config_load(struct config *out, const char *path, struct buf *faults) CP_MUST_CHECK;

/* The same for text in memory; `path` is what faults call it. */
enum cp_err config_parse(
    struct config *out, const char *path, struct slice yaml, struct buf *faults) CP_MUST_CHECK;

void config_free(struct config *config); /* safe on a zeroed struct */

#endif
