// ippo history: who did what, and whether that is all of it.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/parse.h"
#include "cli/api.h"
#include "cli/print.h"
#include "cli/request.h"

#define LINES_DEFAULT 100
#define PAGE_LINES    50

/* The query that the options ask for, after "/history?". Returns an exit code. */
static int put_filter(struct invocation *invocation, struct buf *path)
{
	static const char *const plain[] = {"what", "actor", "result", "from", "to", "action"};
	const char *server = option_text(invocation, "server");
	json_t *found = NULL;
	struct err err = {0};
	uint64_t id;

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		const char *text = option_text(invocation, plain[i]);
		AUTO_FREE char *escaped = text != NULL ? api_escape(text) : NULL;
		if (text != NULL)
			(void)buf_printf(path, "&%s=%s", plain[i], escaped);
	}
	if (server == NULL)
		return EXIT_OK;
	/* One that was deleted has its lines still: by its number. */
	if (parse_u64(server, 1, INT64_MAX, &id) < 0) {
		if (api_find(invocation->api, "servers", "servers", "server", server, &found,
			     &err) < 0)
			return print_failure(&err);
		id = (uint64_t)json_number(found, "id");
		json_decref(found);
	}
	(void)buf_printf(path, "&server=%llu", (unsigned long long)id);
	return EXIT_OK;
}

static void history_row(struct table *table, const json_t *line)
{
	const char *name = json_text(line, "resource.name");
	char id[24], about[128] = "", who[160], result[96];

	(void)snprintf(id, sizeof id, "%lld", (long long)json_number(line, "id"));
	if (*name != '\0' && strcmp(name, "-") != 0)
		(void)snprintf(about, sizeof about, "%s", name);
	else if (json_number(line, "resource.id") != 0)
		(void)snprintf(about, sizeof about, "%s %lld", json_text(line, "resource.type"),
			       (long long)json_number(line, "resource.id"));
	(void)snprintf(who, sizeof who, "%s%s%s", json_text(line, "actor.name"),
		       *json_text(line, "actor.name") == '\0' ? json_text(line, "actor.kind") : "",
		       json_is_true(json_object_get(line, "operator")) ? " (operator)" : "");
	if (json_is_string(json_object_get(line, "error")))
		(void)snprintf(result, sizeof result, "%s: %s", json_text(line, "result"),
			       json_text(line, "error"));
	else
		(void)snprintf(result, sizeof result, "%s", json_text(line, "result"));
	table_row(table, id, json_text(line, "time"), who, json_text(line, "peer"),
		  json_text(line, "what"), about, result);
}

/* At most so many, newest first, a page after the other. Returns an exit code. */
static int fetch(struct invocation *invocation, const char *filter, uint64_t most, json_t *all)
{
	json_int_t before = 0;
	struct err err = {0};

	while (json_array_size(all) < most) {
		const uint64_t rest = most - json_array_size(all);
		struct buf path CLEANUP(buf_done) = {0};
		json_t *reply = NULL;

		(void)buf_printf(&path, "/history?per_page=%llu%s",
				 (unsigned long long)(rest < PAGE_LINES ? rest : PAGE_LINES),
				 filter);
		if (before != 0)
			(void)buf_printf(&path, "&before=%lld", (long long)before);
		if (api_call(invocation->api, "GET", buf_str(&path), NULL, -1, &reply, &err) < 0)
			return print_failure(&err);
		json_t *lines = json_object_get(reply, "history");
		const size_t count = json_array_size(lines);
		(void)json_array_extend(all, lines);
		if (count > 0)
			before = json_number(json_array_get(lines, count - 1), "id");
		json_decref(reply);
		if (count == 0 || before <= 1)
			break;
	}
	return EXIT_OK;
}

static int history_list(struct invocation *invocation)
{
	const char *lines = option_text(invocation, "lines");
	struct buf filter CLEANUP(buf_done) = {0};
	uint64_t most = LINES_DEFAULT;
	const json_t *line;
	json_t *all;
	size_t i;
	int code;

	if (lines != NULL && parse_u64(lines, 1, 1000000, &most) < 0) {
		(void)fputs("ippo: --lines takes a number from 1 to 1000000; `ippo history export` "
			    "gives all of them\n",
			    stderr);
		return EXIT_USAGE;
	}
	if ((code = put_filter(invocation, &filter)) != EXIT_OK)
		return code;
	all = json_array();
	code = fetch(invocation, buf_str(&filter), most, all);
	if (code == EXIT_OK && invocation->json) {
		print_json(all);
	} else if (code == EXIT_OK) {
		struct table *table = table_new("ID TIME WHO FROM WHAT ABOUT RESULT");
		json_array_foreach(all, i, line) history_row(table, line);
		table_print(table, "There are no such lines.");
	}
	json_decref(all);
	return code;
}

