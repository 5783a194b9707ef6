/* db.h - SQLite, as much of it as the ledger needs.
 *
 * Errors:  sticky. The first failure is kept in `err` and `err_text`; from then
 *          on every call does nothing and reads answer "no row". So a
 *          transaction is written straight down and asked once, at the commit.
 *          After a failure memory may disagree with the disk: close (P11).
 * Memory:  statements are prepared once and cached by the address of their SQL,
 *          which must be a static string.
 * Types:   in a `types` string, one letter per parameter: i int64_t,
 *          b struct slice (blob), t const char * (text, NULL is NULL), n NULL.
 * Threads: one per struct db.
 */
#ifndef LEDGER_STORE_DB_H
#define LEDGER_STORE_DB_H

#include "base/err.h"
#include "base/slice.h"

struct sqlite3;
struct sqlite3_stmt;

#define DB_BUSY_MS 2000 /* another process holds the lock */

#define DB_STATEMENTS_MAX 512 /* a power of two, above what the ledger has */

struct db_cached {
	const char *sql;
	struct sqlite3_stmt *stmt;
};

struct db {
	struct sqlite3 *conn;
	enum cp_err err;
	char err_text[200];
	struct db_cached cache[DB_STATEMENTS_MAX];
};

enum db_mode {
	DB_WRITE,
	DB_READ_ONLY,
	DB_IN_MEMORY
};

enum cp_err db_open(struct db *db, const char *path, enum db_mode mode) CP_MUST_CHECK;
void db_close(struct db *db); /* safe on a zeroed struct */

/* Several statements without parameters or rows. */
void db_exec(struct db *db, const char *sql);

/* The one write transaction at a time. */
void db_begin(struct db *db);
void db_commit(struct db *db);

/* One statement, no rows wanted. Returns the number of rows it changed. */
int64_t db_run(struct db *db, const char *sql, const char *types, ...);

/* while (db_next(&rows)) use columns. Columns are valid until the next call on
 * the same rows; leaving early needs db_end(). */
struct db_rows {
	struct db *db;
	struct sqlite3_stmt *stmt; /* NULL: over */
};

struct db_rows db_query(struct db *db, const char *sql, const char *types, ...);
bool db_next(struct db_rows *rows);
void db_end(struct db_rows *rows);
int64_t db_int(const struct db_rows *rows, int column);
struct slice db_blob(const struct db_rows *rows, int column); /* of blob or text */
const char *db_text(const struct db_rows *rows, int column);  /* "" for NULL */

/* The first column of the first row, or `otherwise`. */
int64_t db_value(struct db *db, int64_t otherwise, const char *sql, const char *types, ...);

/* All rows of a table that is empty here, of the same name and columns. Static. An error is
 * that of either. */
void db_copy_table(struct db *to, struct db *from, const char *table);

int64_t db_last_rowid(const struct db *db);

/* For conditions that SQLite does not know to be errors. */
void db_fail(struct db *db, enum cp_err err, const char *text);

#endif
