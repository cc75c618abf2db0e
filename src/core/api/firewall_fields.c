#include "core/api/firewall_fields.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "store/store_server.h"

/* --- rules, taken --- */

static int wrong_rule(struct request *request, size_t at, const char *field, int code,
		      const struct err *why, struct err *err)
{
	char name[64];

	(void)snprintf(name, sizeof name, "rules.%zu.%s", at, field);
	if (code != ERR_INVALID_INPUT)
		return code;
	return request_invalid(request, err, name, "%s", why->text);
}

static int take_networks(const json_t *list, struct firewall_rule *rule, struct err *err)
{
	const json_t *item;
	size_t i;
	int code = 0;

	if (list != NULL && !json_is_null(list) && !json_is_array(list))
		return err_set(err, ERR_INVALID_INPUT, "must be a list of networks");
	json_array_foreach(list, i, item)
	{
		if (code == 0 && !json_is_string(item))
			code = err_set(err, ERR_INVALID_INPUT, "must be a list of networks");
		if (code == 0)
			code = firewall_network_add(rule, json_string_value(item), err);
	}
	return code;
}

static const char *text_of(const json_t *item, const char *key)
{
	return json_string_value(json_object_get(item, key));
}

static bool is_absent(const json_t *value)
{
	return value == NULL || json_is_null(value);
}

static int take_port(const json_t *port, struct firewall_rule *rule, struct err *err)
{
	if (is_absent(port) || (json_is_string(port) && *json_string_value(port) == '\0'))
		return 0;
	if (!json_is_string(port))
		return err_set(err, ERR_INVALID_INPUT, "must be text: \"443\"");
	return firewall_port_parse(json_string_value(port), rule, err);
}

static int take_rule(const json_t *item, struct firewall_rule *rule, const char **ret_field,
		     struct err *err)
{
	static const char *const sides[] = {"source_ips", "destination_ips"};
	const char *direction = text_of(item, "direction"), *protocol = text_of(item, "protocol");
	const json_t *description = json_object_get(item, "description");
	int code;

	*ret_field = "direction";
	if (direction == NULL || firewall_direction_parse(direction, &rule->direction) < 0)
		return err_set(err, ERR_INVALID_INPUT, "must be in or out");
	*ret_field = "protocol";
	if (protocol == NULL || firewall_protocol_parse(protocol, &rule->protocol) < 0)
		return err_set(err, ERR_INVALID_INPUT,
			       "must be tcp, udp, icmp, icmpv6, gre or esp");
	*ret_field = "port";
	if ((code = take_port(json_object_get(item, "port"), rule, err)) < 0)
		return code;
	const size_t own = rule->direction == FIREWALL_IN ? 0 : 1;
	*ret_field = sides[1 - own];
	const json_t *other = json_object_get(item, sides[1 - own]);
	if (!is_absent(other) && json_array_size(other) > 0)
		return err_set(err, ERR_INVALID_INPUT, "is not of rules with direction %s",
			       direction);
	*ret_field = sides[own];
	if ((code = take_networks(json_object_get(item, sides[own]), rule, err)) < 0)
		return code;
	*ret_field = "description";
	if (!is_absent(description) && !json_is_string(description))
		return err_set(err, ERR_INVALID_INPUT, "must be text");
	if (json_string_length(description) > 0 &&
	    (rule->description = strdup(json_string_value(description))) == NULL)
		return err_set(err, -ENOMEM, "no memory");
	return firewall_rule_check(rule, ret_field, err);
}

int firewall_fields_take_rules(struct request *request, struct firewall_rules *ret, bool *ret_given,
			       struct err *err)
{
	const json_t *list = json_object_get(request->body, "rules"), *item;
	struct firewall_rules rules CLEANUP(firewall_rules_done) = {0};
	size_t i;

	*ret_given = !is_absent(list);
	if (!*ret_given)
		return 0;
	if (!json_is_array(list))
		return request_invalid(request, err, "rules", "must be a list of rules");
	json_array_foreach(list, i, item)
	{
		struct firewall_rule rule CLEANUP(firewall_rule_done) = {0};
		const char *field = "direction";
		struct err why = {0};
		int code = take_rule(item, &rule, &field, &why);
		if (code < 0)
			return wrong_rule(request, i, field, code, &why, err);
		if ((code = firewall_rules_add(&rules, &rule, err)) < 0)
			return request_field(request, "rules", code, err);
	}
	*ret = rules;
	rules = (struct firewall_rules){0};
	return 0;
}

/* --- what it is applied to, taken --- */

