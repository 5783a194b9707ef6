#include "shell/window.h"

/* What is acknowledged but not yet deleted by the ledger must not be sent
 * twice, and what is in flight neither. While connected a cursor per kind answers
 * both: n only rises, so a row at or below `after` was offered. A cursor starts
 * again at zero only at a connect and after a pause; then the slots tell what is
 * in flight, and a row that was acknowledged in that very moment may go up twice.
 * Head office knows it by (epoch, kind, n).
 *
 * With receipts a row stays in the outbox though the broker acknowledged it. When all
 * was offered, the cursors are noted (again_to); a wait later everything up to there has
 * waited for that long at least: the cursor goes back, offers what is still there up to
 * again_to, and jumps to where it was (resume_at). */

void window_init(struct window *window, mono_ms now)
{
	*window = (struct window){
	    .state = WINDOW_DOWN,
	    .since = now,
	    .connect_at = now,
	    .max_rows = WINDOW_ROWS,
	    .again_at = TIME_NEVER,
	};
	for (unsigned kind = 0; kind < WINDOW_KINDS; kind++)
		window->paused_until[kind] = TIME_NEVER;
}

static void rewind_cursor(struct window *window, unsigned kind)
{
	window->after[kind] = window->paused_until[kind] == TIME_NEVER ? 0 : WINDOW_PAUSED;
	window->resume_at[kind] = 0;
	window->look_at = 0;
}

static mono_ms pause_ends_at(const struct window *window)
{
	mono_ms first = TIME_NEVER;

	for (unsigned kind = 0; kind < WINDOW_KINDS; kind++)
		if (window->paused_until[kind] < first)
			first = window->paused_until[kind];
	return first;
}

static void end_pauses(struct window *window, mono_ms now)
{
	for (unsigned kind = 0; kind < WINDOW_KINDS; kind++) {
		if (now < window->paused_until[kind])
			continue;
		window->paused_until[kind] = TIME_NEVER;
		rewind_cursor(window, kind);
	}
}

/* --- looking back ----------------------------------------------------------------- */

static void plan_look_back(struct window *window, mono_ms now)
{
	if (!window->has_receipts || window->again_at != TIME_NEVER)
		return;
	window->again_at = now + WINDOW_RECEIPT_WAIT_MS;
	for (unsigned kind = 0; kind < WINDOW_KINDS; kind++)
		window->again_to[kind] =
		    window->after[kind] == WINDOW_PAUSED ? 0 : window->after[kind];
}

static void look_back(struct window *window, mono_ms now)
{
	if (now < window->again_at)
		return;
	window->again_at = TIME_NEVER;
	window->look_at = 0;
	for (unsigned kind = 0; kind < WINDOW_KINDS; kind++) {
		uint64_t after = window->after[kind];
		if (after == WINDOW_PAUSED || after < window->again_to[kind])
			continue; /* its cursor went back by itself */
		window->resume_at[kind] = after;
		window->after[kind] = 0;
	}
}

static void end_look_back(struct window *window, unsigned kind)
{
	if (window->resume_at[kind] > window->after[kind])
		window->after[kind] = window->resume_at[kind];
	window->resume_at[kind] = 0;
}

/* --- what to do --------------------------------------------------------------------- */

static mono_ms silence_ends_at(const struct window *window)
{
	if (window->state == WINDOW_CONNECTING)
		return window->since + WINDOW_CONNECT_LIMIT_MS;
	return window->rows > 0 ? window->progress_at + WINDOW_STALL_LIMIT_MS : TIME_NEVER;
}

static unsigned room(const struct window *window)
{
	if (window->state != WINDOW_UP || window->is_blocked || window->rows >= window->max_rows)
		return 0;
	return window->max_rows - window->rows;
}

static mono_ms fill_at(const struct window *window)
{
	if (room(window) == 0)
		return TIME_NEVER;
	mono_ms at = pause_ends_at(window);
	if (window->again_at < at)
		at = window->again_at;
	return window->look_at < at ? window->look_at : at;
}

enum window_todo window_next(const struct window *window, mono_ms now)
{
	if (window->state == WINDOW_DOWN)
		return now >= window->connect_at ? WINDOW_CONNECT : WINDOW_WAIT;
	if (now >= silence_ends_at(window))
		return WINDOW_GIVE_UP;
	return now >= fill_at(window) ? WINDOW_FILL : WINDOW_WAIT;
}

mono_ms window_next_wake(const struct window *window)
{
	if (window->state == WINDOW_DOWN)
		return window->connect_at;
	mono_ms silence_ends = silence_ends_at(window);
	return silence_ends < fill_at(window) ? silence_ends : fill_at(window);
}

void window_connect(struct window *window, mono_ms now)
{
	CP_CHECK(window->state == WINDOW_DOWN);
	window->state = WINDOW_CONNECTING;
	window->since = now;
}

