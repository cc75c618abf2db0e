-- The history of remote consoles: who, where, when and how it ended; never what was said. A line
-- outlives the server, user and token it names.
CREATE TABLE console (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL,
	server_id INTEGER NOT NULL,
	server_name TEXT NOT NULL,
	kind INTEGER NOT NULL,
	mode INTEGER NOT NULL,
	via INTEGER NOT NULL,
	user_id INTEGER NOT NULL DEFAULT 0,
	token_id INTEGER NOT NULL DEFAULT 0,
	name TEXT NOT NULL, -- of the user or token
	peer TEXT NOT NULL,
	opened_ms INTEGER NOT NULL,
	closed_ms INTEGER NOT NULL DEFAULT 0,
	code INTEGER NOT NULL DEFAULT 0,
	reason TEXT NOT NULL DEFAULT '',
	bytes_in INTEGER NOT NULL DEFAULT 0, -- to the guest
	bytes_out INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX console_customer ON console(customer_id, id);
CREATE INDEX console_open ON console(id) WHERE closed_ms = 0;
