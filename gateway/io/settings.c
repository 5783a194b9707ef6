/* The table, and the example file that is printed from it. A setting is one
 * row; nothing else has to be touched to add one but struct config. */
#include "io/settings.h"

#define AT(member) .offset = offsetof(struct config, member)

const struct setting settings[] = {
    {
        .section = "site",
        .name = "name",
        .type = SETTING_SITE,
        AT(site.name),
        .is_required = true,
        .sample = "example-clinic",
        .sentence = "This clinic's name in topics and at head office.",
    },
    {
        .section = "site",
        .name = "timezone",
        .type = SETTING_ZONE,
        AT(site.timezone),
        .is_required = true,
        .sample = "Europe/Berlin",
        .sentence = "Where the clinic's calendar days begin and end.",
    },
    {
        .section = "store",
        .name = "path",
        .type = SETTING_PATH,
        AT(store.path),
        .fallback = "/var/lib/carepace",
        .sentence = "The folder of the ledger. It wants a local disk that honours fsync.",
    },
    {
        .section = "store",
        .name = "reserve",
        .type = SETTING_BYTES,
        AT(store.reserve_bytes),
        .is_live = true,
        .min = 1024 * 1024,
        .max = 1024 * 1024 * 1024,
        .fallback = "64MiB",
        .sentence = "Room on that disk that is kept for what is stored already: when less is "
                    "left, devices wait with their messages until there is more.",
    },
    {
        .section = "store",
        .name = "keep_streams",
        .type = SETTING_SECONDS,
        AT(store.keep_streams_s),
        .min = 24 * 3600,
        .max = 3650 * 24 * 3600,
        .fallback = "30d",
        .sentence = "How long samples, pulses, parameters and heartbeats are kept one by one; what "
                    "they came to stays.",
    },
    {
        .section = "listener",
        .name = "address",
        .type = SETTING_ADDRESS,
        AT(listener.address),
        .is_live = true,
        .fallback = "0.0.0.0",
        .sentence = "The address that devices connect to; 0.0.0.0 is every IPv4 address, "
                    "\"::\" every IPv4 and IPv6 address.",
    },
    {
        .section = "listener",
        .name = "port",
        .type = SETTING_NUMBER,
        AT(listener.port),
        .is_live = true,
        .min = 1,
        .max = 65535,
        .fallback = "8883",
        .sentence = "The port that devices connect to.",
    },
    {
        .section = "listener",
        .name = "certificate",
        .type = SETTING_PATH,
        AT(listener.certificate),
        .is_live = true,
        .fallback = "/etc/carepace/pki/listener.pem",
        .sentence = "What the gateway shows to devices (PEM).",
    },
    {
        .section = "listener",
        .name = "key",
        .type = SETTING_PATH,
        AT(listener.key),
        .is_live = true,
        .fallback = "/etc/carepace/pki/listener.key",
        .sentence = "The certificate's private key (PEM); no other user may read it.",
    },
    {
        .section = "listener",
        .name = "ca",
        .type = SETTING_PATH,
        AT(listener.ca),
        .is_live = true,
        .fallback = "/etc/carepace/pki/ca.pem",
        .sentence = "The authority that signs device certificates (PEM).",
    },
    {
        .section = "listener",
        .name = "registry",
        .type = SETTING_PATH,
        AT(listener.registry),
        .is_live = true,
        .fallback = "/etc/carepace/pki/registry",
        .sentence = "The devices that may connect; `carepace pki` writes it, the daemon "
                    "watches it.",
    },
    {
        .section = "listener",
        .name = "max_connections",
        .type = SETTING_NUMBER,
        AT(listener.max_connections),
        .is_live = true,
        .min = 1,
        .max = 100000,
        .fallback = "10000",
        .unit = "connections",
        .sentence = "More than these are refused.",
    },
    {
        .section = "listener",
        .name = "max_keep_alive",
        .type = SETTING_SECONDS,
        AT(listener.max_keep_alive_s),
        .is_live = true,
        .min = 5,
        .max = 65535,
        .fallback = "20min",
        .sentence = "A device that is silent for one and a half times its keep-alive is "
                    "closed; longer keep-alives, and none, count as this.",
    },
    {
        .section = "listener",
        .name = "session_expiry_max",
        .type = SETTING_SECONDS,
        AT(listener.session_expiry_max_s),
        .is_live = true,
        .min = 0,
        .max = 365 * 24 * 3600,
        .fallback = "7d",
        .sentence = "How long the session of a device that is away is kept at most; a session "
                    "of MQTT 3.1.1 that is not clean, for as long as this.",
    },
    {
        .section = "listener",
        .name = "receive_maximum",
        .type = SETTING_NUMBER,
        AT(listener.receive_maximum),
        .is_live = true,
        .min = 1,
        .max = 128,
        .fallback = "100",
        .unit = "messages",
        .sentence = "How many unacknowledged messages a device may have under way.",
    },
    {
        .section = "listener",
        .name = "max_packet_bytes",
        .type = SETTING_BYTES,
        AT(listener.max_packet_bytes),
        .is_live = true,
        .min = 1024,
        .max = 1024 * 1024,
        .fallback = "66000",
        .sentence = "A larger MQTT packet closes the connection.",
    },
    {
        .section = "listener",
        .name = "max_messages_per_second",
        .type = SETTING_NUMBER,
        AT(listener.max_messages_per_s),
        .is_live = true,
        .min = 1,
        .max = 1000000,
        .fallback = "2000",
        .unit = "messages",
        .sentence = "A device that sends more is slowed down, so that it does not disturb the "
                    "others; nothing is lost. Four seconds' worth at once are well.",
    },
    {
        .section = "listener",
        .name = "max_bytes_per_second",
        .type = SETTING_BYTES,
        AT(listener.max_bytes_per_s),
        .is_live = true,
        .min = 1024,
        .max = 1024 * 1024 * 1024,
        .fallback = "1MiB",
        .sentence = "The same for a device's bytes.",
    },
    {
        .section = "listener",
        .name = "max_connects_per_second",
        .type = SETTING_NUMBER,
        AT(listener.max_connects_per_s),
        .is_live = true,
        .min = 1,
        .max = 10000,
        .fallback = "5",
        .unit = "connections",
        .sentence = "A device that connects more often is refused; twelve seconds' worth at "
                    "once are well.",
    },
    {
        .section = "upstream",
        .name = "servers",
        .type = SETTING_SERVERS,
        AT(upstream.servers),
        .is_live = true,
        .count_offset = offsetof(struct config, upstream.server_count),
        .max = 8,
        .sample = "[mqtt.head-office.example:8883]",
        .sentence = "Head office's brokers, the first that answers is used. None: no head "
                    "office.",
    },
    {
        .section = "upstream",
        .name = "ca",
        .type = SETTING_PATH,
        AT(upstream.ca),
        .is_live = true,
        .sample = "/etc/carepace/upstream/ca.pem",
        .sentence = "The authority that signed the brokers' certificates (PEM).",
    },
    {
        .section = "upstream",
        .name = "certificate",
        .type = SETTING_PATH,
        AT(upstream.certificate),
        .is_live = true,
        .sample = "/etc/carepace/upstream/client.pem",
        .sentence = "What the gateway shows to the brokers (PEM).",
    },
    {
        .section = "upstream",
        .name = "key",
        .type = SETTING_PATH,
        AT(upstream.key),
        .is_live = true,
        .sample = "/etc/carepace/upstream/client.key",
        .sentence = "The certificate's private key (PEM).",
    },
    {
        .section = "upstream",
        .name = "receipts",
        .type = SETTING_BOOL,
        AT(upstream.receipts),
        .is_live = true,
        .fallback = "false",
        .sentence = "Wait for head office's own receipt; a broker's acknowledgement is not "
                    "enough then.",
    },
    {
        .section = "upstream",
        .name = "json",
        .type = SETTING_BOOL,
        AT(upstream.json),
        .is_live = true,
        .fallback = "false",
        .sentence = "Send reports in protobuf's JSON form instead of its bytes. Orders are "
                    "understood in both.",
    },
    {
        .section = "upstream",
        .name = "outbox_max",
        .type = SETTING_BYTES,
        AT(upstream.outbox_max_bytes),
        .is_live = true,
        .min = 1024 * 1024,
        .max = 1024 * 1024 * 1024,
        .fallback = "256MiB",
        .sentence = "What may wait for head office, 256 bytes a report. When it is more, the "
                    "least urgent and oldest are given up, counted and told of.",
    },
    {
        .section = "upstream",
        .name = "outbox_days",
        .type = SETTING_NUMBER,
        AT(upstream.outbox_days),
        .is_live = true,
        .min = 1,
        .max = 3650,
        .unit = "days",
        .fallback = "400",
        .sentence = "How long a report waits for head office before it is given up.",
    },
    {
        .section = "http",
        .name = "address",
        .type = SETTING_ADDRESS,
        AT(http.address),
        .fallback = "127.0.0.1",
        .sentence = "Where /metrics, /healthz and /readyz are answered. They need no password: "
                    "give an address other than this box's own only in a network that you "
                    "trust.",
    },
    {
        .section = "http",
        .name = "port",
        .type = SETTING_NUMBER,
        AT(http.port),
        .min = 0,
        .max = 65535,
        .fallback = "9883",
        .sentence = "The port of that; 0 turns it off.",
    },
    {
        .section = "http",
        .name = "socket",
        .type = SETTING_PATH,
        AT(http.socket),
        .sample = "/run/carepace/http",
        .sentence = "A unix socket instead of address and port; the gateway's group may use "
                    "it.",
    },
    {
        .section = "policy",
        .name = "file",
        .type = SETTING_PATH,
        AT(policy.file),
        .is_live = true,
        .sample = "/etc/carepace/policy.yaml",
        .sentence = "The clinic's own numbers, model profiles, opening hours (YAML). What "
                    "stands there goes before what head office sends.",
    },
    {
        .section = "log",
        .name = "level",
        .type = SETTING_LEVEL,
        AT(log_level),
        .is_live = true,
        .fallback = "info",
        .sentence = "How much is logged.",
    },
};

