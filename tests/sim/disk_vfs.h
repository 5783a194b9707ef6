/* disk_vfs.h - every store of the process lies on the disk (disk.h). */
#ifndef SIM_DISK_VFS_H
#define SIM_DISK_VFS_H

#include <stdint.h>

void disk_vfs_register(void);

/* SQLite's random numbers: epochs of stores, salts of logs. */
void disk_vfs_seed(uint64_t seed);

#endif
