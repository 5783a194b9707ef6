#include "year.h"

#include "pki/file.h"
#include "year_course.h"
#include "year_deeds.h"

#include <stdio.h>
#include <stdlib.h>

/* R19: what a start must be answered with, once all is known that speaks against it. */
static void expect_verdicts(struct clinic *clinic)
{
	for (size_t i = 0; i < clinic->visit_count; i++) {
		const struct visit *visit = clinic->visits[i];
		expect_verdict(&clinic->all,
		    &(struct expected_verdict){
		        .sid = visit->sid,
		        .name = visit->name,
		        .start = visit->started,
		        .answer = visit->answer,
		        .persona = visit->deed ? visit->deed->persona : visit->course->persona,
		    });
	}
}

/* Devices first, for nobody books one that will be broken; sessions before the days, which
 * depend on how late they last. */
static void plan(struct clinic *clinic)
{
	struct courses courses = {0};

	incidents_plan(clinic);
	clinic_tell_books(clinic);
	courses_plan(clinic, &courses);
	visits_tell(clinic);
	courses_tell(clinic, &courses);
	clinic_tell_days(clinic);
	expect_verdicts(clinic);
	tape_number(&clinic->tape, &clinic->dice);
}

static enum cp_err write_file(const struct clinic *clinic, const char *dir, const char *ending,
    char path[PATH_MAX], struct pki_error *error)
{
	char name[TOWN_SITE_BYTES + 32];

	(void)snprintf(name, sizeof(name), "%s%s", clinic->site, ending);
	return file_join(path, dir, name, error);
}

static enum cp_err write_clinic(
    const struct clinic *clinic, const char *dir, struct pki_error *error)
{
	char log[PATH_MAX], expected[PATH_MAX];
	enum cp_err err = write_file(clinic, dir, ".log", log, error);

	if (!err)
		err = write_file(clinic, dir, ".expected.jsonl", expected, error);
	if (!err)
		err = tape_write(
		    &clinic->tape, &clinic->town, clinic->from, clinic->until, log, error);
	return err ? err : expectations_write(&clinic->all, expected, error);
}

enum cp_err year_write(const struct year_options *options, struct pki_error *error)
{
	struct clinic *clinic = malloc(sizeof(*clinic));
	enum cp_err err = file_make_dir(options->out_dir, error);

	CP_CHECK(clinic);
	for (uint32_t i = 0; i < options->clinics && !err; i++) {
		clinic_init(clinic, options, i);
		plan(clinic);
		err = write_clinic(clinic, options->out_dir, error);
		printf("%s: %zu sessions, %zu messages, %zu alerts expected\n", clinic->site,
		    clinic->visit_count, clinic->tape.count, clinic->all.count);
		clinic_deinit(clinic);
	}
	free(clinic);
	return err;
}
