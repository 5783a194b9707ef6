/* options.h - what bench_load is asked for. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct options {
	const char *pki; /* folder of `carepace pki` */
	uint16_t port;   /* on 127.0.0.1 */
	pid_t server;    /* measured; 0 = nobody */

	uint32_t talkers; /* connections that send SAMPLES of a running session */
	uint32_t in_flight;
	uint64_t messages;   /* of all talkers together */
	uint32_t rate_per_s; /* of all together; 0 = as fast as acknowledged */

	uint32_t starters; /* further connections that start sessions and wait for VERDICT */
	uint32_t starts;   /* of all starters together */
	uint32_t starts_per_s;

	bool relay;       /* one further connection subscribes to what all send */
	uint32_t hold_ms; /* idle between connecting and talking, for the memory's sake */
	uint32_t at_once; /* handshakes */

	bool returns;      /* connect again at the commands of standard input */
	uint32_t probe_ms; /* one further connection pings so often; 0 = none */
	bool until_eof;    /* of standard input: the measured part goes on until then */
	uint32_t skip;     /* devices that another bench_load uses */
};

/* Ends the program on a wrong argument. */
void options_parse(struct options *options, int argc, char **argv);

#endif
