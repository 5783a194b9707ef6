/* upstream_driver - the real upstream thread over an outbox in memory, moved by
 * test_upstream.py: commands on stdin, one line per thing that happens on stdout.
 *
 *   add KIND COUNT BYTES   new rows, then a poke
 *   commit                 really delete what was acknowledged
 *   receipt TEXT           replace the receipt
 *   full 0|1               take orders or have no room for them
 *   counts                 print the counters and the memory
 *   stop                   stop the thread, print how long it took
 *
 * It needs the client's certificate and the names of the brokers:
 *   upstream_driver SITE CA CERTIFICATE KEY ssl://HOST:PORT...
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/log.h"
#include "shell/upstream_thread.h"

#define KIND_MAX 4
#define ROWS_MAX 200000

enum row_state {
	ROW_NONE,
	ROW_WAITS,
	ROW_ACKED
};

struct outbox {
	pthread_mutex_t lock;
	uint64_t last_n[KIND_MAX + 1];
	size_t bytes[KIND_MAX + 1];
	unsigned char state[KIND_MAX + 1][ROWS_MAX + 1];
	char page[UPSTREAM_PAYLOAD_MAX * 32];
	bool is_full;
};

static const char *const topics[KIND_MAX + 1] = {NULL, "alert", "session", "aggregate", "status"};

static struct slice print_row(char *at, struct window_row row, size_t len_bytes)
{
	memset(at, '.', len_bytes);
	char text[48];
	int len = snprintf(text, sizeof(text), "%u:%llu:", row.kind, (unsigned long long)row.n);
	memcpy(at, text, (size_t)len < len_bytes ? (size_t)len : len_bytes);
	return slice_of(at, len_bytes);
}

static size_t outbox_next(
    void *ctx, const uint64_t after[WINDOW_KINDS], struct upstream_item *items, size_t max)
{
	struct outbox *outbox = ctx;
	size_t count = 0;
	char *at = outbox->page;

	pthread_mutex_lock(&outbox->lock);
	for (unsigned kind = 1; kind <= KIND_MAX; kind++) {
		for (uint64_t n = after[kind] + 1; n <= outbox->last_n[kind] && count < max; n++) {
			if (outbox->state[kind][n] == ROW_NONE)
				continue;
			struct window_row row = {kind, n};
			struct slice payload = print_row(at, row, outbox->bytes[kind]);
			at += payload.len;
			items[count++] = (struct upstream_item){row, topics[kind], payload};
		}
	}
	pthread_mutex_unlock(&outbox->lock);
	return count;
}

static void outbox_done(void *ctx, const struct window_row *rows, size_t count)
{
	struct outbox *outbox = ctx;

	pthread_mutex_lock(&outbox->lock);
	for (size_t i = 0; i < count; i++) {
		outbox->state[rows[i].kind][rows[i].n] = ROW_ACKED;
		printf("acked %u %llu\n", rows[i].kind, (unsigned long long)rows[i].n);
	}
	pthread_mutex_unlock(&outbox->lock);
}

static bool take_order(void *ctx, struct slice payload)
{
	struct outbox *outbox = ctx;

	pthread_mutex_lock(&outbox->lock);
	bool is_full = outbox->is_full;
	pthread_mutex_unlock(&outbox->lock);
	if (!is_full)
		printf("order %.*s\n", (int)payload.len, (const char *)payload.p);
	return !is_full;
}

static void on_state(void *ctx, bool is_connected, const char *text)
{
	(void)ctx;
	printf("state %s %s\n", is_connected ? "up" : "down", text);
}

static void add_rows(struct outbox *outbox, const char *arguments)
{
	unsigned kind, count;
	size_t len_bytes;

	CP_CHECK(sscanf(arguments, "%u %u %zu", &kind, &count, &len_bytes) == 3);
	pthread_mutex_lock(&outbox->lock);
	CP_CHECK(kind >= 1 && kind <= KIND_MAX && outbox->last_n[kind] + count <= ROWS_MAX);
	CP_CHECK(len_bytes <= UPSTREAM_PAYLOAD_MAX);
	outbox->bytes[kind] = len_bytes;
	while (count-- > 0)
		outbox->state[kind][++outbox->last_n[kind]] = ROW_WAITS;
	pthread_mutex_unlock(&outbox->lock);
}

static void commit(struct outbox *outbox)
{
	pthread_mutex_lock(&outbox->lock);
	for (unsigned kind = 1; kind <= KIND_MAX; kind++)
		for (uint64_t n = 1; n <= outbox->last_n[kind]; n++)
			if (outbox->state[kind][n] == ROW_ACKED)
				outbox->state[kind][n] = ROW_NONE;
	pthread_mutex_unlock(&outbox->lock);
}

static long resident_kb(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (file && fscanf(file, "%*d %ld", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void print_counts(struct upstream_thread *thread)
{
	struct upstream_counts counts;

	upstream_thread_counts(thread, &counts);
	printf("counts sent=%llu acknowledged=%llu refused=%llu returned=%llu orders=%llu "
	       "orders_dropped=%llu "
	       "connects=%llu losses=%llu rss_kb=%ld\n",
	    (unsigned long long)counts.sent, (unsigned long long)counts.acknowledged,
	    (unsigned long long)counts.refused, (unsigned long long)counts.returned,
	    (unsigned long long)counts.orders, (unsigned long long)counts.orders_dropped,
	    (unsigned long long)counts.connects, (unsigned long long)counts.losses, resident_kb());
}

/* False: it was the last command. */
static bool obey(struct upstream_thread *thread, struct outbox *outbox, char *line)
{
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "add ", 4) == 0) {
		add_rows(outbox, line + 4);
		upstream_thread_poke(thread);
	} else if (strcmp(line, "commit") == 0) {
		commit(outbox);
	} else if (strncmp(line, "receipt ", 8) == 0) {
		CP_CHECK(upstream_thread_receipt(thread, slice_str(line + 8)));
	} else if (strncmp(line, "full ", 5) == 0) {
		pthread_mutex_lock(&outbox->lock);
		outbox->is_full = line[5] == '1';
		pthread_mutex_unlock(&outbox->lock);
	} else if (strcmp(line, "counts") == 0) {
		print_counts(thread);
	} else {
		CP_CHECK(strcmp(line, "stop") == 0);
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	static struct outbox outbox = {.lock = PTHREAD_MUTEX_INITIALIZER};
	const struct upstream_source source = {
	    .next = outbox_next, .done = outbox_done, .order = take_order, .state = on_state};
	struct upstream_thread *thread;
	char line[256];

	CP_CHECK(argc >= 6);
	const struct upstream_config config = {
	    .servers = argv + 5,
	    .server_count = argc - 5,
	    .site = argv[1],
	    .client_id = argv[1],
	    .ca_file = argv[2],
	    .certificate_file = argv[3],
	    .key_file = argv[4],
	};
	setvbuf(stdout, NULL, _IOLBF, 0);
	CP_CHECK(upstream_thread_start(&thread, &config, &source, &outbox) == CP_OK);
	while (fgets(line, sizeof(line), stdin) && obey(thread, &outbox, line))
		continue;
	mono_ms before = clock_mono();
	bool is_ended = upstream_thread_stop(thread);
	printf("stopped %lld\n", (long long)(clock_mono() - before));
	return is_ended ? 0 : 1;
}
