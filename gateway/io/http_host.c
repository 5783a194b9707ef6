/* Against DNS rebinding: a browser in the clinic may be made to ask us under a name that
 * somebody else controls; an address, or our own name, nobody else can give away. */
#include "io/http.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define NAME_BYTES 256

static bool is_port(const char *text)
{
	return *text == '\0' ||
	       (*text == ':' && text[1] && strspn(text + 1, "0123456789") == strlen(text + 1));
}

static bool is_address(const char *text, int family)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(family, text, bytes) == 1;
}

bool http_host_is_ours(const char *host, const char *box)
{
	bool is_bracketed = host[0] == '[';
	const char *from = host + is_bracketed;
	size_t len = strcspn(from, is_bracketed ? "]" : ":");
	char name[NAME_BYTES];

	if (len == 0 || len >= sizeof(name) || (is_bracketed && from[len] != ']') ||
	    !is_port(from + len + is_bracketed))
		return false;
	memcpy(name, from, len);
	name[len] = '\0';
	if (is_bracketed)
		return is_address(name, AF_INET6);
	return is_address(name, AF_INET) || strcasecmp(name, "localhost") == 0 ||
	       (box[0] && strcasecmp(name, box) == 0);
}
