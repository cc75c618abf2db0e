// ippo key and token: who may do what.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "cli/api.h"
#include "cli/print.h"
#include "cli/request.h"

#define KEY_FILE_MAX_BYTES ((size_t)16 * 1024)

static const char *id_text(const json_t *object, char out[24])
{
	(void)snprintf(out, 24, "%lld", (long long)json_number(object, "id"));
	return out;
}

static void key_row(struct table *table, const json_t *key)
{
	char id[24];

	table_row(table, id_text(key, id), json_text(key, "name"), json_text(key, "fingerprint"));
}

static int key_list(struct invocation *invocation)
{
	return request_list(
		invocation, "/ssh_keys?sort=id:asc", "ssh_keys", "ID NAME FINGERPRINT", key_row,
		"There are no keys. `ippo key create NAME --file ~/.ssh/id_ed25519.pub` adds one.");
}

static void key_print(const json_t *key)
{
	print_field("Name", "%s", json_text(key, "name"));
	print_field("ID", "%lld", (long long)json_number(key, "id"));
	print_field("Fingerprint", "MD5:%s", json_text(key, "fingerprint"));
	print_field("Public key", "%s", json_text(key, "public_key"));
}

static int key_show(struct invocation *invocation)
{
	return request_show(invocation, "ssh_keys", "ssh_keys", "ssh_key", key_print);
}

static int key_create(struct invocation *invocation)
{
	const char *file = option_text(invocation, "file");
	struct buf key CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_t *reply = NULL, *body;
	int code;

	if (file == NULL) {
		(void)fputs("ippo: say which public key: --file ~/.ssh/id_ed25519.pub\n", stderr);
		return EXIT_USAGE;
	}
	if ((code = fd_read_file(AT_FDCWD, file, KEY_FILE_MAX_BYTES, &key)) < 0) {
		(void)fprintf(stderr, "ippo: cannot read %s: %s\n", file, strerror(-code));
		return EXIT_USAGE;
	}
	if (strstr(buf_str(&key), "PRIVATE KEY") != NULL) {
		(void)fprintf(stderr,
			      "ippo: %s is the private half; it must never leave your machine. "
			      "Give %s.pub\n",
			      file, file);
		return EXIT_USAGE;
	}
	while (key.len > 0 && key.data[key.len - 1] == '\n')
		key.data[--key.len] = '\0';
	body = json_pack("{s:s, s:s*}", "name", invocation->positionals[0], "public_key",
			 buf_str(&key));
	code = api_call(invocation->api, "POST", "/ssh_keys", body, -1, &reply, &err);
	json_decref(body);
	return code < 0 ? print_failure(&err) : request_finish(invocation, reply, "ssh_key", false);
}

static int key_delete(struct invocation *invocation)
{
	return request_delete(
		invocation, "ssh_keys", "ssh_keys", "ssh_key",
		"New servers can no longer be given it; servers that have it keep it.");
}

static void token_row(struct table *table, const json_t *token)
{
	char id[24];

	table_row(table, id_text(token, id), json_text(token, "name"), json_text(token, "scope"),
		  json_text(token, "created"), json_text(token, "last_used"),
		  json_text(token, "expires"));
}

static int token_list(struct invocation *invocation)
{
	return request_list(invocation, "/tokens", "tokens",
			    "ID NAME SCOPE CREATED LAST-USED EXPIRES", token_row,
			    "There are no tokens. `ippo token create NAME` makes one.");
}

/* Prints the token and nothing else, so that TOKEN=$(ippo token create NAME) works. */
static int token_create(struct invocation *invocation)
{
	struct err err = {0};
	json_t *reply = NULL;
	json_t *body =
		json_pack("{s:s, s:s, s:b, s:s*}", "name", invocation->positionals[0], "scope",
			  option_given(invocation, "read-only") ? "read" : "read_write", "operator",
			  option_given(invocation, "operator"), "expires",
			  option_text(invocation, "expires"));
	int code = api_call(invocation->api, "POST", "/tokens", body, -1, &reply, &err);

	json_decref(body);
	return request_finish_made(invocation, reply, code, &err, "secret");
}

static int token_delete(struct invocation *invocation)
{
	return request_delete(invocation, "tokens", "tokens", "token",
			      "Whatever uses this token is refused from now on.");
}

static const struct option_rule key_options[] = {
	{"file", "FILE", "the public key, one line as OpenSSH has it", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule token_options[] = {
	{"read-only", NULL, "may look, not change", false},
	{"operator", NULL, "may run the service, not only this customer's servers", false},
	{"expires", "TIME", "good until then, as 2027-01-31T00:00:00Z", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule delete_options[] = {
	{"yes", NULL, "do not ask", false},
	{NULL, NULL, NULL, false},
};

const struct command access_commands[] = {
	{"key", "list", "", "List the SSH keys", NULL, key_list},
	{"key", "show", "NAME", "Show one key", NULL, key_show},
	{"key", "create", "NAME", "Add a public key", key_options, key_create},
	{"key", "delete", "NAME", "Delete a key", delete_options, key_delete},
	{"token", "list", "", "List the tokens", NULL, token_list},
	{"token", "create", "NAME", "Make a token and print it, this once", token_options,
	 token_create},
	{"token", "delete", "NAME", "Delete a token", delete_options, token_delete},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};
