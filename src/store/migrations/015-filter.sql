-- The customers' firewalls, what they are applied to, and how far each server's filter is.
ALTER TABLE customer ADD COLUMN smtp_open INTEGER NOT NULL DEFAULT 0;

CREATE TABLE firewall (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	name TEXT NOT NULL,
	rules TEXT NOT NULL DEFAULT '', -- a line each: see firewall_rules_format()
	labels TEXT NOT NULL DEFAULT '',
	created_ms INTEGER NOT NULL,
	UNIQUE (customer_id, name)
);

CREATE TABLE firewall_server (
	firewall_id INTEGER NOT NULL REFERENCES firewall(id) ON DELETE CASCADE,
	server_id INTEGER NOT NULL REFERENCES server(id) ON DELETE CASCADE,
	PRIMARY KEY (firewall_id, server_id)
) WITHOUT ROWID;
CREATE INDEX firewall_server_server ON firewall_server(server_id);

CREATE TABLE firewall_selector (
	firewall_id INTEGER NOT NULL REFERENCES firewall(id) ON DELETE CASCADE,
	selector TEXT NOT NULL,
	PRIMARY KEY (firewall_id, selector)
) WITHOUT ROWID;

-- A change that goes back by itself: what was before it.
CREATE TABLE firewall_trial (
	firewall_id INTEGER PRIMARY KEY REFERENCES firewall(id) ON DELETE CASCADE,
	rules TEXT NOT NULL,
	scope TEXT NOT NULL, -- a line each: "server 7", "selector env=prod"
	address TEXT NOT NULL, -- whose way in it could cut off
	started_ms INTEGER NOT NULL,
	deadline_ms INTEGER NOT NULL
);
CREATE INDEX firewall_trial_deadline ON firewall_trial(deadline_ms);

-- The version of its filter that a server shall have, and the one the host has said is in force.
CREATE TABLE server_filter (
	server_id INTEGER PRIMARY KEY REFERENCES server(id) ON DELETE CASCADE,
	wanted INTEGER NOT NULL DEFAULT 1,
	applied INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX server_filter_pending ON server_filter(server_id) WHERE applied < wanted;
INSERT INTO server_filter(server_id) SELECT id FROM server;

CREATE TRIGGER server_filter_insert AFTER INSERT ON server BEGIN
	INSERT INTO server_filter(server_id) VALUES (NEW.id);
END;
-- A server shows which firewalls it has, and whether they are in force.
CREATE TRIGGER server_filter_update AFTER UPDATE ON server_filter BEGIN
	UPDATE server SET version = version + 1 WHERE id = NEW.server_id;
END;
-- Selectors may find another set of servers now.
CREATE TRIGGER server_filter_labels AFTER UPDATE OF labels ON server WHEN NEW.labels <> OLD.labels BEGIN
	UPDATE server_filter SET wanted = wanted + 1 WHERE server_id = NEW.id;
END;
-- Another customer, with firewalls and leave of its own.
CREATE TRIGGER server_filter_owner AFTER UPDATE OF customer_id ON server WHEN NEW.customer_id <> OLD.customer_id BEGIN
	UPDATE server_filter SET wanted = wanted + 1 WHERE server_id = NEW.id;
END;
CREATE TRIGGER server_filter_smtp AFTER UPDATE OF smtp_open ON customer WHEN NEW.smtp_open <> OLD.smtp_open BEGIN
	UPDATE server_filter SET wanted = wanted + 1
		WHERE server_id IN (SELECT id FROM server WHERE customer_id = NEW.id);
END;
