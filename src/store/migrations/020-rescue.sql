-- The rescue system: whether the next start boots it, whether the server runs it now, who may log in there, and the
-- public keys it identified itself with.
ALTER TABLE server ADD COLUMN rescue_armed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE server ADD COLUMN rescue_running INTEGER NOT NULL DEFAULT 0;
ALTER TABLE server ADD COLUMN rescue_keys TEXT NOT NULL DEFAULT '';
ALTER TABLE server ADD COLUMN rescue_host_keys TEXT NOT NULL DEFAULT '';
