-- What a plan lets go over a server's wire at most, in Mbit/s; 0: whatever it takes.
ALTER TABLE server_type ADD COLUMN bandwidth_in INTEGER NOT NULL DEFAULT 0;
ALTER TABLE server_type ADD COLUMN bandwidth_out INTEGER NOT NULL DEFAULT 0;
-- It is a part of the filter of each server that has the plan. Where one is bounded at all.
CREATE TRIGGER server_filter_bandwidth AFTER UPDATE OF bandwidth_in, bandwidth_out ON server_type
WHEN NEW.bandwidth_in <> OLD.bandwidth_in OR NEW.bandwidth_out <> OLD.bandwidth_out BEGIN
	UPDATE server_filter SET wanted = wanted + 1
		WHERE server_id IN (SELECT id FROM server WHERE server_type_id = NEW.id);
END;
CREATE TRIGGER server_filter_plan AFTER UPDATE OF server_type_id ON server WHEN NEW.server_type_id <> OLD.server_type_id BEGIN
	UPDATE server_filter SET wanted = wanted + 1 WHERE server_id = NEW.id
		AND (SELECT bandwidth_in || ' ' || bandwidth_out FROM server_type WHERE id = NEW.server_type_id)
		<> (SELECT bandwidth_in || ' ' || bandwidth_out FROM server_type WHERE id = OLD.server_type_id);
END;

-- From when on all servers it is about have the change, and from where a new connection to SSH confirms it.
ALTER TABLE firewall_trial ADD COLUMN in_force_ms INTEGER NOT NULL DEFAULT 0; -- 0: not yet
ALTER TABLE firewall_trial ADD COLUMN confirm_from TEXT NOT NULL DEFAULT '';
UPDATE firewall_trial SET in_force_ms = started_ms;
-- The servers that it could cut off.
CREATE TABLE firewall_trial_server (
	firewall_id INTEGER NOT NULL REFERENCES firewall_trial(firewall_id) ON DELETE CASCADE,
	server_id INTEGER NOT NULL REFERENCES server(id) ON DELETE CASCADE,
	PRIMARY KEY (firewall_id, server_id)
) WITHOUT ROWID;
CREATE INDEX firewall_trial_server_server ON firewall_trial_server(server_id);
-- While it runs the host marks what begins.
CREATE TRIGGER firewall_trial_server_insert AFTER INSERT ON firewall_trial_server BEGIN
	UPDATE server_filter SET wanted = wanted + 1 WHERE server_id = NEW.server_id;
END;
CREATE TRIGGER firewall_trial_server_delete AFTER DELETE ON firewall_trial_server BEGIN
	UPDATE server_filter SET wanted = wanted + 1 WHERE server_id = OLD.server_id;
END;
