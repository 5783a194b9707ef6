#include "arguments.h"
#include "year.h"
#include "year_clinic.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

enum key {
	KEY_SEED = 256,
	KEY_CLINICS,
	KEY_DAYS,
	KEY_OUT,
	KEY_OFF,
	KEY_BUSY,
	KEY_FIRST,
};

static const struct argp_option argp_options[] = {
    {"out", KEY_OUT, "DIR", 0, "where the logs go, and what must be found in them", 0},
    {"seed", KEY_SEED, "N", 0, "the same seed is the same year (1)", 0},
    {"clinics", KEY_CLINICS, "N", 0, "how many, in several time zones (4)", 0},
    {"days", KEY_DAYS, "N", 0, "how long (365)", 0},
    {"busy", KEY_BUSY, "N", 0, "so many new clients a day, at most (2)", 0},
    {"first", KEY_FIRST, "YYYYMMDD", 0, "the first day (one of 2025 to 2027, by the seed)", 0},
    {"off", KEY_OFF, "CHECK", 0,
        "head office switches this check off, and what must be found stays as it is", 0},
    {0},
};

static Carepace__V1__Check check_of(const char *name)
{
	const ProtobufCEnumValue *value =
	    protobuf_c_enum_descriptor_get_value_by_name(&carepace__v1__check__descriptor, name);

	if (!value || !value->value) {
		fprintf(stderr, "device-sim: --off: there is no check \"%s\"\n", name);
		exit(ARGUMENT_EXIT);
	}
	return (Carepace__V1__Check)value->value;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct year_options *options = state->input;

	switch (key) {
	case KEY_SEED:
		options->seed = argument_number("seed", arg, 0, UINT32_MAX);
		return 0;
	case KEY_CLINICS:
		options->clinics = (uint32_t)argument_number("clinics", arg, 1, 100);
		return 0;
	case KEY_DAYS:
		options->days = (uint32_t)argument_number("days", arg, 5, CLINIC_DAYS_MAX);
		return 0;
	case KEY_OUT:
		options->out_dir = arg;
		return 0;
	case KEY_BUSY:
		options->busy = (uint32_t)argument_number("busy", arg, 1, 50);
		return 0;
	case KEY_FIRST:
		options->first_date = (uint32_t)argument_number("first", arg, 20250101, 20291231);
		return 0;
	case KEY_OFF:
		options->off = check_of(arg);
		return 0;
	case ARGP_KEY_ARG:
		argument_refuse(arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void year_options_parse(struct year_options *options, int argc, char **argv)
{
	static const struct argp argp = {
	    .options = argp_options,
	    .parser = parse_option,
	    .doc = "Plans a year of clinics: well-behaved people, and some who forget, hurry, hop, "
	           "clone, drift. Writes what each gateway hears (SITE.log, for `carepace replay`) "
	           "and, from the plan, what it must find in it (SITE.expected.jsonl).",
	};

	*options = (struct year_options){.seed = 1, .clinics = 4, .days = 365, .busy = 2};
	argp_err_exit_status = ARGUMENT_EXIT;
	if (argp_parse(&argp, argc, argv, 0, NULL, options))
		exit(ARGUMENT_EXIT);
	argument_demand("out", options->out_dir, "a directory for the logs");
}
