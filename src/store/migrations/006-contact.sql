-- Threads between an account and the operators. Who wrote what is kept by name: people come and go.
CREATE TABLE contact_thread (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	subject TEXT NOT NULL,
	state INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	updated_ms INTEGER NOT NULL
);
CREATE INDEX contact_thread_customer ON contact_thread(customer_id, updated_ms);
CREATE INDEX contact_thread_updated ON contact_thread(updated_ms);

CREATE TABLE contact_message (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	thread_id INTEGER NOT NULL REFERENCES contact_thread(id) ON DELETE CASCADE,
	author TEXT NOT NULL,
	by_operator INTEGER NOT NULL,
	text TEXT NOT NULL,
	created_ms INTEGER NOT NULL
);
CREATE INDEX contact_message_thread ON contact_message(thread_id);
CREATE INDEX contact_message_created ON contact_message(created_ms);
