/*
 * Theory of operation. Knot's control protocol is units of named texts in blocks; a command is one
 * unit and an end of block, its answer any number of units and an end of block, or a unit with an
 * error (libknot/control/control.h). Some commands take many units in a block, one after the other,
 * and answer once. Everything sent here is a name or a value that was parsed and written again by
 * libknot's own code: no text of a customer's gets there as it was typed.
 */
#include "dns/knot.h"

#include <errno.h>
#include <libknot/errcode.h>
#include <libknot/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "dns/knot_call.h"

#define TIMEOUT_MS 20000

int knot_open(const char *path, struct knot **ret, struct err *err)
{
	struct knot *knot = calloc(1, sizeof *knot);
	int code;

	if (knot == NULL || (knot->ctl = knot_ctl_alloc()) == NULL) {
		free(knot);
		return err_set(err, -ENOMEM, "no memory");
	}
	knot_ctl_set_timeout(knot->ctl, TIMEOUT_MS);
	if ((code = knot_ctl_connect(knot->ctl, path)) != KNOT_EOK) {
		knot_ctl_free(knot->ctl);
		free(knot);
		return err_set(err, ERR_UNAVAILABLE, "the name server does not answer: %s",
			       knot_strerror(code));
	}
	*ret = knot;
	return 0;
}

void knot_close(struct knot *knot)
{
	if (knot == NULL)
		return;
	(void)knot_ctl_send(knot->ctl, KNOT_CTL_TYPE_END, NULL);
	knot_ctl_close(knot->ctl);
	knot_ctl_free(knot->ctl);
	free(knot);
}

static int lost(int code, struct err *err)
{
	return err_set(err, ERR_UNAVAILABLE, "the name server has broken off: %s",
		       knot_strerror(code));
}

int knot_call_add(struct knot *knot, const struct command *command, struct err *err)
{
	knot_ctl_data_t data = {
		[KNOT_CTL_IDX_CMD] = command->name,    [KNOT_CTL_IDX_SECTION] = command->section,
		[KNOT_CTL_IDX_ITEM] = command->item,   [KNOT_CTL_IDX_ID] = command->id,
		[KNOT_CTL_IDX_ZONE] = command->zone,   [KNOT_CTL_IDX_OWNER] = command->owner,
		[KNOT_CTL_IDX_TTL] = command->ttl,     [KNOT_CTL_IDX_TYPE] = command->type,
		[KNOT_CTL_IDX_DATA] = command->data,   [KNOT_CTL_IDX_FILTER] = command->filter,
		[KNOT_CTL_IDX_FLAGS] = command->flags,
	};
	const int code = knot_ctl_send(knot->ctl, KNOT_CTL_TYPE_DATA, &data);

	return code == KNOT_EOK ? 0 : lost(code, err);
}

int knot_call_close(struct knot *knot, struct err *err)
{
	const int code = knot_ctl_send(knot->ctl, KNOT_CTL_TYPE_BLOCK, NULL);

	return code == KNOT_EOK ? 0 : lost(code, err);
}

int knot_call_ask(struct knot *knot, const struct command *command, struct err *err)
{
	const int code = knot_call_add(knot, command, err);

	return code < 0 ? code : knot_call_close(knot, err);
}

int knot_call_answer(struct knot *knot, const char *name,
		     int (*each)(void *context, knot_ctl_data_t *data), void *context,
		     struct err *err)
{
	knot_ctl_type_t type = KNOT_CTL_TYPE_END;
	int code, taken = 0;

	knot->error[0] = '\0';
	for (;;) {
		knot_ctl_data_t answer = {0};
		if ((code = knot_ctl_receive(knot->ctl, &type, &answer)) != KNOT_EOK)
			return lost(code, err);
		if (type == KNOT_CTL_TYPE_END)
			return lost(KNOT_ECONN, err);
		if (type == KNOT_CTL_TYPE_BLOCK)
			break;
		if (answer[KNOT_CTL_IDX_ERROR] != NULL)
			(void)snprintf(knot->error, sizeof knot->error, "%s",
				       answer[KNOT_CTL_IDX_ERROR]);
		else if (each != NULL && taken == 0)
			taken = each(context, &answer);
	}
	if (knot->error[0] != '\0')
		return err_set(err, ERR_SERVER, "%s: %s", name, knot->error);
	return taken < 0 ? err_set(err, taken, "no memory for the name server's answer") : 0;
}

