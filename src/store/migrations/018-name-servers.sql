-- Zones of the reverse names of an address pool. What is in one is dns_ptr; the name server follows.
CREATE TABLE reverse_zone (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	pool_id INTEGER NOT NULL REFERENCES address_pool(id) ON DELETE CASCADE,
	name TEXT NOT NULL UNIQUE, -- as DNS has it
	prefix TEXT NOT NULL, -- of the addresses it names
	version INTEGER NOT NULL DEFAULT 1,
	applied INTEGER NOT NULL DEFAULT 0, -- the version that the name server has
	serial INTEGER NOT NULL DEFAULT 0, -- that it gave to it
	error TEXT NOT NULL DEFAULT '' -- why the name server does not take it
);
CREATE INDEX reverse_zone_pool ON reverse_zone(pool_id);
CREATE INDEX reverse_zone_waiting ON reverse_zone(id) WHERE applied <> version;
CREATE TRIGGER reverse_zone_delete AFTER DELETE ON reverse_zone BEGIN
	INSERT OR IGNORE INTO zone_removal(name) VALUES (OLD.name);
END;

ALTER TABLE dns_ptr ADD COLUMN reverse_zone_id INTEGER REFERENCES reverse_zone(id) ON DELETE SET NULL;
CREATE INDEX dns_ptr_zone ON dns_ptr(reverse_zone_id);
CREATE TRIGGER dns_ptr_zone_insert AFTER INSERT ON dns_ptr BEGIN
	UPDATE reverse_zone SET version = version + 1, error = '' WHERE id = NEW.reverse_zone_id;
END;
CREATE TRIGGER dns_ptr_zone_update AFTER UPDATE OF name, reverse_zone_id ON dns_ptr BEGIN
	UPDATE reverse_zone SET version = version + 1, error = '' WHERE id IN (OLD.reverse_zone_id, NEW.reverse_zone_id);
END;
CREATE TRIGGER dns_ptr_zone_delete AFTER DELETE ON dns_ptr BEGIN
	UPDATE reverse_zone SET version = version + 1, error = '' WHERE id = OLD.reverse_zone_id;
END;

-- Whether the zone above has the DS, when it was last asked: enum zone_parent.
ALTER TABLE zone ADD COLUMN parent_ds INTEGER NOT NULL DEFAULT 0;
ALTER TABLE zone ADD COLUMN parent_ms INTEGER NOT NULL DEFAULT 0;

-- The zones of reverse names have the name servers in them.
CREATE TRIGGER name_server_insert AFTER INSERT ON name_server BEGIN
	UPDATE reverse_zone SET version = version + 1, error = '';
END;
CREATE TRIGGER name_server_delete AFTER DELETE ON name_server BEGIN
	UPDATE reverse_zone SET version = version + 1, error = '';
END;
