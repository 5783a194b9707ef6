-- schema.sql - the store of one clinic (PRAGMA user_version: STORE_SCHEMA_VERSION). Whoever
-- changes it adds a step to migrate.c; a column that is new stands last.
--
-- Three layers, filled in this order in one transaction per batch:
--   inputs    source, journal, stream, conflict, parked, token tables
--   facts     which input speaks about which subject; session folds
--   derived   session, cart_use, subject, alert: a judge's answers. They can be
--             counted again from the inputs at any time (P3, `carepace verify`),
--             but for the columns under "observed", which are written once.
-- Local numbers (source, client, session, cartridge) are row ids; tokens stand
-- in client and operator only (P10).

CREATE TABLE meta(
	name TEXT PRIMARY KEY,
	value
) WITHOUT ROWID;

-- inputs -----------------------------------------------------------------------

CREATE TABLE source(
	no INTEGER PRIMARY KEY,
	id BLOB NOT NULL UNIQUE,
	kind INTEGER NOT NULL DEFAULT 0, -- enum DeviceKind as its HELLO said; 0: none yet
	model INTEGER,
	serial TEXT,
	context INTEGER,
	fw INTEGER,
	seen_at INTEGER, -- wall ms of the last HELLO
	-- observed: its last heartbeat, a minute old at most (ledger/judging/presence.h)
	beat_at INTEGER NOT NULL DEFAULT 0, -- wall ms; 0: none
	beat_boot INTEGER NOT NULL DEFAULT 0,
	beat_seq INTEGER NOT NULL DEFAULT 0,
	beat_state INTEGER NOT NULL DEFAULT 0, -- enum DeviceState
	battery INTEGER NOT NULL DEFAULT -1, -- per cent, 255 mains, -1 not told
	quarantine INTEGER NOT NULL DEFAULT 0 -- the reason it was told last (enum check); 0: free
);

-- The box itself, as a source of inputs.
INSERT INTO source(no, id) VALUES(1, x'00000000000000000000000000000002');

-- What is known of the clock of each start of a device (care/time/clock_trust.h).
CREATE TABLE boot(
	no INTEGER PRIMARY KEY,
	source INTEGER NOT NULL,
	boot INTEGER NOT NULL,
	anchor INTEGER, -- wall ms of the start; NULL: never seen live
	floor INTEGER NOT NULL,
	ts_min INTEGER NOT NULL,
	is_ahead INTEGER NOT NULL,
	offset_min INTEGER NOT NULL,
	offset_max INTEGER NOT NULL,
	skew_ms INTEGER NOT NULL DEFAULT 0, -- observed: while it is worth telling, else 0
	skew_since INTEGER NOT NULL DEFAULT 0,
	in_doubt INTEGER NOT NULL DEFAULT 0, -- some of it came while the box did not know the time
	sealed INTEGER NOT NULL DEFAULT 0, -- row of the stream up to which (ledger/seals.h)
	UNIQUE(source, boot)
);
CREATE INDEX boot_in_doubt ON boot(in_doubt) WHERE in_doubt;

-- What the box knew of the time when it was written (care/time/gateway_clock.h). One row.
CREATE TABLE clock(
	no INTEGER PRIMARY KEY,
	boot BLOB NOT NULL, -- of the box
	counts_from INTEGER NOT NULL,
	confirmed INTEGER, -- NULL: not since the box started
	last INTEGER NOT NULL, -- wall ms
	synced_at INTEGER NOT NULL -- wall ms; by the kernel's flag
);

-- Times in which it knew less: what the offset was assumed to be, and is (box.proto,
-- BoxClock). no: seq of the box's input. It follows from the journal.
CREATE TABLE doubt(
	no INTEGER PRIMARY KEY,
	assumed INTEGER NOT NULL,
	known INTEGER, -- NULL: not yet
	is_lost INTEGER NOT NULL DEFAULT 0 -- the box restarted: everything came before `known`
);
CREATE INDEX doubt_open ON doubt(no) WHERE known IS NULL;

