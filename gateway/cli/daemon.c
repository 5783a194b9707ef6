#include "cli/daemon.h"

#include "io/control.h"
#include "io/folder.h"

#include <jansson.h>
#include <stdio.h>

#define ANSWER_MS 2000

static void read_devices(const json_t *array, struct daemon *out)
{
	for (size_t i = 0; i < json_array_size(array) && out->device_count < DAEMON_DEVICES_MAX;
	     i++) {
		const char *hex = json_string_value(json_array_get(array, i));
		if (hex && id_from_hex(&out->devices[out->device_count], slice_str(hex)))
			out->device_count++;
	}
}

static bool read_answer(const char *line, struct daemon *out)
{
	json_t *answer = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	const char *version;
	const char *why_not;
	json_int_t pid, started_at, connected, registered, down_ms;
	int is_ok, is_ready, in_doubt, has_office, is_connected;
	bool is_read =
	    json_unpack(answer, "{s:b, s:s, s:I, s:I, s:b, s:s, s:I, s:I, s:b, s:b, s:b, s:I}",
	        "ok", &is_ok, "version", &version, "pid", &pid, "started_at", &started_at, "ready",
	        &is_ready, "why_not", &why_not, "connected", &connected, "registered", &registered,
	        "clock_in_doubt", &in_doubt, "has_head_office", &has_office,
	        "is_head_office_connected", &is_connected, "head_office_down_ms", &down_ms) == 0;

	if (is_read) {
		*out = (struct daemon){
		    .is_running = true,
		    .pid = pid,
		    .started_at = started_at,
		    .is_ready = is_ready,
		    .connected = connected,
		    .registered = registered,
		    .is_clock_in_doubt = in_doubt,
		    .has_head_office = has_office,
		    .is_head_office_connected = is_connected,
		    .head_office_down_ms = down_ms,
		};
		snprintf(out->version, sizeof(out->version), "%s", version);
		snprintf(out->why_not, sizeof(out->why_not), "%s", why_not);
	}
	if (is_read)
		read_devices(json_object_get(answer, "devices"), out);
	json_decref(answer);
	return is_read;
}

void daemon_ask(const char *folder, struct daemon *out)
{
	char answer[CONTROL_LINE_MAX];
	char why[256];
	enum cp_err err = control_ask(folder, "{\"do\":\"status\"}", ANSWER_MS, answer, why);

	if (err == CP_OK && read_answer(answer, out))
		return;
	if (err == CP_OK)
		snprintf(out->silence, sizeof(out->silence),
		    "The running gateway's answer cannot be understood: it is another version. "
		    "Restart it: systemctl restart carepace.");
	else if (err != CP_NOTFOUND)
		snprintf(out->silence, sizeof(out->silence),
		    "The gateway cannot be asked: %s. Ask as root.", why);
	else if (folder_is_held(folder)) /* though nobody answers in it */
		snprintf(out->silence, sizeof(out->silence),
		    "The gateway is starting, or waits because its store failed or its disk is "
		    "full; its log says which: journalctl -u carepace.");
	else
		snprintf(out->silence, sizeof(out->silence),
		    "The gateway does not run. Start it: systemctl start carepace; if it does not "
		    "stay: journalctl -u carepace.");
}
