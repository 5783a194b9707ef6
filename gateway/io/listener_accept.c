#include "io/listener_state.h"

#include "io/listener_probe.h"
#include "io/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* The socket is ours and only polled by libuv: its own accept answers "no
 * descriptor" by taking and closing whatever waits, and says nothing. */

/* A turn of the loop stays short when a thousand come at once: what follows for each is
 * 0.2 ms of set-up and hello. The others wait in the backlog. */
#define ACCEPTS_PER_TURN 8
#define RETRY_MS 1000

#define HELD_BY_SYSTEMD                                                                            \
	"systemd holds port %u for devices (carepace.socket), but listener.port is %u: make "      \
	"them the same, or stop and disable carepace.socket"

static bool parse_address(const char *text, uint16_t port, struct sockaddr_storage *out)
{
	*out = (struct sockaddr_storage){0};
	return uv_ip4_addr(text, port, (struct sockaddr_in *)out) == 0 ||
	       uv_ip6_addr(text, port, (struct sockaddr_in6 *)out) == 0;
}

static uint16_t port_of(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at = {0};
	socklen_t len = sizeof(at);

	if (getsockname(fd, &at.any, &len) < 0)
		return 0;
	return ntohs(at.any.sa_family == AF_INET6 ? at.v6.sin6_port : at.v4.sin_port);
}

static bool bind_and_listen(int fd, const struct sockaddr_storage *at)
{
	bool is_v6 = at->ss_family == AF_INET6;
	socklen_t len = is_v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) < 0)
		return false;
	if (is_v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int)) < 0)
		return false;
	return bind(fd, (const struct sockaddr *)at, len) == 0 && listen(fd, LISTENER_BACKLOG) == 0;
}

/* Soft limits are low for programs that use select(2); this one does not. */
void listener_raise_descriptor_limit(const struct listener_limits *limits)
{
	rlim_t need = listener_files_needed(limits->connections);
	char why[LISTENER_TEXT_BYTES];
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= need)
		return;
	limit.rlim_cur = need < limit.rlim_max ? need : limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur < need)
		log_warning("%s", listener_files_text(why, limit.rlim_cur, limits->connections));
}

