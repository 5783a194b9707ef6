/* clinic.h - a clinic's files for a test: authority, listener, registry. */
#ifndef TESTS_CLINIC_H
#define TESTS_CLINIC_H

#include "io/clock.h"
#include "io/tls.h"
#include "pki/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#define MUST(call) assert_int_equal((call), 0)
#define YEAR (365 * MS_PER_DAY)

struct clinic {
	char dir[64];
	char path[4][PATH_MAX]; /* ca, cert, key, registry */
	struct tls_files files;
	struct authority *authority;
	struct registry *registry;
	struct tls_config *config;
	struct pki_error error;
	wall_ms now;
	struct validity year;
};

/* The registry as it is in memory goes to its file and into a new config. */
static inline void clinic_load(struct clinic *clinic)
{
	tls_config_drop(clinic->config);
	MUST(registry_save(clinic->registry, clinic->files.registry, &clinic->error));
	MUST(tls_config_new(&clinic->files, &clinic->config, &clinic->error));
}

static inline void clinic_register(
    struct clinic *clinic, const struct id *device, const struct issued *issued, bool is_revoked)
{
	struct registry_entry entry = {
	    .device = *device,
	    .kind = PKI_STAMP,
	    .is_revoked = is_revoked,
	    .serial_len = issued->serial_len,
	    .issued_at = clinic->now,
	    .expires_at = clinic->year.not_after,
	    .name = "Stamp 1",
	};

	memcpy(entry.serial, issued->serial, issued->serial_len);
	memcpy(entry.key_sha256, issued->key_sha256, HASH_BYTES);
	MUST(registry_add(clinic->registry, &entry, &clinic->error));
	clinic_load(clinic);
}

static inline void clinic_clear_registry(struct clinic *clinic)
{
	registry_free(clinic->registry);
	MUST(registry_new(&clinic->registry, &clinic->error));
}

static inline struct clinic *clinic_new(void)
{
	static const char *const names[] = {"ca.pem", "listener.pem", "listener.key", "registry"};
	static const char *const hosts[] = {"localhost", "127.0.0.1"};
	struct clinic *clinic = calloc(1, sizeof(*clinic));
	struct issued issued;
	char key[PATH_MAX];

	assert_non_null(clinic);
	clinic->now = clock_wall();
	clinic->year = (struct validity){clinic->now - MS_PER_HOUR, clinic->now + YEAR};
	snprintf(clinic->dir, sizeof(clinic->dir), "/tmp/carepace-test-XXXXXX");
	assert_non_null(mkdtemp(clinic->dir));
	for (size_t i = 0; i < CP_COUNT(names); i++)
		MUST(file_join(clinic->path[i], clinic->dir, names[i], &clinic->error));
	clinic->files = (struct tls_files){.ca = clinic->path[0],
	    .cert = clinic->path[1],
	    .key = clinic->path[2],
	    .registry = clinic->path[3]};

	MUST(file_join(key, clinic->dir, "ca.key", &clinic->error));
	MUST(authority_new("Clinic", clinic->year, &clinic->authority, &clinic->error));
	MUST(authority_save(clinic->authority, clinic->files.ca, key, &clinic->error));
	MUST(authority_issue_listener(
	    clinic->authority, hosts, CP_COUNT(hosts), clinic->year, &issued, &clinic->error));
	MUST(issued_save(&issued, clinic->files.cert, clinic->files.key, &clinic->error));
	MUST(registry_new(&clinic->registry, &clinic->error));
	clinic_load(clinic);
	return clinic;
}

static inline void clinic_free(struct clinic *clinic)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", clinic->dir);
	assert_int_equal(system(command), 0);
	tls_config_drop(clinic->config);
	registry_free(clinic->registry);
	authority_free(clinic->authority);
	free(clinic);
}

#endif
