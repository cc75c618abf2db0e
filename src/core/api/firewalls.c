// /v1/firewalls: the customer's packet filters, what they are applied to, and changes on trial.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/parse.h"
#include "core/actions/engine.h"
#include "core/api/firewall_fields.h"
#include "core/api/firewalls.h"
#include "core/api/note.h"
#include "core/api/render.h"
#include "core/api/router.h"
#include "core/events.h"
#include "core/filter_policy.h"
#include "core/filters.h"
#include "store/store_server.h"

#define ACTIONS_MAX 3

static int find(struct request *request, struct firewall *ret, struct err *err)
{
	int code = store_firewall_get(request->core->store, request->who.customer_id, request->id,
				      ret, err);

	return code == ERR_NOT_FOUND
		       ? err_set(err, code, "there is no firewall %" PRIu64, request->id)
		       : code;
}

static int list(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_firewalls firewalls CLEANUP(store_firewall_done) = {0};
	struct store_firewall_filter filter = {.customer_id = request->who.customer_id,
					       .name = request_query(request, "name")};
	json_t *items;
	int code;

	if ((code = request_list(request, SORT_RESOURCE, &query, err)) < 0)
		return code;
	filter.selector = query.has_selector ? &query.selector : NULL;
	filter.sort = query.sort;
	filter.page = query.page;
	if ((code = store_firewall_list(request->core->store, &filter, &firewalls, err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < firewalls.count; i++)
		(void)json_array_append_new(items,
					    firewall_fields_render(request, &firewalls.items[i]));
	return request_answer_list(request, "firewalls", items, &query.page, firewalls.total);
}

static int get(struct request *request, struct err *err)
{
	struct firewall firewall CLEANUP(firewall_done) = {0};
	int code = find(request, &firewall, err);

	return code < 0 ? code
			: request_answer(request, 200, "firewall",
					 firewall_fields_render(request, &firewall));
}

/* --- what a change does to who asks --- */

/* The servers that a change is about, and who could reach them before. */
struct watch {
	struct store_server_ids servers;
	bool *reached; /* that many */
	bool is_wanted;
	bool has_peer;
	struct ip peer;
	struct ip confirmer;            /* family 0: none */
	struct store_server_ids losses; /* that the peer could reach, and cannot after it */
};

static void watch_done(struct watch *watch)
{
	store_server_ids_done(&watch->servers);
	store_server_ids_done(&watch->losses);
	free(watch->reached);
}

static bool is_loopback(const struct ip *ip)
{
	static const uint8_t v6[16] = {[15] = 1};

	return ip->family == 4 ? ip->bytes[0] == 127 : memcmp(ip->bytes, v6, sizeof v6) == 0;
}

/* `trial`: go back by itself when it could cut off who asks, or `trial_address`, unless somebody
 * comes in from `confirm_from`. From this very
 * machine nobody is cut off: what the host sends passes no filter. */
static int take_watch(struct request *request, struct watch *watch, struct err *err)
{
	const char *text = NULL, *from = NULL;
	int code;

	if ((code = body_bool(request, "trial", &watch->is_wanted, err)) < 0 ||
	    (code = body_text(request, "trial_address", &text, err)) < 0 ||
	    (code = body_text(request, "confirm_from", &from, err)) < 0)
		return code;
	if (from != NULL && ip_parse(from, &watch->confirmer) < 0)
		return request_invalid(request, err, "confirm_from",
				       "must be an IPv4 or IPv6 address");
	if (text != NULL && ip_parse(text, &watch->peer) < 0)
		return request_invalid(request, err, "trial_address",
				       "must be an IPv4 or IPv6 address");
	if (text != NULL)
		watch->has_peer = true;
	else
		watch->has_peer = ip_parse(request->http->peer, &watch->peer) == 0 &&
				  !is_loopback(&watch->peer);
	return 0;
}

static int admits(struct request *request, const struct ip *peer, uint64_t server_id, bool *ret,
		  struct err *err)
{
	struct filter_policy policy CLEANUP(filter_policy_done) = {0};
	int code = filter_policy_load(request->core->store, request->who.customer_id, server_id,
				      &policy, err);

	*ret = code == 0 && firewall_admits_ssh(&policy.policy, peer);
	return code;
}

/* Before the change; @also: servers that it newly is about. */
static int watch_before(struct request *request, uint64_t firewall_id,
			const struct store_scope *also, struct watch *watch, struct err *err)
{
	struct store *store = request->core->store;
	struct store_scope all CLEANUP(store_scope_done) = {0};
	struct store_server_ids own CLEANUP(store_server_ids_done) = {0};
	int code = store_firewall_servers(store, firewall_id, &own, err);

	for (size_t i = 0; code == 0 && i < own.count; i++)
		code = store_scope_add_server(&all, own.items[i]);
	for (size_t i = 0; code == 0 && i < also->server_count; i++)
		code = store_scope_add_server(&all, also->servers[i]);
	for (size_t i = 0; code == 0 && i < also->selector_count; i++) {
		struct store_server_ids found CLEANUP(store_server_ids_done) = {0};
		code = store_firewall_selected(store, request->who.customer_id, also->selectors[i],
					       &found, err);
		for (size_t n = 0; code == 0 && n < found.count; n++)
			code = store_scope_add_server(&all, found.items[n]);
	}
	if (code < 0)
		return code;
	watch->servers = (struct store_server_ids){all.servers, all.server_count};
	all.servers = NULL;
	all.server_count = 0;
	watch->reached = calloc(watch->servers.count + 1, sizeof *watch->reached);
	if (watch->reached == NULL)
		return err_set(err, -ENOMEM, "no memory");
	for (size_t i = 0;
	     code == 0 && watch->is_wanted && watch->has_peer && i < watch->servers.count; i++)
		code = admits(request, &watch->peer, watch->servers.items[i], &watch->reached[i],
			      err);
	return code;
}

/* After it, in the same transaction. */
static int find_losses(struct request *request, struct watch *watch, struct err *err)
{
	int code = 0;

	watch->losses.items = calloc(watch->servers.count + 1, sizeof *watch->losses.items);
	if (watch->losses.items == NULL)
		return err_set(err, -ENOMEM, "no memory");
	for (size_t i = 0;
	     code == 0 && watch->is_wanted && watch->has_peer && i < watch->servers.count; i++) {
		bool reached = false;
		if (!watch->reached[i])
			continue;
		code = admits(request, &watch->peer, watch->servers.items[i], &reached, err);
		if (!reached)
			watch->losses.items[watch->losses.count++] = watch->servers.items[i];
	}
	return code;
}

/* Who is to confirm it must be able to. */
static int check_confirmer(struct request *request, const struct watch *watch, struct err *err)
{
	bool reaches = true;
	int code = 0;

	for (size_t i = 0;
	     code == 0 && reaches && watch->confirmer.family != 0 && i < watch->losses.count; i++)
		code = admits(request, &watch->confirmer, watch->losses.items[i], &reaches, err);
	if (code < 0 || reaches)
		return code;
	return request_invalid(request, err, "confirm_from",
			       "could not connect after the change either");
}

int firewalls_check_server(struct request *request, uint64_t server_id, struct err *err)
{
	struct store_firewalls firewalls CLEANUP(store_firewall_done) = {0};
	int code = store_firewall_of_server(request->core->store, server_id, &firewalls, err);

	if (code == 0 && firewalls.count > FIREWALLS_PER_SERVER)
		code = err_set(err, ERR_LIMIT,
			       "server %" PRIu64 " would have more than %d firewalls", server_id,
			       FIREWALLS_PER_SERVER);
	return code;
}

/* --- a change --- */

struct change {
	struct firewall firewall; /* as it was */
	struct store_scope scope; /* as it was */
	struct watch watch;
	enum action_command commands[ACTIONS_MAX];
	size_t command_count;
	struct action actions[ACTIONS_MAX];
	uint64_t about_server_id;
	bool on_trial;
};

static void change_done(struct change *change)
{
	firewall_done(&change->firewall);
	store_scope_done(&change->scope);
	watch_done(&change->watch);
	for (size_t i = 0; i < ACTIONS_MAX; i++)
		action_done(&change->actions[i]);
}

static int submit(struct request *request, struct change *change, struct err *err)
{
	int code = 0;

	for (size_t i = 0; code == 0 && i < change->command_count; i++) {
		const struct action_request wanted = {.command = change->commands[i],
						      .customer_id = request->who.customer_id,
						      .user_id = request->who.user_id,
						      .firewall_id = change->firewall.id,
						      .about_server_id = change->about_server_id,
						      .fd = -1};
		code = engine_submit(request->core->engine, &wanted, &change->actions[i], err);
	}
	return code;
}

static int put_on_trial(struct request *request, struct change *change, struct err *err)
{
	struct store_trial trial = {.firewall_id = change->firewall.id,
				    .rules = change->firewall.rules,
				    .scope = change->scope,
				    .started_ms = clock_now_ms()};

	trial.deadline_ms = trial.started_ms + FIREWALL_TRIAL_MS;
	ip_format(&change->watch.peer, trial.address);
	if (change->watch.confirmer.family != 0)
		ip_format(&change->watch.confirmer, trial.confirm_from);
	note_detail(request, "trial", json_true());
	change->on_trial = true;
	return store_trial_insert(request->core->store, &trial, &change->watch.losses, err);
}

/* What comes after the rows were changed, up to the commit and the telling. */
static int conclude(struct request *request, struct change *change, struct err *err)
{
	struct store *store = request->core->store;
	int code = find_losses(request, &change->watch, err);

	for (size_t i = 0; code == 0 && i < change->watch.servers.count; i++)
		code = firewalls_check_server(request, change->watch.servers.items[i], err);
	if (code == 0)
		code = check_confirmer(request, &change->watch, err);
	if (code == 0 && change->watch.losses.count > 0)
		code = put_on_trial(request, change, err);
	if (code == 0)
		code = submit(request, change, err);
	if (code < 0 || (code = store_commit(store, err)) < 0)
		return code;
	engine_kick(request->core->engine);
	filters_kick(request->core->filters);
	for (size_t i = 0; i < change->watch.servers.count; i++)
		events_server_changed(request->core->events, change->watch.servers.items[i]);
	for (size_t i = 0; i < change->command_count; i++)
		events_action_changed(request->core->events, change->actions[i].id);
	return 0;
}

static json_t *render_actions(const struct change *change)
{
	json_t *items = json_array();

	for (size_t i = 0; i < change->command_count; i++)
		(void)json_array_append_new(items, render_action(&change->actions[i]));
	return items;
}

static int answer_actions(struct request *request, const struct change *change)
{
	request->status = 201;
	request->reply = json_pack("{s:o, s:{s:o}}", "actions", render_actions(change), "ippo",
				   "trial", firewall_fields_trial(request, change->firewall.id));
	return 0;
}

/* The firewall of the path, unless a change of it is on trial. */
static int begin(struct request *request, struct change *change, struct err *err)
{
	struct store_trial trial CLEANUP(store_trial_done) = {0};
	struct store *store = request->core->store;
	int code = find(request, &change->firewall, err);

	if (code < 0)
		return code;
	note_about(request, "firewall", change->firewall.id, change->firewall.name);
	if (store_trial_get(store, change->firewall.id, &trial, NULL) == 0)
		return err_set(err, ERR_LOCKED,
			       "a change of this firewall is on trial: confirm it or take it back "
			       "first");
	if ((code = take_watch(request, &change->watch, err)) < 0)
		return code;
	return store_firewall_get_scope(store, change->firewall.id, &change->scope, err);
}

static int set_rules(struct request *request, struct err *err)
{
	static const struct store_scope none = {0};
	struct firewall_rules rules CLEANUP(firewall_rules_done) = {0};
	struct change change CLEANUP(change_done) = {.commands = {ACTION_SET_FIREWALL_RULES},
						     .command_count = 1};
	struct store *store = request->core->store;
	bool given;
	int code;

	if ((code = begin(request, &change, err)) < 0 ||
	    (code = firewall_fields_take_rules(request, &rules, &given, err)) < 0)
		return code;
	if (!given)
		return request_invalid(request, err, "rules", "Missing data for required field.");
	note_detail(request, "rules", json_integer((json_int_t)rules.count));
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = watch_before(request, change.firewall.id, &none, &change.watch, err)) < 0 ||
	    (code = store_firewall_set_rules(store, change.firewall.id, &rules, err)) < 0 ||
	    (code = conclude(request, &change, err)) < 0)
		return code;
	return answer_actions(request, &change);
}

