-- The operation history: every change and every sign-in, a line each, chained by hashes. A line
-- outlives what it names: no references. Lines are only added at the end; the oldest go, but never
-- alone: see store_history.h.
CREATE TABLE history (
	id INTEGER PRIMARY KEY, -- without a gap
	time_ms INTEGER NOT NULL,
	customer_id INTEGER NOT NULL, -- 0: of the service
	actor INTEGER NOT NULL,
	actor_id INTEGER NOT NULL,
	actor_name TEXT NOT NULL,
	operator INTEGER NOT NULL,
	peer TEXT NOT NULL,
	what TEXT NOT NULL,
	result INTEGER NOT NULL,
	error_code TEXT NOT NULL,
	resource_type TEXT NOT NULL,
	resource_id INTEGER NOT NULL,
	resource_name TEXT NOT NULL,
	action_id INTEGER NOT NULL,
	details TEXT NOT NULL,
	hash BLOB NOT NULL
);
CREATE INDEX history_customer ON history(customer_id);
CREATE INDEX history_what ON history(what);
CREATE INDEX history_group ON history(substr(what, 1, instr(what, '.') - 1)); -- server, of server.poweron
CREATE INDEX history_actor ON history(actor_name);
CREATE INDEX history_time ON history(time_ms);
CREATE INDEX history_resource ON history(resource_type, resource_id);
CREATE INDEX history_action ON history(action_id) WHERE action_id > 0;
CREATE INDEX history_result ON history(result) WHERE result > 2;

-- The two ends of the chain: the last line that went for its age, and the newest.
CREATE TABLE history_chain (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	anchor_id INTEGER NOT NULL,
	anchor_hash BLOB NOT NULL,
	head_id INTEGER NOT NULL,
	head_hash BLOB NOT NULL
);
INSERT INTO history_chain VALUES (1, 0, zeroblob(32), 0, zeroblob(32));

CREATE TRIGGER history_insert BEFORE INSERT ON history
WHEN NEW.id IS NOT (SELECT head_id + 1 FROM history_chain) BEGIN
	SELECT RAISE(ABORT, 'the history is written at its end alone');
END;
CREATE TRIGGER history_update BEFORE UPDATE ON history BEGIN
	SELECT RAISE(ABORT, 'the history is not changed');
END;
CREATE TRIGGER history_delete BEFORE DELETE ON history
WHEN OLD.id > (SELECT anchor_id FROM history_chain) BEGIN
	SELECT RAISE(ABORT, 'the history is not deleted');
END;
CREATE TRIGGER history_chain_insert BEFORE INSERT ON history_chain BEGIN
	SELECT RAISE(ABORT, 'the history has one chain');
END;
CREATE TRIGGER history_chain_delete BEFORE DELETE ON history_chain BEGIN
	SELECT RAISE(ABORT, 'the history has one chain');
END;
-- Either end moves forward, and onto a line that is there.
CREATE TRIGGER history_chain_anchor BEFORE UPDATE ON history_chain
WHEN NEW.anchor_id < OLD.anchor_id OR
	(NEW.anchor_id = OLD.anchor_id AND NEW.anchor_hash IS NOT OLD.anchor_hash) OR
	(NEW.anchor_id > OLD.anchor_id AND
	NEW.anchor_hash IS NOT (SELECT hash FROM history WHERE id = NEW.anchor_id)) BEGIN
	SELECT RAISE(ABORT, 'the anchor of the history moves onto a line');
END;
CREATE TRIGGER history_chain_head BEFORE UPDATE ON history_chain
WHEN NEW.head_id < OLD.head_id OR
	(NEW.head_id = OLD.head_id AND NEW.head_hash IS NOT OLD.head_hash) OR
	(NEW.head_id > OLD.head_id AND
	NEW.head_hash IS NOT (SELECT hash FROM history WHERE id = NEW.head_id)) BEGIN
	SELECT RAISE(ABORT, 'the head of the history moves onto a line');
END;
