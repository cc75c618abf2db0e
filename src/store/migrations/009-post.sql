-- Mails and webhooks on their way out. What somebody was answered for is here before they are answered.
CREATE TABLE outbox (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	kind INTEGER NOT NULL,
	customer_id INTEGER REFERENCES customer(id) ON DELETE CASCADE, -- NULL: the service's own
	recipient TEXT NOT NULL, -- a mail address or a URL
	subject TEXT NOT NULL,
	body TEXT, -- NULL when it is over: links in mails are secrets
	secret TEXT NOT NULL DEFAULT '', -- what a webhook is signed with
	created_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL DEFAULT 0, -- 0: always of use
	attempts INTEGER NOT NULL DEFAULT 0,
	next_ms INTEGER NOT NULL,
	state INTEGER NOT NULL,
	changed_ms INTEGER NOT NULL,
	error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX outbox_due ON outbox(next_ms) WHERE state = 1;
CREATE INDEX outbox_recipient ON outbox(recipient) WHERE state = 1;
CREATE INDEX outbox_changed ON outbox(changed_ms);
CREATE INDEX outbox_customer ON outbox(customer_id);

-- Where somebody gets mail: an address counts when they have shown that they read what is sent there.
CREATE TABLE user_mail (
	user_id INTEGER PRIMARY KEY REFERENCES user(id) ON DELETE CASCADE,
	address TEXT NOT NULL DEFAULT '', -- confirmed; empty: none
	wanted TEXT NOT NULL DEFAULT '', -- waits to be confirmed
	hash BLOB UNIQUE, -- of the key in the link that confirms it
	expires_ms INTEGER NOT NULL DEFAULT 0, -- of that link
	language TEXT NOT NULL, -- of what they are written: ja or en
	changed_ms INTEGER NOT NULL
);
CREATE INDEX user_mail_address ON user_mail(address COLLATE NOCASE);
