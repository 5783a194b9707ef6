#include "pki/error.h"

#include <stdarg.h>
#include <stdio.h>

enum cp_err pki_fail(struct pki_error *error, enum cp_err err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return err;
}
