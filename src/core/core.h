// The running ippo-core: what its parts share.
#pragma once

#include <grp.h>
#include <stdbool.h>
#include <uv.h>

#include "base/config.h"
#include "model/contract.h"

struct alerts;
struct checks;
struct child;
struct consoles;
struct dns;
struct engine;
struct events;
struct filters;
struct history;
struct lookups;
struct proofs;
struct zone_keys;
struct metrics;
struct office;
struct password_guard;
struct server_cache;
struct store;
struct suspension;
struct traffic;
struct trials;

struct core {
	uv_loop_t loop;
	const struct config *config;
	struct contract_terms terms; /* by which servers are charged for */
	struct store *store;
	struct engine *engine;
	struct events *events;
	struct password_guard *passwords;
	struct server_cache *servers; /* rendered texts */
	struct consoles *consoles;
	struct history *history;
	struct metrics *metrics;
	struct office *office; /* mail and webhooks */
	struct alerts *alerts;
	struct checks *checks; /* of first steps */
	struct suspension *suspension;
	struct dns *dns;         /* what carries zones to the name server */
	struct lookups *lookups; /* questions to the resolver */
	struct proofs *proofs;   /* of zones' names */
	struct zone_keys *zone_keys;
	struct traffic *traffic;
	struct trials *trials;   /* changes of filters that go back by themselves */
	struct filters *filters; /* packet filters on their way to the host */
	struct child *child;
	gid_t operators; /* the local socket's group */
	char backup_path[CONFIG_PATH_BYTES + 32];
	char processes[2048]; /* what ippod last said of all processes, JSON text */
};
