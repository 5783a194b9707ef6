/* `carepace pki` as a person and a program use it. */
#include "cli/pki.h"
#include "pki/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <ctype.h>
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

	assert_int_equal(
	    run(bench, "issue", dir, "--kind", "pen", "--name", "Pen 2", "--id", id, NULL), 2);
	assert_has(bench->err, "this id is Pen 1 (pen) in the registry; carepace pki renew");
	json_decref(answer);
}

/* --- the life of a certificate ---------------------------------------------- */

/* What list --json says of certificate `index`; given back by json_decref(). */
static json_t *listed(struct bench *bench, size_t index)
{
	assert_int_equal(run(bench, "list", in_dir(bench, "pki"), "--json", NULL), 0);
	json_t *answer = json_loads(bench->out, 0, NULL);
	json_t *one = json_incref(json_array_get(json_object_get(answer, "certificates"), index));
	json_decref(answer);
	assert_non_null(one);
	return one;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	assert_non_null(text);
	return text;
}

static void assert_state(struct bench *bench, size_t index, const char *state)
{
	json_t *one = listed(bench, index);

	assert_string_equal(text_of(one, "state"), state);
	json_decref(one);
}

static void issue_pen(struct bench *bench, const char *name, const char *days)
{
	assert_int_equal(run(bench, "issue", in_dir(bench, "pki"), "--kind", "pen", "--name", name,
	                     "--days", days, NULL),
	    0);
}

static void test_renew(void **state)
{
	struct bench *bench = *state;

	issue_pen(bench, "Pen 1", "730");
	issue_pen(bench, "Pen 2", "730");
	json_t *old = listed(bench, 0);
	assert_int_equal(run(bench, "renew", in_dir(bench, "pki"), "--name", "Pen 1", "--out",
	                     in_dir(bench, "usb"), NULL),
	    0);
	assert_has(bench->out, text_of(old, "id"));
	assert_has(bench->out, "Pen 1 (pen), until ");
	json_t *new = listed(bench, 2);
	assert_string_equal(text_of(new, "id"), text_of(old, "id"));
	assert_string_equal(text_of(new, "kind"), "pen");
	assert_string_not_equal(text_of(new, "serial"), text_of(old, "serial"));
	assert_state(bench, 0, "active"); /* until the device has the new one */

	assert_int_equal(run(bench, "renew", in_dir(bench, "pki"), "--id", text_of(old, "id"),
	                     "--revoke-old", NULL),
	    0);
	assert_state(bench, 0, "revoked");
	assert_state(bench, 1, "active"); /* another device's */
	assert_state(bench, 2, "revoked");
	assert_state(bench, 3, "active");
	json_decref(old);
	json_decref(new);
	old = listed(bench, 0);
	assert_string_equal(text_of(old, "reason"), "superseded");
	json_decref(old);
}

static void test_revoke_a_device(void **state)
{
	struct bench *bench = *state;

	issue_pen(bench, "Pen 1", "730");
	issue_pen(bench, "Pen 2", "730");
	assert_int_equal(run(bench, "renew", in_dir(bench, "pki"), "--name", "Pen 1", NULL), 0);
	assert_int_equal(run(bench, "revoke", in_dir(bench, "pki"), "--name", "Pen 1", "--reason",
	                     "key-compromise", NULL),
	    0);
	assert_has(bench->out, "  Pen 1 (pen), certificate ");
	assert_has(bench->out, " (key-compromise)\n");
	assert_has(bench->out, "The gateway closes its connection within 5 s.\n");
	assert_state(bench, 0, "revoked");
	assert_state(bench, 1, "active");
	assert_state(bench, 2, "revoked");

	/* A second time changes nothing, not even the reason. */
	assert_int_equal(run(bench, "revoke", in_dir(bench, "pki"), "--name", "Pen 1", NULL), 0);
	assert_has(bench->out, "It was revoked before; nothing was changed.\n");
	json_t *one = listed(bench, 0);
	assert_string_equal(text_of(one, "reason"), "key-compromise");
	json_decref(one);
}

static void test_revoke_a_certificate(void **state)
{
	struct bench *bench = *state;
	char serial[128] = "";

	issue_pen(bench, "Pen 1", "730");
	assert_int_equal(run(bench, "renew", in_dir(bench, "pki"), "--name", "Pen 1", NULL), 0);
	json_t *one = listed(bench, 0);
	for (const char *digit = text_of(one, "serial"); *digit; digit += 2)
		snprintf(serial + strlen(serial), 8, "%s%c%c", serial[0] ? ":" : "",
		    toupper(digit[0]), toupper(digit[1])); /* as openssl prints it */
	assert_int_equal(run(bench, "revoke", in_dir(bench, "pki"), "--serial", serial, "--reason",
	                     "superseded", "--json", NULL),
	    0);
	json_t *answer = json_loads(bench->out, 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(answer, "revoked")), 1);
	assert_int_equal(json_array_size(json_object_get(answer, "certificates")), 2);
	assert_state(bench, 0, "revoked");
	assert_state(bench, 1, "active");
	json_decref(answer);
	json_decref(one);
}

