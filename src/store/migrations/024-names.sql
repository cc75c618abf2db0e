-- Whether a zone's name was proven to be its owner's: enum zone_proof.
ALTER TABLE zone ADD COLUMN proof INTEGER NOT NULL DEFAULT 0;
ALTER TABLE zone ADD COLUMN proof_ms INTEGER NOT NULL DEFAULT 0; -- when it was last looked for
ALTER TABLE zone ADD COLUMN proof_until_ms INTEGER NOT NULL DEFAULT 0; -- until when it is waited for
ALTER TABLE zone ADD COLUMN proof_why TEXT NOT NULL DEFAULT ''; -- why it was not found
CREATE INDEX zone_proof ON zone(proof_ms) WHERE proof IN (1, 2);

-- What a customer puts into DNS to prove a name.
CREATE TABLE zone_token (
	customer_id INTEGER PRIMARY KEY REFERENCES customer(id) ON DELETE CASCADE,
	token TEXT NOT NULL
);

-- Names that this service's name servers have or had: an NS record with one of them is ours to change.
CREATE TABLE name_given (
	name TEXT PRIMARY KEY
) WITHOUT ROWID;
INSERT INTO name_given(name) SELECT name FROM name_server;
CREATE TRIGGER name_server_given AFTER INSERT ON name_server BEGIN
	INSERT OR IGNORE INTO name_given(name) VALUES (NEW.name);
END;
