/*
 * Theory of operation of the bounds. A change has a line, and changes are bounded by the rate limit
 * of who makes them. What changes nothing must not let anybody fill the disk:
 *
 * Refusals have lines only when somebody known was refused something for a reason worth knowing
 * (not for a malformed request), at most REFUSALS_PER_HOUR for each of REFUSAL_SLOTS actors; the
 * rest are counted, and the count is in the actor's next line.
 *
 * Wrong sign-ins have at most WRONG_PER_HOUR lines for each account, of which at most WRONG_SLOTS
 * have a count of their own in an hour, and WRONG_UNKNOWN_PER_HOUR for all others and for names
 * that nobody has; the rest are counted, and one line tells how many when the hour is over. They
 * are written by a timer, in one transaction that is there whether lines are left or not: otherwise
 * the time that the disk takes would tell an account's name from one that nobody has.
 */
#include "core/api/note.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "core/api/router.h"
#include "store/store_history.h"
#include "store/store_membership.h"
#include "store/store_setting.h"
#include "store/store_user.h"

#define HOUR_MS                (INT64_C(3600) * 1000)
#define REFUSAL_SLOTS          256
#define REFUSALS_PER_HOUR      60
#define WRONG_SLOTS            64
#define WRONG_PER_HOUR         10
#define WRONG_UNKNOWN_PER_HOUR 30
#define WRONG_WAITING          128
#define WRONG_COUNT_KEY        "history.wrong_sign_ins"

struct note {
	struct history_line line;
	json_t *details;
	bool written;
	bool nothing;
	bool is_own; /* whoever it is, it is their own account */
};

