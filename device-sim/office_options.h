/* office_options.h - the command line of `device-sim head-office`. */
#ifndef SIM_OFFICE_OPTIONS_H
#define SIM_OFFICE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct office_options {
	const char *host;
	const char *ca_path;
	const char *cert_path;
	const char *key_path;
	const char *picture_path; /* NULL: none */
	const char *orders_dir;   /* NULL: none */
	const char *site;         /* whom the orders are for */
	uint16_t port;
	bool is_json; /* what it sends */
	bool has_receipts;
	uint32_t receipts_ms;   /* how long a receipt waits for more to come */
	uint32_t lose_receipts; /* every so many-th is lost on its way; 0: none */
	uint32_t overlook;      /* the so many-th report is not noticed; 0: none */
};

/* As options_parse(). */
void office_options_parse(struct office_options *options, int argc, char **argv);

#endif