static int copy_scope(const struct store_scope *from, struct store_scope *ret)
{
	int code = 0;

	for (size_t i = 0; code == 0 && i < from->server_count; i++)
		code = store_scope_add_server(ret, from->servers[i]);
	for (size_t i = 0; code == 0 && i < from->selector_count; i++)
		code = store_scope_add_selector(ret, from->selectors[i]);
	return code;
}

static void note_scope(struct request *request, const struct store_scope *scope)
{
	if (scope->server_count == 1)
		note_detail(request, "server", json_integer((json_int_t)scope->servers[0]));
	else if (scope->server_count > 1)
		note_detail(request, "servers", json_integer((json_int_t)scope->server_count));
	if (scope->selector_count > 0)
		note_detail(request, "label_selector", json_string(scope->selectors[0]));
}

/* The scope as @scope says, in a transaction. */
static int change_scope(struct request *request, struct change *change,
			const struct store_scope *named, const struct store_scope *scope,
			struct err *err)
{
	struct store *store = request->core->store;
	int code;

	if (scope->selector_count > FIREWALL_SELECTORS_MAX)
		return err_set(err, ERR_LIMIT, "a firewall has at most %d label selectors",
			       FIREWALL_SELECTORS_MAX);
	note_scope(request, named);
	change->about_server_id = named->server_count == 1 ? named->servers[0] : 0;
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = watch_before(request, change->firewall.id, named, &change->watch, err)) < 0 ||
	    (code = store_firewall_set_scope(store, change->firewall.id, scope, err)) < 0 ||
	    (code = conclude(request, change, err)) < 0)
		return code;
	return answer_actions(request, change);
}

