#include "picture.h"

#include "base/hash.h"
#include "base/hex.h"
#include "base/map.h"
#include "wire/pack.h"
#include "wire/scan.h"
#include "words.h"

#include <inttypes.h>
#include <stdlib.h>

#define KINDS (CAREPACE__V1__REPORT_KIND__REPORT_GW_HEALTH + 1) /* those that count, from 1 */
#define KEY_MAX 96
#define HASH_SHOWN 8   /* bytes */
#define BODY_FIELD 15u /* of Report: this and the kind */

struct told {
	uint64_t n; /* 0: nothing */
	uint64_t revision;
	uint8_t hash[HASH_SHOWN];
};

struct entry {
	struct told now;
	struct told kept; /* one that a receipt covers, for when now is beyond it */
	bool is_gone;     /* it tells what is gone */
	char key[KEY_MAX + 1];
};

/* A number beyond what is complete. */
struct arrival {
	uint32_t is_there : 1;
	uint32_t is_gone : 1;
	uint32_t skipped : 30; /* revisions of its key that nobody told */
};

struct stream {
	struct map entries; /* by the hash of the key */
	uint64_t complete;
	struct arrival *ahead; /* of complete + 1 and on */
	size_t ahead_count;
	size_t ahead_cap;
	bool has_news; /* since the last receipt */
};

struct site {
	struct site *next; /* by name */
	char name[PICTURE_SITE_MAX + 1];
	uint64_t epoch;
	struct stream streams[KINDS];
};

struct picture {
	struct site *sites;
	uint64_t counts[PICTURE_NEWS];
	uint64_t epochs; /* that ended */
};

static const char *const news_names[PICTURE_NEWS] = {
    [PICTURE_NEW] = "new",
    [PICTURE_AGAIN] = "again",
    [PICTURE_LATE] = "late",
    [PICTURE_BACK] = "back",
    [PICTURE_CHANGED] = "changed",
    [PICTURE_BAD] = "bad",
};

/* --- sites and streams ------------------------------------------------------------------ */

struct picture *picture_new(void)
{
	return calloc(1, sizeof(struct picture));
}

static void clear_stream(struct stream *stream)
{
	struct map_slot *slot;

	for (size_t at = 0; (slot = map_next(&stream->entries, &at));)
		free(slot->value);
	map_deinit(&stream->entries);
	free(stream->ahead);
	*stream = (struct stream){0};
}

static void clear_site(struct site *site)
{
	for (unsigned kind = 0; kind < KINDS; kind++)
		clear_stream(&site->streams[kind]);
}

void picture_free(struct picture *picture)
{
	while (picture && picture->sites) {
		struct site *site = picture->sites;
		picture->sites = site->next;
		clear_site(site);
		free(site);
	}
	free(picture);
}

static struct site *site_of(struct picture *picture, const char *name, uint64_t epoch)
{
	struct site **at = &picture->sites;

	while (*at && strcmp((*at)->name, name) < 0)
		at = &(*at)->next;
	if (!*at || strcmp((*at)->name, name) != 0) {
		struct site *site = calloc(1, sizeof(*site));
		if (!site)
			return NULL;
		(void)snprintf(site->name, sizeof(site->name), "%s", name);
		site->epoch = epoch;
		site->next = *at;
		*at = site;
	}
	if ((*at)->epoch != epoch) {
		clear_site(*at);
		(*at)->epoch = epoch;
		picture->epochs++;
	}
	return *at;
}

/* Room for the numbers up to n. */
static enum cp_err reach(struct stream *stream, uint64_t n)
{
	size_t count = (size_t)(n - stream->complete);
	size_t cap = stream->ahead_cap ? stream->ahead_cap : 64;

	if (count > stream->ahead_cap) {
		while (cap < count)
			cap *= 2;
		struct arrival *bigger = realloc(stream->ahead, cap * sizeof(*bigger));
		if (!bigger)
			return CP_NOMEM;
		stream->ahead = bigger;
		stream->ahead_cap = cap;
	}
	if (count > stream->ahead_count) {
		memset(&stream->ahead[stream->ahead_count], 0,
		    (count - stream->ahead_count) * sizeof(stream->ahead[0]));
		stream->ahead_count = count;
	}
	return CP_OK;
}

