#include "cli/first_choices.h"

#include <fcntl.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/parse.h"

#define PASSWORD_FILE_MAX_BYTES ((size_t)4096)

/* A number as one; what is none goes as it is, and the service says what is wrong with it. */
static json_t *number_or_text(const char *text)
{
	uint64_t number;

	return parse_u64(text, 0, INT64_MAX, &number) == 0 ? json_integer((json_int_t)number)
							   : json_string(text);
}

static int add_password(const char *file, json_t *choices, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};
	int code = fd_read_file(AT_FDCWD, file, PASSWORD_FILE_MAX_BYTES, &text);

	if (code < 0)
		return err_set(err, code, "cannot read %s: %s", file, strerror(-code));
	const size_t bytes = strcspn(buf_str(&text), "\r\n");
	json_t *password = json_stringn(buf_str(&text), bytes);
	explicit_bzero(text.data, text.len);
	if (password == NULL)
		return err_set(err, ERR_INVALID_INPUT, "%s is not UTF-8 text", file);
	return json_object_set_new(choices, "console_password", password);
}

int first_choices_add(const struct invocation *invocation, json_t *body, struct err *err)
{
	json_t *choices = json_object(), *ports = json_array();
	const char *port = option_text(invocation, "ssh-port"),
		   *days = option_text(invocation, "log-days"),
		   *updates = option_text(invocation, "updates"),
		   *user = option_text(invocation, "user"),
		   *file = option_text(invocation, "console-password-file"), *value;
	int code = 0;

	if (port != NULL)
		(void)json_object_set_new(choices, "ssh_port", number_or_text(port));
	if (updates != NULL)
		(void)json_object_set_new(choices, "updates", json_string(updates));
	if (user != NULL)
		(void)json_object_set_new(choices, "user", json_string(user));
	if (days != NULL)
		(void)json_object_set_new(choices, "log_days", number_or_text(days));
	for (size_t at = 0; (value = option_next(invocation, "open-port", &at)) != NULL;)
		(void)json_array_append_new(ports, json_string(value));
	if (json_array_size(ports) > 0)
		(void)json_object_set(choices, "open_ports", ports);
	if (file != NULL)
		code = add_password(file, choices, err);
	if (code == 0 && json_object_size(choices) > 0)
		(void)json_object_set(body, "first_step", choices);
	json_decref(ports);
	json_decref(choices);
	return code;
}
