#include "base/hash.h"

#include "base/err.h"

#include <mbedtls/md.h>

void hash_sha256(const struct slice *parts, size_t count, uint8_t out[HASH_BYTES])
{
	/* The generic md interface is the same in mbedTLS 2.28 and 3.6. */
	const mbedtls_md_info_t *info = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
	mbedtls_md_context_t md;

	mbedtls_md_init(&md);
	CP_CHECK(mbedtls_md_setup(&md, info, 0) == 0);
	CP_CHECK(mbedtls_md_starts(&md) == 0);
	for (size_t i = 0; i < count; i++)
		if (parts[i].len)
			CP_CHECK(mbedtls_md_update(&md, parts[i].p, parts[i].len) == 0);
	CP_CHECK(mbedtls_md_finish(&md, out) == 0);
	mbedtls_md_free(&md);
}

void hash_hmac(const uint8_t key[HASH_BYTES], struct slice bytes, uint8_t out[HASH_BYTES])
{
	const mbedtls_md_info_t *info = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);

	CP_CHECK(mbedtls_md_hmac(info, key, HASH_BYTES, bytes.p, bytes.len, out) == 0);
}
