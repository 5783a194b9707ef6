#include "run.h"

#include "box.h"
#include "control.h"
#include "ledger/store/db.h"
#include "ledger/office/states.h"
#include "ledger/past/verify.h"
#include "message.h"
#include "report.pb-c.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define COPIES_MAX (3 * WORLD_INPUTS_MAX)
#define LIVE_MS (2 * MS_PER_MINUTE)
#define TICKS_MAX 1000 /* a deadline that is never over would go on for ever */

struct copy {
	const struct input *input;
	size_t phase; /* of the box, in which it comes */
	size_t place;
	bool is_again;
	struct delivery delivery;
};

struct run {
	const struct world *world;
	const struct way *way;
	struct ledger_config config;
	struct rng rng;
	struct copy copies[COPIES_MAX];
	size_t copy_count;
	size_t next;
	wall_ms first_now;
	wall_ms now;
	const struct box_phase *phase; /* NULL: the box's clock is believed */
	char path[256];
	struct ledger *ledger;
	struct batch *batch;
	int64_t box_inputs;
	int64_t gone; /* rows of the stream; their names are left */
	char *why;    /* [512]; empty while all is well */
};

static void fail(struct run *run, const char *what, const char *detail)
{
	if (!run->why[0])
		snprintf(run->why, 512, "%s: %.400s", what, detail);
}

/* --- the order of arrival ---------------------------------------------------------------- */

static void add_copy(struct run *run, const struct input *input, bool is_first)
{
	if (run->copy_count == COPIES_MAX)
		return;
	struct copy *copy = &run->copies[run->copy_count++];
	copy->input = input;
	copy->is_again = !is_first;
	copy->delivery = (struct delivery){
	    .is_replay = !is_first || rng_percent(&run->rng, 20),
	    .sent_mono_ms = rng_next(&run->rng) & UINT32_MAX,
	};
}

static void shuffle(struct run *run)
{
	for (size_t i = run->copy_count; i > 1; i--) {
		size_t j = rng_below(&run->rng, i);
		struct copy copy = run->copies[i - 1];
		run->copies[i - 1] = run->copies[j];
		run->copies[j] = copy;
	}
}

static int by_phase(const void *a, const void *b)
{
	const struct copy *x = a;
	const struct copy *y = b;

	return x->phase != y->phase ? (x->phase > y->phase) - (x->phase < y->phase)
	                            : (x->place > y->place) - (x->place < y->place);
}

/* What the box knew of the time when something came in is no matter of the way: only copies
 * come in another phase. */
static void keep_phases(struct run *run)
{
	for (size_t i = 0; i < run->copy_count; i++) {
		struct copy *copy = &run->copies[i];
		size_t phase = box_phase_at(run->world, copy->input->recv);
		if (copy->is_again)
			phase += rng_below(&run->rng, run->world->phase_count - phase);
		copy->phase = phase;
		copy->place = i;
	}
	qsort(run->copies, run->copy_count, sizeof(run->copies[0]), by_phase);
}

static void plan_arrival(struct run *run)
{
	for (size_t i = 0; i < run->world->count; i++) {
		add_copy(run, &run->world->inputs[i], true);
		while (rng_percent(&run->rng, run->way->copies_percent))
			add_copy(run, &run->world->inputs[i], false);
	}
	if (run->way->is_shuffled)
		shuffle(run);
	if (run->world->phase_count)
		keep_phases(run);
	run->first_now = run->world->inputs[0].ts;
	run->now = run->first_now;
}

static const struct box_phase *phase_of(const struct run *run)
{
	size_t last = run->world->phase_count - 1;
	size_t phase = run->next < run->copy_count ? run->copies[run->next].phase : last;

	return run->world->phase_count ? &run->world->phases[phase] : NULL;
}

/* Of the phase, or the world. */
static wall_ms last_now(const struct run *run)
{
	const struct box_phase *phase = run->phase;
	bool is_last = !phase || phase + 1 == run->world->phases + run->world->phase_count;

	return is_last ? run->world->now : phase[1].from - 1;
}

static void begin_phase(struct run *run)
{
	run->phase = phase_of(run);
	if (run->phase && run->now < run->phase->from)
		run->now = run->phase->from;
	if (run->way->is_at_once)
		run->now = last_now(run);
}

/* In order: shortly after the event. Shuffled: evenly until the last moment. */
static void advance_clock(struct run *run)
{
	const struct copy *copy = &run->copies[run->next - 1];
	wall_ms at = copy->input->ts + rng_range(&run->rng, 0, 2000);

	if (run->way->is_shuffled)
		at = run->first_now + (run->world->now - run->first_now) * (int64_t)run->next /
		                          (int64_t)run->copy_count;
	if (at > last_now(run))
		at = last_now(run);
	if (at > run->now)
		run->now = at;
}

