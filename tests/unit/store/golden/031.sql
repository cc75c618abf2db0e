PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE customer (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE COLLATE NOCASE,
	server_limit INTEGER NOT NULL DEFAULT 0,
	suspended INTEGER NOT NULL DEFAULT 0,
	server_count INTEGER NOT NULL DEFAULT 0, -- kept by triggers: a page's total without a scan
	created_ms INTEGER NOT NULL
, core_limit INTEGER NOT NULL DEFAULT 0, memory_limit_mib INTEGER NOT NULL DEFAULT 0, disk_limit_gb INTEGER NOT NULL DEFAULT 0, address_limit INTEGER NOT NULL DEFAULT 0, ssh_key_limit INTEGER NOT NULL DEFAULT 0, token_limit INTEGER NOT NULL DEFAULT 0, member_limit INTEGER NOT NULL DEFAULT 0, suspended_ms INTEGER NOT NULL DEFAULT 0, suspension_reason TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '', smtp_open INTEGER NOT NULL DEFAULT 0, snapshot_limit INTEGER NOT NULL DEFAULT 0);
INSERT INTO customer VALUES(1,'operator',0,0,1,1700000000000,0,0,0,0,0,0,0,0,'','',0,0);
INSERT INTO customer VALUES(2,'taro',0,0,0,1700000000001,64,131072,4000,20,100,50,50,1700000000000,'料金の未払い','電話は午後に',0,0);
CREATE TABLE user (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE COLLATE NOCASE,
	password_hash TEXT NOT NULL,
	service INTEGER NOT NULL DEFAULT 0,
	disabled INTEGER NOT NULL DEFAULT 0,
	created_ms INTEGER NOT NULL
);
INSERT INTO user VALUES(1,'taro','$argon2id$x',0,0,1);
CREATE TABLE membership (
	user_id INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	role INTEGER NOT NULL,
	PRIMARY KEY (user_id, customer_id)
) WITHOUT ROWID;
INSERT INTO membership VALUES(1,2,3);
CREATE TABLE token (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	user_id INTEGER REFERENCES user(id) ON DELETE SET NULL,
	name TEXT NOT NULL,
	hash BLOB NOT NULL UNIQUE,
	readonly INTEGER NOT NULL,
	service INTEGER NOT NULL DEFAULT 0,
	created_ms INTEGER NOT NULL,
	last_used_ms INTEGER NOT NULL DEFAULT 0,
	expires_ms INTEGER NOT NULL DEFAULT 0,
	UNIQUE (customer_id, name)
);
INSERT INTO token VALUES(1,2,1,'laptop',X'00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff',0,0,1,0,0);
CREATE TABLE session (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	user_id INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	hash BLOB NOT NULL UNIQUE,
	created_ms INTEGER NOT NULL,
	last_used_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL
, peer TEXT NOT NULL DEFAULT '', client TEXT NOT NULL DEFAULT '', proved_ms INTEGER NOT NULL DEFAULT 0);
INSERT INTO session VALUES(1,1,2,X'ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff',1,1,2,'192.0.2.7','Browser/1.0',1);
CREATE TABLE invitation (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	hash BLOB NOT NULL UNIQUE,
	user_name TEXT NOT NULL DEFAULT '',
	service INTEGER NOT NULL DEFAULT 0,
	role INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL,
	redeemed_ms INTEGER NOT NULL DEFAULT 0,
	redeemed_user_id INTEGER REFERENCES user(id) ON DELETE SET NULL
);
INSERT INTO invitation VALUES(1,1,X'ee112233445566778899aabbccddeeff00112233445566778899aabbccddeeff','',0,3,1,2,0,NULL);
CREATE TABLE location (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE,
	description TEXT NOT NULL DEFAULT '',
	country TEXT NOT NULL,
	city TEXT NOT NULL DEFAULT '',
	network_zone TEXT NOT NULL,
	latitude REAL NOT NULL DEFAULT 0,
	longitude REAL NOT NULL DEFAULT 0,
	created_ms INTEGER NOT NULL
);
INSERT INTO location VALUES(1,'local','','JP','','local',0.0,0.0,1);
CREATE TABLE server_type (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE,
	description TEXT NOT NULL DEFAULT '',
	cores INTEGER NOT NULL,
	memory_mib INTEGER NOT NULL,
	disk_gb INTEGER NOT NULL,
	storage INTEGER NOT NULL,
	currency TEXT NOT NULL,
	price_monthly_minor INTEGER NOT NULL,
	price_initial_minor INTEGER NOT NULL,
	dns_zones INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	deprecated_ms INTEGER NOT NULL DEFAULT 0
, traffic_bytes INTEGER NOT NULL DEFAULT 0, bandwidth_in INTEGER NOT NULL DEFAULT 0, bandwidth_out INTEGER NOT NULL DEFAULT 0);
INSERT INTO server_type VALUES(1,'1g','',2,1024,20,1,'JPY',1080,0,5,1,0,0,1000,100);
CREATE TABLE image (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER REFERENCES customer(id), -- NULL: of the service, for everybody
	type INTEGER NOT NULL,
	status INTEGER NOT NULL,
	name TEXT, -- NULL for snapshots and backups
	description TEXT NOT NULL DEFAULT '',
	os_flavor TEXT NOT NULL,
	os_version TEXT NOT NULL DEFAULT '',
	architecture TEXT NOT NULL,
	default_user TEXT NOT NULL DEFAULT '',
	file_bytes INTEGER NOT NULL DEFAULT 0,
	virtual_bytes INTEGER NOT NULL DEFAULT 0,
	checksum BLOB,
	protect_delete INTEGER NOT NULL DEFAULT 0,
	created_ms INTEGER NOT NULL,
	deprecated_ms INTEGER NOT NULL DEFAULT 0,
	labels TEXT NOT NULL DEFAULT '' -- "a=b,c=": see label_format()
, built_ms INTEGER NOT NULL DEFAULT 0, told_ms INTEGER NOT NULL DEFAULT 0, from_server_id INTEGER NOT NULL DEFAULT 0, from_server_name TEXT NOT NULL DEFAULT '', bound_to INTEGER NOT NULL DEFAULT 0);
INSERT INTO image VALUES(1,NULL,1,2,'debian-12','','debian','','x86','',0,0,NULL,0,1,0,'',1790000000000,0,0,'',0);
INSERT INTO image VALUES(2,1,3,2,NULL,'before the upgrade','debian','','x86','',0,0,NULL,0,1790000000000,0,'',0,0,1,'hajime',0);
INSERT INTO image VALUES(3,1,4,2,NULL,'hajime 2026-09-21','debian','','x86','',0,0,NULL,0,1790000100000,0,'',0,0,1,'hajime',1);
CREATE TABLE ssh_key (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	name TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	public_key TEXT NOT NULL,
	created_ms INTEGER NOT NULL,
	labels TEXT NOT NULL DEFAULT '',
	UNIQUE (customer_id, name),
	UNIQUE (customer_id, fingerprint)
);
INSERT INTO ssh_key VALUES(1,1,'k','aa:bb','ssh-ed25519 AAAA',1,'a=b');
CREATE TABLE server (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	version INTEGER NOT NULL DEFAULT 1, -- kept by triggers
	uuid BLOB NOT NULL UNIQUE,
	customer_id INTEGER NOT NULL REFERENCES customer(id),
	name TEXT NOT NULL COLLATE NOCASE, -- host names do not tell case apart
	status INTEGER NOT NULL,
	desired INTEGER NOT NULL,
	locked_action_id INTEGER NOT NULL DEFAULT 0,
	server_type_id INTEGER NOT NULL REFERENCES server_type(id),
	image_id INTEGER REFERENCES image(id),
	location_id INTEGER NOT NULL REFERENCES location(id),
	host TEXT NOT NULL,
	volume_generation INTEGER NOT NULL,
	disk_gb INTEGER NOT NULL,
	mac BLOB NOT NULL UNIQUE,
	user TEXT NOT NULL,
	protect_delete INTEGER NOT NULL DEFAULT 0,
	protect_rebuild INTEGER NOT NULL DEFAULT 0,
	seed INTEGER NOT NULL DEFAULT 0,
	first_boot_done INTEGER NOT NULL DEFAULT 0,
	created_ms INTEGER NOT NULL,
	first_started_ms INTEGER NOT NULL DEFAULT 0,
	labels TEXT NOT NULL DEFAULT '', host_keys TEXT NOT NULL DEFAULT '', inbound INTEGER NOT NULL DEFAULT 2, first_step_passed INTEGER NOT NULL DEFAULT 0, first_step_known INTEGER NOT NULL DEFAULT 0, ssh_port INTEGER NOT NULL DEFAULT 22, rescue_armed INTEGER NOT NULL DEFAULT 0, rescue_running INTEGER NOT NULL DEFAULT 0, rescue_keys TEXT NOT NULL DEFAULT '', rescue_host_keys TEXT NOT NULL DEFAULT '', agent_off INTEGER NOT NULL DEFAULT 0, updates INTEGER NOT NULL DEFAULT 0, backup_window INTEGER NOT NULL DEFAULT 0, backup_percent INTEGER NOT NULL DEFAULT 0, backup_due_ms INTEGER NOT NULL DEFAULT 0, -- what server_label holds, ready to read
	UNIQUE (customer_id, name)
);
INSERT INTO server VALUES(1,17,X'00112233445566778899aabbccddeeff',1,'hajime',2,1,0,1,1,1,'local',1,20,X'020000000001','debian',0,0,0,0,1,0,'env=prod',replace('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILlprTpMuRDRaN+UeaQhEQmslPKf71cbR+tHVWxmtJGu SHA256:540nOBy028iBJBkgt2Cg/e4xOc0lduvt3KQLIu6leDY\n','\n',char(10)),1,1,2,22,1,0,replace('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFnqaxA+x7iujyZxTweKqmu7lf+4JjDtZgccs5d+8+IC\n','\n',char(10)),'',1,2,6,20,1790000200000);
CREATE TABLE server_label (
	customer_id INTEGER NOT NULL,
	key TEXT NOT NULL,
	value TEXT NOT NULL,
	server_id INTEGER NOT NULL REFERENCES server(id) ON DELETE CASCADE,
	PRIMARY KEY (customer_id, key, value, server_id)
) WITHOUT ROWID;
INSERT INTO server_label VALUES(1,'env','prod',1);
CREATE TABLE server_key (
	server_id INTEGER PRIMARY KEY REFERENCES server(id) ON DELETE CASCADE,
	authorized_keys TEXT NOT NULL
);
INSERT INTO server_key VALUES(1,'ssh-ed25519 AAAA');
CREATE TABLE server_seed (
	server_id INTEGER PRIMARY KEY REFERENCES server(id) ON DELETE CASCADE,
	user_data BLOB,
	password_hash TEXT,
	created_ms INTEGER NOT NULL
, ssh_port INTEGER NOT NULL DEFAULT 0, open_ports TEXT NOT NULL DEFAULT '', log_days INTEGER NOT NULL DEFAULT 0, updates INTEGER NOT NULL DEFAULT 0, user TEXT NOT NULL DEFAULT '', authorized_keys TEXT NOT NULL DEFAULT '');
INSERT INTO server_seed VALUES(1,X'23','x',1,0,'',0,0,'','');
CREATE TABLE address_pool (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE,
	location_id INTEGER NOT NULL REFERENCES location(id),
	family INTEGER NOT NULL,
	prefix TEXT NOT NULL UNIQUE,
	used INTEGER NOT NULL DEFAULT 0, -- kept by triggers
	next INTEGER NOT NULL DEFAULT 0, -- every position below is in use or in address_free
	created_ms INTEGER NOT NULL
);
INSERT INTO address_pool VALUES(1,'v4',1,4,'10.78.0.0/24',2,1,1);
CREATE TABLE address_free (
	pool_id INTEGER NOT NULL REFERENCES address_pool(id) ON DELETE CASCADE,
	position INTEGER NOT NULL,
	PRIMARY KEY (pool_id, position)
) WITHOUT ROWID;
CREATE TABLE action (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	command INTEGER NOT NULL,
	status INTEGER NOT NULL,
	progress INTEGER NOT NULL DEFAULT 0,
	started_ms INTEGER NOT NULL,
	finished_ms INTEGER NOT NULL DEFAULT 0,
	undoing INTEGER NOT NULL DEFAULT 0,
	error_code TEXT NOT NULL DEFAULT '',
	error_text TEXT NOT NULL DEFAULT '',
	server_id INTEGER NOT NULL DEFAULT 0,
	customer_id INTEGER NOT NULL,
	user_id INTEGER NOT NULL DEFAULT 0,
	params TEXT
);
INSERT INTO "action" VALUES(1,2,1,0,1,0,0,'','',1,1,0,NULL);
CREATE TABLE action_step (
	action_id INTEGER NOT NULL REFERENCES action(id) ON DELETE CASCADE,
	number INTEGER NOT NULL,
	name TEXT NOT NULL,
	started_ms INTEGER NOT NULL DEFAULT 0,
	finished_ms INTEGER NOT NULL DEFAULT 0,
	result INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (action_id, number)
) WITHOUT ROWID;
INSERT INTO action_step VALUES(1,0,'start',1,0,1);
CREATE TABLE action_resource (
	action_id INTEGER NOT NULL REFERENCES action(id) ON DELETE CASCADE,
	number INTEGER NOT NULL,
	type INTEGER NOT NULL,
	resource_id INTEGER NOT NULL,
	PRIMARY KEY (action_id, number)
) WITHOUT ROWID;
INSERT INTO action_resource VALUES(1,0,1,1);
CREATE TABLE setting (
	key TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO setting VALUES('k','v');
CREATE TABLE console (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL,
	server_id INTEGER NOT NULL,
	server_name TEXT NOT NULL,
	kind INTEGER NOT NULL,
	mode INTEGER NOT NULL,
	via INTEGER NOT NULL,
	user_id INTEGER NOT NULL DEFAULT 0,
	token_id INTEGER NOT NULL DEFAULT 0,
	name TEXT NOT NULL, -- of the user or token
	peer TEXT NOT NULL,
	opened_ms INTEGER NOT NULL,
	closed_ms INTEGER NOT NULL DEFAULT 0,
	code INTEGER NOT NULL DEFAULT 0,
	reason TEXT NOT NULL DEFAULT '',
	bytes_in INTEGER NOT NULL DEFAULT 0, -- to the guest
	bytes_out INTEGER NOT NULL DEFAULT 0
);
INSERT INTO console VALUES(1,1,1,'hajime',1,2,1,1,0,'hanako','192.0.2.7',1700000000000,1700000060000,1000,'',12,3456);
INSERT INTO console VALUES(2,1,1,'hajime',2,1,2,0,1,'laptop','192.0.2.7',1700000001000,0,0,'',0,0);
CREATE TABLE history (
	id INTEGER PRIMARY KEY, -- without a gap
	time_ms INTEGER NOT NULL,
	customer_id INTEGER NOT NULL, -- 0: of the service
	actor INTEGER NOT NULL,
	actor_id INTEGER NOT NULL,
	actor_name TEXT NOT NULL,
	operator INTEGER NOT NULL,
	peer TEXT NOT NULL,
	what TEXT NOT NULL,
	result INTEGER NOT NULL,
	error_code TEXT NOT NULL,
	resource_type TEXT NOT NULL,
	resource_id INTEGER NOT NULL,
	resource_name TEXT NOT NULL,
	action_id INTEGER NOT NULL,
	details TEXT NOT NULL,
	hash BLOB NOT NULL
);
INSERT INTO history VALUES(2,1700000000002,1,1,1,'hanako',0,'192.0.2.7','server.create',1,'','server',1,'hajime',1,'',X'd46ccc4f0cc28e4bc548284934fce92c465d20cb8950b3b3200584958fc75991');
INSERT INTO history VALUES(3,1700000000003,1,1,1,'hanako',0,'192.0.2.7','server.create',2,'','server',1,'hajime',1,'',X'5ff7e49851441668493d047b66f1ad21d8c4b376c756dfa4f66616e2523ad04c');
CREATE TABLE history_chain (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	anchor_id INTEGER NOT NULL,
	anchor_hash BLOB NOT NULL,
	head_id INTEGER NOT NULL,
	head_hash BLOB NOT NULL
);
INSERT INTO history_chain VALUES(1,1,X'ca61b2706406e86f63913ffef8433e12237995c94018c1f24c5a2921d8a08f46',3,X'5ff7e49851441668493d047b66f1ad21d8c4b376c756dfa4f66616e2523ad04c');
CREATE TABLE password_reset (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	user_id INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,
	hash BLOB NOT NULL UNIQUE,
	created_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL
);
INSERT INTO password_reset VALUES(1,1,X'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',1,2);
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
INSERT INTO notice VALUES(1,2,1,'回線の保守','Network maintenance','短い切断があります。','Short interruptions.',1700003600000,1700007200000,1700000000000,1700000000000,0,0);
CREATE TABLE notice_read (
	user_id INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,
	notice_id INTEGER NOT NULL REFERENCES notice(id) ON DELETE CASCADE,
	PRIMARY KEY (user_id, notice_id)
) WITHOUT ROWID;
INSERT INTO notice_read VALUES(1,1);
CREATE TABLE contact_thread (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	subject TEXT NOT NULL,
	state INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	updated_ms INTEGER NOT NULL
);
INSERT INTO contact_thread VALUES(1,2,'接続できません',1,1700000000000,1700000000000);
CREATE TABLE contact_message (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	thread_id INTEGER NOT NULL REFERENCES contact_thread(id) ON DELETE CASCADE,
	author TEXT NOT NULL,
	by_operator INTEGER NOT NULL,
	text TEXT NOT NULL,
	created_ms INTEGER NOT NULL
);
INSERT INTO contact_message VALUES(1,1,'taro',0,replace('SSHで接続できません。\n助けてください。','\n',char(10)),1700000000000);
CREATE TABLE second_step (
	user_id INTEGER PRIMARY KEY REFERENCES user(id) ON DELETE CASCADE,
	secret BLOB NOT NULL,
	used_step INTEGER NOT NULL DEFAULT 0, -- codes of this time step and earlier ones are used up
	wrong INTEGER NOT NULL DEFAULT 0, -- codes since the last right one
	wrong_ms INTEGER NOT NULL DEFAULT 0, -- the last of them
	created_ms INTEGER NOT NULL,
	confirmed_ms INTEGER NOT NULL DEFAULT 0 -- 0: not yet, nobody is asked for a code
);
INSERT INTO second_step VALUES(1,X'0123456789abcdef0123456789abcdef01234567',56666666,2,1700000000000,1,2);
CREATE TABLE recovery_code (
	user_id INTEGER NOT NULL REFERENCES second_step(user_id) ON DELETE CASCADE,
	hash BLOB NOT NULL,
	PRIMARY KEY (user_id, hash)
) WITHOUT ROWID;
INSERT INTO recovery_code VALUES(1,X'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef');
CREATE TABLE outbox (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	kind INTEGER NOT NULL,
	customer_id INTEGER REFERENCES customer(id) ON DELETE CASCADE, -- NULL: the service's own
	recipient TEXT NOT NULL, -- a mail address or a URL
	subject TEXT NOT NULL,
	body TEXT, -- NULL when it is over: links in mails are secrets
	secret TEXT NOT NULL DEFAULT '', -- what a webhook is signed with
	created_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL DEFAULT 0, -- 0: always of use
	attempts INTEGER NOT NULL DEFAULT 0,
	next_ms INTEGER NOT NULL,
	state INTEGER NOT NULL,
	changed_ms INTEGER NOT NULL,
	error TEXT NOT NULL DEFAULT ''
);
INSERT INTO outbox VALUES(1,2,2,'https://example.com/hook','server.poweron','{}','0123456789abcdef',1,0,0,1,1,1,'');
INSERT INTO outbox VALUES(2,1,NULL,'hanako@example.com','題',NULL,'',1,0,2,1,3,2,'no such mailbox');
CREATE TABLE user_mail (
	user_id INTEGER PRIMARY KEY REFERENCES user(id) ON DELETE CASCADE,
	address TEXT NOT NULL DEFAULT '', -- confirmed; empty: none
	wanted TEXT NOT NULL DEFAULT '', -- waits to be confirmed
	hash BLOB UNIQUE, -- of the key in the link that confirms it
	expires_ms INTEGER NOT NULL DEFAULT 0, -- of that link
	language TEXT NOT NULL, -- of what they are written: ja or en
	changed_ms INTEGER NOT NULL
);
INSERT INTO user_mail VALUES(1,'hanako@example.com','new@example.com',X'ee112233445566778899aabbccddeeff00112233445566778899aabbccddeeff',9,'ja',2);
CREATE TABLE alert_rule (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	server_id INTEGER REFERENCES server(id) ON DELETE CASCADE, -- NULL: by selector
	selector TEXT NOT NULL DEFAULT '', -- '' without a server: every one of the account
	kind INTEGER NOT NULL,
	metric INTEGER NOT NULL DEFAULT 0,
	comparison INTEGER NOT NULL DEFAULT 0,
	threshold INTEGER NOT NULL DEFAULT 0,
	minutes INTEGER NOT NULL DEFAULT 0,
	mail INTEGER NOT NULL DEFAULT 0, -- to the account's members
	webhook TEXT NOT NULL DEFAULT '', -- a URL; '': none
	secret TEXT NOT NULL DEFAULT '', -- that what is sent there is signed with
	created_ms INTEGER NOT NULL
);
INSERT INTO alert_rule VALUES(1,1,1,'',1,1,1,80,5,1,'https://example.com/hook','0123456789abcdef',1);
INSERT INTO alert_rule VALUES(2,2,NULL,'env=prod',2,0,0,0,0,0,'','',1);
CREATE TABLE alert (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	rule_id INTEGER NOT NULL,
	server_id INTEGER NOT NULL,
	server_name TEXT NOT NULL,
	kind INTEGER NOT NULL,
	metric INTEGER NOT NULL,
	comparison INTEGER NOT NULL,
	threshold INTEGER NOT NULL,
	minutes INTEGER NOT NULL,
	value INTEGER NOT NULL, -- that opened it; -1: none
	opened_ms INTEGER NOT NULL,
	ended_ms INTEGER NOT NULL DEFAULT 0, -- 0: it is open
	reason INTEGER NOT NULL DEFAULT 0
);
INSERT INTO alert VALUES(1,1,1,1,'hajime',1,1,1,80,5,97,1,0,0);
INSERT INTO alert VALUES(2,1,9,1,'hajime',3,0,0,0,0,-1,1,2,1);
CREATE TABLE alert_scope (
	version INTEGER NOT NULL
);
INSERT INTO alert_scope VALUES(3);
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
INSERT INTO passkey VALUES(1,1,X'0102030405060708090a0b0c0d0e0f10','laptop',-7,X'6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',3,1790000000000,1790000001000);
CREATE TABLE suspended_server (
	server_id INTEGER PRIMARY KEY REFERENCES server(id) ON DELETE CASCADE
);
INSERT INTO suspended_server VALUES(1);
CREATE TABLE first_step (
	server_id INTEGER PRIMARY KEY REFERENCES server(id) ON DELETE CASCADE,
	why INTEGER NOT NULL, -- that the edge is as it is
	changed_ms INTEGER NOT NULL, -- since when
	since_ms INTEGER NOT NULL, -- evidence older than this is of another system
	can_report INTEGER NOT NULL DEFAULT 0, -- 1: it has reported; 2: it said that it cannot
	reported_ms INTEGER NOT NULL DEFAULT 0,
	probed_ms INTEGER NOT NULL DEFAULT 0,
	stale_ms INTEGER NOT NULL DEFAULT 0, -- when a verdict changes by age alone; 0: never
	program TEXT NOT NULL DEFAULT '',
	os TEXT NOT NULL DEFAULT '',
	ssh_port INTEGER NOT NULL DEFAULT 22,
	open_ports TEXT NOT NULL DEFAULT '' -- of TCP, beside SSH's: "80 443"
);
INSERT INTO first_step VALUES(1,1,1700000000000,1700000000000,1,1700000100000,1700000200000,1700129700000,'firststep 0.1.0','Debian GNU/Linux 12 (bookworm)',22,'80 8000-8010');
CREATE TABLE first_step_item (
	server_id INTEGER NOT NULL REFERENCES server(id) ON DELETE CASCADE,
	item INTEGER NOT NULL,
	verdict INTEGER NOT NULL DEFAULT 0,
	verdict_ms INTEGER NOT NULL DEFAULT 0, -- since when
	inside INTEGER NOT NULL DEFAULT 0,
	inside_reason TEXT NOT NULL DEFAULT '',
	inside_evidence TEXT NOT NULL DEFAULT '',
	inside_ms INTEGER NOT NULL DEFAULT 0,
	outside INTEGER NOT NULL DEFAULT 0,
	outside_reason TEXT NOT NULL DEFAULT '',
	outside_evidence TEXT NOT NULL DEFAULT '',
	outside_ms INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (server_id, item)
) WITHOUT ROWID;
INSERT INTO first_step_item VALUES(1,3,1,1700000200000,1,'ok','[{"source":"sshd -T","text":"permitrootlogin no"}]',1700000100000,1,'ok','[{"source":"SSH, 22/tcp","text":"root was refused"}]',1700000200000);
CREATE TABLE first_step_change (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	server_id INTEGER NOT NULL REFERENCES server(id) ON DELETE CASCADE,
	item INTEGER NOT NULL,
	verdict INTEGER NOT NULL,
	inside INTEGER NOT NULL,
	outside INTEGER NOT NULL,
	time_ms INTEGER NOT NULL
);
INSERT INTO first_step_change VALUES(1,1,3,1,1,1,1700000200000);
CREATE TABLE zone (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	name TEXT NOT NULL UNIQUE, -- as DNS has it
	shown TEXT NOT NULL, -- as it was typed
	ttl INTEGER NOT NULL,
	labels TEXT NOT NULL DEFAULT '',
	protected INTEGER NOT NULL DEFAULT 0,
	dnssec INTEGER NOT NULL DEFAULT 0,
	created_ms INTEGER NOT NULL,
	version INTEGER NOT NULL DEFAULT 0,
	applied INTEGER NOT NULL DEFAULT 0, -- the version that the name server has
	serial INTEGER NOT NULL DEFAULT 0, -- that it gave to it
	ds TEXT NOT NULL DEFAULT '', -- what the zone above has to have, a line each
	record_count INTEGER NOT NULL DEFAULT 0, -- kept by triggers, as the next
	bytes INTEGER NOT NULL DEFAULT 0,
	error TEXT NOT NULL DEFAULT '' -- why the name server does not take it
, parent_ds INTEGER NOT NULL DEFAULT 0, parent_ms INTEGER NOT NULL DEFAULT 0, proof INTEGER NOT NULL DEFAULT 0, proof_ms INTEGER NOT NULL DEFAULT 0, proof_until_ms INTEGER NOT NULL DEFAULT 0, proof_why TEXT NOT NULL DEFAULT '', secondary INTEGER NOT NULL DEFAULT 0, contents INTEGER NOT NULL DEFAULT 0, expires_ms INTEGER NOT NULL DEFAULT 0, fetched_ms INTEGER NOT NULL DEFAULT 0, transferred_ms INTEGER NOT NULL DEFAULT 0, key_roll INTEGER NOT NULL DEFAULT 0, key_roll_ms INTEGER NOT NULL DEFAULT 0, ds_before TEXT NOT NULL DEFAULT '', keys_ms INTEGER NOT NULL DEFAULT 0);
INSERT INTO zone VALUES(1,1,'example.com','example.com',3600,'a=b',1,1,1700000000000,2,1,1700000000,'1 13 2 00',2,32,'why',0,0,2,1,2,'the TXT record was not found',0,0,0,0,0,3,1790000000000,replace('11889 13 2 DF36\n','\n',char(10)),1790000000000);
INSERT INTO zone VALUES(2,1,'fetched.example','fetched.example',3600,'',0,0,1700000000000,1,1,2024010101,'',0,0,'',0,0,0,0,0,'',1,1,1700001000000,1700000500000,1700000400000,0,0,'',0);
CREATE TABLE rrset (
	zone_id INTEGER NOT NULL REFERENCES zone(id) ON DELETE CASCADE,
	name TEXT NOT NULL, -- below the zone; '@' is the zone itself
	type INTEGER NOT NULL,
	ttl INTEGER NOT NULL, -- 0: the zone's
	labels TEXT NOT NULL DEFAULT '',
	protected INTEGER NOT NULL DEFAULT 0,
	record_count INTEGER NOT NULL,
	records TEXT NOT NULL, -- value, tab, comment, a line each
	PRIMARY KEY (zone_id, name, type)
) WITHOUT ROWID;
INSERT INTO rrset VALUES(1,'@',2,0,'',0,1,replace('ns1.example.net.	\n','\n',char(10)));
INSERT INTO rrset VALUES(1,'www',1,300,'k=v',1,1,replace('192.0.2.1	web\n','\n',char(10)));
CREATE TABLE zone_version (
	zone_id INTEGER NOT NULL REFERENCES zone(id) ON DELETE CASCADE,
	version INTEGER NOT NULL,
	time_ms INTEGER NOT NULL,
	who TEXT NOT NULL,
	PRIMARY KEY (zone_id, version)
) WITHOUT ROWID;
INSERT INTO zone_version VALUES(1,1,1700000000000,'maker');
INSERT INTO zone_version VALUES(1,2,1700000001000,'maker');
CREATE TABLE zone_change (
	zone_id INTEGER NOT NULL,
	version INTEGER NOT NULL,
	name TEXT NOT NULL, -- '' with type 0: the zone's TTL
	type INTEGER NOT NULL,
	ttl_before INTEGER NOT NULL,
	before TEXT, -- NULL: there was none
	ttl_after INTEGER NOT NULL,
	after TEXT,
	PRIMARY KEY (zone_id, version, name, type),
	FOREIGN KEY (zone_id, version) REFERENCES zone_version(zone_id, version) ON DELETE CASCADE
) WITHOUT ROWID;
INSERT INTO zone_change VALUES(1,2,'www',1,0,NULL,300,replace('192.0.2.1	web\n','\n',char(10)));
CREATE TABLE zone_removal (
	name TEXT PRIMARY KEY
) WITHOUT ROWID;
INSERT INTO zone_removal VALUES('gone.example');
CREATE TABLE zone_permit (
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	name TEXT NOT NULL,
	PRIMARY KEY (customer_id, name)
) WITHOUT ROWID;
INSERT INTO zone_permit VALUES(1,'sub.example.org');
CREATE TABLE name_server (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE,
	address TEXT NOT NULL,
	port INTEGER NOT NULL,
	secret TEXT NOT NULL, -- of its TSIG key, base64
	created_ms INTEGER NOT NULL
);
INSERT INTO name_server VALUES(1,'ns2.example.net','192.0.2.53',53,'AAAA',1700000000000);
CREATE TABLE firewall (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	name TEXT NOT NULL,
	rules TEXT NOT NULL DEFAULT '', -- a line each: see firewall_rules_format()
	labels TEXT NOT NULL DEFAULT '',
	created_ms INTEGER NOT NULL,
	UNIQUE (customer_id, name)
);
INSERT INTO firewall VALUES(1,1,'web',replace('in tcp 22 0.0.0.0/0,::/0 SSH\nin tcp 80-443 0.0.0.0/0\n','\n',char(10)),'env=prod',1700000000000);
CREATE TABLE firewall_server (
	firewall_id INTEGER NOT NULL REFERENCES firewall(id) ON DELETE CASCADE,
	server_id INTEGER NOT NULL REFERENCES server(id) ON DELETE CASCADE,
	PRIMARY KEY (firewall_id, server_id)
) WITHOUT ROWID;
INSERT INTO firewall_server VALUES(1,1);
CREATE TABLE firewall_selector (
	firewall_id INTEGER NOT NULL REFERENCES firewall(id) ON DELETE CASCADE,
	selector TEXT NOT NULL,
	PRIMARY KEY (firewall_id, selector)
) WITHOUT ROWID;
INSERT INTO firewall_selector VALUES(1,'env=prod');
CREATE TABLE firewall_trial (
	firewall_id INTEGER PRIMARY KEY REFERENCES firewall(id) ON DELETE CASCADE,
	rules TEXT NOT NULL,
	scope TEXT NOT NULL, -- a line each: "server 7", "selector env=prod"
	address TEXT NOT NULL, -- whose way in it could cut off
	started_ms INTEGER NOT NULL,
	deadline_ms INTEGER NOT NULL
, in_force_ms INTEGER NOT NULL DEFAULT 0, confirm_from TEXT NOT NULL DEFAULT '');
INSERT INTO firewall_trial VALUES(1,replace('in tcp 22 0.0.0.0/0,::/0 SSH\n','\n',char(10)),replace('selector env=prod\n','\n',char(10)),'203.0.113.5',1700000000000,1700000060000,1700000000000,'203.0.113.77');
CREATE TABLE server_filter (
	server_id INTEGER PRIMARY KEY REFERENCES server(id) ON DELETE CASCADE,
	wanted INTEGER NOT NULL DEFAULT 1,
	applied INTEGER NOT NULL DEFAULT 0
);
INSERT INTO server_filter VALUES(1,5,2);
CREATE TABLE contact_attachment (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	message_id INTEGER REFERENCES contact_message(id) ON DELETE CASCADE,
	author TEXT NOT NULL,
	by_operator INTEGER NOT NULL,
	name TEXT NOT NULL,
	kind INTEGER NOT NULL,
	bytes INTEGER NOT NULL,
	received INTEGER NOT NULL,
	created_ms INTEGER NOT NULL
);
INSERT INTO contact_attachment VALUES(1,1,NULL,'hanako',0,'画面.png',1,3,3,1700000000000);
CREATE TABLE contact_piece (
	attachment_id INTEGER NOT NULL REFERENCES contact_attachment(id) ON DELETE CASCADE,
	at INTEGER NOT NULL,
	data BLOB NOT NULL,
	PRIMARY KEY (attachment_id, at)
);
INSERT INTO contact_piece VALUES(1,0,X'89504e');
CREATE TABLE reverse_zone (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	pool_id INTEGER NOT NULL REFERENCES address_pool(id) ON DELETE CASCADE,
	name TEXT NOT NULL UNIQUE, -- as DNS has it
	prefix TEXT NOT NULL, -- of the addresses it names
	version INTEGER NOT NULL DEFAULT 1,
	applied INTEGER NOT NULL DEFAULT 0, -- the version that the name server has
	serial INTEGER NOT NULL DEFAULT 0, -- that it gave to it
	error TEXT NOT NULL DEFAULT '' -- why the name server does not take it
);
INSERT INTO reverse_zone VALUES(1,1,'0.78.10.in-addr.arpa','10.78.0.0/24',1,0,0,'');
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
, snapshot_limit INTEGER NOT NULL DEFAULT 20);
INSERT INTO default_quota VALUES(1,5,64,131072,4000,20,100,50,0,20);
CREATE TABLE address (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	pool_id INTEGER NOT NULL REFERENCES address_pool(id),
	position INTEGER NOT NULL,
	family INTEGER NOT NULL,
	ip TEXT NOT NULL UNIQUE, -- 203.0.113.7, or 2001:db8:1::/64
	kind INTEGER NOT NULL, -- 1 primary, 2 floating
	customer_id INTEGER NOT NULL REFERENCES customer(id),
	server_id INTEGER REFERENCES server(id) ON DELETE SET NULL, -- NULL: of none now
	moves INTEGER NOT NULL DEFAULT 0, -- how often it was given to a server
	left_server_id INTEGER NOT NULL DEFAULT 0, -- that the host still takes for its server, maybe
	name TEXT NOT NULL DEFAULT '',
	description TEXT NOT NULL DEFAULT '',
	labels TEXT NOT NULL DEFAULT '',
	protect_delete INTEGER NOT NULL DEFAULT 0,
	auto_delete INTEGER NOT NULL DEFAULT 0, -- with its server
	created_ms INTEGER NOT NULL,
	UNIQUE (pool_id, position)
);
INSERT INTO address VALUES(1,1,0,4,'10.78.0.2',1,1,1,0,0,'primary_ip-1','','',0,1,1);
INSERT INTO address VALUES(2,1,40,4,'10.78.0.42',2,1,1,0,0,'web','of the shop','env=prod',0,0,1);
CREATE TABLE dns_ptr (
	address_id INTEGER NOT NULL REFERENCES address(id) ON DELETE CASCADE,
	ip TEXT NOT NULL,
	name TEXT NOT NULL,
	reverse_zone_id INTEGER REFERENCES reverse_zone(id) ON DELETE SET NULL,
	PRIMARY KEY (address_id, ip)
) WITHOUT ROWID;
INSERT INTO dns_ptr VALUES(1,'10.78.0.2','www.example.org',NULL);
INSERT INTO dns_ptr VALUES(2,'10.78.0.42','www2.example.org',NULL);
CREATE TABLE server_traffic (
	server_id INTEGER NOT NULL REFERENCES server(id) ON DELETE CASCADE,
	month INTEGER NOT NULL, -- 202611
	in_bytes INTEGER NOT NULL DEFAULT 0,
	out_bytes INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (server_id, month)
) WITHOUT ROWID;
INSERT INTO server_traffic VALUES(1,202611,1000,2000);
CREATE TABLE server_counter (
	server_id INTEGER PRIMARY KEY REFERENCES server(id) ON DELETE CASCADE,
	epoch INTEGER NOT NULL, -- of the host's counters
	in_bytes INTEGER NOT NULL,
	out_bytes INTEGER NOT NULL
);
INSERT INTO server_counter VALUES(1,7,500,900);
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
INSERT INTO image_updates VALUES(1,replace('Built: 2026-09-21T14:13:20Z\nCodename: bookworm\n\nPackage: adduser\nStatus: install ok installed\nVersion: 3.134\n','\n',char(10)),1790086400000,1790000000000,3,1,0,0,'');
CREATE TABLE zone_token (
	customer_id INTEGER PRIMARY KEY REFERENCES customer(id) ON DELETE CASCADE,
	token TEXT NOT NULL
);
INSERT INTO zone_token VALUES(1,'00112233445566778899aabbccddeeff');
CREATE TABLE name_given (
	name TEXT PRIMARY KEY
) WITHOUT ROWID;
INSERT INTO name_given VALUES('ns1.example.net');
INSERT INTO name_given VALUES('ns2.example.net');
CREATE TABLE firewall_trial_server (
	firewall_id INTEGER NOT NULL REFERENCES firewall_trial(firewall_id) ON DELETE CASCADE,
	server_id INTEGER NOT NULL REFERENCES server(id) ON DELETE CASCADE,
	PRIMARY KEY (firewall_id, server_id)
) WITHOUT ROWID;
INSERT INTO firewall_trial_server VALUES(1,1);
CREATE TABLE network (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	name TEXT NOT NULL,
	ip_range TEXT NOT NULL, -- 10.0.0.0/16
	labels TEXT NOT NULL DEFAULT '',
	protect_delete INTEGER NOT NULL DEFAULT 0,
	created_ms INTEGER NOT NULL,
	UNIQUE (customer_id, name)
);
INSERT INTO network VALUES(1,1,'inside','10.0.0.0/16','',0,1700000000000);
CREATE TABLE network_subnet (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	network_id INTEGER NOT NULL REFERENCES network(id) ON DELETE CASCADE,
	type INTEGER NOT NULL, -- 1 cloud, 2 server
	zone TEXT NOT NULL,
	ip_range TEXT NOT NULL,
	UNIQUE (network_id, ip_range)
);
INSERT INTO network_subnet VALUES(1,1,1,'local','10.0.1.0/24');
CREATE TABLE network_port (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	network_id INTEGER NOT NULL REFERENCES network(id),
	server_id INTEGER NOT NULL REFERENCES server(id) ON DELETE CASCADE,
	mac BLOB NOT NULL UNIQUE,
	leaving INTEGER NOT NULL DEFAULT 0, -- the host shall have it no more
	created_ms INTEGER NOT NULL,
	UNIQUE (network_id, server_id)
);
INSERT INTO network_port VALUES(1,1,1,X'020000000005',0,1700000000001);
CREATE TABLE network_address (
	network_id INTEGER NOT NULL REFERENCES network(id),
	ip TEXT NOT NULL, -- 10.0.1.2
	port_id INTEGER NOT NULL REFERENCES network_port(id) ON DELETE CASCADE,
	position INTEGER NOT NULL, -- 0: the port's own; beyond: aliases
	PRIMARY KEY (network_id, ip),
	UNIQUE (port_id, position)
) WITHOUT ROWID;
INSERT INTO network_address VALUES(1,'10.0.1.2',1,0);
INSERT INTO network_address VALUES(1,'10.0.1.9',1,1);
CREATE TABLE contract (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer(id) ON DELETE CASCADE,
	server_id INTEGER NOT NULL,
	server_name TEXT NOT NULL,
	plan TEXT NOT NULL,
	currency TEXT NOT NULL,
	monthly_minor INTEGER NOT NULL,
	initial_minor INTEGER NOT NULL,
	before_minor INTEGER NOT NULL DEFAULT 0, -- a month's price until then, in the same currency
	reason INTEGER NOT NULL, -- enum contract_reason
	anchor_ms INTEGER NOT NULL,
	from_ms INTEGER NOT NULL,
	until_ms INTEGER NOT NULL DEFAULT 0 -- 0: it is so still
);
INSERT INTO contract VALUES(1,1,1,'hajime','1g','JPY',980,0,0,1,1,1,1795800283932);
INSERT INTO contract VALUES(2,1,1,'hajime','1g','JPY',1080,0,980,3,1,1795800283932,1795814463242);
INSERT INTO contract VALUES(3,1,900,'gone','1g','JPY',980,0,0,1,1700000000000,1700000000000,1700000100000);
INSERT INTO contract VALUES(4,1,1,'hajime','1g','JPY',1296,0,1080,5,1,1795814463242,0);
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
INSERT INTO server_kept_disk VALUES(1,0,1,20,'alice','ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEmYjY1l0ZWtlZXB0ZGlza2tlcHRkaXNra2VwdGRpc2s= kept',2222,1,'',1700000500000,1700605300000);
CREATE TABLE zone_primary (
	zone_id INTEGER NOT NULL REFERENCES zone(id) ON DELETE CASCADE,
	position INTEGER NOT NULL,
	address TEXT NOT NULL,
	port INTEGER NOT NULL,
	tsig_algorithm TEXT NOT NULL, -- '': without a key
	tsig_key TEXT NOT NULL, -- base64
	PRIMARY KEY (zone_id, position)
) WITHOUT ROWID;
INSERT INTO zone_primary VALUES(2,0,'9.9.9.9',53,'hmac-sha256','AAECAwQFBgcICQoLDA0ODw==');
INSERT INTO zone_primary VALUES(2,1,'2620:fe::fe',5353,'','');
CREATE TABLE zone_key (
	zone_id INTEGER PRIMARY KEY REFERENCES zone(id) ON DELETE CASCADE,
	seen TEXT NOT NULL, -- its DNSKEY and CDS records then
	keys BLOB NOT NULL -- files as Knot copies them (dns/key_files.h): private keys
);
INSERT INTO zone_key VALUES(1,replace('257 3 13 bkDL\n','\n',char(10)),X'00010203');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('customer',2);
INSERT INTO sqlite_sequence VALUES('user',1);
INSERT INTO sqlite_sequence VALUES('token',1);
INSERT INTO sqlite_sequence VALUES('session',1);
INSERT INTO sqlite_sequence VALUES('invitation',1);
INSERT INTO sqlite_sequence VALUES('location',1);
INSERT INTO sqlite_sequence VALUES('server_type',1);
INSERT INTO sqlite_sequence VALUES('image',3);
INSERT INTO sqlite_sequence VALUES('ssh_key',1);
INSERT INTO sqlite_sequence VALUES('server',1);
INSERT INTO sqlite_sequence VALUES('address_pool',1);
INSERT INTO sqlite_sequence VALUES('action',1);
INSERT INTO sqlite_sequence VALUES('console',2);
INSERT INTO sqlite_sequence VALUES('password_reset',1);
INSERT INTO sqlite_sequence VALUES('notice',1);
INSERT INTO sqlite_sequence VALUES('contact_thread',1);
INSERT INTO sqlite_sequence VALUES('contact_message',1);
INSERT INTO sqlite_sequence VALUES('outbox',2);
INSERT INTO sqlite_sequence VALUES('alert_rule',2);
INSERT INTO sqlite_sequence VALUES('alert',2);
INSERT INTO sqlite_sequence VALUES('passkey',1);
INSERT INTO sqlite_sequence VALUES('first_step_change',1);
INSERT INTO sqlite_sequence VALUES('zone',2);
INSERT INTO sqlite_sequence VALUES('name_server',1);
INSERT INTO sqlite_sequence VALUES('firewall',1);
INSERT INTO sqlite_sequence VALUES('contact_attachment',1);
INSERT INTO sqlite_sequence VALUES('reverse_zone',1);
INSERT INTO sqlite_sequence VALUES('address',2);
INSERT INTO sqlite_sequence VALUES('network',1);
INSERT INTO sqlite_sequence VALUES('network_subnet',1);
INSERT INTO sqlite_sequence VALUES('network_port',1);
INSERT INTO sqlite_sequence VALUES('contract',4);
CREATE INDEX membership_customer ON membership(customer_id);
CREATE INDEX token_user ON token(user_id);
CREATE INDEX session_user ON session(user_id);
CREATE INDEX session_customer ON session(customer_id);
CREATE INDEX session_expires ON session(expires_ms);
CREATE INDEX invitation_customer ON invitation(customer_id);
CREATE INDEX invitation_user ON invitation(redeemed_user_id);
CREATE UNIQUE INDEX image_name ON image(ifnull(customer_id, 0), name);
CREATE INDEX image_customer ON image(customer_id);
CREATE INDEX server_customer ON server(customer_id, id);
CREATE INDEX server_created ON server(customer_id, created_ms);
CREATE INDEX server_status ON server(status);
CREATE INDEX server_server_type ON server(server_type_id);
CREATE INDEX server_image ON server(image_id);
CREATE INDEX server_location ON server(location_id);
CREATE UNIQUE INDEX server_label_server ON server_label(server_id, key, value);
CREATE INDEX address_pool_location ON address_pool(location_id, family);
CREATE INDEX action_customer ON action(customer_id, id);
CREATE INDEX action_server ON action(server_id, id);
CREATE INDEX action_running ON action(id) WHERE status = 1;
CREATE INDEX action_resource_resource ON action_resource(type, resource_id, action_id);
CREATE TRIGGER server_insert AFTER INSERT ON server BEGIN
	UPDATE customer SET server_count = server_count + 1 WHERE id = NEW.customer_id;
