-- What operators tell everybody, in both languages. One that is withdrawn stays, for them alone.
CREATE TABLE notice (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	kind INTEGER NOT NULL,
	pinned INTEGER NOT NULL DEFAULT 0,
	title_ja TEXT NOT NULL,
	title_en TEXT NOT NULL,
	body_ja TEXT NOT NULL,
	body_en TEXT NOT NULL,
	starts_ms INTEGER NOT NULL DEFAULT 0, -- of a maintenance
	ends_ms INTEGER NOT NULL DEFAULT 0,
	published_ms INTEGER NOT NULL,
	told_ms INTEGER NOT NULL, -- when everybody was last told
	edited_ms INTEGER NOT NULL DEFAULT 0,
	withdrawn_ms INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX notice_shown ON notice(withdrawn_ms, published_ms);

-- Who has read which.
CREATE TABLE notice_read (
	user_id INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,
	notice_id INTEGER NOT NULL REFERENCES notice(id) ON DELETE CASCADE,
	PRIMARY KEY (user_id, notice_id)
) WITHOUT ROWID;
CREATE INDEX notice_read_notice ON notice_read(notice_id);
