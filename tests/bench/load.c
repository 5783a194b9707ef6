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
#define EVENTS_MAX 64
#define SILENCE_MAX_S 30 /* nothing at all came for so long: something was lost */
#define RELAY_FILTER "carepace/v1/device/+/up"

enum part {
	PART_CONNECT,
	PART_PREPARE,
	PART_MEASURE,
	PART_RETURN,
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
	struct client_net net;
	int timer;
	struct id *ids;
	struct device *devices; /* talkers, starters, relay, probe */
	size_t count;
	size_t opened;
	size_t ready;
	bool is_to_resume;
	bool is_ended; /* standard input */
	enum part part;
	struct schedule samples;
	struct schedule starts;
	struct probe probe;
	struct tally tally;
	struct usage before[PART_COUNT];
	struct usage after[PART_COUNT];
} load;

/* --- certificates --------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
	return id_cmp(a, b);
}

static void find_ids(const char *pki, size_t skip, size_t wanted)
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
		if (len != ID_HEX_LEN + 4 || strcmp(entry->d_name + ID_HEX_LEN, ".pem") != 0)
			continue;
		if (skip > 0)
			skip--;
		else
			count += id_from_hex(&load.ids[count], slice_of(entry->d_name, ID_HEX_LEN));
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

static void on_ponged(struct client *client)
{
	struct probe *probe = &load.probe;
	int64_t now = now_ns();

	(void)client;
	probe->is_out = false;
	for (; probe->due_ns <= now; probe->due_ns += probe->interval_ns)
		series_add(&probe->pings, now - probe->due_ns);
}

static void on_ready(struct client *client);

static const struct client_ops ops = {
    .ready = on_ready,
    .acked = on_acked,
    .arrived = on_arrived,
    .ponged = on_ponged,
};

static void open_next(void)
{
	if (load.opened < load.count)
		client_open(&load.devices[load.opened++].client, load.is_to_resume);
}

static void connect_all(bool is_to_resume)
{
	load.opened = load.ready = 0;
	load.is_to_resume = is_to_resume;
	for (size_t i = 0; i < load.options->at_once; i++)
		open_next();
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
	if (i < load.options->talkers + load.options->starters)
		return DEVICE_STARTER;
	return load.options->probe_ms && i == load.count - 1 ? DEVICE_PROBE : DEVICE_RELAY;
}

static void set_up_device(size_t i)
{
	const struct options *options = load.options;
	struct device *device = &load.devices[i];
	enum device_role role = role_of(i);

	client_init(
	    &device->client, &load.net, &load.ids[i], role == DEVICE_RELAY ? RELAY_FILTER : NULL);
	device_init(device, role, options->in_flight, &load.ids[i]);
	if (role == DEVICE_STARTER)
		device->starts = (options->starts + options->starters - 1) / options->starters;
}

static void watch(int fd, void *as)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = as};

	if (fd < 0 || epoll_ctl(load.net.epoll, EPOLL_CTL_ADD, fd, &event))
		fail("cannot watch descriptor %d: %m", fd);
}

static void set_up(const struct options *options)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	load.options = options;
	load.count =
	    (size_t)options->talkers + options->starters + options->relay + (options->probe_ms > 0);
	load.devices = calloc(load.count ? load.count : 1, sizeof(*load.devices));
	load.net = (struct client_net){
	    .tls = client_tls_new(options->pki, options->returns),
	    .pki = options->pki,
	    .port = options->port,
	    .epoll = epoll_create1(EPOLL_CLOEXEC),
	    .ops = &ops,
	};
	load.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (!load.devices)
		fail("out of memory");
	watch(load.timer, &load.timer);
	if (options->until_eof)
		watch(STDIN_FILENO, &load.is_ended);
	find_ids(options->pki, options->skip, load.count);
	for (size_t i = 0; i < load.count; i++)
		set_up_device(i);
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

static void run_probe(struct probe *probe)
{
	if (probe->interval_ns == 0 || probe->is_out || probe->due_ns > now_ns())
		return;
	probe->is_out = true;
	client_ping(&load.devices[load.count - 1].client);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void on_time(void)
{
	uint64_t fired;

	if (read(load.timer, &fired, sizeof(fired)) < 0 && errno != EAGAIN)
		fail("timer: %m");
	run_schedule(&load.samples, 0, load.options->talkers);
	run_schedule(&load.starts, load.options->talkers, load.options->starters);
	run_probe(&load.probe);

	int64_t next = earlier(due_at(&load.samples), due_at(&load.starts));
	if (load.probe.interval_ns)
		next = earlier(next, now_ns() + load.probe.interval_ns / 2);
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
	case PART_RETURN:
		return load.ready == load.count;
	case PART_PREPARE:
		return is_all_quiet();
	default:
		if (options->until_eof)
			return load.is_ended;
		return load.tally.measured == options->messages &&
		       load.starts.next == load.starts.count && is_all_quiet() &&
		       (!options->relay || load.tally.relayed == load.tally.acknowledged);
	}
}

static void wait_and_turn(void)
{
	struct epoll_event events[EVENTS_MAX];
	int count = epoll_wait(load.net.epoll, events, EVENTS_MAX, SILENCE_MAX_S * 1000);

	if (count == 0)
		fail("nothing came for %d s: part %d, %zu of %zu ready, %llu acknowledged, %zu "
		     "verdicts, %llu relayed",
		    SILENCE_MAX_S, load.part, load.ready, load.count,
		    (unsigned long long)load.tally.acknowledged, load.tally.verdicts.count,
		    (unsigned long long)load.tally.relayed);
	for (int i = 0; i < count; i++) {
		if (events[i].data.ptr == &load.timer)
			on_time();
		else if (events[i].data.ptr == &load.is_ended)
			load.is_ended = true;
		else
			client_turn(events[i].data.ptr);
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
	load.probe.interval_ns = options->probe_ms * NS_PER_MS;
	load.probe.due_ns = now;
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
	printf(",\n\"pings\": ");
	series_print(&load.probe.pings, stdout);
	printf("}\n");
}

static void tear_down(void)
{
	for (size_t i = 0; i < load.count; i++) {
		client_deinit(&load.devices[i].client);
		device_deinit(&load.devices[i]);
	}
	series_deinit(&load.tally.acks);
	series_deinit(&load.tally.verdicts);
	series_deinit(&load.probe.pings);
	SSL_CTX_free(load.net.tls);
	free(load.devices);
	free(load.ids);
	close(load.timer);
	close(load.net.epoll);
}

/* --- connecting again ------------------------------------------------------- */