END;
CREATE TRIGGER server_delete AFTER DELETE ON server BEGIN
	UPDATE customer SET server_count = server_count - 1 WHERE id = OLD.customer_id;
END;
CREATE TRIGGER server_update AFTER UPDATE ON server WHEN NEW.version = OLD.version BEGIN
	UPDATE server SET version = OLD.version + 1 WHERE id = NEW.id;
END;
CREATE INDEX console_customer ON console(customer_id, id);
CREATE INDEX console_open ON console(id) WHERE closed_ms = 0;
CREATE INDEX history_customer ON history(customer_id);
CREATE INDEX history_what ON history(what);
CREATE INDEX history_group ON history(substr(what, 1, instr(what, '.') - 1));
CREATE INDEX history_actor ON history(actor_name);
CREATE INDEX history_time ON history(time_ms);
CREATE INDEX history_resource ON history(resource_type, resource_id);
CREATE INDEX history_action ON history(action_id) WHERE action_id > 0;
CREATE INDEX history_result ON history(result) WHERE result > 2;
CREATE TRIGGER history_insert BEFORE INSERT ON history
WHEN NEW.id IS NOT (SELECT head_id + 1 FROM history_chain) BEGIN
	SELECT RAISE(ABORT, 'the history is written at its end alone');
END;
CREATE TRIGGER history_update BEFORE UPDATE ON history BEGIN
	SELECT RAISE(ABORT, 'the history is not changed');