-- alias: all that is left of a client who was forgotten (ledger/forgets.h). The number
-- stays, so that nobody else gets it.
CREATE TABLE client(
	no INTEGER PRIMARY KEY,
	token BLOB UNIQUE,
	alias BLOB UNIQUE,
	CHECK((token IS NULL) != (alias IS NULL))
);
CREATE TABLE operator(no INTEGER PRIMARY KEY, token BLOB NOT NULL UNIQUE);

-- journal: starts, ends, attaches, tablets, head office (7 years).
-- stream:  samples, pulses, parameters, heartbeats (30 days).
-- One space of names over both (P2). payload: as received, token fields zeroed; the
-- stream has none.
CREATE TABLE journal(
	source INTEGER NOT NULL,
	boot INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	recv INTEGER NOT NULL, -- wall ms of the first copy
	kind INTEGER NOT NULL, -- number of the body field
	client INTEGER,
	client2 INTEGER, -- of a correction: who takes over
	operator INTEGER,
	hash BLOB NOT NULL,
	payload BLOB NOT NULL,
	doubt INTEGER, -- recv is what was assumed in this one; NULL: none
	PRIMARY KEY(source, boot, seq)
) WITHOUT ROWID;

CREATE TABLE stream(
	no INTEGER PRIMARY KEY, -- in the order of arrival
	source INTEGER NOT NULL,
	boot INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	recv INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	payload BLOB NOT NULL,
	doubt INTEGER -- as in journal
);

-- Which row of the stream has a name, as far as meta 'stream_named': page is seq / 64,
-- an entry row << 6 | seq % 64 in eight bytes, lowest first (stream_names.c). gone: of rows
-- that are no more (ledger/retention.h), a bit each.
CREATE TABLE stream_name(
	source INTEGER NOT NULL,
	boot INTEGER NOT NULL,
	page INTEGER NOT NULL,
	entries BLOB NOT NULL,
	gone INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY(source, boot, page)
) WITHOUT ROWID;

-- Same name, another body (P2): kept, counted, never judged.
CREATE TABLE conflict(
	source INTEGER NOT NULL,
	boot INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	hash BLOB NOT NULL,
	recv INTEGER NOT NULL,
	payload BLOB NOT NULL,
	PRIMARY KEY(source, boot, seq, hash)
) WITHOUT ROWID;

-- What could not be decoded (P8): once per (device, SHA-256). Tried again by every
-- other version of the program (ledger/parked.h).
CREATE TABLE parked(
	source INTEGER NOT NULL,
	hash BLOB NOT NULL,
	recv INTEGER NOT NULL,
	is_tablet INTEGER NOT NULL, -- as the registry said: who may say what (P7)
	why TEXT NOT NULL,
	payload BLOB NOT NULL,
	doubt INTEGER, -- as in journal
	PRIMARY KEY(source, hash)
) WITHOUT ROWID;
CREATE INDEX parked_by_age ON parked(recv);

-- Observed: numbers of a device's boot that others have overtaken (ledger/judging/presence.h).
CREATE TABLE gap(
	source INTEGER NOT NULL,
	boot INTEGER NOT NULL,
	first INTEGER NOT NULL,
	last INTEGER NOT NULL,
	after_boot INTEGER NOT NULL, -- name of the last message before it
	after_seq INTEGER NOT NULL,
	since INTEGER NOT NULL, -- wall ms
	PRIMARY KEY(source, boot, first)
) WITHOUT ROWID;

-- Observed: minutes of an hour since 1970 in which a device's heartbeats fall, by event time,
-- and those in which it said that it was out of use, a bit each (ledger/days/heard.h).
CREATE TABLE heard(
	source INTEGER NOT NULL,
	hour INTEGER NOT NULL,
	boot INTEGER NOT NULL,
	minutes INTEGER NOT NULL,
	out_of_use INTEGER NOT NULL,
	PRIMARY KEY(source, hour, boot)
) WITHOUT ROWID;

