/* What `carepace doctor` looks at between this box and devices, and head office. */
#include "cli/doctor.h"

#include "io/control.h"
#include "io/listener_probe.h"
#include "io/upstream_probe.h"
#include "io/upstream_why.h"
#include "pki/certificate.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <string.h>

#define HEAD_OFFICE_MS 6500 /* all servers together */
#define SERVER_BYTES 300

static bool is_held_by_systemd(void)
{
	struct systemd_unit held;

	return systemd_unit_ask("carepace.socket", &held) == CP_OK &&
	       strcmp(held.active, "active") == 0;
}

void doctor_port(const struct box *box, struct diagnosis *out)
{
	const struct config_listener *listener = &box->config.listener;
	struct certificate ours;
	struct pki_error error;
	char why[LISTENER_TEXT_BYTES];

	/* Who called there would start the gateway. */
	if (control_process(box->config.store.path) == 0 && is_held_by_systemd()) {
		doctor_ok(
		    out, "systemd holds the port (carepace.socket); the gateway does not run");
		return;
	}
	if (certificate_load(listener->certificate, &ours, &error)) {
		doctor_skip(out, "%s", error.text);
		return;
	}
	switch (listener_probe(listener->address, (uint16_t)listener->port, ours.sha256, why)) {
	case LISTENER_IS_FREE:
		doctor_ok(out, "%s port %d is free; the gateway does not run", listener->address,
		    listener->port);
		break;
	case LISTENER_IS_OURS:
		doctor_ok(out, "the gateway answers on %s port %d with its certificate",
		    listener->address, listener->port);
		break;
	case LISTENER_IS_ANOTHER:
		doctor_fail(out,
		    "If it is the gateway, let it take the new one: systemctl reload carepace; if "
		    "not, stop it or change listener.port.",
		    "%s", why);
		break;
	case LISTENER_IS_TAKEN:
		doctor_fail(out, "ss -ltnp says which program it is.", "%s", why);
		break;
	case LISTENER_IS_REFUSED:
		doctor_fail(out,
		    "Correct listener.address and listener.port; ip addr lists this "
		    "box's addresses.",
		    "%s", why);
		break;
	}
}

/* --- head office ------------------------------------------------------------------------- */

struct server {
	char host[256];
	char name[SERVER_BYTES]; /* host:port */
};

/* "ssl://host:port" or "ssl://[v6]:port", as the configuration has checked it. */
static struct server server_of(const char *url)
{
	struct server server = {0};
	const char *at = strstr(url, "://");
	at = at ? at + 3 : url;
	bool is_v6 = *at == '[';
	const char *end = is_v6 ? strchr(at, ']') : strrchr(at, ':');

	snprintf(server.name, sizeof(server.name), "%s", at);
	at += is_v6;
	snprintf(
	    server.host, sizeof(server.host), "%.*s", end ? (int)(end - at) : (int)strlen(at), at);
	return server;
}

static struct upstream_config upstream_of(const struct box *box, const char *client_id)
{
	const struct config *config = &box->config;

	return (struct upstream_config){
	    .servers = config->upstream.servers,
	    .server_count = config->upstream.server_count,
	    .site = config->site.name,
	    .client_id = client_id,
	    .ca_file = config->upstream.ca,
	    .certificate_file = config->upstream.certificate,
	    .key_file = config->upstream.key,
	};
}

void doctor_name_server(const struct box *box, struct diagnosis *out)
{
	static const char remedy[] =
	    "Correct the name in upstream.servers, or this box's name server: resolvectl status";
	const struct upstream_config upstream = upstream_of(box, "");
	const struct upstream_why unknown = {.is_name_unknown = true};
	const struct upstream_failure failure = {0};
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	char why[UPSTREAM_TEXT_MAX];
	int found = 0;

	upstream_why_text(why, &unknown, &failure, &upstream);
	for (int i = 0; i < upstream.server_count; i++) {
		struct server server = server_of(upstream.servers[i]);
		struct addrinfo *list = NULL;
		if (getaddrinfo(server.host, NULL, &hints, &list) == 0)
			found++;
		else
			doctor_warn(out, remedy, "cannot connect to %s: %s", server.name, why);
		if (list)
			freeaddrinfo(list);
	}
	if (upstream.server_count == 0)
		doctor_skip(out, "no head office is configured");
	else if (found == upstream.server_count)
		doctor_ok(out, "head office's %s",
		    found == 1 ? "name has an address" : "names have addresses");
	else if (found == 0)
		out->result = DOCTOR_FAIL; /* none is left to connect to */
}

void doctor_head_office(const struct box *box, struct diagnosis *out)
{
	static const char remedy[] =
	    "Correct what it says; the gateway goes on without head office, and keeps everything "
	    "for it.";
	char client_id[80];
	char why[UPSTREAM_TEXT_MAX];
	char failed[sizeof(out->text)] = "";

	snprintf(client_id, sizeof(client_id), "carepace-%s-doctor", box->config.site.name);
	const struct upstream_config upstream = upstream_of(box, client_id);
	for (int i = 0; i < upstream.server_count; i++) {
		struct server server = server_of(upstream.servers[i]);
		enum cp_err err =
		    upstream_probe(&upstream, i, HEAD_OFFICE_MS / upstream.server_count, why);
		if (!err && !failed[0])
			doctor_ok(out, "%s lets us in", server.name);
		else if (!err)
			doctor_warn(out, remedy, "%s; %s lets us in instead", failed, server.name);
		if (!err)
			return;
		if (!failed[0])
			snprintf(failed, sizeof(failed), "cannot connect to %s: %s", server.name,
			    why[0] ? why : cp_err_text(err));
	}
	if (upstream.server_count == 0)
		doctor_skip(out, "no head office is configured");
	else
		doctor_fail(out, remedy, "%s", failed);
}