END;
CREATE TRIGGER history_delete BEFORE DELETE ON history
WHEN OLD.id > (SELECT anchor_id FROM history_chain) BEGIN
	SELECT RAISE(ABORT, 'the history is not deleted');
END;
CREATE TRIGGER history_chain_insert BEFORE INSERT ON history_chain BEGIN
	SELECT RAISE(ABORT, 'the history has one chain');
END;
CREATE TRIGGER history_chain_delete BEFORE DELETE ON history_chain BEGIN
	SELECT RAISE(ABORT, 'the history has one chain');
END;
CREATE TRIGGER history_chain_anchor BEFORE UPDATE ON history_chain
WHEN NEW.anchor_id < OLD.anchor_id OR
	(NEW.anchor_id = OLD.anchor_id AND NEW.anchor_hash IS NOT OLD.anchor_hash) OR
	(NEW.anchor_id > OLD.anchor_id AND
	NEW.anchor_hash IS NOT (SELECT hash FROM history WHERE id = NEW.anchor_id)) BEGIN
	SELECT RAISE(ABORT, 'the anchor of the history moves onto a line');
END;
CREATE TRIGGER history_chain_head BEFORE UPDATE ON history_chain
WHEN NEW.head_id < OLD.head_id OR
	(NEW.head_id = OLD.head_id AND NEW.head_hash IS NOT OLD.head_hash) OR
	(NEW.head_id > OLD.head_id AND
	NEW.head_hash IS NOT (SELECT hash FROM history WHERE id = NEW.head_id)) BEGIN
	SELECT RAISE(ABORT, 'the head of the history moves onto a line');