static int apply(struct request *request, struct err *err)
{
	struct store_scope named CLEANUP(store_scope_done) = {0},
				 scope CLEANUP(store_scope_done) = {0};
	struct change change CLEANUP(change_done) = {.commands = {ACTION_APPLY_FIREWALL},
						     .command_count = 1};
	int code;

	if ((code = begin(request, &change, err)) < 0 ||
	    (code = firewall_fields_take_scope(request, "apply_to", true, &named, err)) < 0)
		return code;
	if (copy_scope(&change.scope, &scope) < 0 || copy_scope(&named, &scope) < 0)
		return err_set(err, -ENOMEM, "no memory");
	if (scope.server_count + scope.selector_count ==
	    change.scope.server_count + change.scope.selector_count)
		return err_set(err, ERR_FIREWALL_APPLIED,
			       "the firewall is applied to that already");
	return change_scope(request, &change, &named, &scope, err);
}

static int take_off(struct request *request, struct err *err)
{
	struct store_scope named CLEANUP(store_scope_done) = {0},
				 scope CLEANUP(store_scope_done) = {0};
	struct change change CLEANUP(change_done) = {.commands = {ACTION_REMOVE_FIREWALL},
						     .command_count = 1};
	bool found = false;
	int code;

	if ((code = begin(request, &change, err)) < 0 ||
	    (code = firewall_fields_take_scope(request, "remove_from", true, &named, err)) < 0)
		return code;
	if (copy_scope(&change.scope, &scope) < 0)
		return err_set(err, -ENOMEM, "no memory");
	for (size_t i = 0; i < named.server_count; i++)
		found |= store_scope_remove_server(&scope, named.servers[i]);
	for (size_t i = 0; i < named.selector_count; i++)
		found |= store_scope_remove_selector(&scope, named.selectors[i]);
	if (!found)
		return err_set(err, ERR_FIREWALL_REMOVED, "the firewall is not applied to that");
	return change_scope(request, &change, &named, &scope, err);
}

