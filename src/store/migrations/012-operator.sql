-- How much an account may have (0: no limit), why it is suspended, and what operators note about it for themselves.
ALTER TABLE customer ADD COLUMN core_limit INTEGER NOT NULL DEFAULT 0;
ALTER TABLE customer ADD COLUMN memory_limit_mib INTEGER NOT NULL DEFAULT 0;
ALTER TABLE customer ADD COLUMN disk_limit_gb INTEGER NOT NULL DEFAULT 0;
ALTER TABLE customer ADD COLUMN address_limit INTEGER NOT NULL DEFAULT 0;
ALTER TABLE customer ADD COLUMN ssh_key_limit INTEGER NOT NULL DEFAULT 0;
ALTER TABLE customer ADD COLUMN token_limit INTEGER NOT NULL DEFAULT 0;
ALTER TABLE customer ADD COLUMN member_limit INTEGER NOT NULL DEFAULT 0;
ALTER TABLE customer ADD COLUMN suspended_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE customer ADD COLUMN suspension_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE customer ADD COLUMN note TEXT NOT NULL DEFAULT '';

-- Servers that are off because of a suspension, and are started when it is lifted.
CREATE TABLE suspended_server (
	server_id INTEGER PRIMARY KEY REFERENCES server(id) ON DELETE CASCADE
);

-- A server that is handed over is counted where it is, and is about other rules.
CREATE TRIGGER server_hand_over AFTER UPDATE OF customer_id ON server WHEN NEW.customer_id <> OLD.customer_id BEGIN
	UPDATE customer SET server_count = server_count - 1 WHERE id = OLD.customer_id;
	UPDATE customer SET server_count = server_count + 1 WHERE id = NEW.customer_id;
	UPDATE alert_scope SET version = version + 1;
END;
