#include "io/http.h"

#include "io/clock.h"
#include "io/http_socket.h"
#include "io/log.h"

#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define SWEEP_MS 1000

/* The same meaning, another name since 0.9.77. */
#if MHD_VERSION >= 0x00097701
#define STRICT MHD_OPTION_CLIENT_DISCIPLINE_LVL
#else
#define STRICT MHD_OPTION_STRICT_FOR_CLIENT
#endif

/* libmicrohttpd's own time limit counts from the last byte: who sends one now and then
 * would stay for ever. */
struct visit {
	int fd; /* -1: free */
	mono_ms since;
	bool is_cut;
};

struct http {
	struct MHD_Daemon *daemon;
	const struct http_route *routes;
	size_t route_count;
	void *ctx;
	pthread_t thread;
	int wake;             /* eventfd: stop */
	atomic_bool is_asked; /* http_answers() */
	uint16_t port;
	char *socket; /* its path, to be removed; NULL: none */
	char box[256];
	struct http_counters counters;
	struct visit visits[HTTP_CONNECTIONS_MAX];
};

/* --- one request ---------------------------------------------------------------------- */

void http_print(struct http_reply *reply, const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	int len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(line) ||
	    buf_append(&reply->body, line, (size_t)len) != CP_OK)
		reply->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
}

/* What must be right before anybody answers (TRAPS 4: not all of it is the library's). */
struct headers {
	const char *host;
	int hosts;
	bool has_body;
};

