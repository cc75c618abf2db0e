/*
 * A table of family inet beside the filter's: a chain behind it, through which only what was let
 * through comes, and two named counters for each server, found by its tap. The filter's table is
 * made anew now and then; this one never, so that its counters outlive every process of ours, the
 * guests' runs and their filters. They end with the machine's run, and when somebody deletes the
 * table: the kernel gives a new one another handle, which together with the machine's boot id is
 * the epoch.
 */
#include "host/network/traffic.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"
#include "host/network/filter.h"
#include "host/network/ruleset.h"

#define NAME_BYTES 24
#define ID_DIGITS  15

static void table_name(const char *instance, char out[NAME_BYTES])
{
	(void)snprintf(out, NAME_BYTES, "traffic_%s", instance);
}

void traffic_write_table(struct buf *out, const char *instance)
{
	char table[NAME_BYTES];

	table_name(instance, table);
	(void)buf_printf(
		out,
		"add table inet %s\n"
		"add map inet %s ins { type ifname : counter ; }\n"
		"add map inet %s outs { type ifname : counter ; }\n"
		"add chain inet %s forward { type filter hook forward priority 10; policy accept; "
		"}\n"
		"flush chain inet %s forward\n"
		"add rule inet %s forward counter name oifname map @ins\n"
		"add rule inet %s forward counter name iifname map @outs\n",
		table, table, table, table, table, table, table);
}

static void write_elements(struct buf *out, const char *verb, const char *instance,
			   uint64_t server_id)
{
	char table[NAME_BYTES], tap[FILTER_TAP_BYTES];

	table_name(instance, table);
	if (filter_tap_name(instance, server_id, tap) < 0)
		return;
	for (int outwards = 0; outwards < 2; outwards++)
		(void)buf_printf(out, "%s element inet %s %s { \"%s\" : \"%s_%llx\" }\n", verb,
				 table, outwards ? "outs" : "ins", tap, outwards ? "out" : "in",
				 (unsigned long long)server_id);
}

static void write_counters(struct buf *out, const char *verb, const char *instance,
			   uint64_t server_id)
{
	char table[NAME_BYTES];

	table_name(instance, table);
	(void)buf_printf(out, "%s counter inet %s in_%llx\n%s counter inet %s out_%llx\n", verb,
			 table, (unsigned long long)server_id, verb, table,
			 (unsigned long long)server_id);
}

void traffic_write_server(struct buf *out, const char *instance, uint64_t server_id)
{
	write_counters(out, "add", instance, server_id);
	write_elements(out, "add", instance, server_id);
}

void traffic_write_no_server(struct buf *out, const char *instance, uint64_t server_id)
{
	/* Making them first lets the deletion succeed where there were none. */
	traffic_write_server(out, instance, server_id);
	write_elements(out, "delete", instance, server_id);
	write_counters(out, "delete", instance, server_id);
}

/* --- reading --- */

static uint64_t digest(uint64_t value, const char *text)
{
	for (; *text != '\0'; text++)
		value = (value ^ (uint8_t)*text) * UINT64_C(1099511628211);
	return value;
}

static int read_json(const char *const *arguments, json_t **ret, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};
	int code = ruleset_run(arguments, &text, err);

	if (code < 0)
		return code;
	json_t *root = json_loads(buf_str(&text), 0, NULL);
	if (root == NULL)
		return err_set(err, ERR_SERVER, "nft has printed no JSON");
	*ret = root;
	return 0;
}

static int read_epoch(const char *table, uint64_t *ret, struct err *err)
{
	static const char *const arguments[] = {"nft", "-j", "list", "tables", NULL};
	struct buf boot CLEANUP(buf_done) = {0};
	char text[32];
	json_t *root = NULL;
	const json_t *item;
	size_t i;
	int code = read_json(arguments, &root, err);
	bool found = false;

	if (code < 0)
		return code;
	(void)fd_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &boot);
	json_array_foreach(json_object_get(root, "nftables"), i, item)
	{
		const json_t *one = json_object_get(item, "table");
		const char *name = json_string_value(json_object_get(one, "name"));
		if (name == NULL || strcmp(name, table) != 0)
			continue;
		(void)snprintf(text, sizeof text, "%lld",
			       (long long)json_integer_value(json_object_get(one, "handle")));
		/* The sign bit is left to databases. */
		*ret = digest(digest(UINT64_C(14695981039346656037), buf_str(&boot)), text) >> 1;
		found = true;
	}
	json_decref(root);
	return found ? 0 : err_set(err, ERR_NOT_FOUND, "nobody counts traffic");
}

static int parse_name(const char *name, uint64_t *ret_server_id, bool *ret_outwards)
{
	const char *digits;
	char *end;

	*ret_outwards = strncmp(name, "out_", 4) == 0;
	if (!*ret_outwards && strncmp(name, "in_", 3) != 0)
		return -1;
	digits = strchr(name, '_') + 1;
	if (!isxdigit((unsigned char)digits[0]) || strlen(digits) > ID_DIGITS)
		return -1;
	*ret_server_id = strtoull(digits, &end, 16);
	return *end == '\0' ? 0 : -1;
}

int traffic_read(const char *instance, uint64_t *ret_epoch, traffic_counter *counter, void *context,
		 struct err *err)
{
	char table[NAME_BYTES];
	const char *const arguments[] = {"nft",   "-j",   "list", "counters",
					 "table", "inet", table,  NULL};
	uint64_t before = 0, after = 0;
	json_t *root = NULL;
	const json_t *item;
	size_t i;
	int code;

	table_name(instance, table);
	if ((code = read_epoch(table, &before, err)) < 0 ||
	    (code = read_json(arguments, &root, err)) < 0)
		return code;
	if ((code = read_epoch(table, &after, err)) == 0 && before != after)
		code = err_set(err, -EAGAIN, "the table was made anew meanwhile");
	json_array_foreach(json_object_get(root, "nftables"), i, item)
	{
		const json_t *one = json_object_get(item, "counter");
		const char *name = json_string_value(json_object_get(one, "name"));
		uint64_t server_id;
		bool outwards;
		if (code == 0 && name != NULL && parse_name(name, &server_id, &outwards) == 0)
			counter(context, server_id, outwards,
				(uint64_t)json_integer_value(json_object_get(one, "bytes")));
	}
	json_decref(root);
	if (code == 0)
		*ret_epoch = before;
	return code;
}
