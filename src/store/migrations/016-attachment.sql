-- Files that go with a message to the operators, or their answer. One without a message is on its way here, or waits to be sent.
-- kind 0: not whole yet; author and by_operator say whose it is until it is sent.
CREATE TABLE contact_attachment (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	message_id INTEGER REFERENCES contact_message(id) ON DELETE CASCADE,
	author TEXT NOT NULL,
	by_operator INTEGER NOT NULL,
	name TEXT NOT NULL,
	kind INTEGER NOT NULL,
	bytes INTEGER NOT NULL,
	received INTEGER NOT NULL,
	created_ms INTEGER NOT NULL
);
CREATE INDEX contact_attachment_customer ON contact_attachment(customer_id, by_operator);
CREATE INDEX contact_attachment_message ON contact_attachment(message_id);
CREATE INDEX contact_attachment_waiting ON contact_attachment(created_ms) WHERE message_id IS NULL;

CREATE TABLE contact_piece (
	attachment_id INTEGER NOT NULL REFERENCES contact_attachment(id) ON DELETE CASCADE,
	at INTEGER NOT NULL,
	data BLOB NOT NULL,
	PRIMARY KEY (attachment_id, at)
);
