// The table of routes, and what happens to every request on its way to its handler and back.
#pragma once

#include "core/api/request.h"

enum route_access {
	ACCESS_PUBLIC = 1, /* nobody need be signed in */
	ACCESS_PERSON,     /* somebody who is signed in, about themselves; no token is a person */
	ACCESS_READ,       /* the customer's things */
	ACCESS_SPEAK,      /* words to the operators: also of readers, also of the suspended */
	ACCESS_POWER,
	ACCESS_MANAGE,
	ACCESS_ACCOUNT,
	ACCESS_SERVICE_READ, /* the service's own */
	ACCESS_SERVICE,
};

/* {id} and {id2} match a positive number, any other word in braces any segment. A handler returns
 * 0, a negative code with @err set, or REQUEST_LATER. */
struct route {
	const char *method;
	const char *pattern;
	enum route_access access;
	int (*handle)(struct request *request, struct err *err);
	/* What its line of the history says: server.poweron. Every route but a GET has one, or says
	 * ROUTE_CHANGES_NOTHING. */
	const char *what;
	/* Somebody at the panel must have proved lately who they are. */
	bool proof;
};

#define ROUTE_CHANGES_NOTHING ""
#define ROUTE_NEEDS_PROOF     true

/* Each resource's own; ends with method == NULL. */
extern const struct route server_routes[], server_action_routes[], server_image_routes[],
	action_routes[], catalogue_routes[], image_routes[], sshkey_routes[], address_routes[],
	address_action_routes[], account_routes[], customer_routes[], hand_over_routes[],
	session_routes[], invitation_routes[], password_routes[], member_routes[], user_routes[],
	proof_routes[], two_step_routes[], passkey_routes[], service_routes[], console_routes[],
	history_routes[], metrics_routes[], notice_routes[], contact_routes[], attachment_routes[],
	mail_routes[], outbox_routes[], alert_routes[], first_step_routes[], zone_routes[],
	zone_parent_routes[], zone_proof_routes[], zone_primary_routes[], name_server_zone_routes[],
	name_server_routes[], rrset_routes[], reverse_name_routes[], firewall_routes[],
	server_filter_routes[], network_routes[], network_action_routes[], server_network_routes[],
	contract_routes[], host_routes[], absent_routes[];

/** router_handle() - one request; answers now or later. */
void router_handle(struct exchange *exchange, const struct http_request *http);
/** router_finish() - answer a request whose handler said REQUEST_LATER, and free it. */
void router_finish(struct request *request, int code, const struct err *err);
/** router_forget() - free a request whose exchange has become a stream. */
void router_forget(struct request *request);
/** router_print() - "METHOD /v1/pattern" of every route, a line each; @what: with what the history
 * says of it, "-" for nothing by intention, "?" for what was forgotten. */
void router_print(bool what);
