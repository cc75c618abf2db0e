-- When whoever sits at the session last proved who they are. What began before this had its password then.
ALTER TABLE session ADD COLUMN proved_ms INTEGER NOT NULL DEFAULT 0;
UPDATE session SET proved_ms = created_ms;

-- The second step of signing in: the secret of somebody's authenticator (RFC 6238).
CREATE TABLE second_step (
	user_id INTEGER PRIMARY KEY REFERENCES user(id) ON DELETE CASCADE,
	secret BLOB NOT NULL,
	used_step INTEGER NOT NULL DEFAULT 0, -- codes of this time step and earlier ones are used up
	wrong INTEGER NOT NULL DEFAULT 0, -- codes since the last right one
	wrong_ms INTEGER NOT NULL DEFAULT 0, -- the last of them
	created_ms INTEGER NOT NULL,
	confirmed_ms INTEGER NOT NULL DEFAULT 0 -- 0: not yet, nobody is asked for a code
);

-- Codes for who has no authenticator any more; a row goes when its code is used.
CREATE TABLE recovery_code (
	user_id INTEGER NOT NULL REFERENCES second_step(user_id) ON DELETE CASCADE,
	hash BLOB NOT NULL,
	PRIMARY KEY (user_id, hash)
) WITHOUT ROWID;
