-- The port SSH was chosen to listen on when the system was made: what the host's edge lets in without a firewall.
ALTER TABLE server ADD COLUMN ssh_port INTEGER NOT NULL DEFAULT 22;
-- What else was chosen for the first boot of a system that is still to come; 0 and '': the usual.
ALTER TABLE server_seed ADD COLUMN ssh_port INTEGER NOT NULL DEFAULT 0;
ALTER TABLE server_seed ADD COLUMN open_ports TEXT NOT NULL DEFAULT '';
ALTER TABLE server_seed ADD COLUMN log_days INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER server_filter_ssh_port AFTER UPDATE OF ssh_port ON server WHEN NEW.ssh_port <> OLD.ssh_port BEGIN
	UPDATE server_filter SET wanted = wanted + 1 WHERE server_id = NEW.id;
END;