/* NULL when it is complete up to there. */
static struct arrival *arrival_of(struct stream *stream, uint64_t n)
{
	return n > stream->complete ? &stream->ahead[n - stream->complete - 1] : NULL;
}

/* Where more holes are open than revisions were skipped, something is missing. What was
 * skipped lies before the report that skips it: no surplus explains what comes later. */
static size_t complete_count(const struct stream *stream, uint64_t *holes)
{
	size_t complete = 0;
	uint64_t open = 0;

	for (size_t i = 0; i < stream->ahead_count; i++) {
		const struct arrival *arrival = &stream->ahead[i];
		open += !arrival->is_there && !arrival->is_gone;
		open -= arrival->skipped < open ? arrival->skipped : open;
		if (open == 0)
			complete = i + 1;
	}
	*holes = open;
	return complete;
}

/* --- reports --------------------------------------------------------------------------- */

static ProtobufCMessage *body_of(const Carepace__V1__Report *report)
{
	const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(
	    &carepace__v1__report__descriptor, (unsigned)report->kind + BODY_FIELD);

	if (!field || (unsigned)report->body_case != field->id)
		return NULL;
	return *(ProtobufCMessage *const *)((const uint8_t *)report + field->offset);
}

/* Who is meant is left out, not blanked: the hash says nothing of whether it is known. */
static void drop_tokens(ProtobufCMessage *body)
{
	for (unsigned i = 0; i < body->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &body->descriptor->fields[i];
		if (wire_is_token(field) && field->label == PROTOBUF_C_LABEL_OPTIONAL)
			*(protobuf_c_boolean *)((uint8_t *)body + field->quantifier_offset) = 0;
	}
}

static enum cp_err tell(
    const Carepace__V1__Report *report, ProtobufCMessage *body, struct told *out)
{
	uint8_t hash[HASH_BYTES];
	struct buf bytes;

	drop_tokens(body);
	buf_init(&bytes, WIRE_MAX_BYTES);
	enum cp_err err = wire_pack_to(&bytes, body);
	if (!err) {
		struct slice packed = buf_bytes(&bytes);
		hash_sha256(&packed, 1, hash);
		*out = (struct told){.n = report->n, .revision = report->revision};
		memcpy(out->hash, hash, sizeof(out->hash));
	}
	buf_deinit(&bytes);
	return err;
}

static struct id name_of(const char *key)
{
	struct slice text = slice_str(key);
	uint8_t hash[HASH_BYTES];
	struct id name;

	hash_sha256(&text, 1, hash);
	memcpy(name.b, hash, sizeof(name.b));
	return name;
}

static struct entry *add_entry(struct stream *stream, const char *key)
{
	struct id name = name_of(key);
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	(void)snprintf(entry->key, sizeof(entry->key), "%s", key);
	if (map_put(&stream->entries, &name, entry)) {
		free(entry);
		return NULL;
	}
	return entry;
}

static bool same_told(const struct told *a, const struct told *b)
{
	return a->revision == b->revision && memcmp(a->hash, b->hash, sizeof(a->hash)) == 0;
}

/* An older revision that comes after a newer one explains one hole of those before it. */
static enum picture_news place_late(struct stream *stream, const struct told *now, uint64_t n)
{
	struct arrival *arrival = arrival_of(stream, n);
	struct arrival *newer = arrival_of(stream, now->n);

	if (!arrival || arrival->is_there)
		return PICTURE_AGAIN;
	arrival->is_there = 1;
	if (newer && newer->skipped > 0)
		newer->skipped--;
	return PICTURE_LATE;
}

static enum picture_news place(struct stream *stream, struct entry *entry, const struct told *told)
{
	struct arrival *arrival = arrival_of(stream, told->n);
	struct told *now = &entry->now;

