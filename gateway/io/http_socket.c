#include "io/http_socket.h"

#include "io/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_MODE 0660 /* the daemon's group: a web server that stands in front */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un un;
};

static socklen_t fill(const struct http_config *config, union address *at)
{
	memset(at, 0, sizeof(*at));
	if (config->socket) {
		at->un.sun_family = AF_UNIX;
		int len = snprintf(at->un.sun_path, sizeof(at->un.sun_path), "%s", config->socket);
		errno = ENAMETOOLONG;
		return (size_t)len < sizeof(at->un.sun_path) ? sizeof(at->un) : 0;
	}
	if (inet_pton(AF_INET, config->address, &at->v4.sin_addr) == 1) {
		at->v4.sin_family = AF_INET;
		at->v4.sin_port = htons(config->port);
		return sizeof(at->v4);
	}
	errno = EINVAL;
	if (inet_pton(AF_INET6, config->address, &at->v6.sin6_addr) != 1)
		return 0;
	at->v6.sin6_family = AF_INET6;
	at->v6.sin6_port = htons(config->port);
	return sizeof(at->v6);
}

/* A socket that nobody listens on is in the way; another file is not ours to remove. */
static bool remove_stale(const char *path)
{
	struct stat found;

	if (lstat(path, &found) < 0)
		return errno == ENOENT;
	errno = EEXIST;
	return S_ISSOCK(found.st_mode) && unlink(path) == 0;
}

static bool bind_to(int fd, const struct http_config *config)
{
	const int yes = 1;
	union address at;
	socklen_t len = fill(config, &at);

	if (len == 0)
		return false;
	if (config->socket)
		return remove_stale(config->socket) && bind(fd, &at.any, len) == 0 &&
		       chmod(config->socket, SOCKET_MODE) == 0;
	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
	       bind(fd, &at.any, len) == 0;
}

static int family_of(const struct http_config *config)
{
	return config->socket ? AF_UNIX : strchr(config->address, ':') ? AF_INET6 : AF_INET;
}

static uint16_t port_of(int fd)
{
	union address at = {.any = {0}};
	socklen_t len = sizeof(at);

	if (getsockname(fd, &at.any, &len) < 0)
		return 0;
	return at.any.sa_family == AF_INET    ? ntohs(at.v4.sin_port)
	       : at.any.sa_family == AF_INET6 ? ntohs(at.v6.sin6_port)
	                                      : 0;
}

static void say(const struct http_config *config, int error)
{
	if (config->socket)
		log_error("cannot answer health and metrics at %s: %s; see http.socket",
		    config->socket, strerror(error));
	else
		log_error(
		    "cannot answer health and metrics at %s port %u: %s; another program has the "
		    "port, or the address is not of this box: see http.port and http.address",
		    config->address, config->port, strerror(error));
}

int http_listen(const struct http_config *config, uint16_t *port)
{
	int fd = socket(family_of(config), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind_to(fd, config) && listen(fd, HTTP_CONNECTIONS_MAX) == 0) {
		*port = port_of(fd);
		return fd;
	}
	say(config, errno);
	if (fd >= 0)
		close(fd);
	return -1;
}
