#include "load.h"

#include "device.h"
#include "fail.h"
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)
#define HANDSHAKES_AT_ONCE 8
#define EVENTS_MAX 64
#define SILENCE_MAX_S 30 /* nothing at all came for so long: something was lost */
#define RELAY_FILTER "carepace/v1/device/+/up"

enum part {
	PART_CONNECT,
	PART_PREPARE,
	PART_MEASURE,
	PART_COUNT,
};

struct schedule {
	int64_t begin_ns;
	int64_t interval_ns;
	uint64_t next; /* number of the next one */
	uint64_t count;
};

static struct load {
	const struct options *options;
	SSL_CTX *tls;
	int epoll;
	int timer;
	struct id *ids;
	struct device *devices; /* talkers, starters, relay */
	size_t count;
	size_t opened;
	size_t ready;
	enum part part;
	struct schedule samples;
	struct schedule starts;
	struct tally tally;
	struct usage before[PART_COUNT];
	struct usage after[PART_COUNT];
} load;

/* --- certificates --------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
	return id_cmp(a, b);
}

static void find_ids(const char *pki, size_t wanted)
{
	char path[4096];
	struct dirent *entry;
	size_t count = 0;

	snprintf(path, sizeof(path), "%s/devices", pki);
	DIR *folder = opendir(path);
	load.ids = calloc(wanted, sizeof(*load.ids));
	if (!folder || !load.ids)
		fail("cannot read %s", path);
	while (count < wanted && (entry = readdir(folder))) {
		size_t len = strlen(entry->d_name);
		count += len == ID_HEX_LEN + 4 && strcmp(entry->d_name + ID_HEX_LEN, ".pem") == 0 &&
		         id_from_hex(&load.ids[count], slice_of(entry->d_name, ID_HEX_LEN));
	}
	closedir(folder);
	if (count < wanted)
		fail("%s has %zu devices, %zu are needed", path, count, wanted);
	qsort(load.ids, count, sizeof(*load.ids), compare_ids);
}

/* --- connections ---------------------------------------------------------- */

static void on_acked(struct client *client, int64_t tag)
{
	struct device *device = (struct device *)client;

	/* Flood: a talker's next message is due when one was answered. */
	if (load.part == PART_MEASURE && tag && !load.options->rate_per_s &&
	    load.samples.next < load.samples.count) {
		load.samples.next++;
		device_due(device, now_ns());
	}
	device_acked(device, &load.tally, tag);
}

static void on_arrived(struct client *client, struct slice payload)
{
	device_arrived((struct device *)client, &load.tally, payload);
}

static void on_ready(struct client *client);

static const struct client_ops ops = {
    .ready = on_ready,
    .acked = on_acked,
    .arrived = on_arrived,
};

static void open_next(void)
{
	const struct options *options = load.options;
	size_t i = load.opened;

	if (i == load.count)
		return;
	load.opened++;
	struct device *device = &load.devices[i];
	const char *filter = device->role == DEVICE_RELAY ? RELAY_FILTER : NULL;
	client_open(&device->client, load.tls, options->pki, &load.ids[i], filter, options->port,
	    load.epoll, &ops);
}

static void on_ready(struct client *client)
{
	(void)client;
	load.ready++;
	open_next();
}

static enum device_role role_of(size_t i)
{
	if (i < load.options->talkers)
		return DEVICE_TALKER;
	return i < load.options->talkers + load.options->starters ? DEVICE_STARTER : DEVICE_RELAY;
}

static void set_up(const struct options *options)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	load.options = options;
	load.count = (size_t)options->talkers + options->starters + options->relay;
	load.devices = calloc(load.count ? load.count : 1, sizeof(*load.devices));
	load.epoll = epoll_create1(EPOLL_CLOEXEC);
	load.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
	if (!load.devices || load.epoll < 0 || load.timer < 0 ||
	    epoll_ctl(load.epoll, EPOLL_CTL_ADD, load.timer, &event))
		fail("cannot set up: %m");
	load.tls = client_tls_new(options->pki);
	find_ids(options->pki, load.count);
	for (size_t i = 0; i < load.count; i++) {
		struct device *device = &load.devices[i];
		device_init(device, role_of(i), options->in_flight, &load.ids[i]);
		if (device->role == DEVICE_STARTER)
			device->starts =
			    (options->starts + options->starters - 1) / options->starters;
	}
}

/* --- time ----------------------------------------------------------------- */

static int64_t due_at(const struct schedule *schedule)
{
	if (schedule->next == schedule->count || schedule->interval_ns == 0)
		return INT64_MAX;
	return schedule->begin_ns + (int64_t)schedule->next * schedule->interval_ns;
}

/* What is due goes to the devices in turn. */
static void run_schedule(struct schedule *schedule, size_t first, size_t count)
{
	int64_t now = now_ns();

	while (due_at(schedule) <= now) {
		struct device *device = &load.devices[first + schedule->next % count];
		device_due(device, due_at(schedule));
		schedule->next++;
		device_speak(device, &load.tally);
	}
}

static void on_time(void)
{
	uint64_t fired;

	if (read(load.timer, &fired, sizeof(fired)) < 0 && errno != EAGAIN)
		fail("timer: %m");
	run_schedule(&load.samples, 0, load.options->talkers);
	run_schedule(&load.starts, load.options->talkers, load.options->starters);

	int64_t next = due_at(&load.samples);
	if (due_at(&load.starts) < next)
		next = due_at(&load.starts);
	struct itimerspec at = {0};
	if (next != INT64_MAX) {
		at.it_value.tv_sec = next / NS_PER_S;
		at.it_value.tv_nsec = next % NS_PER_S;
	}
	if (timerfd_settime(load.timer, TFD_TIMER_ABSTIME, &at, NULL))
		fail("timer: %m");
}