END;
CREATE INDEX password_reset_user ON password_reset(user_id);
CREATE INDEX notice_shown ON notice(withdrawn_ms, published_ms);
CREATE INDEX notice_read_notice ON notice_read(notice_id);
CREATE INDEX contact_thread_customer ON contact_thread(customer_id, updated_ms);
CREATE INDEX contact_thread_updated ON contact_thread(updated_ms);
CREATE INDEX contact_message_thread ON contact_message(thread_id);
CREATE INDEX contact_message_created ON contact_message(created_ms);
CREATE INDEX outbox_due ON outbox(next_ms) WHERE state = 1;
CREATE INDEX outbox_recipient ON outbox(recipient) WHERE state = 1;
CREATE INDEX outbox_changed ON outbox(changed_ms);
CREATE INDEX outbox_customer ON outbox(customer_id);
CREATE INDEX user_mail_address ON user_mail(address COLLATE NOCASE);
CREATE INDEX alert_rule_customer ON alert_rule(customer_id);
CREATE INDEX alert_rule_server ON alert_rule(server_id);
CREATE UNIQUE INDEX alert_open ON alert(rule_id, server_id) WHERE ended_ms = 0;
CREATE INDEX alert_customer ON alert(customer_id, id);
CREATE INDEX alert_customer_open ON alert(customer_id, id) WHERE ended_ms = 0;
CREATE INDEX alert_server_open ON alert(server_id) WHERE ended_ms = 0;
CREATE TRIGGER alert_rule_insert AFTER INSERT ON alert_rule BEGIN
	UPDATE alert_scope SET version = version + 1;
