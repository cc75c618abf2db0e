-- How long each server of a customer had one plan at one price: what a month's charges are made of. Lines outlive their server.
CREATE TABLE contract (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	server_id INTEGER NOT NULL,
	server_name TEXT NOT NULL,
	plan TEXT NOT NULL,
	currency TEXT NOT NULL,
	monthly_minor INTEGER NOT NULL,
	initial_minor INTEGER NOT NULL,
	before_minor INTEGER NOT NULL DEFAULT 0, -- a month's price until then, in the same currency
	reason INTEGER NOT NULL, -- enum contract_reason
	anchor_ms INTEGER NOT NULL,
	from_ms INTEGER NOT NULL,
	until_ms INTEGER NOT NULL DEFAULT 0 -- 0: it is so still
);
CREATE INDEX contract_customer ON contract(customer_id, from_ms);
CREATE INDEX contract_server ON contract(server_id);
CREATE UNIQUE INDEX contract_open ON contract(server_id) WHERE until_ms = 0;

INSERT INTO contract(customer_id, server_id, server_name, plan, currency, monthly_minor, initial_minor, reason, anchor_ms, from_ms)
	SELECT s.customer_id, s.id, s.name, t.name, t.currency, t.price_monthly_minor, t.price_initial_minor, 1, s.created_ms, s.created_ms
	FROM server s JOIN server_type t ON t.id = s.server_type_id;

CREATE TRIGGER contract_made AFTER INSERT ON server BEGIN
	INSERT INTO contract(customer_id, server_id, server_name, plan, currency, monthly_minor, initial_minor, reason, anchor_ms, from_ms)
		SELECT NEW.customer_id, NEW.id, NEW.name, t.name, t.currency, t.price_monthly_minor, t.price_initial_minor, 1, NEW.created_ms, NEW.created_ms
		FROM server_type t WHERE t.id = NEW.server_type_id;
END;
CREATE TRIGGER contract_name AFTER UPDATE OF name ON server WHEN NEW.name <> OLD.name BEGIN
	UPDATE contract SET server_name = NEW.name WHERE server_id = NEW.id AND until_ms = 0;
END;
-- The clock is read in one statement, for which it stands still.
CREATE TRIGGER contract_plan AFTER UPDATE OF server_type_id ON server WHEN NEW.server_type_id <> OLD.server_type_id BEGIN
	UPDATE contract SET until_ms = max(from_ms, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
		WHERE server_id = NEW.id AND until_ms = 0;
	INSERT INTO contract(customer_id, server_id, server_name, plan, currency, monthly_minor, initial_minor, before_minor, reason, anchor_ms, from_ms)
		SELECT NEW.customer_id, NEW.id, NEW.name, t.name, t.currency, t.price_monthly_minor, t.price_initial_minor,
			CASE WHEN c.currency = t.currency THEN c.monthly_minor ELSE 0 END, 2, c.anchor_ms, c.until_ms
		FROM server_type t JOIN contract c ON c.id = (SELECT max(id) FROM contract WHERE server_id = NEW.id)
		WHERE t.id = NEW.server_type_id;
END;
CREATE TRIGGER contract_owner AFTER UPDATE OF customer_id ON server WHEN NEW.customer_id <> OLD.customer_id BEGIN
	UPDATE contract SET until_ms = max(from_ms, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
		WHERE server_id = NEW.id AND until_ms = 0;
	INSERT INTO contract(customer_id, server_id, server_name, plan, currency, monthly_minor, initial_minor, before_minor, reason, anchor_ms, from_ms)
		SELECT NEW.customer_id, NEW.id, NEW.name, c.plan, c.currency, c.monthly_minor, c.initial_minor, c.monthly_minor, 4, c.anchor_ms, c.until_ms
		FROM contract c WHERE c.id = (SELECT max(id) FROM contract WHERE server_id = NEW.id);
END;
CREATE TRIGGER contract_price AFTER UPDATE OF price_monthly_minor, currency ON server_type
WHEN NEW.price_monthly_minor <> OLD.price_monthly_minor OR NEW.currency <> OLD.currency BEGIN
	UPDATE contract SET until_ms = max(from_ms, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
		WHERE until_ms = 0 AND server_id IN (SELECT id FROM server WHERE server_type_id = NEW.id);
	INSERT INTO contract(customer_id, server_id, server_name, plan, currency, monthly_minor, initial_minor, before_minor, reason, anchor_ms, from_ms)
		SELECT c.customer_id, c.server_id, c.server_name, NEW.name, NEW.currency, NEW.price_monthly_minor, NEW.price_initial_minor,
			c.monthly_minor, 3, c.anchor_ms, c.until_ms
		FROM server s JOIN contract c ON c.id = (SELECT max(id) FROM contract WHERE server_id = s.id)
		WHERE s.server_type_id = NEW.id;
END;
CREATE TRIGGER contract_end AFTER DELETE ON server BEGIN
	UPDATE contract SET until_ms = max(from_ms, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
		WHERE server_id = OLD.id AND until_ms = 0;
END;
