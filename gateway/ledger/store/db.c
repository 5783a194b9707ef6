#include "ledger/store/db.h"

#include <sqlite3.h>

#include <stdarg.h>
#include <stdio.h>

static enum cp_err err_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return CP_OK;
	case SQLITE_NOMEM:
		return CP_NOMEM;
	case SQLITE_FULL:
		return CP_NOSPACE;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return CP_CORRUPT;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return CP_BUSY;
	case SQLITE_CANTOPEN:
		return CP_NOTFOUND;
	default:
		return CP_IO;
	}
}

void db_fail(struct db *db, enum cp_err err, const char *text)
{
	if (db->err)
		return;
	db->err = err;
	snprintf(db->err_text, sizeof(db->err_text), "%s", text);
}

static void check(struct db *db, int rc)
{
	enum cp_err err = err_of(rc);

	if (!err || db->err)
		return;
	db->err = err;
	snprintf(db->err_text, sizeof(db->err_text), "%s (SQLite %d)",
	    db->conn ? sqlite3_errmsg(db->conn) : sqlite3_errstr(rc),
	    db->conn ? sqlite3_extended_errcode(db->conn) : rc);
}

/* Whoever closes last would copy the log into the store and delete it. A reader does not write;
 * and after an error of the disk the log may not be what a power cut leaves of it. */
