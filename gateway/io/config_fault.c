#include "io/config_fault.h"

#include <stdarg.h>
#include <stdio.h>

static struct config_fault *fault_at(struct config_faults *faults, unsigned line)
{
	if (faults->count == CONFIG_FAULTS_MAX) {
		faults->hidden_count++;
		return NULL;
	}
	size_t at = faults->count++;
	/* Of one line, in the order found. */
	for (; at > 0 && faults->list[at - 1].line > line; at--)
		faults->list[at] = faults->list[at - 1];
	faults->list[at].line = line;
	return &faults->list[at];
}

void config_fault_add(struct config_faults *faults, unsigned line, const char *format, ...)
{
	struct config_fault *fault = fault_at(faults, line);
	va_list args;

	if (!fault)
		return;
	va_start(args, format);
	vsnprintf(fault->text, sizeof(fault->text), format, args);
	va_end(args);
}

void config_faults_print(const struct config_faults *faults, const char *path, struct buf *out)
{
	char line[CONFIG_FAULT_BYTES + 32];

	for (size_t i = 0; i <= faults->count; i++) {
		if (i < faults->count)
			snprintf(line, sizeof(line), ":%u: %s\n", faults->list[i].line,
			    faults->list[i].text);
		else if (faults->hidden_count)
			snprintf(line, sizeof(line), ": %zu more faults\n", faults->hidden_count);
		else
			return;
		if (buf_append(out, path, strlen(path)) != CP_OK ||
		    buf_append(out, line, strlen(line)) != CP_OK)
			return;
	}
}
