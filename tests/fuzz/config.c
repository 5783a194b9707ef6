/* A configuration file. */
#include "faults.h"

#include "io/settings.h"

#define FILE_NAME "fuzz.yaml"

static void check_site(const char *name)
{
	size_t len = strlen(name);

	CP_CHECK(len >= 1 && len <= 32);
	CP_CHECK(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len);
}

static void check_value(const struct setting *setting, const struct config *config)
{
	const uint8_t *field = (const uint8_t *)config + setting->offset;
	const char *text;
	int number;

	switch (setting->type) {
	case SETTING_NUMBER:
	case SETTING_BYTES:
	case SETTING_SECONDS:
		memcpy(&number, field, sizeof(number));
		CP_CHECK(number >= setting->min && number <= setting->max);
		break;
	case SETTING_SITE:
	case SETTING_ZONE:
	case SETTING_PATH:
	case SETTING_ADDRESS:
		memcpy(&text, field, sizeof(text));
		CP_CHECK(text || (!setting->is_required && !setting->fallback));
		CP_CHECK(!text || *text);
		break;
	default:
		break;
	}
}

static void check_config(const struct config *config)
{
	for (size_t i = 0; i < setting_count; i++)
		check_value(&settings[i], config);
	check_site(config->site.name);
	CP_CHECK(!strstr(config->site.timezone, ".."));
	for (int i = 0; i < config->upstream.server_count; i++)
		CP_CHECK(strncmp(config->upstream.servers[i], "ssl://", 6) == 0);
}

void fuzz_one(struct slice bytes)
{
	static const struct config none;
	struct config config;
	struct buf faults;

	buf_init(&faults, CONFIG_FAULTS_MAX_BYTES);
	enum cp_err err = config_parse(&config, FILE_NAME, bytes, &faults);
	if (err == CP_OK) {
		CP_CHECK(faults.len == 0);
		check_config(&config);
		config_free(&config);
	} else {
		CP_CHECK(err == CP_CONFIG);
		faults_check(buf_bytes(&faults), FILE_NAME);
	}
	CP_CHECK(memcmp(&config, &none, sizeof(config)) == 0);
	buf_deinit(&faults);
}
