/* What `carepace doctor` looks at in certificates, and who may read and write what. */
#include "cli/doctor.h"
#include "cli/host.h"

#include "cli/output.h"
#include "io/box_key.h"
#include "io/clock.h"
#include "io/tls.h"
#include "pki/certificate.h"
#include "pki/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <net/if.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOON_MS (30 * MS_PER_DAY)

/* The folder that `carepace pki` works on, as far as the configuration tells. */
static const char *folder_of(const char *path, char out[PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	snprintf(out, PATH_MAX, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	return out;
}

static void new_listener_text(const struct box *box, char *out, size_t out_bytes)
{
	char folder[PATH_MAX];

	snprintf(out, out_bytes,
	    "Make a new one, with each name and address by which devices call this box: carepace "
	    "pki listener %.120s --host NAME; then systemctl reload-or-restart carepace",
	    folder_of(box->config.listener.registry, folder));
}

/* --- the daemon's own look -------------------------------------------------------------- */

void doctor_certificates(const struct box *box, struct diagnosis *out)
{
	const struct config_listener *listener = &box->config.listener;
	const struct tls_files files = {
	    .ca = listener->ca,
	    .cert = listener->certificate,
	    .key = listener->key,
	    .registry = listener->registry,
	};
	struct tls_config *tls;
	struct pki_error error;
	char remedy[sizeof(out->remedy)];
	char folder[PATH_MAX];

	folder_of(listener->registry, folder);
	if (tls_config_new(&files, &tls, &error)) {
		snprintf(remedy, sizeof(remedy),
		    "Bring the file back from a copy, or make certificate and key anew: carepace "
		    "pki listener %.120s --host NAME; then systemctl reload-or-restart carepace",
		    folder);
		doctor_fail(out, remedy, "cannot use the certificates: %s", error.text);
		return;
	}
	size_t devices = tls_config_device_count(tls);
	wall_ms crl = tls_config_crl_next_update(tls);
	tls_config_drop(tls);
	snprintf(remedy, sizeof(remedy), "carepace pki issue %.120s --kind pen --name \"Pen 1\"",
	    folder);
	if (devices == 0)
		doctor_warn(out, remedy, "%s has no device: none may connect", listener->registry);
	if (crl && crl < clock_wall())
		doctor_warn(out, "Import the newest list: carepace pki import-crl",
		    "the revocation list that was imported last is overdue");
	doctor_ok(out, "certificate, key and CA belong together, %zu in the registry", devices);
}

/* --- dates ---------------------------------------------------------------------------------- */

struct dated {
	const char *what;
	const char *path;
	const char *remedy;
};

static void judge_dates(const struct dated *dated, struct diagnosis *out, wall_ms *first_end)
{
	struct certificate cert;
	struct pki_error error;
	wall_ms now = clock_wall();
	char until[WHEN_BYTES];

	if (!dated->path || certificate_load(dated->path, &cert, &error))
		return; /* other checks say it */
	when_utc(cert.not_after, until);
	if (cert.not_after < now)
		doctor_fail(out, dated->remedy, "%s in %s has ended on %.10s", dated->what,
		    dated->path, until);
	else if (cert.not_before > now)
		doctor_fail(out, "Check the clock of this box and of who made it.",
		    "%s in %s is not good before %.10s", dated->what, dated->path,
		    when_utc(cert.not_before, until));
	else if (cert.not_after - now < SOON_MS)
		doctor_warn(out, dated->remedy, "%s in %s ends on %.10s, in %" PRId64 " days",
		    dated->what, dated->path, until, (cert.not_after - now) / MS_PER_DAY);
	if (cert.not_after < *first_end)
		*first_end = cert.not_after;
}

void doctor_expiry(const struct box *box, struct diagnosis *out)
{
	char anew[sizeof(out->remedy)];
	const struct dated dated[] = {
	    {"the gateway's certificate", box->config.listener.certificate, anew},
	    {"the certificate of the devices' CA", box->config.listener.ca,
	        "Make a new authority (carepace pki init) and give every device a new "
	        "certificate."},
	    {"this box's certificate for head office", box->config.upstream.certificate,
	        "Have head office make a new one."},
	    {"the certificate of head office's CA", box->config.upstream.ca,
	        "Have head office give you the new one."},
	};
	wall_ms first_end = TIME_NEVER;
	char until[WHEN_BYTES];

	new_listener_text(box, anew, sizeof(anew));
	for (size_t i = 0; i < CP_COUNT(dated); i++)
		judge_dates(&dated[i], out, &first_end);
	doctor_ok(out, "all are good; the first ends on %.10s", when_utc(first_end, until));
}

/* --- names ------------------------------------------------------------------------------------ */

static bool has_interface(const struct ifaddrs *list, const char *name)
{
	char text[INET6_ADDRSTRLEN];

	for (const struct ifaddrs *at = list; at; at = at->ifa_next) {
		if (!at->ifa_addr || (at->ifa_flags & IFF_LOOPBACK))
			continue;
		const void *address =
		    at->ifa_addr->sa_family == AF_INET
		        ? (const void *)&((const struct sockaddr_in *)at->ifa_addr)->sin_addr
		    : at->ifa_addr->sa_family == AF_INET6
		        ? (const void *)&((const struct sockaddr_in6 *)at->ifa_addr)->sin6_addr
		        : NULL;
		if (address && inet_ntop(at->ifa_addr->sa_family, address, text, sizeof(text)) &&
		    strcmp(text, name) == 0)
			return true;
	}
	return false;
}

/* A name that is no address may well lead here: only its name server knows. */
static bool may_lead_here(const struct certificate *cert, const char *listens_on)
{
	struct ifaddrs *list = NULL;
	bool may = false;

	if (getifaddrs(&list) < 0)
		list = NULL;
	for (size_t i = 0; i < cert->name_count && !may; i++) {
		const char *name = cert->names[i];
		may = strcmp(name, listens_on) == 0 ||
		      (!host_is_loopback(name) &&
		          (!host_is_address(name) || has_interface(list, name)));
	}
	if (list)
		freeifaddrs(list);
	return may;
}

void doctor_names(const struct box *box, struct diagnosis *out)
{
	const struct config_listener *listener = &box->config.listener;
	struct certificate cert;
	struct pki_error error;
	char names[300];
	char remedy[sizeof(out->remedy)];

	if (certificate_load(listener->certificate, &cert, &error)) {
		doctor_skip(out, "%s", error.text);
		return;
	}
	certificate_names_text(&cert, names, sizeof(names));
	new_listener_text(box, remedy, sizeof(remedy));
	if (may_lead_here(&cert, listener->address))
		doctor_ok(out, "%s", names);
	else
		doctor_warn(out, remedy,
		    "the gateway's certificate has only %s, and none of these is this box's in the "
		    "network: devices will not trust it",
		    names);
}

/* --- who may read and write ---------------------------------------------------------------------
 */

static void judge_secret(const char *path, struct diagnosis *out)
{
	struct pki_error error;

	if (path && access(path, F_OK) == 0 && file_check_secret(path, &error))
		doctor_fail(out,
		    "Run chmod 600 on it; make a new key if somebody could have "
		    "read it.",
		    "%s", error.text);
}

static void judge_writers(const char *path, struct diagnosis *out)
{
	struct stat st;

	if (path && stat(path, &st) == 0 && (st.st_mode & S_IWOTH))
		doctor_fail(out, "Run chmod o-w on it, and look at what it says.",
		    "%s may be changed by everybody (mode %04o)", path, st.st_mode & 07777u);
}

/* What is missing is told by who needs it. */
static void judge_reader(const char *path, struct diagnosis *out)
{
	if (path && access(path, R_OK) < 0 && errno == EACCES)
		doctor_fail(out,
		    "Let the user of the service read it: chgrp carepace, chmod g+r, and g+x on "
		    "its folder.",
		    "cannot open %s: %s", path, strerror(errno));
}

void doctor_secrets(const struct box *box, struct diagnosis *out)
{
	const struct config *config = &box->config;
	char folder[PATH_MAX];
	char ca_key[PATH_MAX + 8];
	char box_key[PATH_MAX + 16];
	const char *const secrets[] = {ca_key, box_key, config->upstream.key};
	const char *const files[] = {box->config_path, config->policy.file,
	    config->listener.registry, config->listener.ca, config->listener.certificate,
	    config->upstream.ca, config->upstream.certificate};

	snprintf(ca_key, sizeof(ca_key), "%s/ca.key", folder_of(config->listener.ca, folder));
	snprintf(box_key, sizeof(box_key), "%s/" BOX_KEY_FILE_NAME, config->store.path);
	for (size_t i = 0; i < CP_COUNT(secrets); i++)
		judge_secret(secrets[i], out);
	for (size_t i = 0; i < CP_COUNT(files); i++) {
		judge_writers(files[i], out);
		if (box->has_unit) /* then others look as root */
			judge_reader(files[i], out);
	}
	doctor_ok(out, "keys are read by their owner only, and nobody else changes files");
}