/* --- batches ----------------------------------------------------------------------------- */

static enum reading_result read_copy(
    struct run *run, const struct copy *copy, struct reading *reading, const char **why)
{
	const struct input *input = copy->input;
	struct arena *arena = &run->batch->arena;
	struct slice bytes = message_bytes(&run->world->cast, input, &copy->delivery, arena);

	if (input_is_order(input))
		return reading_parse_order(arena, bytes, reading, why);
	return reading_parse(
	    arena, bytes, &input->source, input->device == WORLD_TABLET, reading, why);
}

/* R18: nothing comes before it happened; what comes live comes soon, and HELLO always
 * does. */
static void add_entry(struct run *run, struct copy *copy)
{
	bool is_soon = input_is_live(copy->input) || run->now < copy->input->ts;
	wall_ms recv = is_soon ? copy->input->ts : run->now;

	copy->delivery.is_replay |= recv - copy->input->ts > LIVE_MS;
	if (copy->input->recv) {
		recv = copy->input->recv;
		copy->delivery.is_replay = copy->input->is_buffered;
	}
	if (run->phase) /* since the box started */
		recv -= run->phase->booted_at;
	struct batch_entry *entry = batch_add(run->batch);
	enum reading_result result = read_copy(run, copy, &entry->reading, &entry->why);

	if (result != READING_OK && result != READING_RANGE)
		fail(run, "the gate refused a message", entry->why ? entry->why : "no memory");
	entry->what = BATCH_READING;
	entry->recv = recv;
}

static void apply(struct run *run)
{
	if (run->why[0])
		return;
	if (run->phase)
		run->batch->clock = box_reading(run->phase, run->now);
	if (ledger_apply(run->ledger, run->batch, run->now) != CP_OK)
		fail(run, "ledger_apply", ledger_error(run->ledger));
	for (size_t i = 0; i < run->batch->entry_count; i++)
		if (run->batch->entries[i].outcome == BATCH_CONFLICT)
			fail(run, "a copy was taken for a conflict", run->way->name);
}

/* Deadlines are told in the time that the ledger believes. */
static wall_ms believed_now(const struct run *run)
{
	int64_t offset = ledger_assumed_offset(run->ledger);

	return offset == TIME_NEVER ? run->now : run->now - run->phase->booted_at + offset;
}

/* What the shell does while a deadline is due. */
static void tick(struct run *run)
{
	wall_ms next_wake = INT64_MIN;

	for (int i = 0; next_wake <= believed_now(run) && !run->why[0]; i++) {
		if (i == TICKS_MAX)
			fail(run, "a deadline that is never over", run->way->name);
		batch_reset(run->batch);
		apply(run);
		next_wake = run->batch->next_wake;
	}
}

/* Of one phase; its end is heard at once, as the shell would. */
static void send_batch(struct run *run)
{
	size_t count = 1 + rng_below(&run->rng, run->way->batch_max);

	if (phase_of(run) != run->phase)
		begin_phase(run);
	batch_reset(run->batch);
	for (size_t i = 0; i < count && run->next < run->copy_count; i++)
		if (phase_of(run) == run->phase)
			add_entry(run, &run->copies[run->next++]);
	advance_clock(run);
	apply(run);
	bool is_due = run->batch->next_wake <= believed_now(run) && rng_percent(&run->rng, 50);
	if (is_due || phase_of(run) != run->phase)
		tick(run);
}

/* --- lives of the ledger, one after the other ----------------------------------------------- */

static void open_store(struct run *run)
{
	char why[256];

	if (run->phase)
		run->config.clock = box_start(run->world, run->phase, run->now);
	if (ledger_open(&run->config, run->now, &run->ledger, why) != CP_OK)
		fail(run, "ledger_open", why);
}

static void live(struct run *run, size_t until)
{
	begin_phase(run);
	open_store(run);
	while (run->next < until && !run->why[0])
		send_batch(run);
}

/* Another process lives and dies; we go on where it stopped. */
struct last_will {
	size_t next;
	wall_ms now;
	struct rng rng;
	char why[512];
};

static void leave(const struct run *run, int pipe_end)
{
	struct last_will will = {.next = run->next, .now = run->now, .rng = run->rng};

	memcpy(will.why, run->why, sizeof(will.why));
	_exit(write(pipe_end, &will, sizeof(will)) == (ssize_t)sizeof(will) ? 0 : 1);
}