/* --- parts ---------------------------------------------------------------- */

static bool is_all_quiet(void)
{
	for (size_t i = 0; i < load.count; i++)
		if (!device_is_quiet(&load.devices[i]))
			return false;
	return true;
}

static bool is_over(void)
{
	const struct options *options = load.options;

	switch (load.part) {
	case PART_CONNECT:
		return load.ready == load.count;
	case PART_PREPARE:
		return is_all_quiet();
	default:
		return load.tally.measured == options->messages &&
		       load.starts.next == load.starts.count && is_all_quiet() &&
		       (!options->relay || load.tally.relayed == load.tally.acknowledged);
	}
}

static void wait_and_turn(void)
{
	struct epoll_event events[EVENTS_MAX];
	int count = epoll_wait(load.epoll, events, EVENTS_MAX, SILENCE_MAX_S * 1000);

	if (count == 0)
		fail("nothing came for %d s: part %d, %zu of %zu ready, %llu acknowledged, %zu "
		     "verdicts, %llu relayed",
		    SILENCE_MAX_S, load.part, load.ready, load.count,
		    (unsigned long long)load.tally.acknowledged, load.tally.verdicts.count,
		    (unsigned long long)load.tally.relayed);
	for (int i = 0; i < count; i++) {
		if (events[i].data.ptr)
			client_turn(events[i].data.ptr);
		else
			on_time();
	}
}

static void begin(enum part part)
{
	load.part = part;
	load.before[part] = process_usage(load.options->server);
}

static void finish(void)
{
	while (!is_over())
		wait_and_turn();
	load.after[load.part] = process_usage(load.options->server);
}

static void hold(void)
{
	if (load.options->hold_ms == 0)
		return;
	usleep(load.options->hold_ms * 1000);
	load.after[PART_CONNECT].rss_kb = process_usage(load.options->server).rss_kb;
}

static void begin_talk(void)
{
	const struct options *options = load.options;
	int64_t now = now_ns();

	load.samples = (struct schedule){.begin_ns = now, .count = options->messages};
	load.starts = (struct schedule){.begin_ns = now,
	    .count = options->starts,
	    .interval_ns = NS_PER_S / options->starts_per_s};
	if (options->rate_per_s)
		load.samples.interval_ns = NS_PER_S / options->rate_per_s;
	else
		for (size_t n = 0; n < (size_t)options->talkers * options->in_flight &&
		                   load.samples.next < load.samples.count;
		     n++) {
			device_due(&load.devices[n % options->talkers], now);
			load.samples.next++;
		}
	for (size_t i = 0; i < load.count; i++)
		device_speak(&load.devices[i], &load.tally);
	on_time();
}

/* --- the result ----------------------------------------------------------- */

static void print_part(const char *name, enum part part)
{
	const struct usage *from = &load.before[part];
	const struct usage *to = &load.after[part];

	printf("\"%s\": {\"seconds\": %.6f, \"cpu_s\": %.6f, \"rss_before_kb\": %ld, "
	       "\"rss_after_kb\": %ld},\n",
	    name, (double)(to->at_ns - from->at_ns) / (double)NS_PER_S,
	    (double)(to->cpu_ns - from->cpu_ns) / (double)NS_PER_S, from->rss_kb, to->rss_kb);
}

static void print_result(void)
{
	struct tally *tally = &load.tally;

	printf("{\"cipher\": \"%s\", \"connections\": %zu,\n",
	    load.count ? SSL_get_cipher(load.devices[0].client.ssl) : "", load.count);
	print_part("connect", PART_CONNECT);
	print_part("prepare", PART_PREPARE);
	print_part("measure", PART_MEASURE);
	printf(
	    "\"acknowledged\": %llu, \"messages\": %llu, \"relayed\": %llu, \"advised\": %llu,\n",
	    (unsigned long long)tally->acknowledged, (unsigned long long)tally->measured,
	    (unsigned long long)tally->relayed, (unsigned long long)tally->advised);
	printf("\"payload_bytes\": %.1f,\n\"acks\": ",
	    tally->measured ? (double)tally->out_bytes / (double)tally->measured : 0.0);
	series_print(&tally->acks, stdout);
	printf(",\n\"verdicts\": ");
	series_print(&tally->verdicts, stdout);
	printf("}\n");
}

static void tear_down(void)
{
	for (size_t i = 0; i < load.count; i++) {
		client_close(&load.devices[i].client);
		device_deinit(&load.devices[i]);
	}
	series_deinit(&load.tally.acks);
	series_deinit(&load.tally.verdicts);
	SSL_CTX_free(load.tls);
	free(load.devices);
	free(load.ids);
	close(load.timer);
	close(load.epoll);
}

void load_run(const struct options *options)
{
	set_up(options);
	begin(PART_CONNECT);
	for (size_t i = 0; i < HANDSHAKES_AT_ONCE; i++)
		open_next();
	finish();
	hold();
	begin(PART_PREPARE);
	for (size_t i = 0; i < load.count; i++)
		device_speak(&load.devices[i], &load.tally);
	finish();
	begin(PART_MEASURE);
	begin_talk();
	finish();
	print_result();
	tear_down();
}
