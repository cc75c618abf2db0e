-- What is kept of the passkeys (WebAuthn) that people's devices hold.
CREATE TABLE passkey (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	user_id INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,
	credential BLOB NOT NULL UNIQUE, -- the device's own name for it
	name TEXT NOT NULL,
	algorithm INTEGER NOT NULL, -- of COSE
	public_key BLOB NOT NULL,
	counter INTEGER NOT NULL, -- the last signature's; 0: the device does not count
	created_ms INTEGER NOT NULL,
	last_used_ms INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX passkey_user ON passkey(user_id);
