/* Tickets: what they save, what ends them, and that they are no way round the gate. */
#include "tls_client.h"

#include "io/tls_keys.h"

#include <sys/stat.h>
#include <unistd.h>

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#define TICKET(session) ((session)->MBEDTLS_PRIVATE(ticket))
#define TICKET_LEN(session) ((session)->MBEDTLS_PRIVATE(ticket_len))
#else
#define TICKET(session) ((session)->ticket)
#define TICKET_LEN(session) ((session)->ticket_len)
#endif

struct bench {
	struct clinic *clinic;
	char path[PATH_MAX]; /* of the keys */
	struct ticket_keys keys;
	struct issued issued;
	mbedtls_ssl_session session; /* the device's, of its last connection */
	bool was_resumed;
};

static void load(struct bench *bench)
{
	bench->clinic->files.tickets = &bench->keys;
	clinic_load(bench->clinic);
}

/* What a restart at that time does. */
static void renew_keys(struct bench *bench, wall_ms now)
{
	struct clinic *clinic = bench->clinic;

	MUST(ticket_keys_renew(bench->path, now, &bench->keys, &clinic->error));
	load(bench);
}

static int setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	bench->clinic = clinic_new();
	MUST(file_join(bench->path, bench->clinic->dir, "ticket.keys", &bench->clinic->error));
	bench->issued = issue_pen(bench->clinic);
	clinic_register(bench->clinic, &pen, &bench->issued, false);
	renew_keys(bench, bench->clinic->now);
	mbedtls_ssl_session_init(&bench->session);
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	mbedtls_ssl_session_free(&bench->session);
	clinic_free(bench->clinic);
	free(bench);
	return 0;
}

/* Connects, with the ticket that it has if `has_ticket`; the gate's answer. The work of
 * a resumption must be the loop's, that of anything else a worker's. */
static enum tls_reason connect_at(struct bench *bench, wall_ms now, bool has_ticket)
{
	struct clinic *clinic = bench->clinic;
	struct tls_conn *conn = tls_conn_new(clinic->config, OUT_MAX);
	enum tls_event event = TLS_MORE;
	struct client client;
	struct tls_peer peer;
	bool is_heavy = false;

	client_init(&client, &bench->issued);
	client_start(&client);
	if (has_ticket)
		MUST(mbedtls_ssl_set_session(&client.ssl, &bench->session));
	for (int turn = 0; turn < 10 && event == TLS_MORE; turn++) {
		client_step(&client);
		MUST(tls_feed(conn, buf_bytes(&client.out)));
		buf_consume(&client.out, client.out.len);
		event = tls_handshake_step(conn, now);
		if (event == TLS_HEAVY) {
			is_heavy = true;
			event = tls_handshake(conn, now);
		}
		deliver(conn, &client);
	}
	client_step(&client);
	assert_int_equal(event, TLS_DONE);
	assert_true(client.is_open);
	bench->was_resumed = tls_was_resumed(conn);
	assert_int_not_equal(bench->was_resumed, is_heavy);

	enum tls_reason reason = tls_identity(conn, clinic->config, now, &peer);
	assert_true(reason != TLS_OK || id_eq(&peer.device, &pen));
	assert_true(id_eq(tls_claim(conn), &pen));
	mbedtls_ssl_session_free(&bench->session);
	MUST(mbedtls_ssl_get_session(&client.ssl, &bench->session));
	client_deinit(&client);
	tls_conn_free(conn);
	return reason;
}

static void assert_enters(struct bench *bench, wall_ms now, bool has_ticket, bool is_resumed)
{
	assert_int_equal(connect_at(bench, now, has_ticket), TLS_OK);
	assert_int_equal(bench->was_resumed, is_resumed);
}

static void test_a_ticket_saves_the_arithmetic(void **state)
{
	struct bench *bench = *state;
	wall_ms now = bench->clinic->now;

	assert_enters(bench, now, false, false);
	assert_enters(bench, now + 1000, true, true);
	assert_enters(bench, now + 2000, true, true); /* the same one again */
	assert_enters(bench, now + 3000, false, false);
}