static void copy_text(char *out, size_t size, const char *text)
{
	size_t len = strlen(text);

	if (len > size - 1)
		len = size - 1;
	/* Cut at a character. */
	while (len > 0 && text[len] != '\0' && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	memcpy(out, text, len);
	out[len] = '\0';
}

/* --- a request's note --- */

static void put_details(struct note *note)
{
	AUTO_FREE char *text = NULL;

	if (json_object_size(note->details) == 0)
		return;
	text = json_dumps(note->details, JSON_COMPACT | JSON_SORT_KEYS);
	if (text != NULL && strlen(text) < sizeof note->line.details)
		(void)snprintf(note->line.details, sizeof note->line.details, "%s", text);
}

/* What the store holds follows, but for what the store itself found out. */
static void put(struct request *request)
{
	struct history_line *waiting = store_history_noted(request->core->store);
	struct history_line line = request->note->line;

	if (waiting == NULL)
		return;
	line.action_id = waiting->action_id;
	line.result = waiting->result;
	*waiting = line;
}

static bool is_in_an_others_account(const struct request *request, uint64_t customer_id)
{
	return request->who.service && customer_id != 0 &&
	       (request->acts_for || customer_id != request->who.customer_id);
}

static void take_actor(const struct request *request, struct history_line *line)
{
	uid_t uid;
	gid_t gid;

	line->actor = HISTORY_NOBODY;
	if (request->is_anonymous)
		return;
	copy_text(line->actor_name, sizeof line->actor_name, request->who_name);
	switch (request->who.via) {
	case PRINCIPAL_SESSION:
		line->actor = HISTORY_SESSION;
		line->actor_id = request->who.user_id;
		break;
	case PRINCIPAL_TOKEN:
		line->actor = HISTORY_TOKEN;
		line->actor_id = request->who.token_id;
		break;
	case PRINCIPAL_LOCAL:
		(void)exchange_is_local(request->exchange, &uid, &gid);
		line->actor = HISTORY_LOCAL;
		line->actor_id = uid;
		break;
	}
}

int note_begin(struct request *request, const struct route *route, struct err *err)
{
	const size_t type_len = strcspn(route->what != NULL ? route->what : "", ".");
	struct history_line *line;

	if (type_len == 0)
		return 0;
	request->note = calloc(1, sizeof *request->note);
	if (request->note == NULL)
		return err_set(err, -ENOMEM, "no memory"); /* no change without its line */
	line = &request->note->line;
	line->result = HISTORY_SUCCESS;
	take_actor(request, line);
	copy_text(line->peer, sizeof line->peer, request->http->peer);
	copy_text(line->what, sizeof line->what, route->what);
	/* What is the service's own; to others it is refused, and that is told in their account. */
	if (!request->is_anonymous && (route->access != ACCESS_SERVICE || !request->who.service))
		line->customer_id = request->who.customer_id;
	if (request->id != 0) {
		(void)snprintf(line->resource_type, sizeof line->resource_type, "%.*s",
			       (int)type_len, route->what);
		line->resource_id = request->id;
	}
	line->by_operator = is_in_an_others_account(request, line->customer_id);
	/* About themselves, and nothing that the customer they are at work for has to know. */
	if (request->acts_for && route->access == ACCESS_PERSON) {
		line->customer_id = ACCOUNT_SERVICE_CUSTOMER_ID;
		line->by_operator = false;
	}
	return 0;
}

void note_resume(struct request *request)
{
	struct note *note = request->note;
	struct history_line *line;

	if (note == NULL || note->nothing)
		return;
	line = &note->line;
	if (line->resource_id != 0 && *line->resource_name == '\0')
		store_history_resource_name(request->core->store, line->resource_type,
					    line->customer_id, line->resource_id,
					    line->resource_name);
	note->written = false;
	put_details(note);
	store_history_note(request->core->store, line);
}

void note_pause(struct request *request)
{
	if (request->note == NULL)
		return;
	request->note->written =
		store_history_take(request->core->store, NULL) || request->note->written;
}

void note_free(struct request *request)
{
	if (request->note == NULL)
		return;
	json_decref(request->note->details);
	free(request->note);
	request->note = NULL;
}

void note_about(struct request *request, const char *type, uint64_t id, const char *name)
{
	struct history_line *line;

	if (request->note == NULL)
		return;
	line = &request->note->line;
	if (type != NULL)
		copy_text(line->resource_type, sizeof line->resource_type, type);
	line->resource_id = id;
	copy_text(line->resource_name, sizeof line->resource_name, name);
	put(request);
}

void note_customer(struct request *request, uint64_t customer_id)
{
	if (request->note == NULL)
		return;
	request->note->line.customer_id = customer_id;
	request->note->line.by_operator =
		!request->note->is_own && is_in_an_others_account(request, customer_id);
	put(request);
}

void note_person(struct request *request, const struct user *user)
{
	struct history_line *line;

	if (request->note == NULL)
		return;
	line = &request->note->line;
	line->actor = HISTORY_SESSION;
	line->actor_id = user->id;
	line->by_operator = false;
	request->note->is_own = true;
	copy_text(line->actor_name, sizeof line->actor_name, user->name);
	put(request);
}

void note_what(struct request *request, const char *what)
{
	struct history_line *line;

	if (request->note == NULL)
		return;
	line = &request->note->line;
	copy_text(line->what, sizeof line->what, what);
	line->resource_type[0] = line->resource_name[0] = line->details[0] = '\0';
	line->resource_id = 0;
	json_decref(request->note->details);
	request->note->details = NULL;
	store_history_note(request->core->store, line);
	request->note->written = false;
}

void note_detail(struct request *request, const char *key, json_t *value)
{
	struct note *note = request->note;

	if (note == NULL) {
		json_decref(value);
		return;
	}
	if (note->details == NULL)
		note->details = json_object();
	(void)json_object_set_new(note->details, key, value);
	put_details(note);
	put(request);
}

int note_also(struct request *request, uint64_t customer_id, const char *direction, struct err *err)
{
	struct history_line line;

	if (request->note == NULL)
		return 0;
	line = request->note->line;
	line.customer_id = customer_id;
	line.by_operator = is_in_an_others_account(request, customer_id);
	(void)snprintf(line.details, sizeof line.details, "{\"direction\":\"%s\"}", direction);
	return store_history_append(request->core->store, &line, err);
}

void note_nothing(struct request *request)
{
	if (request->note == NULL)
		return;
	request->note->nothing = true;
	store_history_note(request->core->store, NULL);
}

/* --- what was refused --- */

/* An hour for each actor; two that share a slot share it. */
static struct {
	int64_t began_ms;
	uint32_t written;
	uint32_t left_out;
} refusals[REFUSAL_SLOTS];

/* Not what was merely written wrong, nor what is not there. */
static bool is_worth_a_line(int code)
{
	switch (code) {
	case ERR_JSON:
	case ERR_INVALID_INPUT:
	case ERR_UNAUTHORIZED:
	case ERR_CODE_REQUIRED: /* questions back, whose answer comes next */
	case ERR_PROOF_REQUIRED:
	case ERR_NOT_FOUND:
	case ERR_GONE:
	case ERR_OLD_CONNECTION:
	case ERR_METHOD:
	case ERR_UNIQUENESS:
	case ERR_UNSUPPORTED:
	case ERR_TOO_LARGE:
	case ERR_RATE_LIMIT:
	case ERR_NO_MAIL:
	case ERR_DISK_FULL: /* of the database: it could not be written */
		return false;
	default:
		return true;
	}
}

static bool may_be_written(struct history_line *line)
{
	const size_t slot = (line->actor_id * 8 + line->actor) % REFUSAL_SLOTS;
	const int64_t now_ms = clock_mono_ms();

	if (refusals[slot].began_ms == 0 || now_ms - refusals[slot].began_ms >= HOUR_MS) {
		refusals[slot].began_ms = now_ms;
		refusals[slot].written = 0;
	}
	if (refusals[slot].written >= REFUSALS_PER_HOUR) {
		refusals[slot].left_out++;
		return false;
	}
	refusals[slot].written++;
	line->details[0] = '\0';
	if (refusals[slot].left_out > 0)
		(void)snprintf(line->details, sizeof line->details, "{\"left_out\":%u}",
			       refusals[slot].left_out);
	refusals[slot].left_out = 0;
	return true;
}

void note_end(struct request *request, int code, unsigned status)
{
	struct note *note = request->note;
	struct err err = {0};

	if (note == NULL || note->written || note->nothing)
		return;
	note->written = true;
	if (code < 0) {
		if (note->line.actor == HISTORY_NOBODY || !is_worth_a_line(code) ||
		    !may_be_written(&note->line))
			return;
		note->line.result = status >= 500 ? HISTORY_ERROR : HISTORY_REFUSED;
		note->line.action_id = 0;
		if (request->id == 0)
			note->line.resource_id = 0; /* what was to be made is not there */
		(void)snprintf(note->line.error_code, sizeof note->line.error_code, "%s",
			       err_name(code));
	}
	if (store_history_append(request->core->store, &note->line, &err) < 0)
		log_error("%s", err.text);
}

/* --- wrong sign-ins --- */

/* What is known of one account in this hour; the first slot is of all others together. */
struct wrong {
	uint64_t user_id;
	uint64_t customer_id;
	char name[NAME_PERSON_BYTES];
	int64_t began_ms; /* 0: the slot is free */
	uint32_t written;
	uint64_t counted;
};

static struct wrong wrongs[WRONG_SLOTS];
static struct history_line *waiting[WRONG_WAITING];
static size_t waiting_count;
static uint64_t counted_since_write;

static uint64_t customer_of(struct core *core, const struct user *user)
{
	struct membership first;

	if (store_membership_first(core->store, user->id, &first, NULL) == 0)
		return first.customer_id;
	return user->service ? ACCOUNT_SERVICE_CUSTOMER_ID : 0;
}

static struct wrong *find_wrong(struct core *core, const struct user *user)
{
	const int64_t now_ms = clock_mono_ms();
	struct wrong *free_one = NULL;

	for (size_t i = 1; user != NULL && i < WRONG_SLOTS; i++) {
		if (wrongs[i].began_ms != 0 && wrongs[i].user_id == user->id)
			return &wrongs[i];
		if (wrongs[i].began_ms == 0 && free_one == NULL)
			free_one = &wrongs[i];
	}
	if (free_one != NULL) {
		*free_one = (struct wrong){.user_id = user->id,
					   .customer_id = customer_of(core, user),
					   .began_ms = now_ms};
		copy_text(free_one->name, sizeof free_one->name, user->name);
		return free_one;
	}
	if (wrongs[0].began_ms == 0)
		wrongs[0].began_ms = now_ms;
	return &wrongs[0];
}

static void fill_wrong(const struct wrong *wrong, int code, struct history_line *line)
{
	*line = (struct history_line){.customer_id = wrong->customer_id,
				      .actor = HISTORY_NOBODY,
				      .what = "session.fail",
				      .result = HISTORY_REFUSED};
	(void)snprintf(line->error_code, sizeof line->error_code, "%s", err_name(code));
	if (wrong->user_id != 0) {
		(void)snprintf(line->resource_type, sizeof line->resource_type, "user");
		line->resource_id = wrong->user_id;
		copy_text(line->resource_name, sizeof line->resource_name, wrong->name);
	}
}

static void note_wrong(struct core *core, const struct user *user, const char *peer, int code,
		       bool throttled)
{
	struct wrong *wrong = find_wrong(core, user);
	const uint32_t most = wrong == wrongs ? WRONG_UNKNOWN_PER_HOUR : WRONG_PER_HOUR;
	struct history_line *line = NULL;

	if (!throttled && wrong->written < most && waiting_count < WRONG_WAITING)
		line = malloc(sizeof *line);
	if (line == NULL) {
		wrong->counted++;
		counted_since_write++;
		return;
	}
	fill_wrong(wrong, code, line);
	copy_text(line->peer, sizeof line->peer, peer);
	wrong->written++;
	waiting[waiting_count++] = line;
}

void note_wrong_sign_in(struct core *core, const struct user *user, const char *peer,
			bool throttled)
{
	note_wrong(core, user, peer, ERR_UNAUTHORIZED, throttled);
}

void note_copied_passkey(struct core *core, const struct user *user, const char *peer)
{
	note_wrong(core, user, peer, ERR_PASSKEY_COUNTER, false);
}

static bool is_over(const struct wrong *wrong, bool all)
{
	return wrong->began_ms != 0 && (all || clock_mono_ms() - wrong->began_ms >= HOUR_MS);
}

/* How many there ever were without a line: a write of the same cost as that of a line. */
static int write_count(struct store *store, struct err *err)
{
	AUTO_FREE char *before = NULL;
	uint64_t count = 0;
	char text[24];

	if (store_setting_get(store, WRONG_COUNT_KEY, &before, NULL) == 0)
		(void)parse_u64(before, 0, UINT64_MAX / 2, &count);
	count += counted_since_write;
	(void)snprintf(text, sizeof text, "%llu", (unsigned long long)count);
	return store_setting_set(store, WRONG_COUNT_KEY, text, err);
}

static int write_wrong(struct core *core, bool all, struct err *err)
{
	struct store *store = core->store;
	struct history_line line;
	int code = store_begin(store, err);

	if (code < 0)
		return code;
	STORE_GUARD(store);
	for (size_t i = 0; i < waiting_count; i++)
		if ((code = store_history_append(store, waiting[i], err)) < 0)
			return code;
	for (size_t i = 0; i < WRONG_SLOTS; i++) {
		if (!is_over(&wrongs[i], all) || wrongs[i].counted == 0)
			continue;
		fill_wrong(&wrongs[i], ERR_UNAUTHORIZED, &line);
		line.actor = HISTORY_SYSTEM;
		(void)snprintf(line.details, sizeof line.details, "{\"counted\":%llu}",
			       (unsigned long long)wrongs[i].counted);
		if ((code = store_history_append(store, &line, err)) < 0)
			return code;
	}
	if ((code = write_count(store, err)) < 0)
		return code;
	return store_commit(store, err);
}

void note_write(struct core *core, bool all)
{
	bool has_work = waiting_count > 0 || counted_since_write > 0;
	struct err err = {0};

	for (size_t i = 0; i < WRONG_SLOTS; i++)
		has_work = has_work || is_over(&wrongs[i], all);
	if (!has_work)
		return;
	if (write_wrong(core, all, &err) < 0) {
		log_error("%s", err.text);
		return; /* the next time */
	}
	for (size_t i = 0; i < waiting_count; i++)
		free(waiting[i]);
	waiting_count = 0;
	counted_since_write = 0;
	for (size_t i = 0; i < WRONG_SLOTS; i++)
		if (is_over(&wrongs[i], all))
			wrongs[i] = (struct wrong){0};
}
