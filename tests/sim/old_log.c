/* A gateway that is wrong: after a sync has failed it believes what it reads. */
#include <sqlite3.h>

int __real_sqlite3_file_control(sqlite3 *conn, const char *name, int what, void *out);
int __wrap_sqlite3_file_control(sqlite3 *conn, const char *name, int what, void *out);

int __wrap_sqlite3_file_control(sqlite3 *conn, const char *name, int what, void *out)
{
	if (what == SQLITE_FCNTL_JOURNAL_POINTER)
		return SQLITE_OK;
	return __real_sqlite3_file_control(conn, name, what, out);
}