END;
CREATE TRIGGER alert_rule_update AFTER UPDATE ON alert_rule BEGIN
	UPDATE alert_scope SET version = version + 1;
END;
CREATE TRIGGER alert_rule_delete AFTER DELETE ON alert_rule BEGIN
	UPDATE alert_scope SET version = version + 1;
END;
CREATE TRIGGER alert_server_insert AFTER INSERT ON server WHEN EXISTS (SELECT 1 FROM alert_rule) BEGIN
	UPDATE alert_scope SET version = version + 1;
END;
CREATE TRIGGER alert_server_delete AFTER DELETE ON server WHEN EXISTS (SELECT 1 FROM alert_rule) BEGIN
	UPDATE alert_scope SET version = version + 1;
END;
CREATE TRIGGER alert_label_insert AFTER INSERT ON server_label WHEN EXISTS (SELECT 1 FROM alert_rule) BEGIN
	UPDATE alert_scope SET version = version + 1;
END;
CREATE TRIGGER alert_label_update AFTER UPDATE ON server_label WHEN EXISTS (SELECT 1 FROM alert_rule) BEGIN
	UPDATE alert_scope SET version = version + 1;
END;
CREATE TRIGGER alert_label_delete AFTER DELETE ON server_label WHEN EXISTS (SELECT 1 FROM alert_rule) BEGIN
	UPDATE alert_scope SET version = version + 1;
