/* http.h - answers GET for programs that watch the gateway, by libmicrohttpd.
 *
 * What:    a table of paths; each answer is one body, made at once. On an IP address (of
 *          the loopback unless a person decided otherwise) or on a unix socket.
 * Strict:  GET and HEAD only, no body, one Host, which must be an IP address, "localhost"
 *          or this box's own name: a page that rebinds its own name to ours gets
 *          nothing. No folder, no file, no cookie; a connection serves one request.
 * Bounds:  P6. HTTP_CONNECTIONS_MAX at once, HTTP_PER_ADDRESS_MAX of one address,
 *          HTTP_MEMORY_BYTES each, HTTP_SILENCE_S without a byte, HTTP_LIFE_MS in all,
 *          HTTP_BODY_MAX an answer. Who comes on top waits in the kernel's queue.
 * Threads: one of its own; every answer runs on it, one at a time. Open and close from
 *          the loop's.
 */
#ifndef IO_HTTP_H
#define IO_HTTP_H

#include "base/buf.h"
#include "base/time.h"

#include <stdatomic.h>

#define HTTP_CONNECTIONS_MAX 32
#define HTTP_PER_ADDRESS_MAX 16
#define HTTP_MEMORY_BYTES 16384
#define HTTP_SILENCE_S 5
#define HTTP_LIFE_MS 10000
#define HTTP_BODY_MAX (256U << 10)

struct http;

struct http_reply {
	unsigned status;  /* 200 */
	const char *type; /* "text/plain; charset=utf-8"; static */
	struct buf body;
};

struct http_route {
	const char *path; /* "/metrics" */
	void (*answer)(void *ctx, struct http_reply *reply);
};

struct http_config {
	const char *address; /* numeric */
	uint16_t port;       /* 0: the system chooses */
	const char *socket;  /* a path, instead of both; NULL: none */
};

/* Read from any thread. */
struct http_counters {
	_Atomic uint64_t answered;
	_Atomic uint64_t refused; /* 4xx of ours: path, method, Host, body */
	_Atomic uint64_t cut;     /* too slow */
};

/* `routes` is borrowed. Logs what went wrong. */
enum cp_err http_open(const struct http_config *config, const struct http_route *routes,
    size_t count, void *ctx, struct http **out) CP_MUST_CHECK;

uint16_t http_port(const struct http *http); /* 0: a unix socket */
const struct http_counters *http_counters(const struct http *http);

/* Whether its thread has turned since it was asked last; asks again. It turns once a second,
 * whether somebody calls or not. */
bool http_answers(struct http *http);

/* Waits for the answer under way. NULL is allowed. */
void http_close(struct http *http);

/* Appends; what does not fit is left out, and the answer becomes a 500. */
void http_print(struct http_reply *reply, const char *format, ...) CP_PRINTF(2, 3);

/* Is it ours, written as in the header Host? `box` is this box's own name. */
bool http_host_is_ours(const char *host, const char *box);

#endif