static void test_it_ends_after_an_hour(void **state)
{
	struct bench *bench = *state;
	wall_ms now = bench->clinic->now;

	assert_enters(bench, now, false, false);
	assert_enters(bench, now + TICKET_LIFETIME_MS - 1, true, true);
	assert_enters(bench, now + TICKET_LIFETIME_MS, true, false);
	assert_enters(bench, now - 1, true, false); /* of the future: the clock went back */
}

static void test_it_lives_on_after_a_restart_and_a_new_key(void **state)
{
	struct bench *bench = *state;
	wall_ms now = bench->clinic->now;
	struct id first = bench->keys.keys[0].name;

	now += 50 * MS_PER_MINUTE;
	assert_enters(bench, now, false, false);
	renew_keys(bench, now);
	assert_true(id_eq(&bench->keys.keys[0].name, &first));
	assert_enters(bench, now, true, true);
	now += 50 * MS_PER_MINUTE;
	renew_keys(bench, now);
	assert_false(id_eq(&bench->keys.keys[0].name, &first));
	assert_int_equal(bench->keys.count, 2);
	assert_enters(bench, now, true, true); /* by the key before */
	now += TICKET_LIFETIME_MS;
	renew_keys(bench, now);
	assert_int_equal(bench->keys.count, 2);
	assert_false(id_eq(&bench->keys.keys[1].name, &first)); /* nothing needs it any more */
	assert_enters(bench, now, true, false);
}

static void test_without_the_key_it_is_worth_nothing(void **state)
{
	struct bench *bench = *state;
	wall_ms now = bench->clinic->now;

	assert_enters(bench, now, false, false);
	MUST(unlink(bench->path));
	renew_keys(bench, now);
	assert_enters(bench, now, true, false);
	bench->keys.count = 0;
	load(bench);
	assert_enters(bench, now, true, false);
	assert_enters(bench, now, true, false); /* and none is given */
}

static void test_a_forged_one_is_worth_nothing(void **state)
{
	struct bench *bench = *state;
	wall_ms now = bench->clinic->now;

	assert_enters(bench, now, false, false);
	for (size_t at = 0; at < TICKET_LEN(&bench->session); at += 37) {
		TICKET(&bench->session)[at] ^= 0x10;
		assert_enters(bench, now, true, false);
	}
	for (size_t len = 0; len < 60; len += 11) {
		TICKET_LEN(&bench->session) = len;
		assert_enters(bench, now, true, false);
	}
}

static void test_the_gate_decides_all_the_same(void **state)
{
	struct bench *bench = *state;
	struct clinic *clinic = bench->clinic;
	struct registry_entry entry = *registry_at(clinic->registry, 0);

	assert_enters(bench, clinic->now, false, false);
	entry.is_revoked = true;
	clinic_clear_registry(clinic);
	MUST(registry_add(clinic->registry, &entry, &clinic->error));
	load(bench);
	assert_int_equal(connect_at(bench, clinic->now, true), TLS_REVOKED);
	assert_true(bench->was_resumed);

	clinic_clear_registry(clinic);
	load(bench);
	assert_int_equal(connect_at(bench, clinic->now, true), TLS_NOT_REGISTERED);
	assert_true(bench->was_resumed);
}

static void test_the_certificate_ends_it(void **state)
{
	struct bench *bench = *state;
	struct clinic *clinic = bench->clinic;

	clinic->year.not_after = clinic->now + 30 * MS_PER_MINUTE;
	bench->issued = issue_pen(clinic);
	clinic_register(clinic, &pen, &bench->issued, false);
	assert_enters(bench, clinic->now, false, false);
	assert_enters(bench, clinic->now + 29 * MS_PER_MINUTE, true, true);
	assert_int_equal(connect_at(bench, clinic->now + 31 * MS_PER_MINUTE, true), TLS_EXPIRED);
	assert_true(bench->was_resumed);
}

