#include "core/api/first_choices.h"

#include <sodium.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/api/note.h"
#include "model/name.h"

#define FIELD(name) "first_step." name

void first_choices_done(struct first_choices *choices)
{
	explicit_bzero(choices->hash, sizeof choices->hash);
	*choices = (struct first_choices){0};
}

static int refuse(struct request *request, const char *field, const struct err *why,
		  struct err *err)
{
	return request_invalid(request, err, field, "%s", why->text);
}

/* None of a database's are in the range. */
static uint16_t random_port(void)
{
	uint16_t port;

	do
		port = (uint16_t)(FIRST_CHOICE_RANDOM_FIRST +
				  randombytes_uniform(FIRST_CHOICE_RANDOM_LAST -
						      FIRST_CHOICE_RANDOM_FIRST + 1));
	while (first_choice_is_database(port, port));
	return port;
}

static int take_ssh_port(struct request *request, const json_t *value, struct first_choices *ret,
			 struct err *err)
{
	static const char field[] = FIELD("ssh_port");
	struct err why = {0};

	if (json_is_string(value) && strcmp(json_string_value(value), "random") == 0) {
		ret->ssh_port = random_port();
		return 0;
	}
	if (!json_is_integer(value))
		return request_invalid(request, err, field, "must be a number or \"random\"");
	if (first_choice_check_ssh(json_integer_value(value), &why) < 0)
		return refuse(request, field, &why, err);
	ret->ssh_port = (uint16_t)json_integer_value(value);
	return 0;
}

static int take_log_days(struct request *request, const json_t *value, struct first_choices *ret,
			 struct err *err)
{
	const json_int_t days = json_integer_value(value);

	if (!json_is_integer(value) || days < 1 || days > FIRST_CHOICE_LOG_DAYS_MAX)
		return request_invalid(request, err, FIELD("log_days"),
				       "must be a number from 1 to %d", FIRST_CHOICE_LOG_DAYS_MAX);
	ret->log_days = (uint32_t)days;
	return 0;
}

static int take_updates(struct request *request, const json_t *value, struct first_choices *ret,
			struct err *err)
{
	if (!json_is_string(value) ||
	    first_choice_updates_parse(json_string_value(value), &ret->updates) < 0)
		return request_invalid(request, err, FIELD("updates"),
				       "must be \"reboot\", \"no_reboot\" or \"manual\"");
	return 0;
}

static int take_open_ports(struct request *request, const json_t *value, struct first_choices *ret,
			   struct err *err)
{
	static const char field[] = FIELD("open_ports");
	const json_t *item;
	size_t i, len = 0;

	if (!json_is_array(value) || json_array_size(value) > FIRST_CHOICE_OPEN_MAX)
		return request_invalid(request, err, field, "must be a list of at most %d ports",
				       FIRST_CHOICE_OPEN_MAX);
	json_array_foreach(value, i, item)
	{
		struct first_choice_port port;
		struct err why = {0};

		if (!json_is_string(item))
			return request_invalid(request, err, field,
					       "must be a list of texts: [\"443/tcp\"]");
		if (first_choice_read_port(json_string_value(item), &port, &why) < 0)
			return refuse(request, field, &why, err);
		len += (size_t)snprintf(ret->open_ports + len, sizeof ret->open_ports - len, "%s%u",
					len > 0 ? "," : "", port.first);
		if (port.last != port.first)
			len += (size_t)snprintf(ret->open_ports + len, sizeof ret->open_ports - len,
						"-%u", port.last);
		len += (size_t)snprintf(ret->open_ports + len, sizeof ret->open_ports - len, "/%s",
					port.is_udp ? "udp" : "tcp");
	}
	return 0;
}

static int take_password(struct request *request, const json_t *value, struct first_choices *ret,
			 struct err *err)
{
	static const char field[] = FIELD("console_password");
	struct err why = {0};

	if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value))
		return request_invalid(request, err, field, "must be text");
	if (first_choice_check_password(json_string_value(value), &why) < 0)
		return refuse(request, field, &why, err);
	if (password_hash_guest(json_string_value(value), ret->hash) < 0)
		return err_set(err, ERR_SERVER, "cannot keep a password");
	return 0;
}

static int take_user(struct request *request, const json_t *value, struct first_choices *ret,
		     struct err *err)
{
	static const char field[] = FIELD("user");
	const char *outside = json_string_value(json_object_get(request->body, "user"));
	struct err why = {0};

	if (!json_is_string(value))
		return request_invalid(request, err, field, "must be text");
	if (name_check_user(json_string_value(value), &why) < 0)
		return refuse(request, field, &why, err);
	if (outside != NULL && strcmp(outside, json_string_value(value)) != 0)
		return request_invalid(request, err, field, "is not what `user` says");
	ret->user = json_string_value(value);
	return 0;
}

static const struct {
	const char *key;
	int (*take)(struct request *request, const json_t *value, struct first_choices *ret,
		    struct err *err);
} fields[] = {
	{"ssh_port", take_ssh_port},         {"open_ports", take_open_ports},
	{"log_days", take_log_days},         {"updates", take_updates},
	{"console_password", take_password}, {"user", take_user},
};

static int take_field(struct request *request, const char *key, const json_t *value,
		      struct first_choices *ret, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strcmp(fields[i].key, key) != 0)
			continue;
		if (json_is_null(value))
			return 0;
		return fields[i].take(request, value, ret, err);
	}
	return request_invalid(request, err, "first_step", "has no field %.60s", key);
}

int first_choices_take(struct request *request, struct first_choices *ret, struct err *err)
{
	json_t *all = json_object_get(request->body, "first_step"), *value;
	const char *key;
	int code;

	if (all == NULL || json_is_null(all))
		return 0;
	if (!json_is_object(all))
		return request_invalid(request, err, "first_step", "must be an object");
	json_object_foreach(all, key, value) if ((code = take_field(request, key, value, ret,
								    err)) < 0) return code;
	return 0;
}

void first_choices_put(struct request *request, const struct first_choices *choices,
		       struct action_request *wanted)
{
	wanted->ssh_port = choices->ssh_port;
	wanted->log_days = choices->log_days;
	wanted->updates = choices->updates != FIRST_CHOICE_UPDATES_UNKNOWN
				  ? choices->updates
				  : FIRST_CHOICE_UPDATES_DEFAULT;
	wanted->user = choices->user;
	wanted->open_ports = choices->open_ports;
	if (choices->hash[0] != '\0')
		wanted->password_hash = choices->hash;
	if (choices->ssh_port != 0)
		note_detail(request, "ssh_port", json_integer(choices->ssh_port));
	if (choices->open_ports[0] != '\0')
		note_detail(request, "open_ports", json_string(choices->open_ports));
	if (choices->updates != FIRST_CHOICE_UPDATES_UNKNOWN)
		note_detail(request, "updates",
			    json_string(first_choice_updates_name(choices->updates)));
	if (choices->log_days != 0)
		note_detail(request, "log_days", json_integer(choices->log_days));
}