static void live_and_die(struct run *run, size_t until)
{
	struct last_will will;
	int ends[2];

	CP_CHECK(pipe(ends) == 0);
	pid_t child = fork();
	if (child == 0) {
		live(run, until);
		leave(run, ends[1]);
	}
	close(ends[1]);
	bool has_will = child > 0 && read(ends[0], &will, sizeof(will)) == (ssize_t)sizeof(will);
	close(ends[0]);
	if (child > 0)
		waitpid(child, NULL, 0);
	if (!has_will) {
		fail(run, "a child died", run->way->name);
		return;
	}
	run->next = will.next;
	run->now = will.now;
	run->rng = will.rng;
	if (will.why[0])
		fail(run, "in a child", will.why);
}

static void live_and_close(struct run *run, size_t until)
{
	live(run, until);
	ledger_close(run->ledger);
	run->ledger = NULL;
}

/* Does the box itself start again before that comes in? */
static bool is_restart(const struct run *run, size_t at)
{
	size_t phase = run->copies[at].phase;

	return phase != run->copies[at - 1].phase && run->world->phases[phase].is_restart;
}

static void live_until(struct run *run, size_t until)
{
	do {
		size_t end = run->next + 1;
		while (end < until && !is_restart(run, end))
			end++;
		if (end > until)
			end = until;
		if (rng_percent(&run->rng, 50))
			live_and_die(run, end);
		else
			live_and_close(run, end);
	} while (run->next < until && !run->why[0]);
}

/* --- the truth ------------------------------------------------------------------------------- */

static bool is_day(const char *line)
{
	return strncmp(line, "day ", 4) == 0;
}

static void add_line(struct buf *truth, const char *line)
{
	CP_CHECK(buf_append(truth, line, strlen(line)) == CP_OK);
	CP_CHECK(buf_append(truth, "\n", 1) == CP_OK);
}

static void add_others(void *ctx, const char *line)
{
	if (!is_day(line))
		add_line(ctx, line);
}

static void add_days(void *ctx, const char *line)
{
	if (is_day(line))
		add_line(ctx, line);
}

static int64_t count_gone(struct db *db)
{
	struct db_rows rows = db_query(db, "SELECT gone FROM stream_name WHERE gone != 0", "");
	int64_t gone = 0;

	while (db_next(&rows))
		gone += __builtin_popcountll((uint64_t)db_int(&rows, 0));
	return gone;
}

static void read_truth(struct run *run, truth_fn *add, struct buf *truth)
{
	struct db db = {0};

	if (run->why[0])
		return;
	if (db_open(&db, run->path, DB_READ_ONLY) == CP_OK)
		truth_lines(&db, add, truth);
	run->box_inputs = db_value(&db, 0, "SELECT count(*) FROM journal WHERE kind IN (?, ?, ?)",
	    "iii", (int64_t)READING_BOX_CLOCK, (int64_t)READING_SESSION_SEAL,
	    (int64_t)READING_BOOT_SEAL);
	run->gone = count_gone(&db);
	if (db.err)
		fail(run, "the truth cannot be read", db.err_text);
	db_close(&db);
}

static void look(struct run *run)
{
	const char *wrong = NULL;

	if (!run->why[0] && run->way->look)
		wrong = run->way->look(
		    run->way->ctx, run->ledger, run->path, &run->config.policy, run->now);
	if (wrong)
		fail(run, "what the store holds", wrong);
}

/* --- a whole life ---------------------------------------------------------------------------- */

static void live_all(struct run *run, struct buf *truth)
{
	size_t restarts =
	    run->way->restarts_max ? 1 + rng_below(&run->rng, run->way->restarts_max) : 0;

	for (size_t i = 0; i < restarts && !run->why[0]; i++)
		live_until(run, run->next + rng_below(&run->rng, run->copy_count - run->next + 1));
	size_t last = run->copy_count;
	while (last > run->next && (last == run->copy_count || !is_restart(run, last)))
		last--;
	if (last > run->next && !run->why[0])
		live_until(run, last);
	if (!run->why[0])
		live(run, run->copy_count);
	run->now = run->world->now;
	tick(run);
	read_truth(run, add_others, truth);
	look(run);
	/* Days that something late has changed are composed within ten minutes. */
	run->now += 2 * STATES_GRID_MS;
	tick(run);
	read_truth(run, add_days, truth);
	if (!run->why[0] && ledger_pending(run->ledger) > 0)
		fail(run, "something is still pending", run->way->name);
	ledger_close(run->ledger);
	run->ledger = NULL;
}

/* --- the recount ------------------------------------------------------------------------------ */

static void say_difference(void *ctx, const char *difference)
{
	fail(ctx, "the recount differs", difference);
}