/* A line of the result. */
static void print_return(const char *how)
{
	const struct usage *from = &load.before[PART_RETURN];
	const struct usage *to = &load.after[PART_RETURN];
	size_t resumed = 0;

	for (size_t i = 0; i < load.count; i++)
		resumed += load.devices[i].client.is_resumed;
	printf("{\"how\": \"%s\", \"seconds\": %.6f, \"cpu_s\": %.6f, \"connections\": %zu, "
	       "\"resumed\": %zu}\n",
	    how, (double)(to->at_ns - from->at_ns) / (double)NS_PER_S,
	    (double)(to->cpu_ns - from->cpu_ns) / (double)NS_PER_S, load.count, resumed);
	fflush(stdout);
}

/* The server may have been started anew meanwhile. Whoever gives the commands waits
 * for the answers: an empty object first, when all are connected. */
static void return_at_commands(const struct options *options)
{
	struct options now = *options;
	char line[64];
	char how[16];

	load.options = &now;
	printf("{}\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "%15s %d", how, &now.server) != 2)
			fail("no command: %s", line);
		for (size_t i = 0; i < load.count; i++)
			client_close(&load.devices[i].client);
		begin(PART_RETURN);
		connect_all(strcmp(how, "resumed") == 0);
		finish();
		print_return(how);
	}
	load.options = options;
}

void load_run(const struct options *options)
{
	set_up(options);
	begin(PART_CONNECT);
	connect_all(false);
	finish();
	hold();
	if (options->returns) {
		return_at_commands(options);
		tear_down();
		return;
	}
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
