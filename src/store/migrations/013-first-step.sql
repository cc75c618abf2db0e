-- The edge of the host is closed (1) to what is new to a server until it is proven safe, then open (2).
ALTER TABLE server ADD COLUMN inbound INTEGER NOT NULL DEFAULT 2;
-- How many items of the first step pass, and of how many something is known: for lists.
ALTER TABLE server ADD COLUMN first_step_passed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE server ADD COLUMN first_step_known INTEGER NOT NULL DEFAULT 0;
CREATE INDEX server_closed ON server(id) WHERE inbound = 1;

-- What is known of a server's first step as a whole.
CREATE TABLE first_step (
	server_id INTEGER PRIMARY KEY REFERENCES server(id) ON DELETE CASCADE,
	why INTEGER NOT NULL, -- that the edge is as it is
	changed_ms INTEGER NOT NULL, -- since when
	since_ms INTEGER NOT NULL, -- evidence older than this is of another system
	can_report INTEGER NOT NULL DEFAULT 0, -- 1: it has reported; 2: it said that it cannot
	reported_ms INTEGER NOT NULL DEFAULT 0,
	probed_ms INTEGER NOT NULL DEFAULT 0,
	stale_ms INTEGER NOT NULL DEFAULT 0, -- when a verdict changes by age alone; 0: never
	program TEXT NOT NULL DEFAULT '',
	os TEXT NOT NULL DEFAULT '',
	ssh_port INTEGER NOT NULL DEFAULT 22,
	open_ports TEXT NOT NULL DEFAULT '' -- of TCP, beside SSH's: "80 443"
);
CREATE INDEX first_step_probed ON first_step(probed_ms) WHERE probed_ms > 0;
CREATE INDEX first_step_stale ON first_step(stale_ms) WHERE stale_ms > 0;

-- The evidence, from inside and from outside.
CREATE TABLE first_step_item (
	server_id INTEGER NOT NULL REFERENCES server(id) ON DELETE CASCADE,
	item INTEGER NOT NULL,
	verdict INTEGER NOT NULL DEFAULT 0,
	verdict_ms INTEGER NOT NULL DEFAULT 0, -- since when
	inside INTEGER NOT NULL DEFAULT 0,
	inside_reason TEXT NOT NULL DEFAULT '',
	inside_evidence TEXT NOT NULL DEFAULT '',
	inside_ms INTEGER NOT NULL DEFAULT 0,
	outside INTEGER NOT NULL DEFAULT 0,
	outside_reason TEXT NOT NULL DEFAULT '',
	outside_evidence TEXT NOT NULL DEFAULT '',
	outside_ms INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (server_id, item)
) WITHOUT ROWID;

-- How verdicts changed; the oldest of a server go.
CREATE TABLE first_step_change (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	server_id INTEGER NOT NULL REFERENCES server(id) ON DELETE CASCADE,
	item INTEGER NOT NULL,
	verdict INTEGER NOT NULL,
	inside INTEGER NOT NULL,
	outside INTEGER NOT NULL,
	time_ms INTEGER NOT NULL
);
CREATE INDEX first_step_change_server ON first_step_change(server_id, id);
