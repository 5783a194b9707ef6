/* `carepace pki` as a person and a program use it. */
#include "cli/pki.h"
#include "pki/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 24

/* A fresh directory, and what the last command said. */
struct bench {
	char dir[64];
	char out[65536];
	char err[4096];
};

static void read_back(const char *dir, const char *name, char *text, size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	size_t len = fread(text, 1, size - 1, file);
	text[len] = '\0';
	fclose(file);
}

static void redirect(const char *dir, const char *name, FILE *stream)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (!freopen(path, "w", stream))
		_exit(99);
}

/* The exit code of "pki" and these words; in a child, since argp may exit. */
static int run(struct bench *bench, ...)
{
	char *words[WORDS_MAX + 1] = {(char *)"pki"};
	int count = 1;
	int status;
	va_list args;

	va_start(args, bench);
	for (char *word; (word = va_arg(args, char *)) && count < WORDS_MAX;)
		words[count++] = word;
	va_end(args);

	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		redirect(bench->dir, "out", stdout);
		redirect(bench->dir, "err", stderr);
		exit(cli_pki(count, words));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	read_back(bench->dir, "out", bench->out, sizeof(bench->out));
	read_back(bench->dir, "err", bench->err, sizeof(bench->err));
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void assert_one_line(const char *text)
{
	const char *end = strchr(text, '\n');

	assert_non_null(end);
	assert_string_equal(end + 1, "");
}

static const char *in_dir(const struct bench *bench, const char *name)
{
	static char path[4][128];
	static unsigned turn;
	char *out = path[turn++ % 4];

	snprintf(out, sizeof(path[0]), "%s/%s", bench->dir, name);
	return out;
}

static struct registry *load_registry(const struct bench *bench)
{
	struct registry *registry;
	struct pki_error error;

	if (registry_load(in_dir(bench, "pki/registry"), &registry, &error))
		fail_msg("%s", error.text);
	return registry;
}

static int setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	snprintf(bench->dir, sizeof(bench->dir), "/tmp/carepace-cli-XXXXXX");
	assert_non_null(mkdtemp(bench->dir));
	assert_int_equal(run(bench, "init", in_dir(bench, "pki"), NULL), 0);
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", bench->dir);
	assert_int_equal(system(command), 0);
	free(bench);
	return 0;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void test_init(void **state)
{
	struct bench *bench = *state;
	const char *dir = in_dir(bench, "pki");

	assert_has(bench->out, "/pki/listener.pem for localhost 127.0.0.1, until ");
	assert_int_equal(mode_of(dir), 0700);
	assert_int_equal(mode_of(in_dir(bench, "pki/ca.key")), 0600);
	assert_int_equal(mode_of(in_dir(bench, "pki/listener.key")), 0600);
	struct registry *registry = load_registry(bench);
	assert_int_equal(registry_count(registry), 0);
	registry_free(registry);

	assert_int_equal(run(bench, "init", dir, NULL), 1);
	assert_has(bench->err, "has an authority already");
	assert_one_line(bench->err);

	assert_int_equal(run(bench, "init", in_dir(bench, "two"), "--site", "berlin-1", "--host",
	                     "gw.example", "--host", "::1", "--days", "30", "--json", NULL),
	    0);
	json_t *answer = json_loads(bench->out, 0, NULL);
	assert_string_equal(
	    json_string_value(json_array_get(json_object_get(answer, "hosts"), 1)), "::1");
	assert_int_equal(access(json_string_value(json_object_get(answer, "cert")), R_OK), 0);
	json_decref(answer);
}

static void test_issue(void **state)
{
	struct bench *bench = *state;
	const char *dir = in_dir(bench, "pki");

	assert_int_equal(
	    run(bench, "issue", dir, "--kind", "pen", "--name", "Pen 1", "--json", NULL), 0);
	json_t *answer = json_loads(bench->out, 0, NULL);
	json_t *one = json_array_get(answer, 0);
	const char *id = json_string_value(json_object_get(one, "id"));
	assert_int_equal(json_array_size(answer), 1);
	assert_string_equal(json_string_value(json_object_get(one, "kind")), "pen");
	assert_int_equal(mode_of(json_string_value(json_object_get(one, "key"))), 0600);
	assert_int_equal(mode_of(in_dir(bench, "pki/devices")), 0700);

	/* Renewed: a second line; another kind is a mistake. */
	assert_int_equal(run(bench, "issue", dir, "--kind", "pen", "--name", "Pen 1", "--id", id,
	                     "--out", in_dir(bench, "usb"), NULL),
	    0);
	assert_has(bench->out, id);
	assert_has(bench->out, "Pen 1 (pen), until ");
	assert_int_equal(
	    run(bench, "issue", dir, "--kind", "rf", "--name", "RF", "--id", id, NULL), 2);
	assert_has(bench->err, "is a pen in the registry");

	struct registry *registry = load_registry(bench);
	assert_int_equal(registry_count(registry), 2);
	assert_true(id_eq(&registry_at(registry, 0)->device, &registry_at(registry, 1)->device));
	registry_free(registry);
	json_decref(answer);
}

static void test_issue_many(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(run(bench, "issue", in_dir(bench, "pki"), "--kind", "tablet", "--name",
	                     "Tablet", "--count", "120", NULL),
	    0);
	struct registry *registry = load_registry(bench);
	assert_int_equal(registry_count(registry), 120);
	assert_string_equal(registry_at(registry, 0)->name, "Tablet 1");
	assert_string_equal(registry_at(registry, 119)->name, "Tablet 120");
	assert_int_equal(registry_at(registry, 119)->kind, PKI_TABLET);
	registry_free(registry);
}

static void test_client(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(run(bench, "client", in_dir(bench, "pki"), "--name", "berlin-1", NULL), 0);
	assert_int_equal(mode_of(in_dir(bench, "pki/client-berlin-1.key")), 0600);
	assert_int_equal(run(bench, "client", in_dir(bench, "pki"), "--name", "../x", NULL), 2);
}

static void test_wrong_arguments(void **state)
{
	static const char *const words[][6] = {
	    {"issue", "--kind", "pan", "--name", "x"},
	    {"issue", "--kind", "pen"},
	    {"issue", "--name", "x"},
	    {"issue", "--kind", "pen", "--name", "a,b"},
	    {"issue", "--kind", "pen", "--id", "12"},
	    {"issue", "--kind", "pen", "--days", "1x"},
	    {"issue", "--kind", "pen", "--days", "0"},
	    {"issue", "--kind", "pen", "--count", "-1"},
	    {"init", "--site", "Berlin"},
	    {"init", "two", "three"},
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < CP_COUNT(words); i++) {
		assert_int_equal(run(bench, words[i][0], in_dir(bench, "pki"), words[i][1],
		                     words[i][2], words[i][3], words[i][4], NULL),
		    2);
		assert_string_equal(bench->out, "");
		assert_one_line(bench->err);
		assert_has(bench->err, "carepace pki ");
	}
	assert_int_equal(run(bench, "isue", NULL), 2);
	assert_one_line(bench->err);
	assert_int_equal(run(bench, NULL), 2);
	assert_int_equal(run(bench, "issue", NULL), 2);
	assert_has(bench->err, "say which directory");
	assert_int_equal(run(bench, "issue", "--colour", NULL), 2);
	assert_int_equal(run(bench, "init", in_dir(bench, "bad"), "--host", "a b", NULL), 2);
	assert_has(bench->err, "\"a b\" is not a host name");
	assert_int_equal(run(bench, "init", in_dir(bench, "bad"), NULL), 0); /* begun again */
}

static void test_failures(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(
	    run(bench, "issue", in_dir(bench, "none"), "--kind", "pen", "--name", "x", NULL), 1);
	assert_has(bench->err, "No such file or directory");
	assert_one_line(bench->err);
	assert_int_equal(truncate(in_dir(bench, "pki/registry"), 5), 0);
	assert_int_equal(
	    run(bench, "issue", in_dir(bench, "pki"), "--kind", "pen", "--name", "x", NULL), 1);
	assert_has(bench->err, "/pki/registry:1: expected the line");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_init, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_issue, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_issue_many, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_client, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_wrong_arguments, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_failures, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