static enum MHD_Result on_header(
    void *ctx, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct headers *headers = ctx;

	(void)kind;
	if (strcasecmp(key, MHD_HTTP_HEADER_HOST) == 0) {
		headers->hosts++;
		headers->host = value;
	}
	if (strcasecmp(key, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0 ||
	    (strcasecmp(key, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0 &&
	        (!value || strcmp(value, "0") != 0)))
		headers->has_body = true;
	return MHD_YES;
}

static void refuse(struct http *http, struct http_reply *reply, unsigned status, const char *text)
{
	atomic_fetch_add(&http->counters.refused, 1);
	reply->status = status;
	http_print(reply, "%s\n", text);
}

static void answer(struct http *http, const char *path, const char *method, struct headers *headers,
    struct http_reply *reply)
{
	if (headers->hosts != 1 || !headers->host || !http_host_is_ours(headers->host, http->box)) {
		refuse(http, reply, MHD_HTTP_MISDIRECTED_REQUEST,
		    "Ask by an IP address, localhost or the name of this box.");
		return;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
		refuse(http, reply, MHD_HTTP_METHOD_NOT_ALLOWED, "Only GET and HEAD are allowed.");
		return;
	}
	if (headers->has_body) {
		refuse(http, reply, MHD_HTTP_BAD_REQUEST, "A request has no body here.");
		return;
	}
	for (size_t i = 0; i < http->route_count; i++)
		if (strcmp(path, http->routes[i].path) == 0) {
			atomic_fetch_add(&http->counters.answered, 1);
			http->routes[i].answer(http->ctx, reply);
			return;
		}
	refuse(http, reply, MHD_HTTP_NOT_FOUND, "There is nothing here.");
}

static enum MHD_Result send_reply(struct MHD_Connection *connection, struct http_reply *reply)
{
	static const struct {
		const char *name;
		const char *value;
	} headers[] = {
	    {MHD_HTTP_HEADER_CONNECTION, "close"},
	    {MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"},
	    {"X-Content-Type-Options", "nosniff"},
	    {"X-Frame-Options", "DENY"},
	    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
	    {"Cross-Origin-Resource-Policy", "same-origin"},
	    {"Referrer-Policy", "no-referrer"},
	};
	struct slice body = buf_bytes(&reply->body);
	struct MHD_Response *response = MHD_create_response_from_buffer(
	    body.len, (void *)(uintptr_t)body.p, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result = response ? MHD_YES : MHD_NO;

	for (size_t i = 0; i < CP_COUNT(headers) && result == MHD_YES; i++)
		result = MHD_add_response_header(response, headers[i].name, headers[i].value);
	if (result == MHD_YES)
		result =
		    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type);
	if (result == MHD_YES && reply->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		result = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	if (result == MHD_YES)
		result = MHD_queue_response(connection, reply->status, response);
	if (response)
		MHD_destroy_response(response);
	return result;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *path,
    const char *method, const char *version, const char *body, size_t *body_len, void **state)
{
	struct http *http = ctx;
	struct headers headers = {0};
	struct http_reply reply = {.status = MHD_HTTP_OK, .type = "text/plain; charset=utf-8"};

	(void)version;
	(void)body;
	(void)body_len;
	(void)state;
	buf_init(&reply.body, HTTP_BODY_MAX);
	MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, &headers);
	answer(http, path, method, &headers, &reply);
	enum MHD_Result result = send_reply(connection, &reply);
	buf_deinit(&reply.body);
	return result;
}

/* --- connections ------------------------------------------------------------------------ */

static void on_connection(void *ctx, struct MHD_Connection *connection, void **socket_ctx,
    enum MHD_ConnectionNotificationCode code)
{
	struct http *http = ctx;
	size_t i = 0;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		struct visit *visit = *socket_ctx;
		if (visit)
			visit->fd = -1;
		return;
	}
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	while (i < HTTP_CONNECTIONS_MAX && http->visits[i].fd >= 0)
		i++;
	*socket_ctx = NULL;
	if (!info || i == HTTP_CONNECTIONS_MAX)
		return; /* the library's limit is ours */
	http->visits[i] = (struct visit){.fd = info->connect_fd, .since = clock_mono()};
	*socket_ctx = &http->visits[i];
}

static void sweep(struct http *http)
{
	mono_ms now = clock_mono();

	for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
		struct visit *visit = &http->visits[i];
		if (visit->fd < 0 || visit->is_cut || now - visit->since < HTTP_LIFE_MS)
			continue;
		visit->is_cut = true;
		atomic_fetch_add(&http->counters.cut, 1);
		(void)shutdown(visit->fd, SHUT_RDWR); /* the library closes it */
	}
}

/* Our paths have no escapes; what is left as it came cannot become one of them. */
static size_t leave_escapes(void *ctx, struct MHD_Connection *connection, char *text)
{
	(void)ctx;
	(void)connection;
	return strlen(text);
}

static void on_log(void *ctx, const char *format, va_list args) CP_PRINTF(2, 0);

static void on_log(void *ctx, const char *format, va_list args)
{
	char line[256];

	(void)ctx;
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	log_debug("http: %s", line);
}

/* --- the thread --------------------------------------------------------------------------- */

static int wait_ms(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG limit_ms;

	if (MHD_get_timeout(http->daemon, &limit_ms) == MHD_YES && limit_ms < SWEEP_MS)
		return (int)limit_ms;
	return SWEEP_MS;
}

static void *serve(void *arg)
{
	struct http *http = arg;
	const union MHD_DaemonInfo *info =
	    MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd fds[2] = {
	    {.fd = info->epoll_fd, .events = POLLIN},
	    {.fd = http->wake, .events = POLLIN},
	};

	while (!(fds[1].revents & POLLIN)) {
		(void)poll(fds, CP_COUNT(fds), wait_ms(http)); /* EINTR: look again */
		CP_CHECK(MHD_run(http->daemon) == MHD_YES);
		sweep(http);
		atomic_store(&http->is_asked, false);
	}
	return NULL;
}

/* *out is set before anybody can ask. */
static bool start(struct http *http, const struct http_config *config, struct http **out)
{
	int fd = http_listen(config, &http->port);

	if (fd < 0)
		return false;
	http->socket = config->socket ? strdup(config->socket) : NULL;
	/* Takes the socket, also when it fails. */
	http->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL,
	    on_request, http, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
	    MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_CONNECTION_LIMIT, HTTP_CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
	    HTTP_PER_ADDRESS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_MEMORY_BYTES,
	    MHD_OPTION_CONNECTION_TIMEOUT, HTTP_SILENCE_S, STRICT, 1, MHD_OPTION_NOTIFY_CONNECTION,
	    on_connection, http, MHD_OPTION_END);
	http->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	*out = http;
	if (http->daemon && http->wake >= 0 &&
	    pthread_create(&http->thread, NULL, serve, http) == 0) {
		pthread_setname_np(http->thread, "http"); /* for top -H */
		return true;
	}
	log_error("cannot answer health and metrics: out of memory or descriptors");
	return false;
}

static void free_http(struct http *http)
{
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	if (http->socket)
		(void)unlink(http->socket);
	if (http->wake >= 0)
		close(http->wake);
	free(http->socket);
	free(http);
}

enum cp_err http_open(const struct http_config *config, const struct http_route *routes,
    size_t count, void *ctx, struct http **out)
{
	struct http *http = calloc(1, sizeof(*http));

	*out = NULL;
	if (!http)
		return CP_NOMEM;
	http->routes = routes;
	http->route_count = count;
	http->ctx = ctx;
	http->wake = -1;
	for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++)
		http->visits[i].fd = -1;
	if (gethostname(http->box, sizeof(http->box) - 1))
		http->box[0] = '\0';
	if (start(http, config, out))
		return CP_OK;
	free_http(http);
	*out = NULL;
	return CP_NET;
}

uint16_t http_port(const struct http *http)
{
	return http->port;
}

const struct http_counters *http_counters(const struct http *http)
{
	return &http->counters;
}

bool http_answers(struct http *http)
{
	return !atomic_exchange(&http->is_asked, true);
}

void http_close(struct http *http)
{
	const uint64_t one = 1;

	if (!http)
		return;
	CP_CHECK(write(http->wake, &one, sizeof(one)) == sizeof(one));
	pthread_join(http->thread, NULL);
	free_http(http);
}
