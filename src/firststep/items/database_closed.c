// No database listens to the world.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "firststep/item.h"

static const struct {
	uint16_t port;
	const char *name;
} databases[] = {{3306, "MySQL, MariaDB"},
		 {5432, "PostgreSQL"},
		 {6379, "Redis"},
		 {27017, "MongoDB"},
		 {11211, "memcached"}};

/* In a tree nothing listens: the settings of what is installed. */
static const struct source {
	const char *program, *name;
	const char *files[4]; /* the later wins; a folder ends in "/" */
	const char *key;
	bool open_when_unset;
} sources[] = {
	{"/usr/sbin/mariadbd",
	 "MariaDB",
	 {"/etc/mysql/my.cnf", "/etc/mysql/mariadb.conf.d/", "/etc/my.cnf.d/", NULL},
	 "bind-address",
	 true},
	{"/usr/libexec/mariadbd",
	 "MariaDB",
	 {"/etc/my.cnf", "/etc/my.cnf.d/", NULL},
	 "bind-address",
	 true},
	{"/usr/sbin/mysqld",
	 "MySQL",
	 {"/etc/mysql/my.cnf", "/etc/mysql/mysql.conf.d/", "/etc/my.cnf.d/", NULL},
	 "bind-address",
	 true},
	{"/usr/bin/redis-server",
	 "Redis",
	 {"/etc/redis/redis.conf", "/etc/redis.conf", NULL},
	 "bind",
	 true},
	{"/usr/bin/memcached", "memcached", {"/etc/memcached.conf", NULL}, "-l", true},
	{"/usr/bin/mongod", "MongoDB", {"/etc/mongod.conf", NULL}, "bindIp", false},
	{"/usr/bin/postgres",
	 "PostgreSQL",
	 {"/var/lib/pgsql/data/postgresql.conf", NULL},
	 "listen_addresses",
	 false},
};

/* The last value of "key value", "key = value" or "key: value". */
static void last_value(const char *text, const char *key, char *out, size_t size)
{
	const size_t key_len = strlen(key);

	while (*text != '\0') {
		const size_t len = strcspn(text, "\n");
		const char *at = text + strspn(text, " \t");
		if (strncasecmp(at, key, key_len) == 0 && strchr(" \t=:", at[key_len]) != NULL &&
		    at[key_len] != '\0') {
			at += key_len;
			at += strspn(at, " \t=:'\"");
			const size_t value_len = strcspn(at, "\n#'\"");
			(void)snprintf(out, size, "%.*s",
				       (int)(value_len < size ? value_len : size - 1), at);
		}
		text += len + (text[len] == '\n');
	}
}

static bool is_loopback(const char *value)
{
	char copy[256], *rest = NULL;
	bool found = false;

	(void)snprintf(copy, sizeof copy, "%s", value);
	for (char *word = strtok_r(copy, ", \t", &rest); word != NULL;
	     word = strtok_r(NULL, ", \t", &rest)) {
		if (*word == '-') /* Redis: an address that may be missing */
			word++;
		if (strncmp(word, "127.", 4) != 0 && strcmp(word, "::1") != 0 &&
		    strcmp(word, "localhost") != 0)
			return false;
		found = true;
	}
	return found;
}

static void read_one(const struct tree *tree, const char *path, const char *key, char *value,
		     size_t size)
{
	struct buf text CLEANUP(buf_done) = {0};

	if (tree_read(tree, path, &text) == 0)
		last_value(buf_str(&text), key, value, size);
}

static void check_settings(struct context *context, const struct source *source,
			   struct verdict *verdict)
{
	char value[256] = "", where[160] = "";

	if (!tree_has(&context->tree, source->program))
		return;
	for (size_t i = 0; source->files[i] != NULL; i++) {
		const char *path = source->files[i];
		struct tree_names names CLEANUP(tree_names_done) = {0};
		if (path[strlen(path) - 1] != '/') {
			read_one(&context->tree, path, source->key, value, sizeof value);
		} else if (tree_list(&context->tree, path, "*.cnf", &names) == 0) {
			for (size_t j = 0; j < names.count; j++) {
				char full[512];
				(void)snprintf(full, sizeof full, "%s%s", path, names.names[j]);
				read_one(&context->tree, full, source->key, value, sizeof value);
			}
		}
		(void)snprintf(where, sizeof where, "%s", path);
	}
	verdict_add(verdict, where, "%s: %s %s", source->name, source->key,
		    value[0] != '\0' ? value : "(not set)");
	if (value[0] != '\0' ? !is_loopback(value) : source->open_when_unset)
		verdict_fail(verdict, REASON_DATABASE_OPEN);
}

static void check(struct context *context, struct verdict *verdict)
{
	const struct sockets *sockets;
	const int code = context_sockets(context, &sockets);

	if (code == -ENOENT && !context->tree.is_live) {
		for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
			check_settings(context, &sources[i], verdict);
		if (verdict->count == 0)
			verdict_add(verdict, "/usr", "no database is installed");
		return;
	}
	if (code < 0) {
		verdict_unreadable(verdict, "/proc/net/tcp", code);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(databases); i++) {
		if (!sockets_listens(sockets, databases[i].port))
			continue;
		verdict_add(verdict, "/proc/net/tcp", "%u (%s): listening", databases[i].port,
			    databases[i].name);
		verdict_fail(verdict, REASON_DATABASE_OPEN);
	}
	if (verdict->count == 0)
		verdict_add(verdict, "/proc/net/tcp",
			    "3306, 5432, 6379, 11211, 27017: none but on loopback");
}

const struct item item_database_closed = {
	.id = "database-closed",
	.en = "No database listens to the world",
	.ja = "データベースが外部に公開されていない",
	.check = check,
};