int knot_call_end(struct knot *knot, const char *name,
		  int (*each)(void *context, knot_ctl_data_t *data), void *context, struct err *err)
{
	const int code = knot_call_close(knot, err);

	return code < 0 ? code : knot_call_answer(knot, name, each, context, err);
}

int knot_call(struct knot *knot, const struct command *command,
	      int (*each)(void *context, knot_ctl_data_t *data), void *context, struct err *err)
{
	const int code = knot_call_ask(knot, command, err);

	return code < 0 ? code : knot_call_answer(knot, command->name, each, context, err);
}

int knot_call_zone(struct knot *knot, const char *name, const char *zone, struct err *err)
{
	return knot_call(knot, &(struct command){.name = name, .zone = zone}, NULL, NULL, err);
}

int knot_begin_zone(struct knot *knot, const char *zone, struct err *err)
{
	int code = knot_call_zone(knot, "zone-begin", zone, err);

	if (code == ERR_SERVER && knot_says(knot, KNOT_TXN_EEXISTS) &&
	    (code = knot_call_zone(knot, "zone-abort", zone, err)) == 0)
		code = knot_call_zone(knot, "zone-begin", zone, err);
	return code;
}

bool knot_says(const struct knot *knot, int code)
{
	return strcmp(knot->error, knot_strerror(code)) == 0;
}

/* --- what it has --- */

static int add_line(struct buf *out, const char *name)
{
	size_t len = strlen(name);

	if (len > 1 && name[len - 1] == '.')
		len--;
	(void)buf_append(out, name, len);
	return buf_putc(out, '\n');
}

static int on_setting(void *context, knot_ctl_data_t *data)
{
	const char *name = (*data)[KNOT_CTL_IDX_DATA] != NULL ? (*data)[KNOT_CTL_IDX_DATA]
							      : (*data)[KNOT_CTL_IDX_ID];

	return name != NULL ? add_line(context, name) : 0;
}

/* "-" and "none" stand for a zone without contents. */
static int on_status(void *context, knot_ctl_data_t *data)
{
	const char *zone = (*data)[KNOT_CTL_IDX_ZONE], *serial = (*data)[KNOT_CTL_IDX_DATA];

	return zone != NULL && serial != NULL && *serial >= '0' && *serial <= '9'
		       ? add_line(context, zone)
		       : 0;
}

int knot_list(struct knot *knot, bool all, struct buf *out, struct err *err)
{
	int code;

	if (all)
		code = knot_call(
			knot,
			&(struct command){.name = "conf-read", .section = "zone", .item = "domain"},
			on_setting, out, err);
	else
		code = knot_call(knot, &(struct command){.name = "zone-status", .filter = "s"},
				 on_status, out, err);
	/* None at all is no error of anybody's. */
	return code == ERR_SERVER && (knot_says(knot, KNOT_ENOENT) ||
				      knot_says(knot, KNOT_YP_EINVAL_ITEM))
		       ? 0
		       : code;
}

/* --- its settings --- */

int knot_begin_settings(struct knot *knot, struct err *err)
{
	int code = knot_call_zone(knot, "conf-begin", NULL, err);

	/* Of a core that ended within it. */
	if (code == ERR_SERVER && knot_says(knot, KNOT_TXN_EEXISTS) &&
	    (code = knot_call_zone(knot, "conf-abort", NULL, err)) == 0)
		code = knot_call_zone(knot, "conf-begin", NULL, err);
	return code;
}

/* With one item that says how it is kept. One that is there already is changed. */
static int add_zone(struct knot *knot, const char *zone, const char *item, const char *data,
		    struct err *err)
{
	int code = knot_call(knot,
			     &(struct command){.name = "conf-set", .section = "zone", .id = zone},
			     NULL, NULL, err);

	if (code == ERR_SERVER && knot_says(knot, KNOT_CONF_EREDEFINE))
		code = 0;
	if (code < 0)
		return code;
	return knot_call(knot,
			 &(struct command){.name = "conf-set",
					   .section = "zone",
					   .item = item,
					   .id = zone,
					   .data = data},
			 NULL, NULL, err);
}

int knot_add_zone(struct knot *knot, const char *zone, bool dnssec, struct err *err)
{
	return add_zone(knot, zone, "dnssec-signing", dnssec ? "on" : "off", err);
}