static void leave_log(struct db *db)
{
	sqlite3_db_config(db->conn, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

enum cp_err db_open(struct db *db, const char *path, enum db_mode mode)
{
	static const int flags[] = {
	    [DB_WRITE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
	    [DB_READ_ONLY] = SQLITE_OPEN_READONLY,
	    [DB_IN_MEMORY] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY,
	};

	*db = (struct db){0};
	check(db, sqlite3_open_v2(path, &db->conn, flags[mode] | SQLITE_OPEN_NOMUTEX, NULL));
	if (db->err)
		return db->err;
	sqlite3_busy_timeout(db->conn, DB_BUSY_MS);
	sqlite3_db_config(db->conn, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db->conn, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (mode == DB_READ_ONLY)
		leave_log(db);
	return CP_OK;
}

void db_close(struct db *db)
{
	if (db->conn && db->err)
		leave_log(db);
	for (size_t i = 0; i < DB_STATEMENTS_MAX; i++)
		sqlite3_finalize(db->cache[i].stmt);
	memset(db->cache, 0, sizeof(db->cache));
	sqlite3_close(db->conn);
	db->conn = NULL;
}

void db_exec(struct db *db, const char *sql)
{
	if (!db->err)
		check(db, sqlite3_exec(db->conn, sql, NULL, NULL, NULL));
}

/* The statement for a static SQL string, ready to bind. */
static sqlite3_stmt *statement(struct db *db, const char *sql)
{
	size_t at = ((uintptr_t)sql >> 4) % DB_STATEMENTS_MAX;

	for (size_t i = 0; i < DB_STATEMENTS_MAX; i++, at = (at + 1) % DB_STATEMENTS_MAX) {
		struct db_cached *cached = &db->cache[at];
		if (cached->sql == sql)
			return cached->stmt;
		if (cached->sql)
			continue;
		check(db, sqlite3_prepare_v3(
		              db->conn, sql, -1, SQLITE_PREPARE_PERSISTENT, &cached->stmt, NULL));
		if (db->err)
			return NULL;
		cached->sql = sql;
		return cached->stmt;
	}
	cp_check_failed("statements <= DB_STATEMENTS_MAX", __FILE__, __LINE__);
}

static sqlite3_stmt *bind(struct db *db, const char *sql, const char *types, va_list args)
{
	if (db->err)
		return NULL;
	sqlite3_stmt *stmt = statement(db, sql);

	for (int i = 1; stmt && *types; i++, types++) {
		int rc = SQLITE_OK;
		switch (*types) {
		case 'i':
			rc = sqlite3_bind_int64(stmt, i, va_arg(args, int64_t));
			break;
		case 'b': {
			struct slice blob = va_arg(args, struct slice);
			rc = sqlite3_bind_blob64(
			    stmt, i, blob.len ? (const void *)blob.p : "", blob.len, SQLITE_STATIC);
			break;
		}
		case 't':
			rc = sqlite3_bind_text(
			    stmt, i, va_arg(args, const char *), -1, SQLITE_STATIC);
			break;
		default:
			CP_CHECK(*types == 'n');
			rc = sqlite3_bind_null(stmt, i);
		}
		check(db, rc);
	}
	return db->err ? NULL : stmt;
}

int64_t db_run(struct db *db, const char *sql, const char *types, ...)
{
	va_list args;

	va_start(args, types);
	sqlite3_stmt *stmt = bind(db, sql, types, args);
	va_end(args);
	if (!stmt)
		return 0;
	check(db, sqlite3_step(stmt));
	check(db, sqlite3_reset(stmt));
	return db->err ? 0 : sqlite3_changes64(db->conn);
}

struct db_rows db_query(struct db *db, const char *sql, const char *types, ...)
{
	struct db_rows rows = {.db = db};
	va_list args;

	va_start(args, types);
	rows.stmt = bind(db, sql, types, args);
	va_end(args);
	return rows;
}

bool db_next(struct db_rows *rows)
{
	if (!rows->stmt)
		return false;
	int rc = sqlite3_step(rows->stmt);
	if (rc == SQLITE_ROW)
		return true;
	check(rows->db, rc);
	db_end(rows);
	return false;
}

void db_end(struct db_rows *rows)
{
	if (rows->stmt)
		sqlite3_reset(rows->stmt);
	rows->stmt = NULL;
}

int64_t db_int(const struct db_rows *rows, int column)
{
	return sqlite3_column_int64(rows->stmt, column);
}

struct slice db_blob(const struct db_rows *rows, int column)
{
	const void *p = sqlite3_column_blob(rows->stmt, column);

	return slice_of(p, (size_t)sqlite3_column_bytes(rows->stmt, column));
}

const char *db_text(const struct db_rows *rows, int column)
{
	const unsigned char *text = sqlite3_column_text(rows->stmt, column);

	return text ? (const char *)text : "";
}

void db_begin(struct db *db)
{
	db_run(db, "BEGIN IMMEDIATE", "");
}

void db_commit(struct db *db)
{
	db_run(db, "COMMIT", "");
}

int64_t db_value(struct db *db, int64_t otherwise, const char *sql, const char *types, ...)
{
	struct db_rows rows = {.db = db};
	va_list args;

	va_start(args, types);
	rows.stmt = bind(db, sql, types, args);
	va_end(args);

	int64_t value = otherwise;
	if (db_next(&rows)) {
		if (sqlite3_column_type(rows.stmt, 0) != SQLITE_NULL)
			value = db_int(&rows, 0);
		db_end(&rows);
	}
	return value;
}

/* Not a static text: not for the cache. */
static sqlite3_stmt *prepare_once(struct db *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;

	check(db, sqlite3_prepare_v2(db->conn, sql, -1, &stmt, NULL));
	return stmt;
}

void db_copy_table(struct db *to, struct db *from, const char *table)
{
	if (to->err || from->err)
		return;
	char sql[256];
	snprintf(sql, sizeof(sql), "SELECT * FROM %s", table);
	sqlite3_stmt *rows = prepare_once(from, sql);
	int columns = sqlite3_column_count(rows);
	int len = snprintf(sql, sizeof(sql), "INSERT INTO %s VALUES(?", table);
	for (int i = 1; i < columns; i++)
		len += snprintf(sql + len, sizeof(sql) - (size_t)len, ",?");
	snprintf(sql + len, sizeof(sql) - (size_t)len, ")");
	sqlite3_stmt *insert = prepare_once(to, sql);

	while (!to->err && !from->err) {
		int rc = sqlite3_step(rows);
		if (rc != SQLITE_ROW) {
			check(from, rc);
			break;
		}
		for (int i = 0; i < columns; i++)
			check(to, sqlite3_bind_value(insert, i + 1, sqlite3_column_value(rows, i)));
		check(to, sqlite3_step(insert));
		check(to, sqlite3_reset(insert));
	}
	sqlite3_finalize(rows);
	sqlite3_finalize(insert);
}

int64_t db_last_rowid(const struct db *db)
{
	return db->conn ? sqlite3_last_insert_rowid(db->conn) : 0;
}
