/* Each check in a child of its own, all at once. A name server, a disk or a broker that hangs
 * costs its own check and no other; a child that is over its time is killed, whatever it waits
 * for. The answer fits a pipe, so a child never waits for us. */
#include "cli/doctor.h"

#include "io/clock.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEEP_MS (60 * 60 * 1000)

struct child {
	pid_t pid; /* 0: nobody waits for it */
	int fd;    /* its answer; -1: it is there */
	mono_ms until;
};

/* Whose the gateway is: as its unit says, as the package has it, as the store shows. NULL:
 * whoever asks. */
static const struct passwd *service_user(const struct box *box)
{
	struct stat st;

	if (geteuid() != 0 || box->is_elsewhere)
		return NULL;
	if (box->unit.is_there && box->unit.user[0])
		return getpwnam(box->unit.user);
	if (box->has_unit && getpwnam(SERVICE_USER))
		return getpwnam(SERVICE_USER);
	if (!box->has_config || stat(box->config.store.path, &st) < 0 || st.st_uid == 0)
		return NULL;
	return getpwuid(st.st_uid);
}

static bool become(const struct passwd *user)
{
	return initgroups(user->pw_name, user->pw_gid) == 0 && setgid(user->pw_gid) == 0 &&
	       setuid(user->pw_uid) == 0;
}

/* The unit has the keys, which are root's, handed over by systemd (LoadCredential=). */
static bool is_roots(const struct box *box, const struct doctor_check *check)
{
	return check->eyes == EYES_OF_ROOT || (check->eyes == EYES_OF_KEEPER && box->has_unit);
}

_Noreturn static void answer(
    const struct box *box, const struct doctor_check *check, const struct passwd *user, int fd)
{
	struct diagnosis finding = {0};

	if (user && !is_roots(box, check) && !become(user))
		doctor_fail(&finding, "Look at that user with: id", "cannot become the user %s: %s",
		    user->pw_name, strerror(errno));
	else
		check->look(box, &finding);
	_exit(write(fd, &finding, sizeof(finding)) == sizeof(finding) ? 0 : 1);
}

static struct child start(
    const struct box *box, const struct doctor_check *check, const struct passwd *user)
{
	bool is_long = box->is_deep && check->look == doctor_store;
	struct child child = {
	    .fd = -1, .until = clock_mono() + (is_long ? DEEP_MS : check->limit_ms)};
	int ends[2];

	_Static_assert(sizeof(struct diagnosis) <= PIPE_BUF, "an answer is written at once");
	if (pipe(ends) < 0)
		return child;
	child.pid = fork();
	if (child.pid == 0)
		answer(box, check, user, ends[1]);
	close(ends[1]);
	if (child.pid > 0)
		child.fd = ends[0];
	else
		close(ends[0]);
	return child;
}

static void take(struct child *child, const struct doctor_check *check, struct diagnosis *out)
{
	if (read(child->fd, out, sizeof(*out)) != sizeof(*out)) {
		*out = (struct diagnosis){0};
		doctor_fail(out, "Please report this to the maker, with carepace support-bundle.",
		    "%s: this check itself has failed", check->looks_at);
	}
	close(child->fd);
	child->fd = -1;
}

static void give_up(struct child *child, const struct doctor_check *check, struct diagnosis *out)
{
	*out = (struct diagnosis){0};
	doctor_fail(out, "Look at what hangs: the disk (dmesg), the network or the name server.",
	    "%s: no answer within %d s", check->looks_at, check->limit_ms / 1000);
	kill(child->pid, SIGKILL);
	child->pid = 0; /* what hangs in the kernel may never end: nobody waits for it */
	close(child->fd);
	child->fd = -1;
}

/* How long to wait for the next one; -1: all are there. */
static int next_limit(const struct child *children)
{
	mono_ms now = clock_mono();
	int64_t least = -1;

	for (size_t i = 0; i < CHECK_COUNT; i++) {
		int64_t left = children[i].until > now ? children[i].until - now : 0;
		if (children[i].fd >= 0 && (least < 0 || left < least))
			least = left;
	}
	return (int)least;
}

/* They have nothing to say any more, and would only be waited for. */
static void end_dependents(struct child *children, struct diagnosis *findings, unsigned failed)
{
	unsigned all = 1U << failed;

	for (unsigned i = failed + 1; i < CHECK_COUNT; i++) {
		if (!(doctor_checks[i].needs & all))
			continue;
		all |= 1U << i;
		if (children[i].fd >= 0)
			give_up(&children[i], &doctor_checks[i], &findings[i]);
	}
}

static void collect(struct child *children, struct diagnosis *findings)
{
	struct pollfd polls[CHECK_COUNT];
	int limit_ms;

	while ((limit_ms = next_limit(children)) >= 0) {
		for (size_t i = 0; i < CHECK_COUNT; i++)
			polls[i] = (struct pollfd){.fd = children[i].fd, .events = POLLIN};
		if (poll(polls, CHECK_COUNT, limit_ms) < 0 && errno != EINTR)
			return;
		for (unsigned i = 0; i < CHECK_COUNT; i++) {
			if (children[i].fd < 0)
				continue;
			if (polls[i].revents)
				take(&children[i], &doctor_checks[i], &findings[i]);
			else if (clock_mono() >= children[i].until)
				give_up(&children[i], &doctor_checks[i], &findings[i]);
			if (findings[i].result == DOCTOR_FAIL)
				end_dependents(children, findings, i);
		}
	}
}

/* What failed first is the fault; what needs it has nothing to say. */
static void skip_after_failures(const struct box *box, struct diagnosis *findings)
{
	unsigned failed = 0;

	for (unsigned i = 0; i < CHECK_COUNT; i++) {
		unsigned blame = doctor_checks[i].needs & failed;

		if (blame) {
			findings[i] = (struct diagnosis){0};
			doctor_skip(&findings[i], "see first: %s",
			    doctor_checks[__builtin_ctz(blame)].name);
		}
		if (blame || findings[i].result == DOCTOR_FAIL)
			failed |= 1U << i;
	}
	/* It stands still because of the other. */
	unsigned others = failed & ~(1U << CHECK_SERVICE);
	if (others && findings[CHECK_SERVICE].result >= DOCTOR_WARN &&
	    strcmp(box->unit.active, "active") != 0) {
		findings[CHECK_SERVICE] = (struct diagnosis){0};
		doctor_skip(&findings[CHECK_SERVICE], "it does not run; see first: %s",
		    doctor_checks[__builtin_ctz(others)].name);
	}
}

void doctor_run(const struct box *box, struct diagnosis findings[CHECK_COUNT])
{
	const struct passwd *user = service_user(box);
	struct child children[CHECK_COUNT];

	fflush(NULL); /* a child must not print it again */
	for (size_t i = 0; i < CHECK_COUNT; i++) {
		findings[i] = (struct diagnosis){0};
		children[i] = (struct child){.fd = -1};
		if (box->is_elsewhere && doctor_checks[i].is_of_host)
			doctor_skip(&findings[i], "the system of this tree does not run here");
		else if (!box->has_config && doctor_checks[i].needs)
			doctor_skip(&findings[i], "see first: configuration");
		else
			children[i] = start(box, &doctor_checks[i], user);
		if (children[i].fd < 0 && !findings[i].text[0])
			doctor_fail(&findings[i], "Close what you do not need, and try again.",
			    "no process can be started: %s", strerror(errno));
	}
	collect(children, findings);
	for (size_t i = 0; i < CHECK_COUNT; i++)
		if (children[i].pid > 0)
			waitpid(children[i].pid, NULL, 0);
	skip_after_failures(box, findings);
}
