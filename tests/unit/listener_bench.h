/* listener_bench.h - a listener on a real port, openssl s_client as the device. */
#ifndef TESTS_LISTENER_BENCH_H
#define TESTS_LISTENER_BENCH_H

#include "clinic.h"

#include "io/listener.h"

#define PATIENCE_MS 5000
#define WITH_CERT "-cert pen.pem -key pen.key "

/* What the shell would be: it writes down what it hears and does what is asked. */
struct bench {
	struct clinic *clinic;
	uv_loop_t loop;
	struct listener *listener;
	char story[4096];
	uint64_t conn; /* the last one that opened */
	size_t received;
	bool is_done;
	bool does_echo;
	bool does_pause;
	bool does_refuse;
	mono_ms wake_at;
	mono_ms woken_at;
};

/* openssl s_client, its input and all its output. */
struct device {
	struct bench *bench;
	uv_process_t process;
	uv_pipe_t in;
	uv_pipe_t out[2];
	char output[65536];
	size_t len;
	bool has_exited;
	int open_handles;
};

/* cmocka's set-up and tear-down: a clinic with one registered device, no listener. */
int bench_setup(void **state);
int bench_teardown(void **state);

void bench_listen(struct bench *bench, struct listener_limits limits);
void bench_stop_listening(struct bench *bench);
const struct listener_counters *bench_counters(const struct bench *bench);

/* Runs the loop until `condition`, or for that long; true when it became true. */
bool bench_run(struct bench *bench, bool (*condition)(void *), void *about, uint64_t ms);
/* Runs the loop until the text is there, which is demanded. */
void bench_wait_for(struct bench *bench, const char *in, const char *text);

/* A plain socket, connected by the kernel before the loop accepts it. */
int bench_connect(const struct bench *bench);
/* A condition: the socket (int *) was closed by the other end. */
bool is_cut(void *about);

/* `options` are words for s_client, separated by blanks. */
struct device *device_start(struct bench *bench, const char *options);
void device_say(struct device *device, const char *text);
/* A condition. */
bool has_exited(void *about);
/* Waits for its end (input closed: it says close_notify and goes) and frees it. */
void device_end(struct device *device);

/* A connection that must be refused; what s_client says about it. */
void assert_refused(
    struct bench *bench, const char *options, enum tls_reason reason, const char *says);

extern const struct listener_ops bench_ops;
extern const struct id bench_pen;

#endif
