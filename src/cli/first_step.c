// ippo server check, server open: the first step of a server.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/api.h"
#include "cli/first_step.h"
#include "cli/print.h"
#include "cli/request.h"

static void print_item(struct table *table, const json_t *item)
{
	table_row(table, json_text(item, "id"), json_text(item, "verdict"),
		  json_text(item, "inside.result"), json_text(item, "outside.result"),
		  json_text(item, "outside.time"));
}

/* What says that something is not as it should be. */
static void print_evidence(const json_t *item)
{
	static const char *const sides[] = {"inside", "outside"};

	for (size_t i = 0; i < ARRAY_SIZE(sides); i++) {
		const json_t *side = json_object_get(item, sides[i]), *piece;
		size_t at;
		if (strcmp(json_text(side, "result"), "fail") != 0 &&
		    strcmp(json_text(side, "result"), "unknown") != 0)
			continue;
		(void)printf("%s, %s: %s\n", json_text(item, "id"), sides[i],
			     json_text(side, "reason"));
		json_array_foreach(json_object_get(side, "evidence"), at, piece)(void)
			printf("  %s: %s\n", json_text(piece, "source"), json_text(piece, "text"));
	}
}

static void print_first_step(const json_t *first_step)
{
	struct table *table = table_new("ITEM VERDICT INSIDE OUTSIDE SEEN");
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(first_step, "items"), i, item) print_item(table, item);
	table_print(table, NULL);
	json_array_foreach(json_object_get(first_step, "items"), i, item) print_evidence(item);
	(void)printf("%lld of %lld proven\n", (long long)json_number(first_step, "passed"),
		     (long long)json_number(first_step, "total"));
	if (strcmp(json_text(first_step, "inbound.state"), "closed") == 0)
		(void)printf(
			"Nothing from outside reaches it yet; it opens when that is proven, at "
			"the latest %s\n",
			json_text(first_step, "inbound.opens"));
}

static int show(struct invocation *invocation, json_int_t id)
{
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_t *reply = NULL;
	int status;

	(void)buf_printf(&path, "/servers/%lld/first_step", (long long)id);
	if (api_call(invocation->api, "GET", buf_str(&path), NULL, -1, &reply, &err) < 0)
		return print_failure(&err);
	if (invocation->json)
		print_json(reply);
	else
		print_first_step(json_object_get(reply, "first_step"));
	status = json_number(reply, "first_step.passed") == json_number(reply, "first_step.total")
			 ? EXIT_OK
			 : EXIT_ACTION_FAILED;
	json_decref(reply);
	return status;
}

static int ask(struct invocation *invocation, json_int_t id, const char *what, json_t **ret,
	       struct err *err)
{
	struct buf path CLEANUP(buf_done) = {0};
	json_t *body = json_object();
	int code;

	(void)buf_printf(&path, "/servers/%lld/actions/%s", (long long)id, what);
	code = api_call(invocation->api, "POST", buf_str(&path), body, -1, ret, err);
	json_decref(body);
	return code;
}

static int find(struct invocation *invocation, json_int_t *ret_id, struct err *err)
{
	json_t *server = NULL;
	int code = api_find(invocation->api, "servers", "servers", "server",
			    invocation->positionals[0], &server, err);

	if (code == 0)
		*ret_id = json_number(server, "id");
	json_decref(server);
	return code;
}

int first_step_check(struct invocation *invocation)
{
	struct err err = {0};
	json_t *reply = NULL;
	json_int_t id = 0;
	int code = find(invocation, &id, &err);

	if (code == 0 && !option_given(invocation, "last")) {
		code = ask(invocation, id, "check_first_step", &reply, &err);
		if (code == 0)
			code = api_wait(invocation->api, json_number(reply, "action.id"),
					invocation->quiet || invocation->json, &err);
	}
	json_decref(reply);
	return code < 0 ? print_failure(&err) : show(invocation, id);
}

/* A person is asked; a program has to say that it knows. */
static bool is_sure(const struct invocation *invocation)
{
	char line[16];

	if (option_given(invocation, "yes"))
		return true;
	if (!isatty(STDIN_FILENO)) {
		(void)fputs("ippo: this opens the server although not everything is proven: say "
			    "--yes\n",
			    stderr);
		return false;
	}
	(void)printf("Not everything of %s is proven. From then on anybody can try to connect. "
		     "Open it? [y/N] ",
		     invocation->positionals[0]);
	(void)fflush(stdout);
	return fgets(line, sizeof line, stdin) != NULL && (line[0] == 'y' || line[0] == 'Y');
}

int first_step_open(struct invocation *invocation)
{
	struct err err = {0};
	json_t *reply = NULL;
	json_int_t id = 0;
	int code = find(invocation, &id, &err);

	if (code == 0 && !is_sure(invocation))
		return EXIT_USAGE;
	if (code == 0)
		code = ask(invocation, id, "open_inbound", &reply, &err);
	return code < 0 ? print_failure(&err) : request_finish(invocation, reply, NULL, true);
}

const struct option_rule first_step_check_options[] = {
	{"last", NULL, "show what the last check found, and check nothing", false},
	{NULL, NULL, NULL, false},
};
const struct option_rule first_step_open_options[] = {
	{"yes", NULL, "I know that not everything is proven", false},
	{NULL, NULL, NULL, false},
};
