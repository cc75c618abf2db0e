-- Zones of customers. What a zone answers grows by versions; the name server follows.
CREATE TABLE zone (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	name TEXT NOT NULL UNIQUE, -- as DNS has it
	shown TEXT NOT NULL, -- as it was typed
	ttl INTEGER NOT NULL,
	labels TEXT NOT NULL DEFAULT '',
	protected INTEGER NOT NULL DEFAULT 0,
	dnssec INTEGER NOT NULL DEFAULT 0,
	created_ms INTEGER NOT NULL,
	version INTEGER NOT NULL DEFAULT 0,
	applied INTEGER NOT NULL DEFAULT 0, -- the version that the name server has
	serial INTEGER NOT NULL DEFAULT 0, -- that it gave to it
	ds TEXT NOT NULL DEFAULT '', -- what the zone above has to have, a line each
	record_count INTEGER NOT NULL DEFAULT 0, -- kept by triggers, as the next
	bytes INTEGER NOT NULL DEFAULT 0,
	error TEXT NOT NULL DEFAULT '' -- why the name server does not take it
);
CREATE INDEX zone_customer ON zone(customer_id, id);
CREATE INDEX zone_waiting ON zone(id) WHERE applied <> version;

CREATE TABLE rrset (
	zone_id INTEGER NOT NULL REFERENCES zone(id) ON DELETE CASCADE,
	name TEXT NOT NULL, -- below the zone; '@' is the zone itself
	type INTEGER NOT NULL,
	ttl INTEGER NOT NULL, -- 0: the zone's
	labels TEXT NOT NULL DEFAULT '',
	protected INTEGER NOT NULL DEFAULT 0,
	record_count INTEGER NOT NULL,
	records TEXT NOT NULL, -- value, tab, comment, a line each
	PRIMARY KEY (zone_id, name, type)
) WITHOUT ROWID;
CREATE TRIGGER rrset_insert AFTER INSERT ON rrset BEGIN
	UPDATE zone SET record_count = record_count + NEW.record_count, bytes = bytes + length(NEW.records)
		WHERE id = NEW.zone_id;
END;
CREATE TRIGGER rrset_update AFTER UPDATE ON rrset BEGIN
	UPDATE zone SET record_count = record_count - OLD.record_count + NEW.record_count,
		bytes = bytes - length(OLD.records) + length(NEW.records) WHERE id = NEW.zone_id;
END;
CREATE TRIGGER rrset_delete AFTER DELETE ON rrset BEGIN
	UPDATE zone SET record_count = record_count - OLD.record_count, bytes = bytes - length(OLD.records)
		WHERE id = OLD.zone_id;
END;

-- The last versions, and what each changed: enough to look at it and to go back.
CREATE TABLE zone_version (
	zone_id INTEGER NOT NULL REFERENCES zone(id) ON DELETE CASCADE,
	version INTEGER NOT NULL,
	time_ms INTEGER NOT NULL,
	who TEXT NOT NULL,
	PRIMARY KEY (zone_id, version)
) WITHOUT ROWID;
CREATE TABLE zone_change (
	zone_id INTEGER NOT NULL,
	version INTEGER NOT NULL,
	name TEXT NOT NULL, -- '' with type 0: the zone's TTL
	type INTEGER NOT NULL,
	ttl_before INTEGER NOT NULL,
	before TEXT, -- NULL: there was none
	ttl_after INTEGER NOT NULL,
	after TEXT,
	PRIMARY KEY (zone_id, version, name, type),
	FOREIGN KEY (zone_id, version) REFERENCES zone_version(zone_id, version) ON DELETE CASCADE
) WITHOUT ROWID;

-- Names that the name server still has to forget.
CREATE TABLE zone_removal (
	name TEXT PRIMARY KEY
) WITHOUT ROWID;
CREATE TRIGGER zone_delete AFTER DELETE ON zone BEGIN
	INSERT OR IGNORE INTO zone_removal(name) VALUES (OLD.name);
END;

-- A zone below or above somebody else's: what the operator has said yes to.
CREATE TABLE zone_permit (
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	name TEXT NOT NULL,
	PRIMARY KEY (customer_id, name)
) WITHOUT ROWID;

-- Further name servers, which fetch what there is by signed transfers.
CREATE TABLE name_server (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE,
	address TEXT NOT NULL,
	port INTEGER NOT NULL,
	secret TEXT NOT NULL, -- of its TSIG key, base64
	created_ms INTEGER NOT NULL
);