/* As a registry of before has them, when a name could be given twice. */
static void add_namesakes(const struct bench *bench)
{
	static const enum pki_kind kinds[] = {PKI_PEN, PKI_RF};
	struct registry *registry = load_registry(bench);
	struct pki_error error;

	for (uint8_t i = 0; i < CP_COUNT(kinds); i++) {
		struct registry_entry entry = {
		    .name = "Pen",
		    .kind = kinds[i],
		    .serial = {1, i},
		    .serial_len = 2,
		    .issued_at = 1790000000000,
		    .expires_at = 1990000000000,
		};
		entry.device.b[ID_BYTES - 1] = entry.key_sha256[0] = (uint8_t)(i + 1);
		assert_int_equal(registry_add(registry, &entry, &error), CP_OK);
	}
	assert_int_equal(registry_save(registry, in_dir(bench, "pki/registry"), &error), CP_OK);
	registry_free(registry);
}

static void test_revoke_says_no(void **state)
{
	static const struct {
		const char *words[4];
		int exit_status;
		const char *says;
	} cases[] = {
	    {{NULL}, 2, "say which device, by --id or by --name"},
	    {{"--name", "Pen"}, 2,
	        "2 devices have the name \"Pen\": say by --id which one: "
	        "00000000000000000000000000000001 (pen), 00000000000000000000000000000002 (rf)"},
	    {{"--name", "Pan 3"}, 1, "there is no device \"Pan 3\" in the registry; did you mean"},
	    {{"--name", "something else"}, 1, "carepace pki list shows all"},
	    {{"--id", "00112233445566778899aabbccddeeff"}, 1, "there is no device 0011"},
	    {{"--serial", "41ff"}, 1, "no certificate in the registry has this serial"},
	    {{"--serial", "41f"}, 2, "a serial is at most 20 pairs of digits"},
	    {{"--serial", "41ff", "--name", "Pen 3"}, 2, "--serial says which certificate"},
	    {{"--reason", "lost"}, 2, "there is no reason \"lost\"; carepace pki revoke --help"},
	    {{"--reason", "keycompromise"}, 2, "did you mean key-compromise"},
	};
	struct bench *bench = *state;

	add_namesakes(bench);
	issue_pen(bench, "Pen 3", "730");
	for (size_t i = 0; i < CP_COUNT(cases); i++) {
		assert_int_equal(run(bench, "revoke", in_dir(bench, "pki"), cases[i].words[0],
		                     cases[i].words[1], cases[i].words[2], cases[i].words[3], NULL),
		    cases[i].exit_status);
		assert_has(bench->err, cases[i].says);
		assert_one_line(bench->err);
		assert_string_equal(bench->out, "");
	}
	for (size_t i = 0; i < 3; i++)
		assert_state(bench, i, "active");
}

static int issue(struct bench *bench, const char *name, const char *option)
{
	return run(
	    bench, "issue", in_dir(bench, "pki"), "--kind", "pen", "--name", name, option, NULL);
}

/* A name is one device's, until that is revoked or another takes its place. */
static void test_a_name_is_one_devices(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(issue(bench, "Pen 1", NULL), 0);
	assert_int_equal(issue(bench, "Pen 1", NULL), 2);
	assert_one_line(bench->err);
	assert_has(bench->err, "\"Pen 1\" is the name of a pen already (");
	assert_has(bench->err, "--replace revokes the old one");
	assert_int_equal(run(bench, "issue", in_dir(bench, "pki"), "--kind", "pen", "--name", "Pen",
	                     "--count", "2", NULL),
	    2);
	struct registry *registry = load_registry(bench);
	assert_int_equal(registry_count(registry), 1);
	registry_free(registry);

	assert_int_equal(issue(bench, "Pen 1", "--replace"), 0);
	assert_state(bench, 0, "revoked");
	assert_state(bench, 1, "active");

	/* What is said of the name is said of who has it now; then it is free. */
	assert_int_equal(run(bench, "renew", in_dir(bench, "pki"), "--name", "Pen 1", NULL), 0);
	assert_int_equal(run(bench, "revoke", in_dir(bench, "pki"), "--name", "Pen 1", NULL), 0);
	assert_has(bench->out, "within 5 s");
	assert_state(bench, 1, "revoked");
	assert_state(bench, 2, "revoked");
	assert_int_equal(issue(bench, "Pen 1", NULL), 0);
	assert_state(bench, 3, "active");
}

