/* host.h - by what devices may call this box: names and addresses.
 *
 * Blocks: nothing; no name is looked up.
 */
#ifndef CLI_HOST_H
#define CLI_HOST_H

#include <stdbool.h>
#include <stddef.h>

/* NULL when it is an IP address or can be a host name, else why not. */
const char *host_wrong(const char *host);

bool host_is_address(const char *host);
bool host_is_loopback(const char *host); /* "localhost", "127.0.0.1", "::1" */

/* This box's own IPv4 addresses in networks, "a,b"; "" when it is in none. */
const char *host_addresses(char *out, size_t out_bytes);

#endif
