#include "io/upstream_why.h"

#include <stdio.h>

/* The text behind `prefix` in `line`, or NULL. */
static const char *after(const char *line, const char *prefix)
{
	const char *found = strstr(line, prefix);

	return found ? found + strlen(prefix) : NULL;
}

static void keep(char out[UPSTREAM_WHY_TEXT_MAX], const char *text, size_t len)
{
	if (len >= UPSTREAM_WHY_TEXT_MAX)
		len = UPSTREAM_WHY_TEXT_MAX - 1;
	memcpy(out, text, len);
	out[len] = '\0';
}

void upstream_why_trace(struct upstream_why *why, const char *line)
{
	const char *alert;

	if ((alert = after(line, "SSL alert write:fatal:")))
		keep(why->alert_sent, alert, strcspn(alert, "\n"));
	else if ((alert = after(line, "SSL alert read:fatal:")))
		keep(why->alert_received, alert, strcspn(alert, "\n"));
	else if (after(line, "X509_check_host for hostname"))
		why->is_other_name = true;
	else if (after(line, "SSL handshake done"))
		why->is_shaken = true;
	else if (after(line, "getaddrinfo failed"))
		why->is_name_unknown = true;
}

/* thread:error:code:library:function:reason:file:line:data */
void upstream_why_tls(struct upstream_why *why, struct slice line)
{
	const char *p = (const char *)line.p;
	const char *end = p + line.len;

	if (why->tls_error[0])
		return;
	for (int colons = 0; p < end && colons < 5; p++)
		colons += *p == ':';
	size_t len = 0;
	while (p + len < end && p[len] != ':' && p[len] != '\n')
		len++;
	keep(why->tls_error, p, len);
}

static bool is(const char *text, const char *other)
{
	return strcmp(text, other) == 0;
}

static void explain_its_certificate(char out[UPSTREAM_TEXT_MAX], const struct upstream_why *why,
    const struct upstream_config *config)
{
	if (is(why->alert_sent, "unknown CA"))
		snprintf(out, UPSTREAM_TEXT_MAX,
		    "its certificate is not from the CA in %s; put head office's CA there",
		    config->ca_file);
	else if (is(why->alert_sent, "certificate expired"))
		snprintf(out, UPSTREAM_TEXT_MAX,
		    "its certificate has expired; head office must renew it, or this box's clock "
		    "is wrong");
	else
		snprintf(out, UPSTREAM_TEXT_MAX,
		    "its certificate or its TLS is not acceptable (%s%s%s); head office must "
		    "correct it",
		    why->alert_sent, why->tls_error[0] ? ": " : "", why->tls_error);
}

static bool is_timeout(const struct upstream_failure *failure)
{
	return failure->message && strstr(failure->message, "timeout");
}

/* In TLS 1.3 the broker looks at our certificate after our side is done, and its
 * alert may be overtaken by the reset of the connection. */
static void explain_hanging_up(char out[UPSTREAM_TEXT_MAX], const struct upstream_config *config)
{
	snprintf(out, UPSTREAM_TEXT_MAX,
	    "the broker hung up after the TLS handshake; its log says whether it does not accept "
	    "our certificate in %s",
	    config->certificate_file);
}

static void explain_silence(char out[UPSTREAM_TEXT_MAX], const struct upstream_failure *failure)
{
	if (is_timeout(failure))
		snprintf(
		    out, UPSTREAM_TEXT_MAX, "it does not answer; check the network and the broker");
	else
		snprintf(out, UPSTREAM_TEXT_MAX,
		    "nothing can be reached at that address; check the network, the address and "
		    "the broker");
}

void upstream_why_text(char out[UPSTREAM_TEXT_MAX], const struct upstream_why *why,
    const struct upstream_failure *failure, const struct upstream_config *config)
{
	if (failure->reason)
		snprintf(out, UPSTREAM_TEXT_MAX,
		    "the broker answered \"%s\" to client %s; head office must let it in",
		    failure->reason, config->client_id);
	else if (why->alert_received[0])
		snprintf(out, UPSTREAM_TEXT_MAX,
		    "the broker does not accept our certificate in %s (%s); have head office "
		    "issue a new one",
		    config->certificate_file, why->alert_received);
	else if (why->alert_sent[0])
		explain_its_certificate(out, why, config);
	else if (why->is_other_name)
		snprintf(out, UPSTREAM_TEXT_MAX,
		    "its certificate is for another name; use the name in its certificate as the "
		    "address");
	else if (why->tls_error[0])
		snprintf(out, UPSTREAM_TEXT_MAX, "TLS failed (%s); check %s and %s", why->tls_error,
		    config->certificate_file, config->key_file);
	else if (why->is_shaken && !is_timeout(failure))
		explain_hanging_up(out, config);
	else if (why->is_name_unknown)
		snprintf(out, UPSTREAM_TEXT_MAX,
		    "its name has no address; check the name and this box's name server");
	else
		explain_silence(out, failure);
}