-- facts ------------------------------------------------------------------------

-- kind: enum subject_kind. An input may speak about several subjects.
CREATE TABLE fact(
	kind INTEGER NOT NULL,
	subject INTEGER NOT NULL, -- its local number; of a course or model its own
	topic INTEGER NOT NULL,   -- care/fact.h
	ts INTEGER NOT NULL,      -- event time
	source INTEGER NOT NULL,
	boot INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	until INTEGER, -- of an order: when a higher revision of its key began to hold
	PRIMARY KEY(kind, subject, topic, ts, source, boot, seq)
) WITHOUT ROWID;

-- Orders by their keys (ledger/revisions.h). kind: enum reading_kind.
CREATE TABLE revision(
	source INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	key TEXT NOT NULL,
	revision INTEGER NOT NULL, -- less 2^63
	ts INTEGER NOT NULL,       -- event time
	boot INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	PRIMARY KEY(source, kind, key, revision, ts, boot, seq)
) WITHOUT ROWID;

-- Local numbers of what has neither token nor table: sids of others' messages, cases,
-- lots. kind: enum subject_kind.
CREATE TABLE name(
	no INTEGER PRIMARY KEY,
	kind INTEGER NOT NULL,
	key BLOB NOT NULL,
	UNIQUE(kind, key)
);

-- R21: clients who belong to another one, to whom their facts are filed. What nobody
-- merged has no row.
CREATE TABLE merged(client INTEGER PRIMARY KEY, into_client INTEGER NOT NULL);

-- Which client a course is or was for.
CREATE TABLE course(
	client INTEGER NOT NULL,
	course INTEGER NOT NULL,
	PRIMARY KEY(client, course)
) WITHOUT ROWID;
CREATE INDEX course_by_course ON course(course);

-- Which sessions an adverse event names or named. ae_case: its local number.
CREATE TABLE blamed(
	sid BLOB NOT NULL,
	ae_case INTEGER NOT NULL,
	PRIMARY KEY(sid, ae_case)
) WITHOUT ROWID;
CREATE INDEX blamed_by_case ON blamed(ae_case);

-- ACK_ALERT and OVERRIDE: target is an alert id, or a sid where check_id is not 0.
CREATE TABLE answer(
	target BLOB NOT NULL,
	check_id INTEGER NOT NULL,
	source INTEGER NOT NULL,
	boot INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	PRIMARY KEY(target, check_id, source, boot, seq)
) WITHOUT ROWID;

CREATE TABLE cartridge(no INTEGER PRIMARY KEY, gtin TEXT NOT NULL, serial TEXT NOT NULL, UNIQUE(gtin, serial));

-- derived ------------------------------------------------------------------------

