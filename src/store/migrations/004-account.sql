-- Where a session was opened from and with which program, for the list its owner looks at.
ALTER TABLE session ADD COLUMN peer TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN client TEXT NOT NULL DEFAULT '';

-- One-time links with which somebody who cannot sign in sets a new password.
CREATE TABLE password_reset (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	user_id INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,
	hash BLOB NOT NULL UNIQUE,
	created_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL
);
CREATE INDEX password_reset_user ON password_reset(user_id);
