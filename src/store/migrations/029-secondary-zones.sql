-- Zones that are fetched from name servers of their owner's: the database has none of their records.
ALTER TABLE zone ADD COLUMN secondary INTEGER NOT NULL DEFAULT 0;
ALTER TABLE zone ADD COLUMN contents INTEGER NOT NULL DEFAULT 0; -- enum zone_contents
ALTER TABLE zone ADD COLUMN expires_ms INTEGER NOT NULL DEFAULT 0; -- 0: not known
ALTER TABLE zone ADD COLUMN fetched_ms INTEGER NOT NULL DEFAULT 0; -- when that was looked at
ALTER TABLE zone ADD COLUMN transferred_ms INTEGER NOT NULL DEFAULT 0; -- when its serial last changed
CREATE INDEX zone_secondary ON zone(fetched_ms) WHERE secondary = 1;
CREATE TABLE zone_primary (
	zone_id INTEGER NOT NULL REFERENCES zone(id) ON DELETE CASCADE,
	position INTEGER NOT NULL,
	address TEXT NOT NULL,
	port INTEGER NOT NULL,
	tsig_algorithm TEXT NOT NULL, -- '': without a key
	tsig_key TEXT NOT NULL, -- base64
	PRIMARY KEY (zone_id, position)
) WITHOUT ROWID;