CREATE TABLE session(
	no INTEGER PRIMARY KEY,
	source INTEGER NOT NULL,
	sid BLOB NOT NULL,
	-- fold of its messages
	first_at INTEGER NOT NULL,
	last_at INTEGER NOT NULL,
	start_from INTEGER NOT NULL,
	stream_from INTEGER NOT NULL,
	exposed_first INTEGER NOT NULL,
	exposed_last INTEGER NOT NULL,
	active_ms INTEGER NOT NULL,
	pulses INTEGER NOT NULL,
	stream_first INTEGER NOT NULL DEFAULT 9223372036854775807, -- names in one number,
	stream_last INTEGER NOT NULL DEFAULT -9223372036854775808, -- care/message_no.h
	-- judged
	boot INTEGER NOT NULL DEFAULT 0,
	seq INTEGER NOT NULL DEFAULT 0,
	state INTEGER NOT NULL DEFAULT 0,
	flags INTEGER NOT NULL DEFAULT 0,
	client INTEGER NOT NULL DEFAULT 0,
	operator INTEGER NOT NULL DEFAULT 0,
	booking INTEGER NOT NULL DEFAULT 0,
	course INTEGER NOT NULL DEFAULT 0,
	model INTEGER NOT NULL DEFAULT -1,
	phase INTEGER NOT NULL DEFAULT 0,
	modality INTEGER NOT NULL DEFAULT 0,
	zones INTEGER NOT NULL DEFAULT 0,
	start_at INTEGER NOT NULL DEFAULT 0,
	end_at INTEGER NOT NULL DEFAULT 0,
	day INTEGER NOT NULL DEFAULT 0,
	exposed_from INTEGER NOT NULL DEFAULT 0,
	exposed_until INTEGER NOT NULL DEFAULT 0,
	last_attach INTEGER NOT NULL DEFAULT 0,
	visit INTEGER NOT NULL DEFAULT 0,
	-- observed: the verdict as given (R19)
	recv INTEGER NOT NULL DEFAULT 0, -- wall ms of the START's first copy
	verdict_rev INTEGER NOT NULL DEFAULT 0,
	verdict_at INTEGER NOT NULL DEFAULT 0,
	verdict BLOB, -- the Verdict message, rev 0
	shown TEXT, -- from when on its client may be treated again (ledger/judging/next_allowed.h)
	-- ledger/seals.h; 0: not sealed
	seal INTEGER NOT NULL DEFAULT 0, -- seq of the box's input
	sealed INTEGER NOT NULL DEFAULT 0, -- row of the stream up to which
	UNIQUE(source, sid)
);
CREATE INDEX session_by_client ON session(client, start_at) WHERE client != 0;
CREATE INDEX session_by_operator ON session(operator, start_at) WHERE operator != 0;
CREATE INDEX session_by_sid ON session(sid);
CREATE INDEX session_by_turn ON session(source, start_at, boot, seq);
CREATE INDEX session_by_time ON session(start_at); -- lists for people, the newest first
CREATE INDEX session_running ON session(source) WHERE state BETWEEN 1 AND 3;
CREATE INDEX session_by_device ON session(source, start_from);

-- What a session's stream says about dose and safety (care/stream/guard.h): a cache of the
-- fold, empty or old at no harm (guards.c).
CREATE TABLE guard(session INTEGER PRIMARY KEY, fold BLOB NOT NULL);

CREATE TABLE cart_use(
	session INTEGER NOT NULL,
	source INTEGER NOT NULL, -- name of the attach
	boot INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	cart INTEGER NOT NULL, -- 0: its serial cannot be read
	slot INTEGER NOT NULL,
	gtin TEXT NOT NULL,
	lot TEXT NOT NULL,
	expiry INTEGER NOT NULL, -- YYYYMMDD, 0 unknown
	tip_used INTEGER NOT NULL, -- -1 unknown
	tip_count INTEGER NOT NULL, -- with its pulses since then
	tip_limit INTEGER NOT NULL, -- 0 unknown
	low_at INTEGER NOT NULL,
	exhausted_at INTEGER NOT NULL,
	needle_um INTEGER NOT NULL, -- of a roller; 0 unknown
	from_at INTEGER NOT NULL,
	until_at INTEGER NOT NULL,
	is_replaced INTEGER NOT NULL,
	PRIMARY KEY(session, boot, seq)
) WITHOUT ROWID;
CREATE INDEX cart_use_by_cart ON cart_use(cart);
CREATE INDEX cart_use_by_lot ON cart_use(lot, gtin) WHERE lot != '';

-- Adverse events that count for a cluster: of the device, and of each lot of cartridges,
-- of the session blamed.
CREATE TABLE clustered(
	cluster INTEGER NOT NULL, -- its local number
	ae_case INTEGER NOT NULL,
	reported_at INTEGER NOT NULL,
	onset TEXT NOT NULL, -- the message that opened the case
	sid BLOB NOT NULL,
	PRIMARY KEY(cluster, ae_case)
) WITHOUT ROWID;
CREATE INDEX clustered_by_case ON clustered(ae_case);

