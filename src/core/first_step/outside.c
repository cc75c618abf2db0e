#include "core/first_step/outside.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "model/host_key.h"

#define SAMPLED_MS INT64_C(300000)
#define PORTS_SAID 16

static const uint16_t databases[] = {3306, 5432, 6379, 27017, 11211};

struct finding {
	struct first_step_side side;
	json_t *evidence;
};

static void say(struct finding *finding, const char *source, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct finding *finding, const char *source, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (finding->evidence == NULL)
		finding->evidence = json_array();
	(void)json_array_append_new(finding->evidence,
				    json_pack("{s:s, s:s}", "source", source, "text", text));
}

/* The first thing that is bad is the reason. */
static void conclude(struct finding *finding, enum first_step_result result, const char *reason)
{
	if (finding->side.result == FIRST_STEP_BAD ||
	    (finding->side.result == FIRST_STEP_DOUBT && result == FIRST_STEP_GOOD))
		return;
	finding->side.result = result;
	(void)snprintf(finding->side.reason, sizeof finding->side.reason, "%s", reason);
}

static void put(struct finding *finding, enum first_step_item item, int64_t now_ms,
		struct store_first_step *first_step)
{
	AUTO_FREE char *text = json_dumps(finding->evidence, JSON_COMPACT);

	if (text != NULL && strlen(text) < sizeof finding->side.evidence)
		memcpy(finding->side.evidence, text, strlen(text) + 1);
	json_decref(finding->evidence);
	finding->side.time_ms = now_ms;
	if (finding->side.result != FIRST_STEP_UNSAID)
		first_step->findings[item - 1].outside = finding->side;
}

static void write_methods(uint8_t methods, char out[96])
{
	static const struct {
		uint8_t bit;
		const char *name;
	} names[] = {{PROBE_METHOD_NONE, "none"},
		     {PROBE_METHOD_KEY, "publickey"},
		     {PROBE_METHOD_PASSWORD, "password"},
		     {PROBE_METHOD_KEYBOARD, "keyboard-interactive"},
		     {PROBE_METHOD_OTHER, "other"}};
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if ((methods & names[i].bit) != 0)
			len += (size_t)snprintf(out + len, 96 - len, "%s%s", len > 0 ? ", " : "",
						names[i].name);
}

/* Nothing can be said of a server that is not there. */
static bool is_there(const struct probe_answer *answer, struct finding *finding, const char *source)
{
	if (answer->ssh == PROBE_SSH_FOUND)
		return true;
	say(finding, source,
	    answer->ssh == PROBE_SSH_SILENT ? "nothing answers" : "what answers is no SSH server");
	conclude(finding, FIRST_STEP_DOUBT,
		 answer->ssh == PROBE_SSH_SILENT ? "ssh_silent" : "ssh_strange");
	return false;
}

static void judge_port(const struct probe_answer *answer, struct finding *finding,
		       const char *source)
{
	if (!is_there(answer, finding, source)) {
		finding->side.result = FIRST_STEP_BAD;
		return;
	}
	say(finding, source, "%s", answer->banner);
	conclude(finding, FIRST_STEP_GOOD, "ok");
	if (answer->default_port) {
		say(finding, "22/tcp", "something answers");
		conclude(finding, FIRST_STEP_BAD, "old_port_open");
	}
}

static void judge_methods(const struct probe_answer *answer, struct finding *finding,
			  const char *source)
{
	const uint8_t methods = answer->methods | answer->root_methods;
	char names[96];

	if (!is_there(answer, finding, source))
		return;
	write_methods(methods, names);
	if (methods == 0) {
		say(finding, source, "the connection broke off before a way to log in was offered");
		conclude(finding, FIRST_STEP_DOUBT, "ssh_strange");
		return;
	}
	say(finding, source, "offered: %s", names);
	if (answer->password == PROBE_LOGIN_REFUSED)
		say(finding, source, "a password was refused");
	if (answer->password == PROBE_LOGIN_IN)
		say(finding, source, "a made-up password was accepted");
	conclude(finding,
		 methods == PROBE_METHOD_KEY && answer->password != PROBE_LOGIN_IN ? FIRST_STEP_GOOD
										   : FIRST_STEP_BAD,
		 methods == PROBE_METHOD_KEY ? "ok" : "password_offered");
}

