/* What is said of a seed. */
#include "parties.h"

#include "io/clock.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

struct model model;

#define LINE_BYTES 512

/* FNV-1a */
static uint64_t hash_line(uint64_t hash, const char *line)
{
	for (; *line; line++)
		hash = (hash ^ (uint8_t)*line) * UINT64_C(0x100000001b3);
	return hash;
}

void model_trace(const char *format, ...)
{
	char line[LINE_BYTES];
	va_list args;

	va_start(args, format);
	int at = snprintf(line, sizeof(line), "%8lld ", (long long)clock_mono());
	vsnprintf(line + at, sizeof(line) - (size_t)at, format, args);
	va_end(args);
	model.trace_hash = hash_line(model.trace_hash, line);
	if (model.is_traced)
		puts(line);
}

_Noreturn void model_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fflush(stdout);
	vfprintf(stderr, format, args);
	fprintf(stderr, "\nseed %llu\n", (unsigned long long)model.seed);
	va_end(args);
	_exit(1);
}

/* The gateway's own checks, and the sanitizers, know of no seed. */
static void say_seed(void)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "seed %llu\n", (unsigned long long)model.seed);

	if (write(STDERR_FILENO, text, (size_t)len) < 0)
		_exit(2);
}

static void on_abort(int signal_number)
{
	(void)signal_number;
	say_seed();
}

void model_say_seed_on_abort(void)
{
	signal(SIGABRT, on_abort);
}

/* What the thread sanitizer looks for: it goes on otherwise, and does not abort. */
const char *__tsan_default_options(void);
void __tsan_on_report(void *report);

const char *__tsan_default_options(void)
{
	return "halt_on_error=1";
}

void __tsan_on_report(void *report)
{
	(void)report;
	say_seed();
}