/* --- making, naming, deleting --- */

static int take_name(struct request *request, struct firewall *firewall, struct err *err)
{
	const char *name = firewall->name;
	int code = body_text(request, "name", &name, err);

	if (code == 0)
		code = request_field(request, "name", name_check_free(name, err), err);
	if (code == 0 && name != firewall->name)
		(void)snprintf(firewall->name, sizeof firewall->name, "%s", name);
	return code;
}

static int create(struct request *request, struct err *err)
{
	struct store_scope scope CLEANUP(store_scope_done) = {0};
	struct change change CLEANUP(change_done) = {
		.commands = {ACTION_SET_FIREWALL_RULES, ACTION_APPLY_FIREWALL}};
	struct firewall *firewall = &change.firewall;
	struct store *store = request->core->store;
	const char *name = NULL;
	bool given;
	int code;

	firewall->customer_id = request->who.customer_id;
	firewall->created_ms = clock_now_ms();
	if ((code = body_need_text(request, "name", &name, err)) < 0 ||
	    (code = take_name(request, firewall, err)) < 0 ||
	    (code = body_labels(request, &firewall->labels, &given, err)) < 0 ||
	    (code = firewall_fields_take_rules(request, &firewall->rules, &given, err)) < 0 ||
	    (code = firewall_fields_take_scope(request, "apply_to", false, &scope, err)) < 0 ||
	    (code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	change.command_count = scope.server_count + scope.selector_count > 0 ? 2
			       : firewall->rules.count > 0                   ? 1
									     : 0;
	if ((code = store_firewall_insert(store, firewall, err)) < 0 ||
	    (code = watch_before(request, firewall->id, &scope, &change.watch, err)) < 0 ||
	    (code = store_firewall_set_scope(store, firewall->id, &scope, err)) < 0)
		return code;
	note_about(request, "firewall", firewall->id, firewall->name);
	note_detail(request, "rules", json_integer((json_int_t)firewall->rules.count));
	note_scope(request, &scope);
	if ((code = conclude(request, &change, err)) < 0)
		return code;
	request->status = 201;
	request->reply =
		json_pack("{s:o, s:o}", "firewall", firewall_fields_render(request, firewall),
			  "actions", render_actions(&change));
	return 0;
}

static int update(struct request *request, struct err *err)
{
	struct firewall firewall CLEANUP(firewall_done) = {0};
	struct labels labels CLEANUP(label_done) = {0};
	bool has_labels;
	int code;

	if ((code = find(request, &firewall, err)) < 0 ||
	    (code = take_name(request, &firewall, err)) < 0 ||
	    (code = body_labels(request, &labels, &has_labels, err)) < 0)
		return code;
	if (has_labels) {
		label_done(&firewall.labels);
		firewall.labels = labels;
		labels = (struct labels){0};
		note_detail(request, "labels", json_true());
	}
	if (json_is_string(json_object_get(request->body, "name")))
		note_detail(request, "name", json_string(firewall.name));
	if ((code = store_firewall_update(request->core->store, &firewall, err)) < 0)
		return code;
	return request_answer(request, 200, "firewall", firewall_fields_render(request, &firewall));
}

static int delete (struct request *request, struct err *err)
{
	struct change change CLEANUP(change_done) = {0};
	int code = begin(request, &change, err);

	if (code == 0)
		code = store_firewall_delete(request->core->store, change.firewall.id, err);
	request->status = 204;
	return code;
}

/* --- trials --- */

/* One that was open before still works, whatever the change is: a stateful filter lets it. Who
 * looks from a server that the change is about, or by way of it, has a way here only when a new one
 * works. What comes by the local socket is always new. */
static int check_connection(struct request *request, uint64_t firewall_id, struct err *err)
{
	const char *text = http_request_header(request->http, HTTP_CONNECTION_AGE);
	struct store_trial trial CLEANUP(store_trial_done) = {0};
	uint64_t age_ms = 0;
	int code = store_trial_get(request->core->store, firewall_id, &trial, NULL);

	if (code < 0 || text == NULL)
		return 0;
	if (parse_u64(text, 0, INT64_MAX / 2, &age_ms) == 0 && trial.in_force_ms > 0 &&
	    clock_now_ms() - (int64_t)age_ms > trial.in_force_ms)
		return 0;
	return err_set(err, ERR_OLD_CONNECTION,
		       trial.in_force_ms == 0
			       ? "the change is not in force on all servers yet: ask again"
			       : "this connection was open before the change was in force: ask "
				 "again on a new one");
}

static int end_trial(struct request *request, bool keep, struct err *err)
{
	struct firewall firewall CLEANUP(firewall_done) = {0};
	struct store *store = request->core->store;
	int code = find(request, &firewall, err);

	if (code < 0)
		return code;
	note_about(request, "firewall", firewall.id, firewall.name);
	if (keep && (code = check_connection(request, firewall.id, err)) < 0)
		return code;
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	code = keep ? store_trial_delete(store, firewall.id, err)
		    : filters_revert(request->core, firewall.id, err);
	if (code == ERR_NOT_FOUND)
		return err_set(err, ERR_GONE,
			       "nothing of this firewall is on trial: it may have gone back by "
			       "itself");
	if (code < 0 || (code = store_commit(store, err)) < 0)
		return code;
	filters_kick(request->core->filters);
	firewall_done(&firewall);
	if ((code = find(request, &firewall, err)) < 0)
		return code;
	return request_answer(request, 200, "firewall", firewall_fields_render(request, &firewall));
}

static int confirm(struct request *request, struct err *err)
{
	return end_trial(request, true, err);
}

static int revert(struct request *request, struct err *err)
{
	return end_trial(request, false, err);
}

/* A server with this firewall alone. */
static int test(struct request *request, struct err *err)
{
	struct firewall firewall CLEANUP(firewall_done) = {0};
	int code = find(request, &firewall, err);
	const struct firewall_policy policy = {.firewalls = &firewall,
					       .count = 1,
					       .ssh_port = FIREWALL_SSH_PORT,
					       .smtp_open = true};

	return code < 0 ? code : firewall_fields_test(request, &policy, err);
}

/* --- of a new server --- */

int firewalls_take(struct request *request, struct store_scope *ret_ids, struct err *err)
{
	const json_t *list = json_object_get(request->body, "firewalls"), *item;
	size_t i;
	int code = 0;

	if (list == NULL || json_is_null(list))
		return 0;
	if (!json_is_array(list))
		return request_invalid(request, err, "firewalls",
				       "must be a list: [{\"firewall\": 42}]");
	json_array_foreach(list, i, item)
	{
		struct firewall firewall CLEANUP(firewall_done) = {0};
		const json_t *id = json_object_get(item, "firewall");
		if (code < 0)
			break;
		code = !json_is_integer(id) || json_integer_value(id) <= 0
			       ? ERR_NOT_FOUND
			       : store_firewall_get(request->core->store, request->who.customer_id,
						    (uint64_t)json_integer_value(id), &firewall,
						    err);
		if (code == ERR_NOT_FOUND)
			return request_invalid(
				request, err, "firewalls",
				"there is no such firewall; GET /v1/firewalls lists them");
		if (code == 0 && store_scope_add_server(ret_ids, firewall.id) < 0)
			code = err_set(err, -ENOMEM, "no memory");
	}
	return code;
}

int firewalls_add_server(struct request *request, const struct store_scope *ids, uint64_t server_id,
			 struct err *err)
{
	int code = 0;

	for (size_t i = 0; code == 0 && i < ids->server_count; i++) {
		struct store_scope scope CLEANUP(store_scope_done) = {0};
		code = store_firewall_get_scope(request->core->store, ids->servers[i], &scope, err);
		if (code == 0 && store_scope_add_server(&scope, server_id) < 0)
			code = err_set(err, -ENOMEM, "no memory");
		if (code == 0)
			code = store_firewall_set_scope(request->core->store, ids->servers[i],
							&scope, err);
	}
	return code < 0 ? code : firewalls_check_server(request, server_id, err);
}

const struct route firewall_routes[] = {
	{"GET", "/firewalls", ACCESS_READ, list},
	{"POST", "/firewalls", ACCESS_MANAGE, create, "firewall.create"},
	{"GET", "/firewalls/{id}", ACCESS_READ, get},
	{"PUT", "/firewalls/{id}", ACCESS_MANAGE, update, "firewall.update"},
	{"DELETE", "/firewalls/{id}", ACCESS_MANAGE, delete, "firewall.delete"},
	{"GET", "/firewalls/{id}/test", ACCESS_READ, test},
	{"POST", "/firewalls/{id}/actions/set_rules", ACCESS_MANAGE, set_rules,
	 "firewall.set_rules"},
	{"POST", "/firewalls/{id}/actions/apply_to_resources", ACCESS_MANAGE, apply,
	 "firewall.apply"},
	{"POST", "/firewalls/{id}/actions/remove_from_resources", ACCESS_MANAGE, take_off,
	 "firewall.remove"},
	{"POST", "/firewalls/{id}/actions/confirm", ACCESS_MANAGE, confirm, "firewall.confirm"},
	{"POST", "/firewalls/{id}/actions/revert", ACCESS_MANAGE, revert, "firewall.revert"},
	{NULL, NULL, 0, NULL},
};
