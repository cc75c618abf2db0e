-- The public keys a server identifies itself with over SSH, as its first boot told them: a line each, "type base64 SHA256:…".
ALTER TABLE server ADD COLUMN host_keys TEXT NOT NULL DEFAULT '';