int listener_try(const char *address, uint16_t port, struct sockaddr_storage *at, int *fd)
{
	*fd = -1;
	if (!parse_address(address, port, at))
		return EINVAL;
	int made = socket(at->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (made >= 0 && bind_and_listen(made, at)) {
		*fd = made;
		return 0;
	}
	int error = errno;
	if (made >= 0)
		close(made);
	return error;
}

static enum cp_err make_door(struct listener *listener, int fd, struct door **out)
{
	*out = calloc(1, sizeof(**out));
	if (!*out) {
		log_error("no memory for the listener");
		close(fd);
		return CP_NOMEM;
	}
	**out = (struct door){.listener = listener, .fd = fd, .port = port_of(fd)};
	return CP_OK;
}

static enum cp_err take(
    struct listener *listener, const struct listener_place *place, struct door **out)
{
	uint16_t port = port_of(place->fd);

	if (port != place->port) {
		log_error(HELD_BY_SYSTEMD, port, place->port);
		close(place->fd);
		return CP_CONFIG;
	}
	enum cp_err err = make_door(listener, place->fd, out);
	if (!err)
		(*out)->is_given = true;
	return err;
}

/* The address of now and another one may be of the same socket. */
static void say_why(const struct listener *listener, const struct listener_place *place, int error)
{
	char why[LISTENER_TEXT_BYTES];

	if (error == EADDRINUSE && listener->door && listener->door->port == place->port)
		log_error("cannot listen on %s port %u beside the address of now: restart the "
		          "service for this, or change listener.port as well",
		    place->address, place->port);
	else
		log_error("%s", listener_bind_text(why, place->address, place->port, error));
}

enum cp_err door_new(
    struct listener *listener, const struct listener_place *place, struct door **out)
{
	struct sockaddr_storage at;
	int fd;

	*out = NULL;
	if (listener->door && listener->door->is_given) {
		log_error(HELD_BY_SYSTEMD, listener->door->port, place->port);
		return CP_CONFIG;
	}
	if (place->fd != LISTENER_BINDS)
		return take(listener, place, out);
	int error = listener_try(place->address, place->port, &at, &fd);
	if (error) {
		say_why(listener, place, error);
		return error == EADDRINUSE ? CP_BUSY : error == EINVAL ? CP_CONFIG : CP_NET;
	}
	enum cp_err err = make_door(listener, fd, out);
	if (!err)
		(*out)->at = at;
	return err;
}

static void accept_again(uv_timer_t *retry);

/* The connection stays in the backlog, so the poll would fire at once. */
static void rest(struct door *door, int error)
{
	struct listener *listener = door->listener;

	errno = error;
	listener->counters.accept_failures++;
	log_error("cannot take connections: %m; trying again every second (raise LimitNOFILE if "
	          "this stays)");
	uv_poll_stop(&door->poll);
	uv_timer_start(&listener->retry, accept_again, RETRY_MS, 0);
}

/* The kernel gives the lowest number that is free: one near the limit means that all
 * below are taken. Store, head office and people at the command line need some, too. */
static bool has_descriptor_to_spare(const struct door *door)
{
	struct rlimit limit;
	int lowest = fcntl(door->fd, F_DUPFD_CLOEXEC, 0);

	if (lowest < 0)
		return false;
	close(lowest);
	return getrlimit(RLIMIT_NOFILE, &limit) ||
	       (rlim_t)lowest + LISTENER_FILES_RESERVE < limit.rlim_cur;
}

/* False when there is no point in trying again now. */
static bool accept_one(struct door *door)
{
	if (!has_descriptor_to_spare(door)) {
		rest(door, EMFILE);
		return false;
	}
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	int fd = accept4(door->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		door->listener->counters.accepted++;
		conn_open(door->listener, fd, &from);
		return true;
	}
	switch (errno) {
	case EAGAIN:
		return false;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		rest(door, errno);
		return false;
	default: /* that one connection is gone already (accept(2), error handling) */
		return true;
	}
}

static void accept_some(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++)
		if (!accept_one(poll->data))
			return;
}

static void accept_again(uv_timer_t *retry)
{
	struct listener *listener = retry->data;

	CP_CHECK(uv_poll_start(&listener->door->poll, UV_READABLE, accept_some) == 0);
}

/* --- doors ------------------------------------------------------------------ */

void door_open(struct door *door)
{
	struct listener *listener = door->listener;

	listener->handles++;
	door->poll.data = door;
	CP_CHECK(uv_poll_init(listener->loop, &door->poll, door->fd) == 0);
	CP_CHECK(uv_poll_start(&door->poll, UV_READABLE, accept_some) == 0);
}

static void on_door_closed(uv_handle_t *handle)
{
	struct door *door = handle->data;
	struct listener *listener = door->listener;

	free(door);
	listener_handle_closed(listener);
}

void door_close(struct door *door)
{
	struct listener *listener = door->listener;

	uv_timer_stop(&listener->retry);
	for (int i = 0; i < LISTENER_BACKLOG && !listener->is_closing && accept_one(door); i++)
		;
	uv_timer_stop(&listener->retry); /* of the last one; the next door tries by itself */
	uv_close((uv_handle_t *)&door->poll, on_door_closed);
	close(door->fd);
}

void door_free(struct door *door)
{
	if (!door)
		return;
	close(door->fd);
	free(door);
}

bool door_is_at(const struct door *door, const struct listener_place *place)
{
	struct sockaddr_storage at;

	if (door->is_given)
		return door->port == place->port;
	return parse_address(place->address, place->port, &at) &&
	       memcmp(&at, &door->at, sizeof(at)) == 0;
}
