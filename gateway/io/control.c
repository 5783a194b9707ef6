#include "io/control.h"

#include "io/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

struct client {
	struct control *control;
	uint64_t id; /* generation and slot; 0: has none and is turned away */
	bool is_closing;
	uint8_t handles; /* that libuv has not given back */
	uv_pipe_t pipe;
	uv_timer_t deadline;
	uv_write_t write;
	size_t len;
	char line[CONTROL_LINE_MAX]; /* the request, then the answer */
};

struct control {
	uv_loop_t *loop;
	uv_pipe_t server;
	int folder;
	control_request_fn *on_request;
	void *ctx;
	struct control_counters counters;
	struct client *clients[CONTROL_CLIENTS_MAX];
	size_t count; /* also of those without a slot */
	uint64_t generation;
	bool is_server_closed;
};

/* --- the end ---------------------------------------------------------------------- */

static void free_when_done(struct control *control)
{
	if (control->is_server_closed && control->count == 0)
		free(control);
}

static void on_client_closed(uv_handle_t *handle)
{
	struct client *client = handle->data;
	struct control *control = client->control;

	if (--client->handles)
		return;
	if (client->id)
		control->clients[client->id % CONTROL_CLIENTS_MAX] = NULL;
	control->count--;
	free(client);
	free_when_done(control);
}

static void close_client(struct client *client)
{
	if (client->is_closing)
		return;
	client->is_closing = true;
	uv_close((uv_handle_t *)&client->pipe, on_client_closed);
	uv_close((uv_handle_t *)&client->deadline, on_client_closed);
}

static void refuse(struct client *client, const char *why)
{
	client->control->counters.refused++;
	log_warning("closed a connection to the control socket: %s", why);
	close_client(client);
}

/* --- question and answer ------------------------------------------------------------ */

static void on_deadline(uv_timer_t *timer)
{
	refuse(timer->data, "it took too long");
}

static void on_answered(uv_write_t *write, int status)
{
	(void)status; /* who does not want the answer any more has left */
	close_client(write->data);
}

void control_answer(struct control *control, uint64_t request, struct slice line)
{
	struct client *client = control->clients[request % CONTROL_CLIENTS_MAX];

	if (!client || client->id != request || client->is_closing)
		return;
	client->len = line.len < CONTROL_LINE_MAX - 1 ? line.len : CONTROL_LINE_MAX - 1;
	memcpy(client->line, line.p, client->len);
	client->line[client->len++] = '\n';
	uv_buf_t part = uv_buf_init(client->line, (unsigned)client->len);
	client->write.data = client;
	uv_timer_start(&client->deadline, on_deadline, CONTROL_ASK_MS, 0);
	if (uv_write(&client->write, (uv_stream_t *)&client->pipe, &part, 1, on_answered))
		close_client(client);
}

static void lend_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct client *client = handle->data;

	(void)suggested;
	*buf = uv_buf_init(client->line + client->len, (unsigned)(CONTROL_LINE_MAX - client->len));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct client *client = stream->data;
	struct control *control = client->control;

	if (n == UV_ENOBUFS) {
		refuse(client, "its request is too long");
		return;
	}
	if (n < 0) {
		close_client(client);
		return;
	}
	const char *end = memchr(buf->base, '\n', (size_t)n);
	client->len += (size_t)n;
	if (!end)
		return;
	/* What stands behind the line is nobody's question. */
	uv_read_stop(stream);
	uv_timer_stop(&client->deadline);
	control->counters.requests++;
	control->on_request(
	    control->ctx, client->id, slice_of(client->line, (size_t)(end - client->line)));
}

/* --- the beginning -------------------------------------------------------------------- */

static bool is_allowed(const uv_pipe_t *pipe)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	uv_os_fd_t fd;

	if (uv_fileno((const uv_handle_t *)pipe, &fd) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	return peer.uid == geteuid() || peer.uid == 0;
}

/* The slot is the rest of the id by CONTROL_CLIENTS_MAX. */
static void give_id(struct control *control, struct client *client)
{
	uint64_t slot = 0;

	while (slot < CONTROL_CLIENTS_MAX && control->clients[slot])
		slot++;
	if (slot == CONTROL_CLIENTS_MAX)
		return;
	client->id = ++control->generation * CONTROL_CLIENTS_MAX + slot;
	control->clients[slot] = client;
}

static void on_connection(uv_stream_t *server, int status)
{
	struct control *control = server->data;
	struct client *client = status < 0 ? NULL : calloc(1, sizeof(*client));

	if (!client)
		return; /* libuv listens no more: who asks hears nothing and gives up */
	client->control = control;
	client->handles = 2;
	client->pipe.data = client->deadline.data = client;
	control->count++;
	give_id(control, client);
	CP_CHECK(uv_pipe_init(control->loop, &client->pipe, 0) == 0);
	CP_CHECK(uv_timer_init(control->loop, &client->deadline) == 0);
	if (uv_accept(server, (uv_stream_t *)&client->pipe)) {
		close_client(client);
	} else if (!client->id) {
		refuse(client, "there are too many");
	} else if (!is_allowed(&client->pipe)) {
		refuse(client, "it is not of the daemon's user, nor root's");
	} else {
		uv_timer_start(&client->deadline, on_deadline, CONTROL_ASK_MS, 0);
		if (uv_read_start((uv_stream_t *)&client->pipe, lend_buffer, on_read))
			close_client(client);
	}
}

