/* tzfile.h - a time zone of the system by its IANA name.
 *
 * What:    reads the TZif file in CONFIG_ZONEINFO_DIR; care/zone takes it apart.
 * Threads: any.
 * Bounds:  TZFILE_MAX_BYTES; the largest of the system has 4 kB.
 */
#ifndef IO_TZFILE_H
#define IO_TZFILE_H

#include "care/time/zone.h"

#define TZFILE_MAX_BYTES (256 * 1024)
#define TZFILE_NAME_BYTES 64

/* CP_CONFIG: not a name ("..", "/x", strange letters). CP_NOTFOUND: no such
 * zone here. CP_INVALID: the file is none, out->bad says why. CP_IO, CP_NOMEM.
 * Only with CP_OK there is something to zone_deinit(). */
enum cp_err tzfile_load(const char *name, struct zone *out) CP_MUST_CHECK;

/* What people write, as the system names it: case does not count, nor a blank for a '_'. False:
 * there is no such zone; `out` is the nearest one, by its whole name or its city, "" for none. */
bool tzfile_find(const char *word, char out[TZFILE_NAME_BYTES]);

/* Of which release the system's time zones are, as "2026a"; false: they do not say. */
#define TZFILE_VERSION_BYTES 16
bool tzfile_version(char out[TZFILE_VERSION_BYTES]);

#endif
