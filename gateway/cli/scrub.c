#include "cli/scrub.h"

#include <ctype.h>
#include <strings.h>

#define HEX_MIN 32 /* an id or a token; of it are left: */
#define HEX_LEFT 6
#define BASE64_MIN 40
#define BASE64_PADDED_MIN 16
#define REMOVED "(removed)"

static const char *const words[] = {"password", "passwd", "passphrase", "secret", "token",
    "api_key", "apikey", "authorization", "credential"};

/* --- runs of characters --------------------------------------------------------------------- */

static bool is_base64(char c)
{
	return isalnum((unsigned char)c) || c == '+' || c == '/' || c == '=';
}

/* With or without dashes; 0 when it is too short to be somebody. */
static size_t hex_run(const char *at, const char *end)
{
	size_t len = 0;
	size_t digits = 0;

	for (; at + len < end && (isxdigit((unsigned char)at[len]) || at[len] == '-'); len++)
		digits += at[len] != '-';
	return digits >= HEX_MIN ? len : 0;
}

/* Paths and words are of these letters, too, but hardly of all kinds of them. */
static size_t base64_run(const char *at, const char *end)
{
	size_t len = 0;
	bool has_upper = false;
	bool has_lower = false;
	bool has_digit = false;

	for (; at + len < end && is_base64(at[len]); len++) {
		has_upper |= isupper((unsigned char)at[len]) != 0;
		has_lower |= islower((unsigned char)at[len]) != 0;
		has_digit |= isdigit((unsigned char)at[len]) != 0;
	}
	bool is_padded = len >= BASE64_PADDED_MIN && at[len - 1] == '=';
	return is_padded || (len >= BASE64_MIN && has_upper && has_lower && has_digit) ? len : 0;
}

/* "word" with what stands between it and a value; 0: no such word begins here. */
static size_t secret_word(const char *at, const char *end)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i]);
		if ((size_t)(end - at) <= len || strncasecmp(at, words[i], len) != 0)
			continue;
		const char *next = at + len;
		while (next < end && (isalpha((unsigned char)*next) || *next == '_' ||
		                         *next == '"' || *next == '\'' || *next == ' '))
			next++;
		if (next < end && (*next == ':' || *next == '='))
			return (size_t)(next + 1 - at);
	}
	return 0;
}

/* A quoted value ends at its quote, any other with the line. */
static const char *skip_value(FILE *out, const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		fputc(*at++, out);
	char quote = at < end && (*at == '"' || *at == '\'') ? *at : '\0';
	const char *stop = quote ? at + 1 : end;

	while (quote && stop < end && *stop != quote)
		stop += 1 + (*stop == '\\' && stop + 1 < end);
	if (quote)
		fprintf(out, "%c" REMOVED "%c", quote, quote);
	else
		fputs(REMOVED, out);
	return quote && stop < end ? stop + 1 : end;
}

/* "user:password@" behind "://". */
static size_t user_of_address(const char *at, const char *end)
{
	for (const char *c = at; c < end && !isspace((unsigned char)*c) && *c != '/' && *c != '"';
	     c++)
		if (*c == '@')
			return (size_t)(c - at);
	return 0;
}

/* --- lines ------------------------------------------------------------------------------------ */

static void print_line(FILE *out, const char *at, const char *end)
{
	bool is_inside = false; /* a word; hex and base64 are taken from its beginning */

	while (at < end) {
		size_t len = is_inside ? 0 : hex_run(at, end);
		if (len) {
			fprintf(out, "%.*s...", HEX_LEFT, at);
			at += len;
			continue;
		}
		len = is_inside ? 0 : base64_run(at, end);
		if (len) {
			fputs(REMOVED, out);
			at += len;
			continue;
		}
		len = secret_word(at, end);
		if (len) {
			fwrite(at, 1, len, out);
			at = skip_value(out, at + len, end);
			continue;
		}
		if (end - at > 3 && strncmp(at, "://", 3) == 0 &&
		    (len = user_of_address(at + 3, end)) > 0) {
			fputs("://" REMOVED, out);
			at += 3 + len;
			continue;
		}
		is_inside = is_base64(*at);
		fputc(*at++, out);
	}
}

void scrub_print(FILE *out, struct slice text)
{
	static const char begin[] = "-----BEGIN ";
	static const char private[] = "PRIVATE KEY-----";
	static const char close[] = "-----END ";
	const char *at = (const char *)text.p;
	const char *end = at + text.len;
	bool is_key = false;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((stop ? stop : end) - at);
		bool begins = memmem(at, len, begin, sizeof(begin) - 1) &&
		              memmem(at, len, private, sizeof(private) - 1);
		bool ends = memmem(at, len, close, sizeof(close) - 1) != NULL;

		if (begins)
			fputs("(a private key was here)\n", out);
		else if (!is_key) {
			print_line(out, at, at + len);
			fputc('\n', out);
		}
		is_key = (is_key || begins) && !ends;
		at += len + (stop != NULL);
	}
}
