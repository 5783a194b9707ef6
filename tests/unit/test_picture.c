/* What head office of the simulator knows, and what its receipts may say. */
#include "picture.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SITE "north-1"
#define EPOCH 7
#define COURSE CAREPACE__V1__REPORT_KIND__REPORT_COURSE_STATE

static int open_picture(void **state)
{
	*state = picture_new();
	return *state ? 0 : -1;
}

static int close_picture(void **state)
{
	picture_free(*state);
	return 0;
}

/* A course's state: the key is its number, the body counts with the revision. */
static enum picture_news told_in(
    struct picture *picture, uint64_t epoch, uint64_t n, const char *key, uint64_t revision)
{
	Carepace__V1__Report report = CAREPACE__V1__REPORT__INIT;
	Carepace__V1__CourseState course = CAREPACE__V1__COURSE_STATE__INIT;
	enum picture_news news;

	course.course = 1;
	course.has_done = 1;
	course.done = (uint32_t)revision;
	course.phase = CAREPACE__V1__COURSE_PHASE__COURSE_PHASE_SERIES;
	report.epoch = epoch;
	report.kind = COURSE;
	report.n = n;
	report.key = (char *)key;
	report.revision = revision;
	report.body_case = CAREPACE__V1__REPORT__BODY_COURSE_STATE;
	report.course_state = &course;
	assert_int_equal(picture_take(picture, SITE, &report, &news), CP_OK);
	return news;
}

static enum picture_news told(
    struct picture *picture, uint64_t n, const char *key, uint64_t revision)
{
	return told_in(picture, EPOCH, n, key, revision);
}

/* Told under a number of its own, n; it grows with its revision. */
static enum picture_news gone(
    struct picture *picture, uint64_t n, uint64_t revision, uint64_t first, uint64_t last)
{
	Carepace__V1__Report report = CAREPACE__V1__REPORT__INIT;
	Carepace__V1__Gone body = CAREPACE__V1__GONE__INIT;
	enum picture_news news;

	body.kind = report.kind = COURSE;
	body.n = first;
	body.has_last_n = 1;
	body.last_n = last;
	body.reason = CAREPACE__V1__GONE_REASON__GONE_LIMIT;
	report.epoch = EPOCH;
	report.n = n;
	report.key = (char *)"gone-limit";
	report.revision = revision;
	report.body_case = CAREPACE__V1__REPORT__BODY_GONE;
	report.gone = &body;
	assert_int_equal(picture_take(picture, SITE, &report, &news), CP_OK);
	return news;
}

/* What the next receipt says; 0: there is none. */
static uint64_t receipt(struct picture *picture)
{
	struct picture_receipt out;

	if (!picture_next_receipt(picture, &out))
		return 0;
	assert_string_equal(out.site, SITE);
	assert_int_equal(out.kind, COURSE);
	return out.n;
}

/* Is this line of the picture there? */
static bool shows(const struct picture *picture, const char *line)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	picture_print(picture, out);
	assert_int_equal(fclose(out), 0);
	bool is_there = strstr(text, line) != NULL;
	free(text);
	return is_there;
}

static void the_highest_revision_of_a_key_is_kept(void **state)
{
	assert_int_equal(told(*state, 1, "a", 1), PICTURE_NEW);
	assert_int_equal(told(*state, 2, "b", 1), PICTURE_NEW);
	assert_int_equal(told(*state, 3, "a", 2), PICTURE_NEW);
	assert_true(shows(*state, "state north-1 course_state a 2 "));
	assert_true(shows(*state, "state north-1 course_state b 1 "));
	assert_int_equal(receipt(*state), 3);
	assert_int_equal(receipt(*state), 0);
}

static void what_comes_again_is_counted_and_receipted_again(void **state)
{
	told(*state, 1, "a", 1);
	assert_int_equal(receipt(*state), 1);
	assert_int_equal(told(*state, 1, "a", 1), PICTURE_AGAIN);
	assert_int_equal(receipt(*state), 1);
	assert_int_equal(told(*state, 2, "a", 2), PICTURE_NEW);
	assert_int_equal(told(*state, 1, "a", 1), PICTURE_AGAIN);
	assert_true(shows(*state, "count again 2\n"));
}

static void a_revision_that_was_replaced_explains_a_hole(void **state)
{
	told(*state, 1, "a", 1);
	told(*state, 3, "b", 1); /* 2 was a's second */
	assert_int_equal(receipt(*state), 1);
	assert_true(shows(*state, "complete 1 highest 3 holes 1"));
	told(*state, 4, "a", 3);
	assert_int_equal(receipt(*state), 4);
}

static void a_hole_that_nothing_explains_holds_the_receipt(void **state)
{
	told(*state, 1, "a", 1);
	told(*state, 3, "b", 1);
	told(*state, 4, "c", 1);
	told(*state, 6, "b", 3); /* one of 2 and 5 */
	assert_int_equal(receipt(*state), 1);
	assert_int_equal(told(*state, 2, "d", 1), PICTURE_NEW);
	assert_int_equal(receipt(*state), 6);
}

/* An alert that was answered before it was known begins with its second revision. */
static void a_surplus_explains_nothing_later(void **state)
{
	told(*state, 1, "a", 3);
	told(*state, 3, "b", 1);
	assert_int_equal(receipt(*state), 1);
}

static void an_older_revision_that_is_late_explains_itself_only(void **state)
{
	told(*state, 3, "a", 2);
	assert_int_equal(told(*state, 1, "a", 1), PICTURE_LATE);
	assert_int_equal(receipt(*state), 1);
	told(*state, 2, "b", 1);
	assert_int_equal(receipt(*state), 3);
	assert_true(shows(*state, "state north-1 course_state a 2 "));
}

