// Firewalls as the API shows and takes them.
#pragma once

#include <jansson.h>

#include "core/api/request.h"
#include "model/firewall.h"
#include "store/store_firewall.h"

/** firewall_fields_take_rules() - `rules`; when the field is absent, *ret_given is false. */
int firewall_fields_take_rules(struct request *request, struct firewall_rules *ret, bool *ret_given,
			       struct err *err);
/** firewall_fields_take_scope() - a list of servers and selectors, into @scope. */
int firewall_fields_take_scope(struct request *request, const char *field, bool is_needed,
			       struct store_scope *scope, struct err *err);
json_t *firewall_fields_rules(const struct firewall_rules *rules);
json_t *firewall_fields_render(struct request *request, const struct firewall *firewall);
/** firewall_fields_trial() - the change that is on trial, or null. */
json_t *firewall_fields_trial(struct request *request, uint64_t firewall_id);

/** firewall_fields_test() - what the query asks about (direction, protocol, address, port), and the
 * answer of a policy. */
int firewall_fields_test(struct request *request, const struct firewall_policy *policy,
			 struct err *err);
