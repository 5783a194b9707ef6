#include "io/upstream_probe.h"

#include <stdio.h>

#define GOODBYE_MS 500

/* Takes mail until the wanted word or the end of the time; NULL: it did not come. */
static const struct upstream_event *next(
    struct mailbox *mailbox, int64_t limit_ms, const char **text)
{
	struct mail *mail = mailbox_wait(mailbox, limit_ms);

	if (!mail)
		return NULL;
	const struct upstream_event *event = MAIL_OWNER(mail, struct upstream_event, mail);
	*text = event->text;
	return event;
}

static enum cp_err try(struct upstream *upstream, struct mailbox *mailbox, int server,
    int64_t limit_ms, char text[UPSTREAM_TEXT_MAX])
{
	const char *why = NULL;

	upstream_connect(upstream, server);
	const struct upstream_event *event = next(mailbox, limit_ms, &why);
	if (event && event->kind == UPSTREAM_CONNECTED) {
		upstream_disconnect(upstream);
		(void)mailbox_wait(mailbox, GOODBYE_MS);
		return CP_OK;
	}
	snprintf(text, UPSTREAM_TEXT_MAX, "%s",
	    why ? why : "it does not answer; check the network and the broker");
	return CP_NET;
}

enum cp_err upstream_probe(const struct upstream_config *config, int server, int64_t limit_ms,
    char text[UPSTREAM_TEXT_MAX])
{
	struct mailbox *mailbox = mailbox_new();
	struct upstream *upstream = NULL;
	enum cp_err err = mailbox ? upstream_open(&upstream, config, mailbox) : CP_NOMEM;

	text[0] = '\0';
	if (!err) {
		err = try(upstream, mailbox, server, limit_ms, text);
		upstream_close(upstream);
	}
	/* What is left is about this connection, and lies in struct upstream. */
	if (mailbox)
		(void)!mailbox_close(mailbox);
	mailbox_free(mailbox);
	if (upstream)
		upstream_free(upstream);
	return err;
}