static int take_server(struct request *request, const char *field, const json_t *item,
		       struct store_scope *scope, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	const json_t *id = json_object_get(json_object_get(item, "server"), "id");
	int code = !json_is_integer(id) || json_integer_value(id) <= 0
			   ? ERR_NOT_FOUND
			   : store_server_get(request->core->store, request->who.customer_id,
					      (uint64_t)json_integer_value(id), &server, err);

	if (code == ERR_NOT_FOUND)
		return request_invalid(request, err, field,
				       "there is no such server: {\"type\": \"server\", "
				       "\"server\": {\"id\": 42}}");
	if (code == 0 && store_scope_add_server(scope, server.id) < 0)
		code = err_set(err, -ENOMEM, "no memory");
	return code;
}

static int take_selector(struct request *request, const char *field, const json_t *item,
			 struct store_scope *scope, struct err *err)
{
	struct label_selector selector CLEANUP(label_selector_done) = {0};
	const char *text = text_of(json_object_get(item, "label_selector"), "selector");
	int code;

	if (text == NULL || strlen(text) > FIREWALL_SELECTOR_MAX_BYTES ||
	    strchr(text, '\n') != NULL)
		return request_invalid(request, err, field,
				       "a selector is text of at most %d bytes: {\"type\": "
				       "\"label_selector\", \"label_selector\": {\"selector\": "
				       "\"env=prod\"}}",
				       FIREWALL_SELECTOR_MAX_BYTES);
	if ((code = label_selector_parse(text, &selector, err)) < 0)
		return request_field(request, field, code, err);
	if (selector.count == 0)
		return request_invalid(request, err, field, "a selector must choose by a label");
	if (store_scope_add_selector(scope, text) < 0)
		return err_set(err, -ENOMEM, "no memory");
	return 0;
}

int firewall_fields_take_scope(struct request *request, const char *field, bool is_needed,
			       struct store_scope *scope, struct err *err)
{
	const json_t *list = json_object_get(request->body, field), *item;
	size_t i;
	int code = 0;

	if (is_absent(list) && !is_needed)
		return 0;
	if (!json_is_array(list) || (is_needed && json_array_size(list) == 0))
		return request_invalid(request, err, field,
				       "must be a list of servers and label selectors");
	json_array_foreach(list, i, item)
	{
		const char *type = text_of(item, "type");
		if (code < 0)
			break;
		if (type != NULL && strcmp(type, "server") == 0)
			code = take_server(request, field, item, scope, err);
		else if (type != NULL && strcmp(type, "label_selector") == 0)
			code = take_selector(request, field, item, scope, err);
		else
			code = request_invalid(request, err, field,
					       "type must be server or label_selector");
	}
	return code;
}

/* --- shown --- */

static json_t *networks_of(const struct firewall_rule *rule, enum firewall_direction direction)
{
	json_t *list = json_array();
	char text[IP_TEXT_BYTES];

	for (size_t i = 0; rule->direction == direction && i < rule->network_count; i++) {
		ip_format_prefix(&rule->networks[i], text);
		(void)json_array_append_new(list, json_string(text));
	}
	return list;
}

json_t *firewall_fields_rules(const struct firewall_rules *rules)
{
	json_t *list = json_array();

	for (size_t i = 0; i < rules->count; i++) {
		const struct firewall_rule *rule = &rules->items[i];
		char port[FIREWALL_PORT_BYTES];
		firewall_port_format(rule, port);
		(void)json_array_append_new(
			list, json_pack("{s:s, s:s, s:o, s:o, s:o, s:s?}", "direction",
					firewall_direction_name(rule->direction), "protocol",
					firewall_protocol_name(rule->protocol), "port",
					firewall_has_ports(rule->protocol) ? json_string(port)
									   : json_null(),
					"source_ips", networks_of(rule, FIREWALL_IN),
					"destination_ips", networks_of(rule, FIREWALL_OUT),
					"description", rule->description));
	}
	return list;
}

static json_t *server_of(uint64_t id)
{
	return json_pack("{s:s, s:{s:I}}", "type", "server", "server", "id", (json_int_t)id);
}

static json_t *selector_of(struct request *request, uint64_t customer_id, const char *selector)
{
	struct store_server_ids ids CLEANUP(store_server_ids_done) = {0};
	json_t *found = json_array();

	(void)store_firewall_selected(request->core->store, customer_id, selector, &ids, NULL);
	for (size_t i = 0; i < ids.count; i++)
		(void)json_array_append_new(found, server_of(ids.items[i]));
	return json_pack("{s:s, s:{s:s}, s:o}", "type", "label_selector", "label_selector",
			 "selector", selector, "applied_to_resources", found);
}

