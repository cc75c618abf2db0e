-- Private networks between the servers of one customer.
CREATE TABLE network (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	name TEXT NOT NULL,
	ip_range TEXT NOT NULL, -- 10.0.0.0/16
	labels TEXT NOT NULL DEFAULT '',
	protect_delete INTEGER NOT NULL DEFAULT 0,
	created_ms INTEGER NOT NULL,
	UNIQUE (customer_id, name)
);
CREATE TABLE network_subnet (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	network_id INTEGER NOT NULL REFERENCES network(id) ON DELETE CASCADE,
	type INTEGER NOT NULL, -- 1 cloud, 2 server
	zone TEXT NOT NULL,
	ip_range TEXT NOT NULL,
	UNIQUE (network_id, ip_range)
);
-- A server in a network. Ids are never used twice: interfaces of the host are named by them.
CREATE TABLE network_port (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	network_id INTEGER NOT NULL REFERENCES network(id),
	server_id INTEGER NOT NULL REFERENCES server(id) ON DELETE CASCADE,
	mac BLOB NOT NULL UNIQUE,
	leaving INTEGER NOT NULL DEFAULT 0, -- the host shall have it no more
	created_ms INTEGER NOT NULL,
	UNIQUE (network_id, server_id)
);
CREATE INDEX network_port_server ON network_port(server_id);
CREATE TABLE network_address (
	network_id INTEGER NOT NULL REFERENCES network(id),
	ip TEXT NOT NULL, -- 10.0.1.2
	port_id INTEGER NOT NULL REFERENCES network_port(id) ON DELETE CASCADE,
	position INTEGER NOT NULL, -- 0: the port's own; beyond: aliases
	PRIMARY KEY (network_id, ip),
	UNIQUE (port_id, position)
) WITHOUT ROWID;

CREATE TRIGGER network_address_insert AFTER INSERT ON network_address BEGIN
	UPDATE server SET version = version + 1 WHERE id = (SELECT server_id FROM network_port WHERE id = NEW.port_id);
END;
CREATE TRIGGER network_address_delete AFTER DELETE ON network_address BEGIN
	UPDATE server SET version = version + 1 WHERE id = (SELECT server_id FROM network_port WHERE id = OLD.port_id);
END;
CREATE TRIGGER network_port_delete AFTER DELETE ON network_port BEGIN
	UPDATE server SET version = version + 1 WHERE id = OLD.server_id;
END;