-- What the box notices of itself: the number of a check, or device and field of a refusal.
CREATE TABLE watched(
	what TEXT PRIMARY KEY,
	began INTEGER NOT NULL, -- seq of the box's input
	began_at INTEGER NOT NULL,
	is_on INTEGER NOT NULL
) WITHOUT ROWID;

-- When each judge unit was judged, and when time alone will change its answer:
-- the deadlines. kind: enum subject_kind.
CREATE TABLE subject(
	kind INTEGER NOT NULL,
	subject INTEGER NOT NULL,
	judged_at INTEGER NOT NULL,
	next_change INTEGER, -- NULL: only an input can
	PRIMARY KEY(kind, subject)
) WITHOUT ROWID;
CREATE INDEX subject_due ON subject(next_change) WHERE next_change IS NOT NULL;

CREATE TABLE alert(
	id BLOB PRIMARY KEY,
	unit_kind INTEGER NOT NULL, -- the judge unit that finds it
	unit INTEGER NOT NULL,
	check_id INTEGER NOT NULL,
	subject TEXT NOT NULL,
	onset TEXT NOT NULL,
	from_at INTEGER NOT NULL,
	until_at INTEGER NOT NULL,
	is_latched INTEGER NOT NULL,
	severity INTEGER NOT NULL,
	value INTEGER NOT NULL,
	lim INTEGER NOT NULL,
	effective_day INTEGER NOT NULL,
	session INTEGER NOT NULL,
	client INTEGER NOT NULL,
	course INTEGER NOT NULL,
	zones INTEGER NOT NULL,
	earliest_day INTEGER NOT NULL,
	related BLOB,
	count INTEGER NOT NULL DEFAULT 1,
	max INTEGER NOT NULL DEFAULT 0,
	is_test INTEGER NOT NULL DEFAULT 0,
	device INTEGER NOT NULL DEFAULT 0,   -- local numbers; 0: the session's
	operator INTEGER NOT NULL DEFAULT 0,
	-- observed
	state INTEGER NOT NULL,
	raised_at INTEGER NOT NULL,
	cleared_at INTEGER NOT NULL,
	is_late INTEGER NOT NULL,
	ack_at INTEGER NOT NULL,
	ack_by INTEGER NOT NULL,
	ack_covers INTEGER NOT NULL,
	ack_reason INTEGER NOT NULL,
	override_at INTEGER NOT NULL,
	override_by INTEGER NOT NULL,
	override_covers INTEGER NOT NULL,
	override_reason INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	fold INTEGER, -- told to head office with others (table fold); 0: alone; NULL: not yet
	given_up INTEGER NOT NULL DEFAULT 0, -- the revision that was evicted from the outbox
	advised INTEGER NOT NULL DEFAULT 0 -- what its device knows of it (care/advice.h)
) WITHOUT ROWID;
CREATE INDEX alert_by_unit ON alert(unit_kind, unit);
CREATE INDEX alert_by_session ON alert(session) WHERE session != 0;
-- Open ones that the verdicts of others cite.
CREATE INDEX alert_by_device ON alert(device) WHERE device != 0 AND state IN (1, 2, 4);
CREATE INDEX alert_by_client ON alert(client) WHERE client != 0 AND state IN (1, 2, 4);
CREATE INDEX alert_by_time ON alert(raised_at);
CREATE INDEX alert_open ON alert(severity, raised_at, check_id) WHERE state IN (1, 2, 4); -- view/gauges.h
CREATE INDEX alert_by_day ON alert(effective_day); -- ledger/days/aggregates.h
CREATE INDEX alert_overdue ON alert(until_at) WHERE check_id + 0 = 103; -- ledger/days/courses.h
CREATE INDEX alert_by_fold ON alert(fold) WHERE fold > 0;