	if (told->n == now->n)
		return same_told(told, now) ? PICTURE_AGAIN : PICTURE_CHANGED;
	if (told->revision == now->revision ||
	    (told->n < now->n) != (told->revision < now->revision))
		return PICTURE_BACK;
	if (told->n < now->n)
		return place_late(stream, now, told->n);
	if (arrival && arrival->is_there) /* under this number another key was told */
		return PICTURE_CHANGED;
	if (arrival) {
		arrival->is_there = 1;
		arrival->skipped =
		    (uint32_t)(told->revision - now->revision - 1) & (INT32_MAX >> 1);
	}
	if (now->n <= stream->complete)
		entry->kept = *now;
	*now = *told;
	return PICTURE_NEW;
}

/* What arrives of those numbers all the same is welcome. */
static enum cp_err mark_gone(struct stream *stream, uint64_t first, uint64_t last)
{
	if (last > stream->complete && reach(stream, last))
		return CP_NOMEM;
	for (uint64_t n = first; n <= last; n++) {
		struct arrival *arrival = arrival_of(stream, n);
		if (arrival)
			arrival->is_gone = 1;
	}
	return CP_OK;
}

static enum cp_err take_told(struct stream *stream, const Carepace__V1__Report *report,
    const struct told *told, enum picture_news *news)
{
	const Carepace__V1__Gone *gone =
	    report->body_case == CAREPACE__V1__REPORT__BODY_GONE ? report->gone : NULL;
	struct id name = name_of(report->key);
	struct entry *entry = map_get(&stream->entries, &name);

	if (!entry)
		entry = add_entry(stream, report->key);
	if (!entry || (told->n > stream->complete && reach(stream, told->n)))
		return CP_NOMEM;
	entry->is_gone = gone != NULL;
	*news = place(stream, entry, told);
	if (gone)
		return mark_gone(stream, gone->n, gone->has_last_n ? gone->last_n : gone->n);
	return CP_OK;
}

static bool is_ahead(const struct stream *stream, uint64_t n)
{
	return n > stream->complete && n - stream->complete > PICTURE_AHEAD_MAX;
}

static bool is_good_gone(const struct stream *stream, const Carepace__V1__Report *report)
{
	const Carepace__V1__Gone *gone = report->gone;
	uint64_t last = gone->has_last_n ? gone->last_n : gone->n;

	return gone->kind == report->kind && gone->n > 0 && last >= gone->n &&
	       !is_ahead(stream, last);
}

/* NULL: not as the contract has it. */
static ProtobufCMessage *good_body(const struct stream *stream, const Carepace__V1__Report *report)
{
	if (report->n == 0 || report->revision == 0 || report->key[0] == '\0' ||
	    strlen(report->key) > KEY_MAX || is_ahead(stream, report->n))
		return NULL;
	if (report->body_case == CAREPACE__V1__REPORT__BODY_GONE)
		return is_good_gone(stream, report) ? &report->gone->base : NULL;
	return body_of(report);
}

static enum cp_err take(
    struct site *site, const Carepace__V1__Report *report, enum picture_news *news)
{
	unsigned kind = (unsigned)report->kind;
	struct stream *stream = kind > 0 && kind < KINDS ? &site->streams[kind] : NULL;
	ProtobufCMessage *body = stream ? good_body(stream, report) : NULL;
	struct told told;

	*news = PICTURE_BAD;
	if (!body)
		return CP_OK;
	enum cp_err err = tell(report, body, &told);
	stream->has_news = true;
	return err ? err : take_told(stream, report, &told, news);
}

enum cp_err picture_take(struct picture *picture, const char *site,
    const Carepace__V1__Report *report, enum picture_news *news)
{
	struct site *from = site_of(picture, site, report->epoch);
	enum cp_err err = from ? take(from, report, news) : CP_NOMEM;

	if (!err)
		picture->counts[*news]++;
	return err;
}

void picture_bad(struct picture *picture)
{
	picture->counts[PICTURE_BAD]++;
}

/* --- receipts -------------------------------------------------------------------------- */