static int history_export(struct invocation *invocation)
{
	struct buf path CLEANUP(buf_done) = {0};
	int code;

	(void)buf_puts(&path, "/history?format=csv");
	if ((code = put_filter(invocation, &path)) != EXIT_OK)
		return code;
	return request_save(invocation, buf_str(&path), option_text(invocation, "file"),
			    "the history");
}

static void print_problem(const json_t *problem)
{
	const char *what = json_text(problem, "problem");
	const long long first = json_number(problem, "first"), last = json_number(problem, "last");

	if (strcmp(what, "changed") == 0)
		(void)printf("line %lld was changed\n", first);
	else if (strcmp(what, "missing") == 0 && first == last)
		(void)printf("line %lld is missing\n", first);
	else if (strcmp(what, "missing") == 0)
		(void)printf("lines %lld to %lld are missing\n", first, last);
	else if (strcmp(what, "not_noted") == 0)
		(void)printf("line %lld is not the one that was noted\n", first);
	else
		(void)printf("line %lld is the newest, but the head names another one\n", first);
}

static int history_verify(struct invocation *invocation)
{
	const char *noted = option_text(invocation, "noted");
	AUTO_FREE char *escaped = noted != NULL ? api_escape(noted) : NULL;
	struct buf path CLEANUP(buf_done) = {0};
	const json_t *found, *problem;
	struct err err = {0};
	json_t *reply = NULL;
	size_t i;

	(void)buf_printf(&path, "/history/verify%s%s", noted != NULL ? "?noted=" : "",
			 noted != NULL ? escaped : "");
	if (api_call(invocation->api, "GET", buf_str(&path), NULL, -1, &reply, &err) < 0)
		return print_failure(&err);
	found = json_object_get(reply, "verification");
	const bool whole = json_is_true(json_object_get(found, "whole"));
	const json_t *problems = json_object_get(found, "problems");
	if (invocation->json) {
		print_json(found);
	} else {
		json_array_foreach(problems, i, problem) print_problem(problem);
		if (json_number(found, "problem_count") > (json_int_t)json_array_size(problems))
			(void)printf("and %lld more\n",
				     (long long)json_number(found, "problem_count") -
					     (long long)json_array_size(problems));
		print_field(whole ? "Whole" : "NOT WHOLE", "%lld lines",
			    (long long)json_number(found, "lines"));
		if (json_number(found, "anchor.id") != 0)
			print_field("Pruned", "up to %lld",
				    (long long)json_number(found, "anchor.id"));
		print_field("Head", "%lld:%s", (long long)json_number(found, "head.id"),
			    json_text(found, "head.hash"));
	}
	json_decref(reply);
	return whole ? EXIT_OK : EXIT_REFUSED_BY_SERVICE;
}

#define FILTERS                                                                                    \
	{"what", "WHAT", "only this: server.poweron, or all of server", false},                    \
		{"actor", "NAME", "only what this person, token or local user did", false},        \
		{"server", "NAME", "only what was about this server; its number when it is gone",  \
		 false},                                                                           \
		{"action", "ID", "only the lines of this action", false},                          \
		{"result", "RESULT", "accepted, success, refused or error", false},                \
		{"from", "TIME", "from this day or time on: 2026-11-25", false},                   \
	{                                                                                          \
		"to", "TIME", "before this day or time", false                                     \
	}

static const struct option_rule list_options[] = {
	FILTERS,
	{"lines", "N", "how many at most; 100", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule export_options[] = {
	FILTERS,
	{"file", "FILE", "write a new file, not standard output", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule verify_options[] = {
	{"noted", "ID:HASH", "a head of before, noted outside: is that line still the same?",
	 false},
	{NULL, NULL, NULL, false},
};

const struct command history_commands[] = {
	{"history", "list", "",
	 "Show what was done, newest first: who, from where, what, the result", list_options,
	 history_list},
	{"history", "export", "", "Write all of it as CSV", export_options, history_export},
	{"history", "verify", "",
	 "Look for lines that were changed or are missing; 1 when there are any", verify_options,
	 history_verify},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};