const size_t setting_count = CP_COUNT(settings);

/* "  # word word ...", broken before column 80. */
static void print_comment(FILE *out, const char *text)
{
	const size_t width = 79;
	size_t column = 0;

	while (*text) {
		size_t word = strcspn(text, " ");

		if (column == 0 || column + 1 + word > width) {
			fputs(column ? "\n  #" : "  #", out);
			column = 3;
		}
		fprintf(out, " %.*s", (int)word, text);
		column += 1 + word;
		text += word + strspn(text + word, " ");
	}
	fputc('\n', out);
}

static const char *chosen(const struct setting *setting, const struct setting_choice *choices)
{
	for (; choices->section; choices++)
		if (strcmp(choices->section, setting->section) == 0 &&
		    strcmp(choices->name, setting->name) == 0)
			return choices->value;
	return NULL;
}

static void print_setting(
    FILE *out, const struct setting *setting, const struct setting_choice *choices)
{
	const char *choice = chosen(setting, choices);
	const char *value = choice              ? choice
	                    : setting->fallback ? setting->fallback
	                                        : setting->sample;
	char expected[256];
	char comment[512];

	setting_expected(setting, expected, sizeof(expected));
	bool is_evident = setting->type == SETTING_PATH;
	const char *status = setting->is_required ? " Required."
	                     : setting->fallback  ? ""
	                                          : " Not set by default.";
	snprintf(comment, sizeof(comment), "%s%s%s%s%s%s", setting->sentence,
	    is_evident ? "" : " Give ", is_evident ? "" : expected, is_evident ? "" : ".", status,
	    setting->is_live ? "" : " A change needs a restart.");
	print_comment(out, comment);
	fprintf(
	    out, "  %s%s: %s\n", setting->is_required || choice ? "" : "#", setting->name, value);
}

void settings_print(FILE *out, const struct setting_choice *choices)
{
	const char *section = "";

	fputs("# Carepace's configuration. Lines that begin with \"#name:\" show the default or\n"
	      "# an example; remove the # to change one. `carepace example-config` prints this\n"
	      "# file. Relative paths count from the folder of this file.\n",
	    out);
	for (size_t i = 0; i < setting_count; i++) {
		if (strcmp(section, settings[i].section) != 0) {
			section = settings[i].section;
			fprintf(out, "\n%s:\n", section);
		} else {
			fputc('\n', out);
		}
		print_setting(out, &settings[i], choices);
	}
}

void settings_print_example(FILE *out)
{
	static const struct setting_choice none = {0};

	settings_print(out, &none);
}
