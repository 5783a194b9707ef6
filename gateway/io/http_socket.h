/* http_socket.h - the socket that io/http listens on. Not for others. */
#ifndef IO_HTTP_SOCKET_H
#define IO_HTTP_SOCKET_H

#include "io/http.h"

/* Bound and listening, or -1 after a line in the log. *port: what the system chose. */
int http_listen(const struct http_config *config, uint16_t *port);

#endif