static void test_list(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(run(bench, "list", in_dir(bench, "pki"), NULL), 0);
	assert_string_equal(bench->out, "0 certificates: 0 active, 0 expired, 0 revoked.\n");
	issue_pen(bench, "Long", "730");
	issue_pen(bench, "Short", "29");
	issue_pen(bench, "Renewed", "29");
	issue_pen(bench, "Lost", "730");
	assert_int_equal(run(bench, "renew", in_dir(bench, "pki"), "--name", "Renewed", NULL), 0);
	assert_int_equal(run(bench, "revoke", in_dir(bench, "pki"), "--name", "Lost", NULL), 0);

	assert_int_equal(run(bench, "list", in_dir(bench, "pki"), NULL), 0);
	assert_has(bench->out, "NAME     KIND  DEVICE ");
	assert_has(bench->out, "  active\n");
	assert_has(bench->out, "  ends in 28 days\n");
	assert_has(bench->out, "  ends in 28 days, renewed\n");
	assert_has(bench->out, " (unspecified)\n");
	assert_has(bench->out, "5 certificates: 4 active, 0 expired, 1 revoked; 1 to renew by ");
	assert_state(bench, 1, "ends-soon");
	json_t *one = listed(bench, 2);
	assert_true(json_is_true(json_object_get(one, "renewed")));
	json_decref(one);
}

/* The registry of step A, whose clinics have certificates in use. */
static void test_a_registry_of_version_1(void **state)
{
	static const char text[] =
	    "# carepace device registry 1\n"
	    "000102030405060708090a0b0c0d0e0f pen active 41ff "
	    "000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f "
	    "2020-08-29T12:00:00Z 2021-08-28T12:00:00Z Pen 1\n"
	    "100102030405060708090a0b0c0d0e0f rf revoked 42ff "
	    "100102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f "
	    "2020-08-29T12:00:00Z 2021-08-28T12:00:00Z RF 1\n";
	struct bench *bench = *state;
	FILE *file = fopen(in_dir(bench, "pki/registry"), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_state(bench, 0, "expired");
	assert_state(bench, 1, "revoked");
	assert_int_equal(run(bench, "list", in_dir(bench, "pki"), NULL), 0);
	assert_int_equal(run(bench, "renew", in_dir(bench, "pki"), "--name", "Pen 1", NULL), 0);
	assert_state(bench, 1, "revoked");
	assert_state(bench, 2, "active");
}

/* Each of eight at once finds its place; nobody's line is lost. */
static void test_two_at_once_take_turns(void **state)
{
	struct bench *bench = *state;
	pid_t children[8];

	for (size_t i = 0; i < CP_COUNT(children); i++) {
		char name[] = "Pen x";
		char *words[] = {(char *)"pki", (char *)"issue", bench->dir, (char *)"--kind",
		    (char *)"pen", (char *)"--name", name, NULL};
		char dir[128];

		name[4] = (char)('0' + i);
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0) {
			snprintf(dir, sizeof(dir), "%s/pki", bench->dir);
			words[2] = dir;
			redirect(bench->dir, "out", stdout);
			exit(cli_pki((int)CP_COUNT(words) - 1, words));
		}
	}
	for (size_t i = 0; i < CP_COUNT(children); i++) {
		int status;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	struct registry *registry = load_registry(bench);
	assert_int_equal(registry_count(registry), CP_COUNT(children));
	registry_free(registry);
}

static void test_no_umask_opens_a_key(void **state)
{
	struct bench *bench = *state;
	mode_t mask = umask(0);

	assert_int_equal(run(bench, "init", in_dir(bench, "open"), NULL), 0);
	assert_int_equal(run(bench, "issue", in_dir(bench, "open"), "--kind", "pen", "--name",
	                     "Pen", "--json", NULL),
	    0);
	umask(mask);
	json_t *answer = json_loads(bench->out, 0, NULL);
	const json_t *one = json_array_get(answer, 0);
	assert_int_equal(mode_of(in_dir(bench, "open")), 0700);
	assert_int_equal(mode_of(in_dir(bench, "open/devices")), 0700);
	assert_int_equal(mode_of(in_dir(bench, "open/ca.key")), 0600);
	assert_int_equal(mode_of(in_dir(bench, "open/listener.key")), 0600);
	assert_int_equal(mode_of(text_of(one, "key")), 0600);
	assert_int_equal(mode_of(in_dir(bench, "open/registry")), 0644); /* nothing secret */
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
	    {"list", "two"},
	    {"renew"},
	    {"renew", "--name", "Pen", "--reason", "superseded"},
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
	assert_int_equal(run(bench, "--help", NULL), 0);
	assert_has(bench->out, "DIR is /etc/carepace/pki unless given.");
	assert_int_equal(run(bench, "issue", "--colour", NULL), 2);
	assert_int_equal(run(bench, "init", in_dir(bench, "bad"), "--host", "a b", NULL), 2);
	assert_has(bench->err, "--host \"a b\": this is no host name");
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
	    cmocka_unit_test_setup_teardown(test_renew, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_revoke_a_device, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_revoke_a_certificate, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_revoke_says_no, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_name_is_one_devices, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_list, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_registry_of_version_1, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_two_at_once_take_turns, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_no_umask_opens_a_key, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_issue_many, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_client, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_wrong_arguments, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_failures, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
