-- The disk a rebuild has put aside, with what the server was while it was in use; at most one of each server. Its file is
-- the volume of that generation, and is nobody's once this row is gone.
CREATE TABLE server_kept_disk (
	server_id INTEGER PRIMARY KEY REFERENCES server(id) ON DELETE CASCADE,
	generation INTEGER NOT NULL,
	image_id INTEGER REFERENCES image(id),
	disk_gb INTEGER NOT NULL,
	user TEXT NOT NULL,
	authorized_keys TEXT NOT NULL,
	ssh_port INTEGER NOT NULL,
	updates INTEGER NOT NULL,
	host_keys TEXT NOT NULL,
	kept_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL
);
CREATE INDEX server_kept_disk_image ON server_kept_disk(image_id);
CREATE INDEX server_kept_disk_expires ON server_kept_disk(expires_ms);
CREATE TRIGGER server_kept_disk_insert AFTER INSERT ON server_kept_disk BEGIN
	UPDATE server SET version = version + 1 WHERE id = NEW.server_id;
END;
CREATE TRIGGER server_kept_disk_delete AFTER DELETE ON server_kept_disk BEGIN
	UPDATE server SET version = version + 1 WHERE id = OLD.server_id;
END;
-- How the system in use was chosen to update itself (model/first_choice.h); 0: as its image has it.
ALTER TABLE server ADD COLUMN updates INTEGER NOT NULL DEFAULT 0;
-- The same of a system that is still to come, with its user and keys; '': those that are the server's stay.
ALTER TABLE server_seed ADD COLUMN updates INTEGER NOT NULL DEFAULT 0;
ALTER TABLE server_seed ADD COLUMN user TEXT NOT NULL DEFAULT '';
ALTER TABLE server_seed ADD COLUMN authorized_keys TEXT NOT NULL DEFAULT '';
