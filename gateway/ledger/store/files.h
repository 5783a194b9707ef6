/* files.h - what the store's files need beside SQLite. False: errno says why. */
#ifndef LEDGER_STORE_FILES_H
#define LEDGER_STORE_FILES_H

#include <stdbool.h>

/* Durable, and nobody else's to read. */
bool files_sync(const char *path);

/* The names in the folder that a file lies in. */
bool files_sync_folder_of(const char *path);

#endif
