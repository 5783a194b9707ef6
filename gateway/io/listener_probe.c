#include "io/listener_probe.h"

#include "io/listener_state.h"
#include "io/tls_probe.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define OTHERS 48 /* store, threads, head office */

const char *listener_bind_text(
    char out[LISTENER_TEXT_BYTES], const char *address, uint16_t port, int error)
{
	if (error == EADDRINUSE)
		snprintf(out, LISTENER_TEXT_BYTES,
		    "cannot listen on %s port %u: another program has this port; stop it or change "
		    "listener.port",
		    address, port);
	else if (error == EINVAL)
		snprintf(out, LISTENER_TEXT_BYTES,
		    "cannot listen on \"%s\": this is not an IP address", address);
	else
		snprintf(out, LISTENER_TEXT_BYTES, "cannot listen on %s port %u: %s", address, port,
		    strerrordesc_np(error));
	return out;
}

uint64_t listener_files_needed(uint32_t connections)
{
	return (uint64_t)connections + OTHERS + LISTENER_FILES_RESERVE;
}

const char *listener_files_text(
    char out[LISTENER_TEXT_BYTES], uint64_t allowed, uint32_t connections)
{
	snprintf(out, LISTENER_TEXT_BYTES,
	    "the system allows this program %llu open files, so fewer than %u devices can connect: "
	    "raise LimitNOFILE, or lower listener.max_connections",
	    (unsigned long long)allowed, connections);
	return out;
}

/* Who listens everywhere is called by the loopback address. */
static void reach(struct sockaddr_storage *at)
{
	if (at->ss_family == AF_INET6) {
		struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)at;
		if (IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
			v6->sin6_addr = in6addr_loopback;
	} else {
		struct sockaddr_in *v4 = (struct sockaddr_in *)at;
		if (v4->sin_addr.s_addr == htonl(INADDR_ANY))
			v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	}
}

static enum tls_probe call(const struct sockaddr_storage *at, const uint8_t *sha256)
{
	struct timeval limit = {.tv_sec = LISTENER_PROBE_MS / 1000};
	struct sockaddr_storage to = *at;
	enum tls_probe found = TLS_PROBE_NONE;
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return found;
	reach(&to);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		found = tls_probe(fd, sha256);
	close(fd);
	return found;
}

enum listener_probe listener_probe(const char *address, uint16_t port,
    const uint8_t sha256[HASH_BYTES], char why[LISTENER_TEXT_BYTES])
{
	struct sockaddr_storage at;
	int fd = -1;
	int error = listener_try(address, port, &at, &fd);

	if (fd >= 0)
		close(fd);
	if (error == 0)
		return LISTENER_IS_FREE;
	listener_bind_text(why, address, port, error);
	if (error != EADDRINUSE)
		return LISTENER_IS_REFUSED;
	switch (call(&at, sha256)) {
	case TLS_PROBE_SAME:
		return LISTENER_IS_OURS;
	case TLS_PROBE_OTHER:
		snprintf(why, LISTENER_TEXT_BYTES,
		    "who listens on %s port %u shows another certificate than the configuration "
		    "names",
		    address, port);
		return LISTENER_IS_ANOTHER;
	case TLS_PROBE_NONE:
		break;
	}
	return LISTENER_IS_TAKEN;
}