/* Whoever is no longer trusted has to show a certificate of one who is. */
static void test_it_is_of_one_authority(void **state)
{
	struct bench *bench = *state;
	struct clinic *clinic = bench->clinic;
	struct authority *other;
	char command[2 * PATH_MAX + 64];
	char ca[PATH_MAX];
	char key[PATH_MAX];

	assert_enters(bench, clinic->now, false, false);
	MUST(file_join(ca, clinic->dir, "other.pem", &clinic->error));
	MUST(file_join(key, clinic->dir, "other.key", &clinic->error));
	MUST(authority_new("Other", clinic->year, &other, &clinic->error));
	MUST(authority_save(other, ca, key, &clinic->error));
	authority_free(other);
	snprintf(command, sizeof(command), "cat %s >>%s", ca, clinic->files.ca);
	MUST(system(command));
	load(bench);
	assert_enters(bench, clinic->now, true, false);
	assert_enters(bench, clinic->now, true, true);
}

/* --- the file ------------------------------------------------------------- */

static void spoil(const struct bench *bench, const char *text)
{
	FILE *file = fopen(bench->path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	MUST(fclose(file));
}

static void assert_starts_anew(struct bench *bench, enum cp_err err, const char *says)
{
	struct id before = bench->keys.keys[0].name;
	struct clinic *clinic = bench->clinic;
	struct stat now;

	assert_int_equal(
	    ticket_keys_renew(bench->path, clinic->now, &bench->keys, &clinic->error), err);
	if (says)
		assert_non_null(strstr(clinic->error.text, says));
	assert_int_equal(bench->keys.count, 1);
	assert_false(id_eq(&bench->keys.keys[0].name, &before));
	MUST(stat(bench->path, &now));
	assert_int_equal(now.st_mode & 07777, 0600);
	MUST(ticket_keys_renew(bench->path, clinic->now, &bench->keys, &clinic->error));
}

static void test_a_file_that_is_no_good_is_replaced(void **state)
{
	struct bench *bench = *state;

	MUST(chmod(bench->path, 0640)); /* others may have read it */
	assert_starts_anew(bench, CP_CONFIG, "ticket.keys");
	spoil(bench, "");
	assert_starts_anew(bench, CP_CORRUPT, "must hold ticket keys");
	spoil(bench, "# carepace ticket keys 1\nnonsense\n");
	assert_starts_anew(bench, CP_CORRUPT, "must hold ticket keys");
	spoil(bench, "# carepace ticket keys 1\n00000000000000000000000000000001 1 00\n");
	assert_starts_anew(bench, CP_CORRUPT, "must hold ticket keys");
	bench->clinic->now -= MS_PER_DAY; /* the keys are of the future */
	assert_starts_anew(bench, CP_OK, NULL);
	bench->clinic->now += 2 * MS_PER_DAY;
	assert_starts_anew(bench, CP_OK, NULL);
}

static void test_keys_that_cannot_be_kept_work_all_the_same(void **state)
{
	struct bench *bench = *state;
	struct clinic *clinic = bench->clinic;

	MUST(file_join(bench->path, clinic->dir, "nowhere/ticket.keys", &clinic->error));
	assert_int_not_equal(
	    ticket_keys_renew(bench->path, clinic->now, &bench->keys, &clinic->error), CP_OK);
	assert_non_null(strstr(clinic->error.text, "nowhere/ticket.keys"));
	load(bench);
	assert_enters(bench, clinic->now, false, false);
	assert_enters(bench, clinic->now, true, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_a_ticket_saves_the_arithmetic, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_it_ends_after_an_hour, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        test_it_lives_on_after_a_restart_and_a_new_key, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        test_without_the_key_it_is_worth_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_forged_one_is_worth_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_the_gate_decides_all_the_same, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_the_certificate_ends_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_it_is_of_one_authority, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        test_a_file_that_is_no_good_is_replaced, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        test_keys_that_cannot_be_kept_work_all_the_same, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
