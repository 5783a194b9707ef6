#include "base/base64.h"

#include <mbedtls/base64.h>

#include "base/err.h"

char *base64_format(struct arena *arena, struct slice bytes)
{
	size_t size = BASE64_LEN(bytes.len) + 1;
	size_t len = 0;
	char *text = arena_alloc(arena, size);

	if (!text)
		return NULL;
	*text = '\0'; /* of no bytes mbedTLS writes nothing */
	if (bytes.len > 0)
		CP_CHECK(mbedtls_base64_encode(
		             (unsigned char *)text, size, &len, bytes.p, bytes.len) == 0);
	return text;
}

/* What mbedTLS knows: four characters of the standard alphabet, padded. */
static bool parse_quad(const uint8_t quad[4], uint8_t out[3], size_t *len)
{
	return mbedtls_base64_decode(out, 3, len, quad, 4) == 0 && *len > 0;
}

static uint8_t standard(uint8_t c)
{
	return c == '-' ? '+' : c == '_' ? '/' : c;
}

/* False for the other alphabet's letters too: they were replaced. */
static bool is_letter(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '/';
}

bool base64_parse(struct slice text, uint8_t *out, size_t max_bytes, size_t *len_bytes)
{
	size_t letters = text.len;

	*len_bytes = 0;
	if (text.len % 4 == 0)
		for (size_t i = 0; i < 2 && letters > 0 && text.p[letters - 1] == '='; i++)
			letters--;
	for (size_t i = 0; i < letters; i += 4) {
		uint8_t quad[4] = {'=', '=', '=', '='};
		uint8_t bytes[3];
		size_t len;

		for (size_t k = 0; k < 4 && i + k < letters; k++) {
			quad[k] = standard(text.p[i + k]);
			if (!is_letter(quad[k]))
				return false;
		}
		if (!parse_quad(quad, bytes, &len) || len > max_bytes - *len_bytes)
			return false;
		memcpy(out + *len_bytes, bytes, len);
		*len_bytes += len;
	}
	return true;
}