END;
CREATE INDEX passkey_user ON passkey(user_id);
CREATE TRIGGER server_hand_over AFTER UPDATE OF customer_id ON server WHEN NEW.customer_id <> OLD.customer_id BEGIN
	UPDATE customer SET server_count = server_count - 1 WHERE id = OLD.customer_id;
	UPDATE customer SET server_count = server_count + 1 WHERE id = NEW.customer_id;
	UPDATE alert_scope SET version = version + 1;
END;
CREATE INDEX server_closed ON server(id) WHERE inbound = 1;
CREATE INDEX first_step_probed ON first_step(probed_ms) WHERE probed_ms > 0;
CREATE INDEX first_step_stale ON first_step(stale_ms) WHERE stale_ms > 0;
CREATE INDEX first_step_change_server ON first_step_change(server_id, id);
CREATE INDEX zone_customer ON zone(customer_id, id);
CREATE INDEX zone_waiting ON zone(id) WHERE applied <> version;
CREATE TRIGGER rrset_insert AFTER INSERT ON rrset BEGIN
	UPDATE zone SET record_count = record_count + NEW.record_count, bytes = bytes + length(NEW.records)
		WHERE id = NEW.zone_id;
END;
CREATE TRIGGER rrset_update AFTER UPDATE ON rrset BEGIN
	UPDATE zone SET record_count = record_count - OLD.record_count + NEW.record_count,
		bytes = bytes - length(OLD.records) + length(NEW.records) WHERE id = NEW.zone_id;
