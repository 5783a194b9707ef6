/* What `carepace doctor` looks at where the store lies. */
#include "cli/doctor.h"

#include "cli/output.h"
#include "io/clock.h"
#include "io/control.h"
#include "io/failures.h"
#include "io/folder.h"
#include "ledger/ledger.h"
#include "ledger/view/health.h"

#include <glob.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#define DAYS_LEFT_WARN 30
#define OTHERS_MAY (S_IROTH | S_IWOTH | S_IXOTH)

/* --- folder ---------------------------------------------------------------------------- */

void doctor_folder(const struct box *box, struct diagnosis *out)
{
	const char *path = box->config.store.path;
	struct stat st;
	char why[256];

	switch (folder_look(path, why)) {
	case CP_OK:
		break;
	case CP_NOTFOUND:
		doctor_ok(out, "%s is not there yet; the first start makes it", path);
		return;
	default:
		doctor_fail(out,
		    "ls -ld and findmnt -T say whose the folder is and whether its disk may be "
		    "written; the user of the service must own it.",
		    "%s", why);
		return;
	}
	if (stat(path, &st) == 0 && (st.st_mode & OTHERS_MAY))
		doctor_fail(out, "Run chmod 0700 on it.",
		    "the folder %s may be opened by others (mode %04o): it holds treatment records",
		    path, st.st_mode & 07777u);
	else
		doctor_ok(out, "%s", path);
}

/* --- room ------------------------------------------------------------------------------ */

/* False: there is no store yet, or it cannot be read, which is another check's business. */
static bool load_health(const struct box *box, struct view_health *out)
{
	struct view *view;
	const char *text;
	char why[256];

	*out = (struct view_health){0};
	if (view_open(&view, box->store_file, why))
		return false;
	view_health(view, box->store_file, out);
	bool is_read = view_error(view, &text) == CP_OK;
	view_close(view);
	return is_read;
}

void doctor_disk(const struct box *box, struct diagnosis *out)
{
	static const char remedy[] =
	    "Free room where the store lies (df -h, du -xh / | sort -h), or give it a larger disk.";
	const char *path = box->config.store.path;
	int64_t reserve = box->config.store.reserve_bytes;
	struct view_health health;
	int64_t used;
	int64_t total;
	char full[LEDGER_FULL_BYTES];
	char size[DOCTOR_SIZE_BYTES];

	ledger_disk(path, &used, &total);
	if (total == 0) {
		doctor_skip(out, "there is no store yet");
		return;
	}
	(void)load_health(box, &health);
	int64_t room = total - used + health.free_bytes - reserve;
	int64_t a_day = view_growth(&health, clock_wall());
	int64_t days = a_day > 0 ? room / a_day : -1;
	if (room < 0)
		doctor_fail(out, remedy, "%s", ledger_full_text(full, reserve / 8 - room, path));
	else if (days >= 0 && days < DAYS_LEFT_WARN)
		doctor_warn(out, remedy,
		    "%s are free; as the store has grown, the disk is full in about %" PRId64
		    " days",
		    doctor_size(total - used, size), days);
	else if (days >= 0)
		doctor_ok(out, "%s are free, enough for about %" PRId64 " days",
		    doctor_size(total - used, size), days);
	else
		doctor_ok(out, "%s are free; days until it is full can be told after a day or two",
		    doctor_size(total - used, size));
}

/* --- the kind of disk ------------------------------------------------------------------- */

static const struct {
	unsigned long magic;
	const char *name;
	const char *trouble; /* NULL: a local disk */
} kinds[] = {
    {EXT4_SUPER_MAGIC, "ext4", NULL},
    {XFS_SUPER_MAGIC, "xfs", NULL},
    {BTRFS_SUPER_MAGIC, "btrfs", NULL},
    {F2FS_SUPER_MAGIC, "f2fs", NULL},
    {TMPFS_MAGIC, "tmpfs", "lies in memory: all is lost when the box is switched off"},
    {RAMFS_MAGIC, "ramfs", "lies in memory: all is lost when the box is switched off"},
    {OVERLAYFS_SUPER_MAGIC, "overlay",
        "lies in a layer of a container: it goes when the container goes"},
    {NFS_SUPER_MAGIC, "nfs", "lies on a network: what it calls written may not be on a disk"},
    {SMB_SUPER_MAGIC, "smb", "lies on a network: what it calls written may not be on a disk"},
    {CIFS_SUPER_MAGIC, "cifs", "lies on a network: what it calls written may not be on a disk"},
    {SMB2_SUPER_MAGIC, "smb2", "lies on a network: what it calls written may not be on a disk"},
    {FUSE_SUPER_MAGIC, "fuse", "lies on a program's file system, which may not honour fsync"},
    {V9FS_MAGIC, "9p", "lies on the host of a virtual machine, which may not honour fsync"},
    {MSDOS_SUPER_MAGIC, "vfat", "lies on a file system without a journal"},
};

/* Mounted so that a disk's cache is never emptied: a power cut may take what was synced. */
static bool is_without_barrier(dev_t device)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t room = 0;
	bool is_found = false;

	while (mounts && getline(&line, &room, mounts) > 0) {
		unsigned major_no = 0;
		unsigned minor_no = 0;
		if (sscanf(line, "%*d %*d %u:%u", &major_no, &minor_no) == 2 &&
		    makedev(major_no, minor_no) == device)
			is_found |= strstr(line, "nobarrier") || strstr(line, "barrier=0");
	}
	free(line);
	if (mounts)
		fclose(mounts);
	return is_found;
}

