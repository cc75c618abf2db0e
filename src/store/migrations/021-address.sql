-- Addresses have owners of their own: floating ones go from server to server, primary ones may outlive theirs.
ALTER TABLE address RENAME TO address_before;
ALTER TABLE dns_ptr RENAME TO dns_ptr_before;

CREATE TABLE address (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	pool_id INTEGER NOT NULL REFERENCES address_pool(id),
	position INTEGER NOT NULL,
	family INTEGER NOT NULL,
	ip TEXT NOT NULL UNIQUE, -- 203.0.113.7, or 2001:db8:1::/64
	kind INTEGER NOT NULL, -- 1 primary, 2 floating
	customer_id INTEGER NOT NULL REFERENCES customer(id),
	server_id INTEGER REFERENCES server(id) ON DELETE SET NULL, -- NULL: of none now
	moves INTEGER NOT NULL DEFAULT 0, -- how often it was given to a server
	left_server_id INTEGER NOT NULL DEFAULT 0, -- that the host still takes for its server, maybe
	name TEXT NOT NULL DEFAULT '',
	description TEXT NOT NULL DEFAULT '',
	labels TEXT NOT NULL DEFAULT '',
	protect_delete INTEGER NOT NULL DEFAULT 0,
	auto_delete INTEGER NOT NULL DEFAULT 0, -- with its server
	created_ms INTEGER NOT NULL,
	UNIQUE (pool_id, position)
);
CREATE UNIQUE INDEX address_primary ON address(server_id, family) WHERE kind = 1;
CREATE UNIQUE INDEX address_name ON address(customer_id, kind, name) WHERE name <> '';
CREATE INDEX address_server ON address(server_id);
CREATE INDEX address_left ON address(left_server_id) WHERE left_server_id <> 0;

INSERT INTO address(id, pool_id, position, family, ip, kind, customer_id, server_id, name, auto_delete, created_ms)
	SELECT a.id, a.pool_id, a.position, a.family, a.ip, 1, s.customer_id, s.id, 'primary_ip-' || a.id, 1, a.created_ms
	FROM address_before a JOIN server s ON s.id = a.server_id;
DELETE FROM sqlite_sequence WHERE name = 'address';
INSERT INTO sqlite_sequence(name, seq) SELECT 'address', seq FROM sqlite_sequence WHERE name = 'address_before';

CREATE TABLE dns_ptr (
	address_id INTEGER NOT NULL REFERENCES address(id) ON DELETE CASCADE,
	ip TEXT NOT NULL,
	name TEXT NOT NULL,
	reverse_zone_id INTEGER REFERENCES reverse_zone(id) ON DELETE SET NULL,
	PRIMARY KEY (address_id, ip)
) WITHOUT ROWID;
INSERT INTO dns_ptr(address_id, ip, name, reverse_zone_id)
	SELECT a.id, d.ip, d.name, d.reverse_zone_id FROM dns_ptr_before d JOIN address a
	ON a.server_id = d.server_id AND a.family = CASE WHEN instr(d.ip, ':') > 0 THEN 6 ELSE 4 END;

DROP TABLE dns_ptr_before;
DROP TABLE address_before;
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

CREATE TRIGGER address_insert AFTER INSERT ON address BEGIN
	UPDATE address_pool SET used = used + 1 WHERE id = NEW.pool_id;
	UPDATE server SET version = version + 1 WHERE id = NEW.server_id;
	UPDATE OR IGNORE address SET name = CASE kind WHEN 1 THEN 'primary_ip-' ELSE 'floating_ip-' END || id
		WHERE id = NEW.id AND name = '';
END;
CREATE TRIGGER address_delete AFTER DELETE ON address BEGIN
	UPDATE address_pool SET used = used - 1 WHERE id = OLD.pool_id;
	INSERT INTO address_free(pool_id, position) VALUES (OLD.pool_id, OLD.position);
	UPDATE server SET version = version + 1 WHERE id = OLD.server_id;
	UPDATE server_filter SET wanted = wanted + 1 WHERE server_id = OLD.server_id AND OLD.kind = 2;
END;
-- The filters of both servers carry it, or no longer: see store_filter_pending() for which is first.
CREATE TRIGGER address_move AFTER UPDATE OF server_id ON address WHEN NEW.server_id IS NOT OLD.server_id BEGIN
	UPDATE server SET version = version + 1 WHERE id IN (OLD.server_id, NEW.server_id);
	UPDATE server_filter SET wanted = wanted + 1 WHERE server_id IN (OLD.server_id, NEW.server_id) AND NEW.kind = 2;
END;
CREATE TRIGGER address_settled AFTER UPDATE OF applied ON server_filter WHEN NEW.applied >= NEW.wanted BEGIN
	UPDATE address SET left_server_id = 0 WHERE server_id = NEW.server_id AND left_server_id <> 0;
END;
CREATE TRIGGER address_goes BEFORE DELETE ON server BEGIN
	DELETE FROM address WHERE server_id = OLD.id AND kind = 1 AND auto_delete = 1;
END;
-- A server that is handed over takes its own addresses along, without what was said of them; the others stay.
CREATE TRIGGER address_owner AFTER UPDATE OF customer_id ON server WHEN NEW.customer_id <> OLD.customer_id BEGIN
	UPDATE address SET server_id = NULL WHERE server_id = NEW.id AND kind = 2;
	UPDATE address SET customer_id = NEW.customer_id, name = '', labels = '', protect_delete = 0, auto_delete = 1
		WHERE server_id = NEW.id AND kind = 1;
	UPDATE OR IGNORE address SET name = 'primary_ip-' || id WHERE server_id = NEW.id AND kind = 1;
END;
CREATE TRIGGER dns_ptr_insert AFTER INSERT ON dns_ptr BEGIN
	UPDATE server SET version = version + 1 WHERE id = (SELECT server_id FROM address WHERE id = NEW.address_id);
END;
CREATE TRIGGER dns_ptr_update AFTER UPDATE ON dns_ptr BEGIN
	UPDATE server SET version = version + 1 WHERE id = (SELECT server_id FROM address WHERE id = NEW.address_id);
END;
CREATE TRIGGER dns_ptr_delete AFTER DELETE ON dns_ptr BEGIN
	UPDATE server SET version = version + 1 WHERE id = (SELECT server_id FROM address WHERE id = OLD.address_id);
END;

-- What went over the wire of a server in a calendar month (UTC), and where its counters stood when that was added.
CREATE TABLE server_traffic (
	server_id INTEGER NOT NULL REFERENCES server(id) ON DELETE CASCADE,
	month INTEGER NOT NULL, -- 202611
	in_bytes INTEGER NOT NULL DEFAULT 0,
	out_bytes INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (server_id, month)
) WITHOUT ROWID;
CREATE TABLE server_counter (
	server_id INTEGER PRIMARY KEY REFERENCES server(id) ON DELETE CASCADE,
	epoch INTEGER NOT NULL, -- of the host's counters
	in_bytes INTEGER NOT NULL,
	out_bytes INTEGER NOT NULL
);
ALTER TABLE server_type ADD COLUMN traffic_bytes INTEGER NOT NULL DEFAULT 0; -- a month, 0: not said
