// Resources as the API shows them.
#pragma once

#include <jansson.h>

#include "core/core.h"
#include "model/account.h"
#include "model/action.h"
#include "model/image.h"
#include "model/location.h"
#include "model/plan.h"
#include "model/pool.h"
#include "model/server.h"
#include "model/sshkey.h"

/* All return a new reference. Keys are never left out: some clients index them directly. */
json_t *render_action(const struct action *action);
json_t *render_plan(struct core *core, const struct plan *plan);
json_t *render_location(const struct location *location);
/** render_datacenter() - one for each location, for clients that still ask for them. */
json_t *render_datacenter(struct core *core, const struct location *location);
json_t *render_image(const struct image *image);
json_t *render_sshkey(const struct sshkey *key);
/** render_reverse_name() - the one the customer gave an address of the server, or the default. */
void render_reverse_name(const struct server *server, const struct ip *ip,
			 char out[NAME_DNS_BYTES]);
