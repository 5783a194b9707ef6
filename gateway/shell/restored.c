#include "shell/restored.h"

#include "cli/output.h"
#include "io/log.h"
#include "io/restore_folder.h"

enum cp_err restored_settle(const char *folder)
{
	enum restore_end end;
	char former[PATH_MAX];
	char why[256];
	enum cp_err err = restore_settle(folder, &end, former, why);

	if (err)
		log_event(STORE_REFUSED, "cannot finish the restore that was begun: %s", why);
	else if (end == RESTORE_TAKEN_BACK)
		log_notice("a restore was cut short before it was decided: the store is the one "
		           "that was there before; restore it again if that is wanted");
	else if (end == RESTORE_DONE)
		log_notice("a restore was cut short after it was decided, and is finished now%s%s",
		    former[0] ? "; the former store lies in " : "", former);
	return err;
}

void restored_say(const struct ledger *ledger)
{
	char at[WHEN_BYTES];

	if (ledger_restored_from(ledger))
		log_notice("the store is restored from the backup of %s: devices are asked to send "
		           "again what they still have, and head office is told everything again",
		    when_utc(ledger_restored_from(ledger), at));
}
