#include "cli/interrupt.h"

#include <signal.h>

static sigset_t wanted(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return set;
}

void interrupt_hold(void)
{
	sigset_t set = wanted();

	sigprocmask(SIG_BLOCK, &set, NULL);
}

bool interrupt_came(void)
{
	sigset_t came;

	return sigpending(&came) == 0 &&
	       (sigismember(&came, SIGINT) || sigismember(&came, SIGTERM) ||
	           sigismember(&came, SIGHUP));
}

void interrupt_release(void)
{
	sigset_t set = wanted();

	sigprocmask(SIG_UNBLOCK, &set, NULL);
}