static void a_gone_explains_its_numbers(void **state)
{
	told(*state, 1, "a", 1);
	told(*state, 7, "b", 1);
	assert_int_equal(gone(*state, 8, 1, 2, 4), PICTURE_NEW);
	assert_int_equal(receipt(*state), 4);
	/* 9, its second revision, was replaced. */
	assert_int_equal(gone(*state, 10, 3, 2, 6), PICTURE_NEW);
	assert_int_equal(receipt(*state), 10);
	assert_int_equal(gone(*state, 10, 3, 2, 6), PICTURE_AGAIN);
	assert_true(shows(*state, "gone north-1 course_state gone-limit 3 "));
	assert_false(shows(*state, "state north-1 course_state gone-limit "));
}

static void what_comes_though_it_is_gone_is_taken(void **state)
{
	assert_int_equal(gone(*state, 4, 1, 1, 3), PICTURE_NEW);
	assert_int_equal(told(*state, 2, "a", 1), PICTURE_NEW);
	assert_int_equal(receipt(*state), 4);
	assert_int_equal(told(*state, 3, "b", 1), PICTURE_NEW);
	assert_true(shows(*state, "state north-1 course_state b 1 "));
}

static void a_gone_of_nothing_is_refused(void **state)
{
	assert_int_equal(gone(*state, 10, 1, 9, 8), PICTURE_BAD);
	assert_int_equal(gone(*state, 10, 1, 0, 8), PICTURE_BAD);
	assert_int_equal(gone(*state, 10, 1, 7, UINT64_MAX), PICTURE_BAD);
	assert_int_equal(receipt(*state), 0);
}

static void what_must_never_be_is_seen(void **state)
{
	told(*state, 1, "a", 2);
	assert_int_equal(told(*state, 2, "a", 2), PICTURE_BACK);
	assert_int_equal(told(*state, 2, "a", 1), PICTURE_BACK);
	assert_int_equal(told(*state, 1, "a", 3), PICTURE_CHANGED);
	assert_int_equal(told(*state, 0, "a", 3), PICTURE_BAD);
	assert_int_equal(told(*state, 3, "", 3), PICTURE_BAD);
	assert_int_equal(told(*state, UINT64_MAX, "a", 3), PICTURE_BAD);
	told(*state, 3, "b", 1);
	assert_int_equal(told(*state, 3, "c", 1), PICTURE_CHANGED);
	assert_true(shows(*state, "state north-1 course_state a 2 "));
	assert_false(shows(*state, "course_state c "));
}

static void what_no_receipt_has_named_can_be_forgotten(void **state)
{
	told(*state, 1, "a", 1);
	told(*state, 2, "b", 1);
	assert_int_equal(receipt(*state), 2);
	told(*state, 3, "a", 2);
	told(*state, 5, "a", 4);
	told(*state, 6, "c", 1);
	picture_forget(*state);
	assert_true(shows(*state, "state north-1 course_state a 1 "));
	assert_false(shows(*state, "course_state c "));
	/* Offered again, it counts as if it had never been there. */
	assert_int_equal(told(*state, 5, "a", 4), PICTURE_NEW);
	assert_int_equal(receipt(*state), 5);
	assert_int_equal(told(*state, 6, "c", 1), PICTURE_NEW);
	assert_int_equal(receipt(*state), 6);
}

static void another_epoch_begins_anew(void **state)
{
	told(*state, 1, "a", 1);
	assert_int_equal(told_in(*state, 8, 1, "b", 1), PICTURE_NEW);
	assert_false(shows(*state, "course_state a "));
	assert_true(shows(*state, "epoch north-1 0000000000000008"));
	assert_true(shows(*state, "count epochs_ended 1"));
}

/* The hash does not tell who is meant, and whether anybody is. */
static void tokens_are_not_in_the_picture(void **state)
{
	Carepace__V1__Report report = CAREPACE__V1__REPORT__INIT;
	Carepace__V1__CourseState course = CAREPACE__V1__COURSE_STATE__INIT;
	uint8_t token[16] = "a person's token";
	enum picture_news news;

	told(*state, 1, "a", 1);
	course.course = 1;
	course.has_client_token = course.has_done = 1;
	course.done = 1;
	course.client_token = (ProtobufCBinaryData){.len = sizeof(token), .data = token};
	course.phase = CAREPACE__V1__COURSE_PHASE__COURSE_PHASE_SERIES;
	report.epoch = EPOCH;
	report.kind = COURSE;
	report.n = report.revision = 1;
	report.key = (char *)"a";
	report.body_case = CAREPACE__V1__REPORT__BODY_COURSE_STATE;
	report.course_state = &course;
	assert_int_equal(picture_take(*state, SITE, &report, &news), CP_OK);
	assert_int_equal(news, PICTURE_AGAIN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_picture, close_picture)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_highest_revision_of_a_key_is_kept),
	    TEST(what_comes_again_is_counted_and_receipted_again),
	    TEST(a_revision_that_was_replaced_explains_a_hole),
	    TEST(a_hole_that_nothing_explains_holds_the_receipt),
	    TEST(a_surplus_explains_nothing_later),
	    TEST(an_older_revision_that_is_late_explains_itself_only),
	    TEST(a_gone_explains_its_numbers),
	    TEST(what_comes_though_it_is_gone_is_taken),
	    TEST(a_gone_of_nothing_is_refused),
	    TEST(what_must_never_be_is_seen),
	    TEST(what_no_receipt_has_named_can_be_forgotten),
	    TEST(another_epoch_begins_anew),
	    TEST(tokens_are_not_in_the_picture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