void window_connected(struct window *window, unsigned receive_maximum, mono_ms now)
{
	CP_CHECK(window->state == WINDOW_CONNECTING);
	window->state = WINDOW_UP;
	window->since = now;
	window->progress_at = now;
	window->max_rows = receive_maximum < WINDOW_ROWS ? receive_maximum : WINDOW_ROWS;
	for (unsigned kind = 0; kind < WINDOW_KINDS; kind++)
		rewind_cursor(window, kind);
	window->again_at = TIME_NEVER;
}

/* Half of the delay is fixed, half is chance: gateways that lost head office
 * in the same moment do not come back in the same moment. */
static mono_ms backoff_ms(unsigned failures, uint32_t random)
{
	mono_ms delay_ms = WINDOW_BACKOFF_MIN_MS;
	for (unsigned i = 1; i < failures && delay_ms < WINDOW_BACKOFF_MAX_MS; i++)
		delay_ms *= 2;
	if (delay_ms > WINDOW_BACKOFF_MAX_MS)
		delay_ms = WINDOW_BACKOFF_MAX_MS;
	return delay_ms - (mono_ms)(random % (uint32_t)(delay_ms / 2 + 1));
}

void window_lost(struct window *window, mono_ms now, uint32_t random)
{
	CP_CHECK(window->state != WINDOW_DOWN);
	/* A broker that lets us in, even takes something, and throws us out again
	 * must not be called every second. */
	if (window->state == WINDOW_UP && now - window->since >= WINDOW_GOOD_STAY_MS)
		window->failures = 0;
	window->failures++;
	window->state = WINDOW_DOWN;
	window->since = now;
	window->connect_at = now + backoff_ms(window->failures, random);
}

void window_forget(struct window *window)
{
	for (unsigned token = 0; token < WINDOW_ROWS; token++)
		window->slots[token].is_used = false;
	window->rows = 0;
	window->bytes = 0;
	window->is_blocked = false;
}

void window_poke(struct window *window)
{
	window->look_at = 0;
}

unsigned window_fill(struct window *window, mono_ms now)
{
	end_pauses(window, now);
	look_back(window, now);
	return room(window);
}

static bool is_in_flight(const struct window *window, struct window_row row)
{
	for (unsigned token = 0; token < WINDOW_ROWS; token++) {
		const struct window_slot *slot = &window->slots[token];
		if (slot->is_used && slot->row.kind == row.kind && slot->row.n == row.n)
			return true;
	}
	return false;
}

static uint32_t free_token(const struct window *window)
{
	uint32_t token = 0;
	while (token < WINDOW_ROWS && window->slots[token].is_used)
		token++;
	CP_CHECK(token < WINDOW_ROWS);
	return token;
}

enum window_answer window_offer(
    struct window *window, struct window_row row, size_t len_bytes, mono_ms now, uint32_t *token)
{
	CP_CHECK(row.kind < WINDOW_KINDS && len_bytes <= WINDOW_BYTES);
	if (row.n > window->again_to[row.kind])
		end_look_back(window, row.kind);
	if (row.n <= window->after[row.kind])
		return WINDOW_KNOWN;
	if (is_in_flight(window, row)) {
		window->after[row.kind] = row.n;
		return WINDOW_KNOWN;
	}
	if (room(window) == 0)
		return WINDOW_FULL;
	if (window->bytes + len_bytes > WINDOW_BYTES) {
		window->is_blocked = true;
		return WINDOW_FULL;
	}
	if (window->rows == 0)
		window->progress_at = now;
	window->after[row.kind] = row.n;
	window->rows++;
	window->bytes += len_bytes;
	*token = free_token(window);
	window->slots[*token] = (struct window_slot){row, len_bytes, true};
	return WINDOW_ADMITTED;
}

void window_drained(struct window *window, mono_ms now)
{
	window->look_at = now + WINDOW_LOOK_MS;
	for (unsigned kind = 0; kind < WINDOW_KINDS; kind++)
		end_look_back(window, kind);
	plan_look_back(window, now);
}

void window_unread(struct window *window, mono_ms now)
{
	window->look_at = now + WINDOW_RETRY_MS;
}

static bool take_slot(struct window *window, uint32_t token, struct window_row *row)
{
	if (token >= WINDOW_ROWS || !window->slots[token].is_used)
		return false;
	struct window_slot *slot = &window->slots[token];
	*row = slot->row;
	slot->is_used = false;
	window->rows--;
	window->bytes -= slot->len_bytes;
	window->is_blocked = false;
	return true;
}

bool window_done(struct window *window, uint32_t token, mono_ms now, struct window_row *row)
{
	if (!take_slot(window, token, row))
		return false;
	window->progress_at = now;
	return true;
}

bool window_refused(struct window *window, uint32_t token, mono_ms now, struct window_row *row)
{
	if (!take_slot(window, token, row))
		return false;
	window->progress_at = now;
	window->paused_until[row->kind] = now + WINDOW_PAUSE_MS;
	window->after[row->kind] = WINDOW_PAUSED;
	window->resume_at[row->kind] = 0;
	return true;
}

bool window_returned(struct window *window, uint32_t token)
{
	struct window_row row;

	return take_slot(window, token, &row);
}
