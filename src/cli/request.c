#include "cli/request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "cli/api.h"

#define TEXT_FILE_MAX_BYTES 65536

int request_show(struct invocation *invocation, const char *collection, const char *plural,
		 const char *singular, void (*print)(const json_t *object))
{
	struct err err = {0};
	json_t *object = NULL;

	if (api_find(invocation->api, collection, plural, singular, invocation->positionals[0],
		     &object, &err) < 0)
		return print_failure(&err);
	if (invocation->json)
		print_json(object);
	else
		print(object);
	json_decref(object);
	return EXIT_OK;
}

/* A person at a terminal types the name; a program says --yes. */
bool request_confirmed(const struct invocation *invocation, const char *name,
		       const char *what_happens)
{
	char line[256] = "";

	if (option_given(invocation, "yes"))
		return true;
	if (!isatty(STDIN_FILENO)) {
		(void)fprintf(stderr,
			      "ippo: nothing was done: give --yes when no person is asked\n");
		return false;
	}
	(void)fprintf(stderr, "%s\nType its name (%s) to go on: ", what_happens, name);
	if (fgets(line, sizeof line, stdin) == NULL)
		return false;
	line[strcspn(line, "\n")] = '\0';
	if (strcmp(line, name) == 0)
		return true;
	(void)fputs("ippo: that is not its name; nothing was done\n", stderr);
	return false;
}

int request_delete(struct invocation *invocation, const char *collection, const char *plural,
		   const char *singular, const char *what_is_lost)
{
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_t *object = NULL, *reply = NULL;
	int code;

	if (api_find(invocation->api, collection, plural, singular, invocation->positionals[0],
		     &object, &err) < 0)
		return print_failure(&err);
	const char *name = json_string_value(json_object_get(object, "name"));
	(void)buf_printf(&path, "/%s/%lld", collection, (long long)json_number(object, "id"));
	if (!request_confirmed(invocation, name != NULL ? name : invocation->positionals[0],
			       what_is_lost)) {
		json_decref(object);
		return EXIT_USAGE;
	}
	json_decref(object);
	code = api_call(invocation->api, "DELETE", buf_str(&path), NULL, -1, &reply, &err);
	if (code < 0)
		return print_failure(&err);
	return request_finish(invocation, reply, NULL, true);
}

void request_add_labels(const struct invocation *invocation, json_t *body)
{
	json_t *labels = json_object();
	const char *value;

	for (size_t at = 0; (value = option_next(invocation, "label", &at)) != NULL;) {
		AUTO_FREE char *name = strndup(value, strcspn(value, "="));
		const char *rest = strchr(value, '=');
		(void)json_object_set_new(labels, name, json_string(rest != NULL ? rest + 1 : ""));
	}
	(void)json_object_set_new(body, "labels", labels);
}

int request_finish_made(struct invocation *invocation, json_t *reply, int code,
			const struct err *err, const char *path)
{
	if (code < 0)
		return print_failure(err);
	if (invocation->json)
		print_json(reply);
	else if (json_is_integer(json_at(reply, path)))
		(void)printf("%lld\n", (long long)json_number(reply, path));
	else
		(void)puts(json_text(reply, path));
	json_decref(reply);
	return EXIT_OK;
}

int request_finish(struct invocation *invocation, json_t *reply, const char *object_key, bool wait)
{
	const json_t *action = json_object_get(reply, "action");
	const json_t *next;
	struct err err = {0};
	size_t i;
	int code = 0;

	if (wait && json_is_object(action)) {
		code = api_wait(invocation->api, json_number(action, "id"), invocation->quiet,
				&err);
		json_array_foreach(json_object_get(reply, "next_actions"), i,
				   next) if (code == 0) code =
			api_wait(invocation->api, json_number(next, "id"), invocation->quiet, &err);
	}
	if (code < 0) {
		(void)print_failure(&err);
		code = EXIT_ACTION_FAILED;
	} else if (invocation->json && reply != NULL) {
		print_json(object_key != NULL ? json_object_get(reply, object_key) : reply);
	}
	json_decref(reply);
	return code;
}

/* As it is, or as a table. */
static void print_list(const struct invocation *invocation, const json_t *list,
		       const char *headings, void (*row)(struct table *table, const json_t *object),
		       const char *when_empty)
{
	const json_t *object;
	size_t i;

	if (invocation->json) {
		print_json(list);
	} else {
		struct table *table = table_new(headings);
		json_array_foreach(list, i, object) row(table, object);
		table_print(table, when_empty);
	}
}

int request_list(struct invocation *invocation, const char *path, const char *key,
		 const char *headings, void (*row)(struct table *table, const json_t *object),
		 const char *when_empty)
{
	struct err err = {0};
	json_t *list = NULL;

	if (api_list(invocation->api, path, key, &list, &err) < 0)
		return print_failure(&err);
	print_list(invocation, list, headings, row, when_empty);
	json_decref(list);
	return EXIT_OK;
}

int request_newest(struct invocation *invocation, const char *path, const char *key,
		   const char *headings, void (*row)(struct table *table, const json_t *object),
		   const char *when_empty)
{
	struct err err = {0};
	json_t *reply = NULL;

	if (api_page(invocation->api, path, &reply, &err) < 0)
		return print_failure(&err);
	const json_t *list = json_object_get(reply, key);
	const long long total = (long long)json_number(reply, "meta.pagination.total_entries");
	print_list(invocation, list, headings, row, when_empty);
	if (!invocation->quiet && (size_t)total > json_array_size(list))
		(void)fprintf(stderr, "ippo: the newest %zu of %lld; --all shows the others too\n",
			      json_array_size(list), total);
	json_decref(reply);
	return EXIT_OK;
}

int request_text_file(const char *path, const char *key, json_t *body, struct err *err)
{
	struct buf data CLEANUP(buf_done) = {0};
	int code = fd_read_file(AT_FDCWD, path, TEXT_FILE_MAX_BYTES, &data);
	size_t len = data.len;
	json_t *text;

	if (code < 0)
		return err_set(err, code, "cannot read %s: %s", path, strerror(-code));
	while (len > 0 && data.data[len - 1] == '\n')
		len--;
	text = json_stringn(buf_str(&data), len);
	if (text == NULL)
		return err_set(err, ERR_INVALID_INPUT, "%s is not UTF-8 text", path);
	return json_object_set_new(body, key, text) == 0 ? 0 : -ENOMEM;
}

int request_save(struct invocation *invocation, const char *path, const char *file,
		 const char *what)
{
	struct err err = {0};
	FILE *out = stdout;

	if (file != NULL && (out = fopen(file, "wxe")) == NULL) {
		(void)fprintf(stderr, "ippo: cannot write %s: %s\n", file, strerror(errno));
		return EXIT_USAGE;
	}
	const int code = api_save(invocation->api, path, out, &err);
	const bool broken = ferror(out) != 0;
	const bool failed = (file != NULL ? fclose(out) : fflush(out)) != 0 || broken;
	if (code < 0)
		return print_failure(&err);
	if (failed) {
		(void)fprintf(stderr, "ippo: %s could not be written: %s\n", what, strerror(errno));
		return EXIT_REFUSED_BY_SERVICE;
	}
	return EXIT_OK;
}
