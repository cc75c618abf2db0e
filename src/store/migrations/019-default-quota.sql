-- What a new account may have (0: no limit), as operators decide it.
CREATE TABLE default_quota (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	server_limit INTEGER NOT NULL,
	core_limit INTEGER NOT NULL,
	memory_limit_mib INTEGER NOT NULL,
	disk_limit_gb INTEGER NOT NULL,
	address_limit INTEGER NOT NULL,
	ssh_key_limit INTEGER NOT NULL,
	token_limit INTEGER NOT NULL,
	member_limit INTEGER NOT NULL
);
INSERT INTO default_quota VALUES (1, 10, 64, 131072, 4000, 20, 100, 50, 50);
