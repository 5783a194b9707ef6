/* options.h - the command line of device-sim. */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define QOS_MIXED 3 /* one device after the other: 0, 1, 2 */

struct options {
	const char *pki_dir;
	const char *state_dir;
	const char *host;
	const char *site;
	const char *acked_path; /* NULL: none */
	const char *orders_dir; /* NULL: the clinic opens */
	uint16_t port;
	uint8_t qos;
	uint32_t devices; /* 0: all that the registry has */
	uint32_t seconds;
	uint32_t speed;
	uint32_t grace_s;
	uint64_t seed;
	uint64_t run; /* 0: by the clock */
	bool is_json;
};

/* Ends the program with status 2 and one sentence when something is wrong, with 0
 * after --help. The strings point into argv. */
void options_parse(struct options *options, int argc, char **argv);

#endif
