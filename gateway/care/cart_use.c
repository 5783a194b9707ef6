#include "care/cart_use.h"

#include <stdio.h>

void cart_use_name(const struct cart_use *use, char *out, size_t out_bytes)
{
	snprintf(out, out_bytes, "%s/%s#%u", use->gtin, use->serial, (unsigned)use->slot);
}