int knot_add_fetched(struct knot *knot, const char *zone, struct err *err)
{
	return add_zone(knot, zone, "template", "secondary", err);
}

struct look {
	uint32_t serial;
	uint32_t expires_s;
};

/* "+13D23h59m58s" of what is to come; anything else is not planned. */
static uint32_t read_span(const char *text)
{
	uint64_t seconds = 0, number = 0;

	if (*text++ != '+')
		return 0;
	for (; *text != '\0'; text++) {
		if (*text >= '0' && *text <= '9') {
			number = number * 10 + (uint64_t)(*text - '0');
			if (number > UINT32_MAX)
				return 0;
			continue;
		}
		seconds += number * (*text == 'D'   ? 86400
				     : *text == 'h' ? 3600
				     : *text == 'm' ? 60
						    : 1);
		number = 0;
	}
	return seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
}

static int on_look(void *context, knot_ctl_data_t *data)
{
	const char *type = (*data)[KNOT_CTL_IDX_TYPE], *value = (*data)[KNOT_CTL_IDX_DATA];
	struct look *look = context;
	uint64_t serial;

	if (type == NULL || value == NULL)
		return 0;
	if (strcmp(type, "serial") == 0 && parse_u64(value, 0, UINT32_MAX, &serial) == 0)
		look->serial = (uint32_t)serial;
	if (strcmp(type, "expiration") == 0)
		look->expires_s = read_span(value);
	return 0;
}

int knot_look(struct knot *knot, const char *zone, uint32_t *ret_serial, uint32_t *ret_expires_s,
	      struct err *err)
{
	struct look look = {0};
	const int code = knot_call(knot, &(struct command){.name = "zone-status", .zone = zone},
				   on_look, &look, err);

	if (code < 0)
		return code;
	*ret_serial = look.serial;
	*ret_expires_s = look.expires_s;
	return 0;
}

int knot_refresh(struct knot *knot, const char *zone, struct err *err)
{
	return knot_call_zone(knot, "zone-refresh", zone, err);
}

/* What was to be taken away is not there. */
static bool is_absent(const struct knot *knot)
{
	return knot_says(knot, KNOT_ENOENT) || knot_says(knot, KNOT_YP_EINVAL_ID) ||
	       knot_says(knot, KNOT_YP_ENOID) || knot_says(knot, KNOT_YP_EINVAL_ITEM);
}

int knot_remove_zone(struct knot *knot, const char *zone, struct err *err)
{
	int code = knot_call(knot,
			     &(struct command){.name = "conf-unset", .section = "zone", .id = zone},
			     NULL, NULL, err);

	return code == ERR_SERVER && is_absent(knot) ? 0 : code;
}

int knot_set(struct knot *knot, const char *section, const char *id, const char *item,
	     const char *value, struct err *err)
{
	return knot_call(knot,
			 &(struct command){.name = "conf-set",
					   .section = section,
					   .item = item,
					   .id = id,
					   .data = value},
			 NULL, NULL, err);
}

int knot_unset(struct knot *knot, const char *section, const char *id, const char *item,
	       struct err *err)
{
	const int code = knot_call(
		knot,
		&(struct command){.name = "conf-unset", .section = section, .item = item, .id = id},
		NULL, NULL, err);

	return code == ERR_SERVER && is_absent(knot) ? 0 : code;
}

int knot_abort_settings(struct knot *knot, struct err *err)
{
	return knot_call_zone(knot, "conf-abort", NULL, err);
}

int knot_commit_settings(struct knot *knot, struct err *err)
{
	struct err ignored = {0};
	int code = knot_call_zone(knot, "conf-commit", NULL, err);

	if (code == ERR_SERVER)
		(void)knot_call_zone(knot, "conf-abort", NULL, &ignored);
	return code;
}

int knot_purge(struct knot *knot, const char *zone, struct err *err)
{
	/* Expire, file, journal, keys; not the timers: with one of those it would forget as what
	 * the zone is in the list of zones, and not take it out of there. */
	int code = knot_call(
		knot, &(struct command){.name = "zone-purge", .zone = zone, .filter = "efjk"}, NULL,
		NULL, err);

	return code == ERR_SERVER ? 0 : code; /* it has none */
}