END;
CREATE TRIGGER rrset_delete AFTER DELETE ON rrset BEGIN
	UPDATE zone SET record_count = record_count - OLD.record_count, bytes = bytes - length(OLD.records)
		WHERE id = OLD.zone_id;
END;
CREATE TRIGGER zone_delete AFTER DELETE ON zone BEGIN
	INSERT OR IGNORE INTO zone_removal(name) VALUES (OLD.name);
END;
CREATE INDEX firewall_server_server ON firewall_server(server_id);
CREATE INDEX firewall_trial_deadline ON firewall_trial(deadline_ms);
CREATE INDEX server_filter_pending ON server_filter(server_id) WHERE applied < wanted;
CREATE TRIGGER server_filter_insert AFTER INSERT ON server BEGIN
	INSERT INTO server_filter(server_id) VALUES (NEW.id);
END;
CREATE TRIGGER server_filter_update AFTER UPDATE ON server_filter BEGIN
	UPDATE server SET version = version + 1 WHERE id = NEW.server_id;
END;
CREATE TRIGGER server_filter_labels AFTER UPDATE OF labels ON server WHEN NEW.labels <> OLD.labels BEGIN
	UPDATE server_filter SET wanted = wanted + 1 WHERE server_id = NEW.id;
END;
CREATE TRIGGER server_filter_owner AFTER UPDATE OF customer_id ON server WHEN NEW.customer_id <> OLD.customer_id BEGIN
	UPDATE server_filter SET wanted = wanted + 1 WHERE server_id = NEW.id;
END;
CREATE TRIGGER server_filter_smtp AFTER UPDATE OF smtp_open ON customer WHEN NEW.smtp_open <> OLD.smtp_open BEGIN
	UPDATE server_filter SET wanted = wanted + 1
		WHERE server_id IN (SELECT id FROM server WHERE customer_id = NEW.id);
END;
CREATE INDEX contact_attachment_customer ON contact_attachment(customer_id, by_operator);
CREATE INDEX contact_attachment_message ON contact_attachment(message_id);
CREATE INDEX contact_attachment_waiting ON contact_attachment(created_ms) WHERE message_id IS NULL;
CREATE TRIGGER server_filter_ssh_port AFTER UPDATE OF ssh_port ON server WHEN NEW.ssh_port <> OLD.ssh_port BEGIN
	UPDATE server_filter SET wanted = wanted + 1 WHERE server_id = NEW.id;
END;
CREATE INDEX reverse_zone_pool ON reverse_zone(pool_id);
CREATE INDEX reverse_zone_waiting ON reverse_zone(id) WHERE applied <> version;
CREATE TRIGGER reverse_zone_delete AFTER DELETE ON reverse_zone BEGIN
	INSERT OR IGNORE INTO zone_removal(name) VALUES (OLD.name);
END;
CREATE TRIGGER name_server_insert AFTER INSERT ON name_server BEGIN
	UPDATE reverse_zone SET version = version + 1, error = '';
END;
CREATE TRIGGER name_server_delete AFTER DELETE ON name_server BEGIN
	UPDATE reverse_zone SET version = version + 1, error = '';
END;
CREATE UNIQUE INDEX address_primary ON address(server_id, family) WHERE kind = 1;
CREATE UNIQUE INDEX address_name ON address(customer_id, kind, name) WHERE name <> '';
CREATE INDEX address_server ON address(server_id);
CREATE INDEX address_left ON address(left_server_id) WHERE left_server_id <> 0;
CREATE INDEX dns_ptr_zone ON dns_ptr(reverse_zone_id);
CREATE TRIGGER dns_ptr_zone_insert AFTER INSERT ON dns_ptr BEGIN
	UPDATE reverse_zone SET version = version + 1, error = '' WHERE id = NEW.reverse_zone_id;
END;
CREATE TRIGGER dns_ptr_zone_update AFTER UPDATE OF name, reverse_zone_id ON dns_ptr BEGIN
	UPDATE reverse_zone SET version = version + 1, error = '' WHERE id IN (OLD.reverse_zone_id, NEW.reverse_zone_id);
END;
CREATE TRIGGER dns_ptr_zone_delete AFTER DELETE ON dns_ptr BEGIN
	UPDATE reverse_zone SET version = version + 1, error = '' WHERE id = OLD.reverse_zone_id;
END;
CREATE TRIGGER address_insert AFTER INSERT ON address BEGIN
	UPDATE address_pool SET used = used + 1 WHERE id = NEW.pool_id;
	UPDATE server SET version = version + 1 WHERE id = NEW.server_id;
	UPDATE OR IGNORE address SET name = CASE kind WHEN 1 THEN 'primary_ip-' ELSE 'floating_ip-' END || id
		WHERE id = NEW.id AND name = '';
END;
CREATE TRIGGER address_delete AFTER DELETE ON address BEGIN
	UPDATE address_pool SET used = used - 1 WHERE id = OLD.pool_id;
	INSERT INTO address_free(pool_id, position) VALUES (OLD.pool_id, OLD.position);
	UPDATE server SET version = version + 1 WHERE id = OLD.server_id;
	UPDATE server_filter SET wanted = wanted + 1 WHERE server_id = OLD.server_id AND OLD.kind = 2;
END;
CREATE TRIGGER address_move AFTER UPDATE OF server_id ON address WHEN NEW.server_id IS NOT OLD.server_id BEGIN
	UPDATE server SET version = version + 1 WHERE id IN (OLD.server_id, NEW.server_id);
	UPDATE server_filter SET wanted = wanted + 1 WHERE server_id IN (OLD.server_id, NEW.server_id) AND NEW.kind = 2;
END;
CREATE TRIGGER address_settled AFTER UPDATE OF applied ON server_filter WHEN NEW.applied >= NEW.wanted BEGIN
	UPDATE address SET left_server_id = 0 WHERE server_id = NEW.server_id AND left_server_id <> 0;
END;
CREATE TRIGGER address_goes BEFORE DELETE ON server BEGIN
	DELETE FROM address WHERE server_id = OLD.id AND kind = 1 AND auto_delete = 1;
END;
CREATE TRIGGER address_owner AFTER UPDATE OF customer_id ON server WHEN NEW.customer_id <> OLD.customer_id BEGIN
	UPDATE address SET server_id = NULL WHERE server_id = NEW.id AND kind = 2;
	UPDATE address SET customer_id = NEW.customer_id, name = '', labels = '', protect_delete = 0, auto_delete = 1
		WHERE server_id = NEW.id AND kind = 1;
	UPDATE OR IGNORE address SET name = 'primary_ip-' || id WHERE server_id = NEW.id AND kind = 1;
END;
CREATE TRIGGER dns_ptr_insert AFTER INSERT ON dns_ptr BEGIN
	UPDATE server SET version = version + 1 WHERE id = (SELECT server_id FROM address WHERE id = NEW.address_id);
