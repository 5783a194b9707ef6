#include "cli/host.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_LEN 253 /* these two: RFC 1035 2.3.4 */
#define LABEL_MAX_LEN 63

bool host_is_address(const char *host)
{
	struct in6_addr address;

	return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

bool host_is_loopback(const char *host)
{
	return strcasecmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
	       strcmp(host, "::1") == 0;
}

static bool is_label(const char *label, size_t len)
{
	return len >= 1 && len <= LABEL_MAX_LEN && label[0] != '-' && label[len - 1] != '-';
}

const char *host_wrong(const char *host)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

	if (host_is_address(host))
		return NULL;
	if (strspn(host, "0123456789.") == strlen(host))
		return "an address has four numbers from 0 to 255, such as 192.168.5.30";
	if (strchr(host, ':'))
		return "this is no IPv6 address, and a host name has no colon";
	if (strlen(host) > NAME_MAX_LEN || strspn(host, letters) != strlen(host))
		return "this is no host name: letters, digits, - and dots between";
	for (const char *label = host;; label++) {
		size_t len = strcspn(label, ".");
		if (!is_label(label, len))
			return "this is no host name: between two dots stand 1 to 63 letters, "
			       "digits or -";
		label += len;
		if (!*label)
			return NULL;
	}
}

const char *host_addresses(char *out, size_t out_bytes)
{
	struct ifaddrs *list = NULL;
	size_t len = 0;

	out[0] = '\0';
	if (getifaddrs(&list) < 0)
		return out;
	for (const struct ifaddrs *at = list; at; at = at->ifa_next) {
		char text[INET_ADDRSTRLEN];
		if (!at->ifa_addr || at->ifa_addr->sa_family != AF_INET ||
		    (at->ifa_flags & IFF_LOOPBACK))
			continue;
		const void *v4 =
		    &((const struct sockaddr_in *)(const void *)at->ifa_addr)->sin_addr;
		if (inet_ntop(AF_INET, v4, text, sizeof(text)) && len + sizeof(text) < out_bytes)
			len += (size_t)snprintf(
			    out + len, out_bytes - len, "%s%s", len ? "," : "", text);
	}
	freeifaddrs(list);
	return out;
}