void doctor_file_system(const struct box *box, struct diagnosis *out)
{
	static const char remedy[] = "Put store.path on a local disk (ext4, xfs, btrfs).";
	const char *path = box->config.store.path;
	const char *name = "unknown to us";
	struct statfs fs;
	struct stat st;

	if (statfs(path, &fs) < 0 || stat(path, &st) < 0) {
		doctor_skip(out, "there is no store yet");
		return;
	}
	for (size_t i = 0; i < CP_COUNT(kinds); i++) {
		if (kinds[i].magic != (unsigned long)fs.f_type)
			continue;
		name = kinds[i].name;
		if (kinds[i].trouble)
			doctor_warn(out, remedy, "%s (%s) %s", path, name, kinds[i].trouble);
	}
	if (is_without_barrier(st.st_dev))
		doctor_warn(out, "Mount it without that option.",
		    "the disk of %s is mounted with barriers off: a power cut may take what was "
		    "acknowledged",
		    path);
	doctor_ok(out, "%s", name);
}

/* --- the store's file --------------------------------------------------------------------- */

static const char *remedy_for(enum cp_err err)
{
	switch (err) {
	case CP_NEWER:
		return "Install the newer carepace again: apt install ./carepace.deb";
	case CP_CORRUPT:
		return "Keep a copy of the folder and restore the last backup (carepace restore). "
		       "A "
		       "start of the gateway sets the damaged store aside and begins a new one.";
	case CP_BUSY:
		return "End the program that holds it (fuser -v names it).";
	default:
		return "Look at the disk (dmesg, smartctl -a) and at the owner of the files.";
	}
}

void doctor_store(const struct box *box, struct diagnosis *out)
{
	struct view *view;
	struct view_health health;
	const char *text;
	char checked[VIEW_QUICK_CHECK_BYTES] = "ok";
	char size[DOCTOR_SIZE_BYTES];
	char why[256];
	enum cp_err err = view_open(&view, box->store_file, why);

	if (err == CP_NOTFOUND) {
		doctor_ok(out, "%s is not there yet; the first start makes it", box->store_file);
		return;
	}
	if (err) {
		doctor_fail(out, remedy_for(err), "%s", why);
		return;
	}
	view_health(view, box->store_file, &health);
	if (box->is_deep)
		view_quick_check(view, checked);
	err = view_error(view, &text);
	if (err)
		doctor_fail(out, remedy_for(err), "%s: %s", box->store_file, text);
	else if (strcmp(checked, "ok") != 0)
		doctor_fail(
		    out, remedy_for(CP_CORRUPT), "%s is damaged: %s", box->store_file, checked);
	else
		doctor_ok(out, "version %" PRId64 ", %s%s", health.schema,
		    doctor_size(health.bytes + health.log_bytes, size),
		    box->is_deep ? ", read whole: no damage" : "");
	view_close(view);
}

/* --- what was left over --------------------------------------------------------------------- */

static void warn_of_damaged(const struct box *box, struct diagnosis *out)
{
	char pattern[sizeof(box->store_file) + 16];
	glob_t found = {0};

	snprintf(pattern, sizeof(pattern), "%s.damaged-*Z*", box->store_file);
	if (glob(pattern, 0, NULL, &found) == 0)
		doctor_warn(out,
		    "Look at the disk (dmesg, smartctl -a), bring the last backup back if there is "
		    "one (carepace restore), and delete these files when nobody needs them.",
		    "the store was damaged and was set aside as %s: the one of today knows nothing "
		    "of before",
		    found.gl_pathv[0]);
	globfree(&found);
}

void doctor_left_over(const struct box *box, struct diagnosis *out)
{
	const char *path = box->config.store.path;
	wall_ms now = clock_wall();
	struct view_health health;
	char text[FAILURES_TEXT_BYTES];

	if (failures_rest_until(path, now) > now)
		doctor_fail(out,
		    "Look at the disk (dmesg, smartctl -a). To try again at once, delete the "
		    "file " FAILURES_FILE_NAME " there.",
		    "%s", failures_text(text, path));
	warn_of_damaged(box, out);
	if (!load_health(box, &health)) {
		doctor_ok(out, "nothing yet");
		return;
	}
	if (health.unjudged)
		doctor_warn(out,
		    "Please report this to the maker, with carepace support-bundle; the next "
		    "version judges them again.",
		    "%" PRId64 " readings or subjects ended the program twice and were set aside",
		    health.unjudged);
	if (health.parked)
		doctor_warn(out,
		    "carepace parked lists them; an upgrade tries them again by itself.",
		    "%" PRId64 " messages could not be understood and are kept", health.parked);
	if (control_process(path) > 0)
		doctor_ok(out, "nothing; the gateway runs");
	else
		doctor_ok(out, "nothing; the last run %s",
		    health.has_ended_well
		        ? "ended well"
		        : "did not end by itself (power cut or kill); nothing that "
		          "was acknowledged is lost");
}
