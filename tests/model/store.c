/* The store's file, for both desks. */
#include "parties.h"

#include "care/time/zone.h"
#include "io/clock.h"
#include "ledger/ledger.h"

#include <sqlite3.h>
#include <stdio.h>

static struct zone zone; /* UTC */
static char path[512];

static struct ledger_config config = {.path = path, .site = "model", .version = "1"};

void model_store_place(const char *folder)
{
	snprintf(path, sizeof(path), "%s/model.db", folder);
	config.policy = policy_default(&zone);
}

struct ledger_config *model_store_config(void)
{
	return &config;
}

struct ledger *model_store_open(struct roster *roster, char why[256])
{
	struct ledger *ledger;

	if (ledger_open(&config, clock_wall(), &ledger, why) != CP_OK)
		return NULL;
	if (devices_remember(ledger, roster) == CP_OK)
		return ledger;
	snprintf(why, 256, "%s", ledger_error(ledger));
	ledger_close(ledger);
	return NULL;
}

/* By a connection of its own: the ledger's may be another thread's. */
size_t model_store_rows_of(const struct id *device)
{
	static const char sql[] =
	    "SELECT count(*) FROM down JOIN source ON no = down.source WHERE id = ?";
	sqlite3 *db;
	sqlite3_stmt *query;

	CP_CHECK(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
	CP_CHECK(sqlite3_prepare_v2(db, sql, -1, &query, NULL) == SQLITE_OK);
	CP_CHECK(sqlite3_bind_blob(query, 1, device->b, ID_BYTES, SQLITE_STATIC) == SQLITE_OK);
	CP_CHECK(sqlite3_step(query) == SQLITE_ROW);
	size_t rows = (size_t)sqlite3_column_int64(query, 0);
	sqlite3_finalize(query);
	sqlite3_close(db);
	return rows;
}