static void judge_root(const struct probe_answer *answer, struct finding *finding,
		       const char *source)
{
	if (!is_there(answer, finding, source))
		return;
	switch (answer->root) {
	case PROBE_LOGIN_IN:
		say(finding, source, "root was let in");
		conclude(finding, FIRST_STEP_BAD, "root_login");
		break;
	case PROBE_LOGIN_REFUSED:
		say(finding, source, "root was refused with a key that the server knows as root's");
		conclude(finding, FIRST_STEP_GOOD, "ok");
		break;
	case PROBE_LOGIN_UNKNOWN:
		say(finding, source, "root was refused, but the server did not know the key");
		conclude(finding, FIRST_STEP_DOUBT, "key_unknown");
		break;
	case PROBE_LOGIN_BROKEN:
		say(finding, source, "the connection broke off");
		conclude(finding, FIRST_STEP_DOUBT, "ssh_strange");
		break;
	default:
		break;
	}
}

static void judge_user(const struct probe_answer *answer, const struct server *server,
		       struct finding *finding, const char *source)
{
	if (!is_there(answer, finding, source))
		return;
	switch (answer->user) {
	case PROBE_LOGIN_IN:
		say(finding, source, "%s was let in with a key", server->user);
		conclude(finding, FIRST_STEP_GOOD, "ok");
		break;
	case PROBE_LOGIN_REFUSED:
		say(finding, source, "%s was refused with a key that the server knows",
		    server->user);
		conclude(finding, FIRST_STEP_BAD, "login_refused");
		break;
	case PROBE_LOGIN_UNKNOWN:
		say(finding, source, "the server did not know the key of %s", server->user);
		conclude(finding, FIRST_STEP_DOUBT, "key_unknown");
		break;
	case PROBE_LOGIN_BROKEN:
		say(finding, source, "the connection broke off");
		conclude(finding, FIRST_STEP_DOUBT, "ssh_strange");
		break;
	default:
		break;
	}
}

static bool is_told(const struct server *server, const char *blob)
{
	const char *at = server->host_keys != NULL ? server->host_keys : "";
	struct host_key key;

	while (host_key_next(&at, &key))
		if (key.blob_bytes == strlen(blob) && memcmp(key.blob, blob, key.blob_bytes) == 0)
			return true;
	return false;
}

static void judge_crypto(const struct probe_answer *answer, const struct server *server,
			 bool is_shared, struct finding *finding, const char *source)
{
	if (!is_there(answer, finding, source))
		return;
	if (!answer->algorithms) {
		say(finding, source, "what it offers could not be read");
		conclude(finding, FIRST_STEP_DOUBT, "ssh_strange");
	} else if (answer->weak[0] != '\0') {
		say(finding, source, "weak: %s", answer->weak);
		conclude(finding, FIRST_STEP_BAD, "weak_crypto");
	} else {
		say(finding, source, "no weak algorithm is offered");
		conclude(finding, FIRST_STEP_GOOD, "ok");
	}
	if (answer->host_key[0] == '\0')
		return;
	if (is_shared) {
		say(finding, source, "another server has the same host key");
		conclude(finding, FIRST_STEP_BAD, "host_key_shared");
	} else if (!is_told(server, answer->host_key)) {
		say(finding, source, "its host key is none of those it told at its first boot");
		conclude(finding, FIRST_STEP_BAD, "host_key_differs");
	} else {
		say(finding, source,
		    "its host key is the one it told at its first boot, and no other "
		    "server's");
	}
}

static bool is_wanted(const struct store_first_step *first_step, uint16_t port)
{
	const char *at = first_step->open_ports;

	if (port == first_step->ssh_port)
		return true;
	for (; *at != '\0'; at += strcspn(at, " "), at += *at == ' ') {
		char *end;
		const unsigned long first = strtoul(at, &end, 10);
		const unsigned long last = *end == '-' ? strtoul(end + 1, NULL, 10) : first;
		if (port >= first && port <= last)
			return true;
	}
	return false;
}

static void write_ports(const struct probe_scan *scan, char out[160])
{
	size_t len = 0;

	(void)snprintf(out, 160, "none");
	for (size_t i = 0; i < scan->count && i < PORTS_SAID; i++)
		len += (size_t)snprintf(out + len, 160 - len, "%s%u", i > 0 ? ", " : "",
					scan->ports[i]);
	if (scan->open > PORTS_SAID)
		(void)snprintf(out + len, 160 - len, ", … %" PRIu32 " in all", scan->open);
}

