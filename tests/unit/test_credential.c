/* What systemd handed over goes before the file that the configuration names. */
#include "io/config_credential.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[] = "/tmp/carepace-credential-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	return setenv("CREDENTIALS_DIRECTORY", folder, 1);
}

static int remove_folder(void **state)
{
	(void)state;
	unsetenv("CREDENTIALS_DIRECTORY");
	return rmdir(folder);
}

static void assert_taken(const char *path, const char *expected)
{
	char *own = strdup(path);

	assert_int_equal(config_credential_take(&own), CP_OK);
	assert_string_equal(own, expected);
	free(own);
}

/* With `content` as the credential of that name. */
static void assert_taken_with(
    const char *name, const char *content, const char *path, bool is_taken)
{
	char file[128];

	snprintf(file, sizeof(file), "%s/%s", folder, name);
	FILE *stream = fopen(file, "we");
	assert_non_null(stream);
	fputs(content, stream);
	fclose(stream);
	assert_taken(path, is_taken ? file : path);
	assert_int_equal(unlink(file), 0);
}

static void the_name_is_the_folders_and_the_files(void **state)
{
	(void)state;
	assert_taken_with("pki_listener.key", "PEM", "/etc/carepace/pki/listener.key", true);
	assert_taken_with("pki_listener.key", "PEM", "pki/listener.key", true);
	assert_taken_with("listener.key", "PEM", "listener.key", true);
	assert_taken_with("listener.key", "PEM", "/etc/carepace/pki/listener.key", false);
	assert_taken_with("upstream_client.key", "PEM", "/etc/carepace/pki/listener.key", false);
}

static void a_later_copy_goes_before(void **state)
{
	char later[128];

	(void)state;
	snprintf(later, sizeof(later), "%s/later", folder);
	assert_int_equal(mkdir(later, 0700), 0);
	setenv("RUNTIME_DIRECTORY", later, 1);
	assert_taken_with("pki_listener.key", "PEM", "/etc/carepace/pki/listener.key", true);
	assert_taken_with("later/pki_listener.key", "PEM", "/etc/carepace/pki/listener.key", true);
	snprintf(later, sizeof(later), "%s/pki_listener.key", folder);
	FILE *first = fopen(later, "we");
	assert_non_null(first);
	fclose(first);
	assert_taken_with("later/pki_listener.key", "PEM", "/etc/carepace/pki/listener.key", true);
	assert_int_equal(unlink(later), 0);
	unsetenv("RUNTIME_DIRECTORY");
	snprintf(later, sizeof(later), "%s/later", folder);
	assert_int_equal(rmdir(later), 0);
}

/* Of the start and of a reload; a reload has nothing to say of it. */
static void two_copies_are_one_setting(void **state)
{
	(void)state;
	setenv("CREDENTIALS_DIRECTORY", "/run/credentials/carepace.service", 1);
	setenv("RUNTIME_DIRECTORY", "/run/carepace", 1);
	assert_true(config_credential_is_same("/run/credentials/carepace.service/pki_listener.key",
	    "/run/carepace/pki_listener.key"));
	assert_false(config_credential_is_same("/run/carepace/upstream_client.key",
	    "/run/credentials/carepace.service/pki_listener.key"));
	assert_false(config_credential_is_same(
	    "/etc/carepace/pki/listener.key", "/run/carepace/pki_listener.key"));
	assert_false(config_credential_is_same(
	    "/run/carepace/old/pki_listener.key", "/run/carepace/pki_listener.key"));
	unsetenv("RUNTIME_DIRECTORY");
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
}

static void the_units_default_is_no_key(void **state)
{
	(void)state;
	assert_taken_with(
	    "pki_listener.key", CONFIG_CREDENTIAL_ABSENT, "/etc/carepace/pki/listener.key", false);
	assert_taken_with("pki_listener.key", CONFIG_CREDENTIAL_ABSENT "s",
	    "/etc/carepace/pki/listener.key", true);
}

static void without_systemd_nothing_changes(void **state)
{
	char *none = NULL;

	(void)state;
	assert_int_equal(config_credential_take(&none), CP_OK);
	assert_null(none);
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_taken("/etc/carepace/pki/listener.key", "/etc/carepace/pki/listener.key");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_name_is_the_folders_and_the_files),
	    cmocka_unit_test(a_later_copy_goes_before),
	    cmocka_unit_test(two_copies_are_one_setting),
	    cmocka_unit_test(the_units_default_is_no_key),
	    cmocka_unit_test(without_systemd_nothing_changes),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
