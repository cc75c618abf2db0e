-- What customers want to be told of their servers.
CREATE TABLE alert_rule (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	server_id INTEGER REFERENCES server(id) ON DELETE CASCADE, -- NULL: by selector
	selector TEXT NOT NULL DEFAULT '', -- '' without a server: every one of the account
	kind INTEGER NOT NULL,
	metric INTEGER NOT NULL DEFAULT 0,
	comparison INTEGER NOT NULL DEFAULT 0,
	threshold INTEGER NOT NULL DEFAULT 0,
	minutes INTEGER NOT NULL DEFAULT 0,
	mail INTEGER NOT NULL DEFAULT 0, -- to the account's members
	webhook TEXT NOT NULL DEFAULT '', -- a URL; '': none
	secret TEXT NOT NULL DEFAULT '', -- that what is sent there is signed with
	created_ms INTEGER NOT NULL
);
CREATE INDEX alert_rule_customer ON alert_rule(customer_id);
CREATE INDEX alert_rule_server ON alert_rule(server_id);

-- What came of them. It tells what its rule said then, and outlives rule and server.
CREATE TABLE alert (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	rule_id INTEGER NOT NULL,
	server_id INTEGER NOT NULL,
	server_name TEXT NOT NULL,
	kind INTEGER NOT NULL,
	metric INTEGER NOT NULL,
	comparison INTEGER NOT NULL,
	threshold INTEGER NOT NULL,
	minutes INTEGER NOT NULL,
	value INTEGER NOT NULL, -- that opened it; -1: none
	opened_ms INTEGER NOT NULL,
	ended_ms INTEGER NOT NULL DEFAULT 0, -- 0: it is open
	reason INTEGER NOT NULL DEFAULT 0
);
-- Nothing is told twice.
CREATE UNIQUE INDEX alert_open ON alert(rule_id, server_id) WHERE ended_ms = 0;
CREATE INDEX alert_customer ON alert(customer_id, id);
CREATE INDEX alert_customer_open ON alert(customer_id, id) WHERE ended_ms = 0;
CREATE INDEX alert_server_open ON alert(server_id) WHERE ended_ms = 0;

-- Which rule is about which server has to be found out anew when this has grown.
CREATE TABLE alert_scope (
	version INTEGER NOT NULL
);
INSERT INTO alert_scope VALUES (1);
CREATE TRIGGER alert_rule_insert AFTER INSERT ON alert_rule BEGIN
	UPDATE alert_scope SET version = version + 1;
END;
CREATE TRIGGER alert_rule_update AFTER UPDATE ON alert_rule BEGIN
	UPDATE alert_scope SET version = version + 1;
END;
CREATE TRIGGER alert_rule_delete AFTER DELETE ON alert_rule BEGIN
	UPDATE alert_scope SET version = version + 1;
END;
CREATE TRIGGER alert_server_insert AFTER INSERT ON server WHEN EXISTS (SELECT 1 FROM alert_rule) BEGIN
	UPDATE alert_scope SET version = version + 1;
END;
CREATE TRIGGER alert_server_delete AFTER DELETE ON server WHEN EXISTS (SELECT 1 FROM alert_rule) BEGIN
	UPDATE alert_scope SET version = version + 1;
END;
CREATE TRIGGER alert_label_insert AFTER INSERT ON server_label WHEN EXISTS (SELECT 1 FROM alert_rule) BEGIN
	UPDATE alert_scope SET version = version + 1;
END;
CREATE TRIGGER alert_label_update AFTER UPDATE ON server_label WHEN EXISTS (SELECT 1 FROM alert_rule) BEGIN
	UPDATE alert_scope SET version = version + 1;
END;
CREATE TRIGGER alert_label_delete AFTER DELETE ON server_label WHEN EXISTS (SELECT 1 FROM alert_rule) BEGIN
	UPDATE alert_scope SET version = version + 1;
END;