static void check_recount(struct run *run)
{
	struct verify_result result;
	char why[256];

	if (run->why[0] || !run->way->is_recounted)
		return;
	if (verify_store(run->path, &run->config.policy, say_difference, run, &result, why) !=
	    CP_OK)
		fail(run, "verify_store", why);
	/* And the policy of the clinic itself. */
	if (!run->why[0] &&
	    result.inputs + run->gone != (int64_t)run->world->count + run->box_inputs)
		fail(run, "the journal does not hold every input once", run->way->name);
}

/* --- who was forgotten ----------------------------------------------------------------------- */

/* Domain 5: the token is nowhere, whatever came after it was to go. */
static void check_forgotten(struct run *run, struct slice store)
{
	for (size_t i = 0; i < run->world->count && !run->why[0]; i++) {
		struct copy copy = {.input = &run->world->inputs[i]};
		struct reading reading;
		const char *why;
		if (!input_is_order(copy.input) ||
		    copy.input->body != CAREPACE__V1__ORDER__BODY_CLIENT_FORGET)
			continue;
		batch_reset(run->batch);
		if (read_copy(run, &copy, &reading, &why) != READING_OK)
			fail(run, "who was forgotten", why);
		else if (memmem(store.p, store.len, reading.client.b, ID_BYTES))
			fail(run, "the store still has a token that was to go", run->way->name);
	}
}

static void search_store(struct run *run)
{
	struct stat stat;
	int file = open(run->path, O_RDONLY | O_CLOEXEC);

	if (run->why[0])
		return;
	CP_CHECK(file >= 0 && fstat(file, &stat) == 0);
	size_t len = (size_t)stat.st_size;
	void *bytes = mmap(NULL, len, PROT_READ, MAP_SHARED, file, 0);
	CP_CHECK(bytes != MAP_FAILED);
	check_forgotten(run, slice_of(bytes, len));
	munmap(bytes, len);
	close(file);
}

static void delete_store(struct run *run)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	char path[272];

	for (size_t i = 0; i < CP_COUNT(suffixes); i++) {
		snprintf(path, sizeof(path), "%s%s", run->path, suffixes[i]);
		unlink(path);
	}
}

/* A new store costs more than a short life in it (the schema, under a sanitizer):
 * one empty store is made and kept open without a name, each run begins with a copy. */
static int make_empty_store(struct run *run)
{
	open_store(run);
	ledger_close(run->ledger);
	run->ledger = NULL;
	int empty = open(run->path, O_RDONLY | O_CLOEXEC);
	delete_store(run);
	return empty;
}

static void copy_empty_store(struct run *run)
{
	static int empty = -1;
	struct stat stat;
	off_t offset = 0;

	if (empty < 0)
		empty = make_empty_store(run);
	int copy = open(run->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (empty < 0 || copy < 0 || fstat(empty, &stat) != 0 ||
	    sendfile(copy, empty, &offset, (size_t)stat.st_size) != stat.st_size)
		fail(run, "the empty store cannot be copied", run->path);
	if (copy >= 0)
		close(copy);
}

bool run_world(const struct world *world, const struct way *way, const struct policy *policy,
    const char *folder, struct buf *truth, char why[512])
{
	static const int64_t kept[] = {
	    10 * MS_PER_SECOND, MS_PER_MINUTE, MS_PER_HOUR, 3 * MS_PER_DAY, 30 * MS_PER_DAY};
	static struct run run; /* large */

	run = (struct run){
	    .world = world,
	    .way = way,
	    .rng = {.state = world->seed ^ (uint64_t)way->batch_max << 32},
	    .config =
	        {
	            .path = run.path,
	            .site = "north-1",
	            .version = "1",
	            .policy = *policy,
	            .own = way->own,
	            .own_count = way->own_count,
	        },
	    .batch = batch_new(),
	    .why = why,
	};
	CP_CHECK(run.batch);
	why[0] = '\0';
	snprintf(run.path, sizeof(run.path), "%s/store.%ld", folder, (long)getpid());
	if (way->is_swept)
		run.config.stream_kept_ms = RNG_PICK(&run.rng, kept);
	control_begin_run();
	plan_arrival(&run);
	delete_store(&run);
	copy_empty_store(&run);
	live_all(&run, truth);
	check_recount(&run);
	search_store(&run);
	delete_store(&run);
	batch_free(run.batch);
	return why[0] == '\0';
}

/* --- the clinic's zone ---------------------------------------------------------------------- */

#define ZONE_FILE "/usr/share/zoneinfo/Europe/Berlin"

void run_load_zone(struct zone *zone)
{
	static uint8_t bytes[65536];
	FILE *file = fopen(ZONE_FILE, "rb");

	CP_CHECK(file);
	size_t len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	CP_CHECK(zone_parse(zone, slice_of(bytes, len)) == CP_OK);
}