-- Alerts of one check on one civil day of a device (history_day_no): from a number on they
-- are told to head office as one (ledger/office/folds.h).
CREATE TABLE fold(
	no INTEGER PRIMARY KEY,
	check_id INTEGER NOT NULL,
	device_day INTEGER NOT NULL,
	alerts INTEGER NOT NULL,
	revision INTEGER NOT NULL DEFAULT 0,
	given_up INTEGER NOT NULL DEFAULT 0, -- as of an alert
	UNIQUE(check_id, device_day)
);

-- What head office is told of things that change, as it was composed last. kind, subject:
-- as in table `subject`. body: the message without tokens (P10), site and time zone.
CREATE TABLE state(
	kind INTEGER NOT NULL,
	subject INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	body BLOB NOT NULL,
	client INTEGER NOT NULL DEFAULT 0, -- whom it names; 0: nobody
	operator INTEGER NOT NULL DEFAULT 0,
	observed BLOB NOT NULL, -- what of it depends on arrival (P4), as another body
	PRIMARY KEY(kind, subject)
) WITHOUT ROWID;

-- What head office does not have yet: one row per key, printed when it is sent
-- (P5). n rises with every change, per kind (enum ReportKind).
CREATE TABLE outbox(
	kind INTEGER NOT NULL,
	key NOT NULL, -- of an alert its id or its fold, of a state its subject, or what is gone
	n INTEGER NOT NULL,
	first_n INTEGER NOT NULL, -- of the first change that waits: those between are replaced
	queued_at INTEGER NOT NULL,
	PRIMARY KEY(kind, key)
) WITHOUT ROWID;
CREATE UNIQUE INDEX outbox_by_n ON outbox(kind, n);
CREATE INDEX outbox_by_age ON outbox(queued_at);

-- What was evicted before it was acknowledged: it has a row in the outbox, too, until head
-- office knows. key: the reason (enum GoneReason), in one byte.
CREATE TABLE gone(
	kind INTEGER NOT NULL,
	key BLOB NOT NULL,
	reason INTEGER NOT NULL,
	first_n INTEGER NOT NULL,
	last_n INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	PRIMARY KEY(kind, key)
) WITHOUT ROWID;

-- The last n given, per kind; also when its row is gone.
CREATE TABLE outbox_count(kind INTEGER PRIMARY KEY, n INTEGER NOT NULL);

-- devices ------------------------------------------------------------------------

-- MQTT's session: what a link leaves behind when it ends, for a device that asked
-- for it.
CREATE TABLE link(
	source INTEGER PRIMARY KEY,
	expiry_s INTEGER NOT NULL,
	qos INTEGER NOT NULL,    -- of the subscription to its `down`; -1: not subscribed
	ends_at INTEGER NOT NULL -- wall ms; the highest number there is: connected
);

-- Messages for devices that nobody has acknowledged yet, in the order of n.
CREATE TABLE down(
	source INTEGER NOT NULL,
	n INTEGER NOT NULL,
	expires_at INTEGER NOT NULL, -- wall ms
	client INTEGER, -- whom it names; the token is blank in payload
	payload BLOB NOT NULL,
	PRIMARY KEY(source, n)
) WITHOUT ROWID;

-- work in hand -------------------------------------------------------------------

-- Only after an abnormal exit: rows and subjects that are applied behind a durable
-- attempt count (DESIGN section 2).
CREATE TABLE pending(
	kind INTEGER NOT NULL, -- enum subject_kind, or 0: a row of journal or stream
	subject INTEGER NOT NULL,
	boot INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	attempts INTEGER NOT NULL DEFAULT 0,
	is_loud INTEGER NOT NULL DEFAULT 1, -- may cause a device command (R11)
	PRIMARY KEY(kind, subject, boot, seq)
) WITHOUT ROWID;

-- What ended the program twice: set aside, tried again after an upgrade.
CREATE TABLE unjudged(
	kind INTEGER NOT NULL,
	subject INTEGER NOT NULL,
	boot INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	at INTEGER NOT NULL,
	version TEXT NOT NULL,
	PRIMARY KEY(kind, subject, boot, seq)
) WITHOUT ROWID;