/* A path by the folder's descriptor: a unix socket's name has 107 bytes, the store's
 * folder may need more. */
static struct sockaddr_un address_in(int folder)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/" CONTROL_SOCKET_NAME, folder);
	return at;
}

/* Nobody can connect before listen(), so the mode is right from the beginning. */
static int bind_socket(int folder)
{
	struct sockaddr_un at = address_in(folder);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if ((unlinkat(folder, CONTROL_SOCKET_NAME, 0) < 0 && errno != ENOENT) ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    fchmodat(folder, CONTROL_SOCKET_NAME, 0600, 0) < 0) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

enum cp_err control_open(struct uv_loop_s *loop, const char *folder, control_request_fn *on_request,
    void *ctx, struct control **out)
{
	struct control *control = calloc(1, sizeof(*control));
	int fd = -1;

	*out = NULL;
	if (!control)
		return CP_NOMEM;
	control->loop = loop;
	control->on_request = on_request;
	control->ctx = ctx;
	control->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (control->folder >= 0)
		fd = bind_socket(control->folder);
	if (fd < 0) {
		log_error("cannot make the control socket %s/" CONTROL_SOCKET_NAME
		          ": %m; `carepace` commands cannot reach the daemon",
		    folder);
		if (control->folder >= 0)
			close(control->folder);
		free(control);
		return CP_IO;
	}
	CP_CHECK(uv_pipe_init(loop, &control->server, 0) == 0);
	control->server.data = control;
	CP_CHECK(uv_pipe_open(&control->server, fd) == 0);
	CP_CHECK(
	    uv_listen((uv_stream_t *)&control->server, CONTROL_CLIENTS_MAX, on_connection) == 0);
	*out = control;
	return CP_OK;
}

const struct control_counters *control_counters(const struct control *control)
{
	return &control->counters;
}

static void on_server_closed(uv_handle_t *handle)
{
	struct control *control = handle->data;

	control->is_server_closed = true;
	free_when_done(control);
}

void control_close(struct control *control)
{
	if (!control)
		return;
	/* It is only in the way: a socket that nobody listens on is refused as well. */
	(void)unlinkat(control->folder, CONTROL_SOCKET_NAME, 0);
	close(control->folder);
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (control->clients[i])
			close_client(control->clients[i]);
	uv_close((uv_handle_t *)&control->server, on_server_closed);
}

/* --- the other side -------------------------------------------------------------------- */

static int connect_in(int folder, int timeout_ms)
{
	struct sockaddr_un at = address_in(folder);
	struct timeval limit = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0 &&
	    connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

static enum cp_err exchange(int fd, const char *line, char answer[CONTROL_LINE_MAX], char why[256])
{
	char request[CONTROL_LINE_MAX];
	int request_len = snprintf(request, sizeof(request), "%s\n", line);
	size_t len = 0;

	CP_CHECK(request_len > 0 && (size_t)request_len < sizeof(request));
	if (send(fd, request, (size_t)request_len, MSG_NOSIGNAL) != request_len) {
		snprintf(
		    why, 256, "the running gateway did not take the request (%s)", strerror(errno));
		return CP_IO;
	}
	while (len < CONTROL_LINE_MAX - 1) {
		ssize_t n = recv(fd, answer + len, CONTROL_LINE_MAX - 1 - len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			snprintf(why, 256,
			    "the running gateway gave no answer in time (%s); its log says what it "
			    "does",
			    strerror(errno));
			return CP_IO;
		}
		len += (size_t)n;
		if (n == 0 || answer[len - 1] == '\n')
			break;
	}
	if (len == 0 || answer[len - 1] != '\n') {
		snprintf(why, 256, "the running gateway ended the connection; its log says why");
		return CP_IO;
	}
	answer[len - 1] = '\0';
	return CP_OK;
}

enum cp_err control_ask(const char *folder, const char *line, int timeout_ms,
    char answer[CONTROL_LINE_MAX], char why[256])
{
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = dir < 0 ? -1 : connect_in(dir, timeout_ms);
	int error = errno;

	if (dir >= 0)
		close(dir);
	if (fd < 0) {
		snprintf(why, 256, "cannot reach the gateway that runs on %s (%s)", folder,
		    strerror(error));
		return error == ENOENT || error == ECONNREFUSED ? CP_NOTFOUND : CP_IO;
	}
	enum cp_err err = exchange(fd, line, answer, why);
	close(fd);
	return err;
}

int control_process(const char *folder)
{
	struct ucred who = {0};
	socklen_t len = sizeof(who);
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = dir < 0 ? -1 : connect_in(dir, CONTROL_ASK_MS);

	if (fd >= 0) {
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
			who.pid = 0;
		close(fd);
	}
	if (dir >= 0)
		close(dir);
	return who.pid;
}
