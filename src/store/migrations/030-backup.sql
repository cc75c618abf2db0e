-- Images made from servers: of which one, and to which one a backup is bound. 0: of none. The server may have gone.
ALTER TABLE image ADD COLUMN from_server_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE image ADD COLUMN from_server_name TEXT NOT NULL DEFAULT '';
ALTER TABLE image ADD COLUMN bound_to INTEGER NOT NULL DEFAULT 0;
CREATE INDEX image_bound_to ON image(bound_to) WHERE bound_to <> 0;

-- Backups by the day: in which hours (enum backup_window; 0: none), at which part of the plan's price, and when the next is due.
ALTER TABLE server ADD COLUMN backup_window INTEGER NOT NULL DEFAULT 0;
ALTER TABLE server ADD COLUMN backup_percent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE server ADD COLUMN backup_due_ms INTEGER NOT NULL DEFAULT 0;
CREATE INDEX server_backup_due ON server(backup_due_ms) WHERE backup_window <> 0;

-- Who has no limits gets none.
ALTER TABLE customer ADD COLUMN snapshot_limit INTEGER NOT NULL DEFAULT 0;
UPDATE customer SET snapshot_limit = 20 WHERE server_limit > 0;
ALTER TABLE default_quota ADD COLUMN snapshot_limit INTEGER NOT NULL DEFAULT 20;

-- A month's price is the plan's and that of backups: what the plan costs, and a part of it.
DROP TRIGGER contract_plan;
CREATE TRIGGER contract_plan AFTER UPDATE OF server_type_id ON server WHEN NEW.server_type_id <> OLD.server_type_id BEGIN
	UPDATE contract SET until_ms = max(from_ms, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
		WHERE server_id = NEW.id AND until_ms = 0;
	INSERT INTO contract(customer_id, server_id, server_name, plan, currency, monthly_minor, initial_minor, before_minor, reason, anchor_ms, from_ms)
		SELECT NEW.customer_id, NEW.id, NEW.name, t.name, t.currency,
			t.price_monthly_minor + t.price_monthly_minor * NEW.backup_percent / 100, t.price_initial_minor,
			CASE WHEN c.currency = t.currency THEN c.monthly_minor ELSE 0 END, 2, c.anchor_ms, c.until_ms
		FROM server_type t JOIN contract c ON c.id = (SELECT max(id) FROM contract WHERE server_id = NEW.id)
		WHERE t.id = NEW.server_type_id;
END;
DROP TRIGGER contract_price;
CREATE TRIGGER contract_price AFTER UPDATE OF price_monthly_minor, currency ON server_type
WHEN NEW.price_monthly_minor <> OLD.price_monthly_minor OR NEW.currency <> OLD.currency BEGIN
	UPDATE contract SET until_ms = max(from_ms, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
		WHERE until_ms = 0 AND server_id IN (SELECT id FROM server WHERE server_type_id = NEW.id);
	INSERT INTO contract(customer_id, server_id, server_name, plan, currency, monthly_minor, initial_minor, before_minor, reason, anchor_ms, from_ms)
		SELECT c.customer_id, c.server_id, c.server_name, NEW.name, NEW.currency,
			NEW.price_monthly_minor + NEW.price_monthly_minor * s.backup_percent / 100, NEW.price_initial_minor,
			c.monthly_minor, 3, c.anchor_ms, c.until_ms
		FROM server s JOIN contract c ON c.id = (SELECT max(id) FROM contract WHERE server_id = s.id)
		WHERE s.server_type_id = NEW.id;
END;
-- Switched on it is like a larger plan, off like a smaller one.
CREATE TRIGGER contract_backup AFTER UPDATE OF backup_percent ON server WHEN NEW.backup_percent <> OLD.backup_percent BEGIN
	UPDATE contract SET until_ms = max(from_ms, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
		WHERE server_id = NEW.id AND until_ms = 0;
	INSERT INTO contract(customer_id, server_id, server_name, plan, currency, monthly_minor, initial_minor, before_minor, reason, anchor_ms, from_ms)
		SELECT NEW.customer_id, NEW.id, NEW.name, t.name, t.currency,
			t.price_monthly_minor + t.price_monthly_minor * NEW.backup_percent / 100, t.price_initial_minor,
			CASE WHEN c.currency = t.currency THEN c.monthly_minor ELSE 0 END, 5, c.anchor_ms, c.until_ms
		FROM server_type t JOIN contract c ON c.id = (SELECT max(id) FROM contract WHERE server_id = NEW.id)
		WHERE t.id = NEW.server_type_id;
END;
