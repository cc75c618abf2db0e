-- When an image's packages were as they are; 0: not known. And when operators were told that it is old; 0: not so far.
ALTER TABLE image ADD COLUMN built_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE image ADD COLUMN told_ms INTEGER NOT NULL DEFAULT 0;
-- What is installed in it (wire/package_list.h), and what the last looks at the archive said. Only of images whose recipe tells.
CREATE TABLE image_updates (
	image_id INTEGER PRIMARY KEY REFERENCES image(id) ON DELETE CASCADE,
	packages TEXT NOT NULL,
	due_ms INTEGER NOT NULL,
	checked_ms INTEGER NOT NULL DEFAULT 0,
	pending INTEGER NOT NULL DEFAULT 0,
	security INTEGER NOT NULL DEFAULT 0,
	unknown INTEGER NOT NULL DEFAULT 2,
	unknown_ms INTEGER NOT NULL,
	text TEXT NOT NULL DEFAULT ''
);
CREATE INDEX image_updates_due ON image_updates(due_ms);