json_t *firewall_fields_trial(struct request *request, uint64_t firewall_id)
{
	struct store_trial trial CLEANUP(store_trial_done) = {0};

	if (store_trial_get(request->core->store, firewall_id, &trial, NULL) < 0)
		return json_null();
	return json_pack(
		"{s:s, s:o, s:o, s:o, s:o}", "address", trial.address, "started",
		json_time(trial.started_ms), "deadline", json_time(trial.deadline_ms), "in_force",
		trial.in_force_ms > 0 ? json_time(trial.in_force_ms) : json_null(), "confirm_from",
		*trial.confirm_from != '\0' ? json_string(trial.confirm_from) : json_null());
}

json_t *firewall_fields_render(struct request *request, const struct firewall *firewall)
{
	struct store_scope scope CLEANUP(store_scope_done) = {0};
	json_t *applied = json_array();

	(void)store_firewall_get_scope(request->core->store, firewall->id, &scope, NULL);
	for (size_t i = 0; i < scope.server_count; i++)
		(void)json_array_append_new(applied, server_of(scope.servers[i]));
	for (size_t i = 0; i < scope.selector_count; i++)
		(void)json_array_append_new(
			applied, selector_of(request, firewall->customer_id, scope.selectors[i]));
	return json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:{s:o}}", "id", (json_int_t)firewall->id,
			 "name", firewall->name, "labels", json_labels(&firewall->labels),
			 "created", json_time(firewall->created_ms), "rules",
			 firewall_fields_rules(&firewall->rules), "applied_to", applied, "ippo",
			 "trial", firewall_fields_trial(request, firewall->id));
}

/* --- would it pass? --- */

static int take_packet(struct request *request, struct firewall_packet *packet, struct err *err)
{
	const char *direction = request_query(request, "direction"),
		   *protocol = request_query(request, "protocol"),
		   *address = request_query(request, "address"),
		   *port = request_query(request, "port");
	enum firewall_protocol kind;
	uint64_t number = 0;

	packet->direction = FIREWALL_IN;
	if (direction != NULL && firewall_direction_parse(direction, &packet->direction) < 0)
		return request_invalid(request, err, "direction", "must be in or out");
	if (protocol == NULL || firewall_protocol_parse(protocol, &kind) < 0)
		return request_invalid(request, err, "protocol",
				       "must be tcp, udp, icmp, icmpv6, gre or esp");
	if (address == NULL || ip_parse(address, &packet->peer) < 0)
		return request_invalid(request, err, "address", "must be an IPv4 or IPv6 address");
	if (firewall_has_ports(kind) &&
	    (port == NULL || parse_u64(port, 1, UINT16_MAX, &number) < 0))
		return request_invalid(request, err, "port", "must be a port: 1 to 65535");
	if (firewall_has_ports(kind))
		packet->port = (uint16_t)number;
	if (kind == FIREWALL_ICMPV6 && packet->peer.family == 4)
		return request_invalid(request, err, "address", "icmpv6 is of IPv6 alone");
	static const uint8_t numbers[] = {
		[FIREWALL_TCP] = IPPROTO_TCP,   [FIREWALL_UDP] = IPPROTO_UDP,
		[FIREWALL_ICMP] = IPPROTO_ICMP, [FIREWALL_ICMPV6] = IPPROTO_ICMPV6,
		[FIREWALL_GRE] = IPPROTO_GRE,   [FIREWALL_ESP] = IPPROTO_ESP};
	packet->protocol = numbers[kind];
	if (kind == FIREWALL_ICMP && packet->peer.family == 6)
		packet->protocol = IPPROTO_ICMPV6;
	packet->type = packet->protocol == IPPROTO_ICMP ? 8 : 128; /* echo request */
	packet->flags = FIREWALL_FLAG_SYN;
	return 0;
}

int firewall_fields_test(struct request *request, const struct firewall_policy *policy,
			 struct err *err)
{
	struct firewall_packet packet = {0};
	int code = take_packet(request, &packet, err);

	if (code < 0)
		return code;
	const struct firewall_verdict verdict = firewall_judge(policy, &packet);
	const bool by_rule = verdict.reason == FIREWALL_BY_RULE;
	return request_answer(
		request, 200, "test",
		json_pack("{s:b, s:s, s:o, s:o}", "passes", verdict.passes, "reason",
			  firewall_reason_name(verdict.reason), "firewall",
			  by_rule ? json_integer((json_int_t)verdict.firewall_id) : json_null(),
			  "rule", by_rule ? json_integer((json_int_t)verdict.rule) : json_null()));
}
