-- Keys that zones are signed with: the copy that a name server gets which has lost them, and their change.
ALTER TABLE zone ADD COLUMN key_roll INTEGER NOT NULL DEFAULT 0; -- enum zone_roll
ALTER TABLE zone ADD COLUMN key_roll_ms INTEGER NOT NULL DEFAULT 0; -- since when it is so
ALTER TABLE zone ADD COLUMN ds_before TEXT NOT NULL DEFAULT ''; -- lines, of the key that is replaced
ALTER TABLE zone ADD COLUMN keys_ms INTEGER NOT NULL DEFAULT 0; -- when its keys were last looked at; 0: at once
CREATE INDEX zone_keys_ms ON zone(keys_ms) WHERE dnssec = 1;
CREATE TABLE zone_key (
	zone_id INTEGER PRIMARY KEY REFERENCES zone(id) ON DELETE CASCADE,
	seen TEXT NOT NULL, -- its DNSKEY and CDS records then
	keys BLOB NOT NULL -- files as Knot copies them (dns/key_files.h): private keys
);