static void complete(struct stream *stream)
{
	uint64_t holes;
	size_t count = complete_count(stream, &holes);

	stream->complete += count;
	stream->ahead_count -= count;
	if (count > 0)
		memmove(stream->ahead, stream->ahead + count,
		    stream->ahead_count * sizeof(stream->ahead[0]));
}

bool picture_next_receipt(struct picture *picture, struct picture_receipt *out)
{
	for (struct site *site = picture->sites; site; site = site->next)
		for (unsigned kind = 1; kind < KINDS; kind++) {
			struct stream *stream = &site->streams[kind];
			if (!stream->has_news)
				continue;
			stream->has_news = false;
			complete(stream);
			if (stream->complete == 0)
				continue;
			*out = (struct picture_receipt){
			    .epoch = site->epoch, .kind = kind, .n = stream->complete};
			memcpy(out->site, site->name, sizeof(out->site));
			return true;
		}
	return false;
}

static void forget(struct stream *stream)
{
	struct map_slot *slot;

	for (size_t at = 0; (slot = map_next(&stream->entries, &at));) {
		struct entry *entry = slot->value;
		if (entry->now.n > stream->complete)
			entry->now = entry->kept;
	}
	stream->ahead_count = 0;
}

void picture_forget(struct picture *picture)
{
	for (struct site *site = picture->sites; site; site = site->next)
		for (unsigned kind = 1; kind < KINDS; kind++)
			forget(&site->streams[kind]);
}

/* --- printing -------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
	const struct entry *const *first = a;
	const struct entry *const *second = b;

	return strcmp((*first)->key, (*second)->key);
}

static void print_entry(const struct entry *entry, const char *site, const char *kind, FILE *out)
{
	char hex[2 * HASH_SHOWN + 1];

	fprintf(out, "%s %s %s %s %" PRIu64 " %s\n", entry->is_gone ? "gone" : "state", site, kind,
	    entry->key, entry->now.revision,
	    hex_format(slice_of(entry->now.hash, sizeof(entry->now.hash)), hex));
}

static void print_entries(
    const struct stream *stream, const char *site, const char *kind, FILE *out)
{
	const struct entry **list = malloc((stream->entries.count + 1) * sizeof(struct entry *));
	struct map_slot *slot;
	size_t count = 0;

	CP_CHECK(list);
	for (size_t at = 0; (slot = map_next(&stream->entries, &at));)
		list[count++] = slot->value;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): pointers is what it holds */
	qsort(list, count, sizeof(list[0]), by_key);
	for (size_t i = 0; i < count; i++)
		if (list[i]->now.n > 0)
			print_entry(list[i], site, kind, out);
	free(list);
}

static void print_stream(const struct stream *stream, const char *site, const char *kind, FILE *out)
{
	uint64_t highest = stream->complete + stream->ahead_count, holes;
	size_t ahead = complete_count(stream, &holes);

	if (highest > 0)
		fprintf(out,
		    "stream %s %s complete %" PRIu64 " highest %" PRIu64 " holes %" PRIu64 "\n",
		    site, kind, stream->complete + ahead, highest, holes);
}

void picture_print(const struct picture *picture, FILE *out)
{
	char kind_text[WORDS_KIND_BYTES];

	for (int news = 0; news < PICTURE_NEWS; news++)
		fprintf(out, "count %s %" PRIu64 "\n", news_names[news], picture->counts[news]);
	fprintf(out, "count epochs_ended %" PRIu64 "\n", picture->epochs);
	for (const struct site *site = picture->sites; site; site = site->next) {
		fprintf(out, "epoch %s %016" PRIx64 "\n", site->name, site->epoch);
		for (unsigned kind = 1; kind < KINDS; kind++)
			print_stream(&site->streams[kind], site->name,
			    words_kind((Carepace__V1__ReportKind)kind, kind_text), out);
		for (unsigned kind = 1; kind < KINDS; kind++)
			print_entries(&site->streams[kind], site->name,
			    words_kind((Carepace__V1__ReportKind)kind, kind_text), out);
	}
}

uint64_t picture_count(const struct picture *picture, enum picture_news news)
{
	return picture->counts[news];
}
