#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

const char *cp_err_text(enum cp_err err)
{
	static const char *const text[] = {
	    [CP_OK] = "ok",
	    [CP_NOMEM] = "out of memory",
	    [CP_FULL] = "queue full",
	    [CP_IO] = "disk error",
	    [CP_NOSPACE] = "disk full",
	    [CP_CORRUPT] = "store damaged",
	    [CP_NEWER] = "store written by a newer version",
	    [CP_NOTFOUND] = "not found",
	    [CP_BUSY] = "in use",
	    [CP_NET] = "network error",
	    [CP_TLS] = "certificate or handshake refused",
	    [CP_CONFIG] = "wrong setting",
	    [CP_INVALID] = "malformed input",
	};

	return (size_t)err < CP_COUNT(text) ? text[err] : "unknown error";
}

void cp_check_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "carepace: internal error at %s:%d: %s\n", file, line, what);
	abort();
}