static void judge_ports(const struct probe_scan *scan, const char *source,
			const struct store_first_step *first_step, struct finding *finding)
{
	bool unwanted = scan->open > scan->count;
	char ports[160];

	for (size_t i = 0; i < scan->count; i++)
		unwanted |= !is_wanted(first_step, scan->ports[i]);
	write_ports(scan, ports);
	say(finding, source,
	    scan->done ? "65535 ports tried, open: %s" : "not all ports tried, open: %s", ports);
	if (unwanted)
		conclude(finding, FIRST_STEP_BAD, "unwanted_port");
	else if (!scan->done)
		conclude(finding, FIRST_STEP_DOUBT, "scan_unfinished");
	else
		conclude(finding, FIRST_STEP_GOOD, "ok");
}

static void judge_databases(const struct probe_scan *scan, const char *source,
			    struct finding *finding)
{
	bool found = false;

	for (size_t i = 0; i < scan->count; i++)
		for (size_t j = 0; j < ARRAY_SIZE(databases); j++)
			if (scan->ports[i] == databases[j]) {
				say(finding, source, "%u/tcp answers", databases[j]);
				found = true;
			}
	if (found) {
		conclude(finding, FIRST_STEP_BAD, "database_open");
	} else if (!scan->done || scan->open > scan->count) {
		say(finding, source, "not all could be seen");
		conclude(finding, FIRST_STEP_DOUBT, "scan_unfinished");
	} else {
		say(finding, source, "3306, 5432, 6379, 27017 and 11211 are closed");
		conclude(finding, FIRST_STEP_GOOD, "ok");
	}
}

static void read_scans(const struct probe_answer *answer, const struct probe_look *look,
		       int64_t now_ms, struct store_first_step *first_step)
{
	struct finding filter = {0}, database = {0};
	const struct {
		bool there;
		const struct probe_scan *scan;
		const char *source;
	} families[] = {{look->ipv4.family != 0, &answer->scan4, "TCP over IPv4"},
			{look->ipv6.family != 0, &answer->scan6, "TCP over IPv6"}};

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		if (!families[i].there)
			continue;
		judge_ports(families[i].scan, families[i].source, first_step, &filter);
		judge_databases(families[i].scan, families[i].source, &database);
	}
	put(&filter, FIRST_STEP_PACKET_FILTER, now_ms, first_step);
	put(&database, FIRST_STEP_DATABASE_CLOSED, now_ms, first_step);
}

void outside_read(const struct probe_answer *answer, const struct probe_look *look,
		  const struct server *server, bool key_is_shared, int64_t now_ms,
		  struct store_first_step *first_step)
{
	struct finding port = {0}, password = {0}, key_only = {0}, root = {0}, user = {0},
		       permissions = {0}, crypto = {0};
	char source[32];

	(void)snprintf(source, sizeof source, "SSH, %u/tcp", first_step->ssh_port);
	judge_port(answer, &port, source);
	judge_methods(answer, &password, source);
	judge_methods(answer, &key_only, source);
	judge_root(answer, &root, source);
	judge_user(answer, server, &user, source);
	judge_user(answer, server, &permissions, source);
	judge_crypto(answer, server, key_is_shared, &crypto, source);
	put(&port, FIRST_STEP_SSH_PORT, now_ms, first_step);
	put(&password, FIRST_STEP_INITIAL_PASSWORD, now_ms, first_step);
	put(&key_only, FIRST_STEP_KEY_ONLY, now_ms, first_step);
	put(&root, FIRST_STEP_ROOT_SSH, now_ms, first_step);
	put(&user, FIRST_STEP_SUDO_USER, now_ms, first_step);
	put(&permissions, FIRST_STEP_KEY_PERMISSIONS, now_ms, first_step);
	put(&crypto, FIRST_STEP_SSH_CRYPTO, now_ms, first_step);
	read_scans(answer, look, now_ms, first_step);
	first_step->probed_ms = now_ms;
}

void outside_monitoring(int64_t sampled_ms, uint64_t rules, int64_t now_ms,
			struct store_first_step *first_step)
{
	struct finding finding = {0};
	char time[CLOCK_TEXT_BYTES];

	if (sampled_ms == 0 || now_ms - sampled_ms > SAMPLED_MS) {
		say(&finding, "graphs", "nothing was measured in the last five minutes");
		conclude(&finding, FIRST_STEP_BAD, "no_measurements");
	} else {
		clock_format(sampled_ms, time);
		say(&finding, "graphs", "measured last at %s", time);
		conclude(&finding, FIRST_STEP_GOOD, "ok");
	}
	say(&finding, "alert rules", "%" PRIu64 " about this server", rules);
	if (rules == 0)
		conclude(&finding, FIRST_STEP_BAD, "no_alert");
	put(&finding, FIRST_STEP_MONITORING, now_ms, first_step);
}