END;
CREATE TRIGGER dns_ptr_update AFTER UPDATE ON dns_ptr BEGIN
	UPDATE server SET version = version + 1 WHERE id = (SELECT server_id FROM address WHERE id = NEW.address_id);
END;
CREATE TRIGGER dns_ptr_delete AFTER DELETE ON dns_ptr BEGIN
	UPDATE server SET version = version + 1 WHERE id = (SELECT server_id FROM address WHERE id = OLD.address_id);
END;
CREATE INDEX image_updates_due ON image_updates(due_ms);
CREATE INDEX zone_proof ON zone(proof_ms) WHERE proof IN (1, 2);
CREATE TRIGGER name_server_given AFTER INSERT ON name_server BEGIN
	INSERT OR IGNORE INTO name_given(name) VALUES (NEW.name);
END;
CREATE TRIGGER server_filter_bandwidth AFTER UPDATE OF bandwidth_in, bandwidth_out ON server_type
WHEN NEW.bandwidth_in <> OLD.bandwidth_in OR NEW.bandwidth_out <> OLD.bandwidth_out BEGIN
	UPDATE server_filter SET wanted = wanted + 1
		WHERE server_id IN (SELECT id FROM server WHERE server_type_id = NEW.id);
END;
CREATE TRIGGER server_filter_plan AFTER UPDATE OF server_type_id ON server WHEN NEW.server_type_id <> OLD.server_type_id BEGIN
	UPDATE server_filter SET wanted = wanted + 1 WHERE server_id = NEW.id
		AND (SELECT bandwidth_in || ' ' || bandwidth_out FROM server_type WHERE id = NEW.server_type_id)
		<> (SELECT bandwidth_in || ' ' || bandwidth_out FROM server_type WHERE id = OLD.server_type_id);
END;
CREATE INDEX firewall_trial_server_server ON firewall_trial_server(server_id);
CREATE TRIGGER firewall_trial_server_insert AFTER INSERT ON firewall_trial_server BEGIN
	UPDATE server_filter SET wanted = wanted + 1 WHERE server_id = NEW.server_id;
END;
CREATE TRIGGER firewall_trial_server_delete AFTER DELETE ON firewall_trial_server BEGIN
	UPDATE server_filter SET wanted = wanted + 1 WHERE server_id = OLD.server_id;
END;
CREATE INDEX network_port_server ON network_port(server_id);
CREATE TRIGGER network_address_insert AFTER INSERT ON network_address BEGIN
	UPDATE server SET version = version + 1 WHERE id = (SELECT server_id FROM network_port WHERE id = NEW.port_id);
END;
CREATE TRIGGER network_address_delete AFTER DELETE ON network_address BEGIN
	UPDATE server SET version = version + 1 WHERE id = (SELECT server_id FROM network_port WHERE id = OLD.port_id);
END;
CREATE TRIGGER network_port_delete AFTER DELETE ON network_port BEGIN
	UPDATE server SET version = version + 1 WHERE id = OLD.server_id;
END;
CREATE INDEX contract_customer ON contract(customer_id, from_ms);
CREATE INDEX contract_server ON contract(server_id);
CREATE UNIQUE INDEX contract_open ON contract(server_id) WHERE until_ms = 0;
CREATE TRIGGER contract_made AFTER INSERT ON server BEGIN
	INSERT INTO contract(customer_id, server_id, server_name, plan, currency, monthly_minor, initial_minor, reason, anchor_ms, from_ms)
		SELECT NEW.customer_id, NEW.id, NEW.name, t.name, t.currency, t.price_monthly_minor, t.price_initial_minor, 1, NEW.created_ms, NEW.created_ms
		FROM server_type t WHERE t.id = NEW.server_type_id;
END;
CREATE TRIGGER contract_name AFTER UPDATE OF name ON server WHEN NEW.name <> OLD.name BEGIN
	UPDATE contract SET server_name = NEW.name WHERE server_id = NEW.id AND until_ms = 0;
END;
CREATE TRIGGER contract_owner AFTER UPDATE OF customer_id ON server WHEN NEW.customer_id <> OLD.customer_id BEGIN
	UPDATE contract SET until_ms = max(from_ms, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
		WHERE server_id = NEW.id AND until_ms = 0;
	INSERT INTO contract(customer_id, server_id, server_name, plan, currency, monthly_minor, initial_minor, before_minor, reason, anchor_ms, from_ms)
		SELECT NEW.customer_id, NEW.id, NEW.name, c.plan, c.currency, c.monthly_minor, c.initial_minor, c.monthly_minor, 4, c.anchor_ms, c.until_ms
		FROM contract c WHERE c.id = (SELECT max(id) FROM contract WHERE server_id = NEW.id);
END;
CREATE TRIGGER contract_end AFTER DELETE ON server BEGIN
	UPDATE contract SET until_ms = max(from_ms, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
		WHERE server_id = OLD.id AND until_ms = 0;
END;
CREATE INDEX server_kept_disk_image ON server_kept_disk(image_id);
CREATE INDEX server_kept_disk_expires ON server_kept_disk(expires_ms);
CREATE TRIGGER server_kept_disk_insert AFTER INSERT ON server_kept_disk BEGIN
	UPDATE server SET version = version + 1 WHERE id = NEW.server_id;
END;
CREATE TRIGGER server_kept_disk_delete AFTER DELETE ON server_kept_disk BEGIN
	UPDATE server SET version = version + 1 WHERE id = OLD.server_id;
END;
CREATE INDEX zone_secondary ON zone(fetched_ms) WHERE secondary = 1;
CREATE INDEX image_bound_to ON image(bound_to) WHERE bound_to <> 0;
CREATE INDEX server_backup_due ON server(backup_due_ms) WHERE backup_window <> 0;
CREATE TRIGGER contract_plan AFTER UPDATE OF server_type_id ON server WHEN NEW.server_type_id <> OLD.server_type_id BEGIN
	UPDATE contract SET until_ms = max(from_ms, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
		WHERE server_id = NEW.id AND until_ms = 0;
	INSERT INTO contract(customer_id, server_id, server_name, plan, currency, monthly_minor, initial_minor, before_minor, reason, anchor_ms, from_ms)
		SELECT NEW.customer_id, NEW.id, NEW.name, t.name, t.currency,
			t.price_monthly_minor + t.price_monthly_minor * NEW.backup_percent / 100, t.price_initial_minor,
			CASE WHEN c.currency = t.currency THEN c.monthly_minor ELSE 0 END, 2, c.anchor_ms, c.until_ms
		FROM server_type t JOIN contract c ON c.id = (SELECT max(id) FROM contract WHERE server_id = NEW.id)
		WHERE t.id = NEW.server_type_id;
END;
CREATE TRIGGER contract_price AFTER UPDATE OF price_monthly_minor, currency ON server_type
WHEN NEW.price_monthly_minor <> OLD.price_monthly_minor OR NEW.currency <> OLD.currency BEGIN
	UPDATE contract SET until_ms = max(from_ms, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
		WHERE until_ms = 0 AND server_id IN (SELECT id FROM server WHERE server_type_id = NEW.id);
	INSERT INTO contract(customer_id, server_id, server_name, plan, currency, monthly_minor, initial_minor, before_minor, reason, anchor_ms, from_ms)
		SELECT c.customer_id, c.server_id, c.server_name, NEW.name, NEW.currency,
			NEW.price_monthly_minor + NEW.price_monthly_minor * s.backup_percent / 100, NEW.price_initial_minor,
			c.monthly_minor, 3, c.anchor_ms, c.until_ms
		FROM server s JOIN contract c ON c.id = (SELECT max(id) FROM contract WHERE server_id = s.id)
		WHERE s.server_type_id = NEW.id;
END;
CREATE TRIGGER contract_backup AFTER UPDATE OF backup_percent ON server WHEN NEW.backup_percent <> OLD.backup_percent BEGIN
	UPDATE contract SET until_ms = max(from_ms, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
		WHERE server_id = NEW.id AND until_ms = 0;
	INSERT INTO contract(customer_id, server_id, server_name, plan, currency, monthly_minor, initial_minor, before_minor, reason, anchor_ms, from_ms)
		SELECT NEW.customer_id, NEW.id, NEW.name, t.name, t.currency,
			t.price_monthly_minor + t.price_monthly_minor * NEW.backup_percent / 100, t.price_initial_minor,
			CASE WHEN c.currency = t.currency THEN c.monthly_minor ELSE 0 END, 5, c.anchor_ms, c.until_ms
		FROM server_type t JOIN contract c ON c.id = (SELECT max(id) FROM contract WHERE server_id = NEW.id)
		WHERE t.id = NEW.server_type_id;
END;
CREATE INDEX zone_keys_ms ON zone(keys_ms) WHERE dnssec = 1;
COMMIT;
PRAGMA application_id=1232105583;
PRAGMA user_version=31;
