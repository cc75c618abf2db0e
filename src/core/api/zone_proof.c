// /v1/zones/{zone}/actions/check_proof: whether the name was proven, looked for now.
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "core/api/note.h"
#include "core/api/render.h"
#include "core/api/router.h"
#include "core/api/zone_request.h"
#include "core/dns/proofs.h"
#include "store/store_zone_proof.h"

struct look {
	struct request *request;
	uint64_t zone_id;
};

json_t *zone_request_render_proof(struct request *request, const struct zone *zone)
{
	const bool needed = zone_is_unproven(zone);
	char token[ZONE_TOKEN_BYTES] = "";
	json_t *name = json_null(), *value = json_null();

	if (needed && store_zone_token(request->core->store, zone->customer_id, token, NULL) == 0) {
		name = json_sprintf(ZONE_PROOF_LABEL ".%s.", zone->name);
		value = json_sprintf(ZONE_PROOF_PREFIX "%s", token);
	}
	return json_pack("{s:s, s:o, s:o, s:b, s:o, s:o, s:o}", "status",
			 zone_proof_name(zone->proof), "record_name", name, "record_value", value,
			 "delegation", zone->proof == ZONE_PROOF_DELEGATION, "checked",
			 zone->proof_ms > 0 ? json_time(zone->proof_ms) : json_null(), "expires",
			 needed ? json_time(zone->proof_until_ms) : json_null(), "reason",
			 needed && zone->proof_why[0] != '\0' ? json_string(zone->proof_why)
							      : json_null());
}

static int answer(struct request *request, uint64_t zone_id, struct err *err)
{
	struct zone zone CLEANUP(zone_done) = {0};
	const int code = store_zone_get(request->core->store, 0, zone_id, &zone, err);

	return code < 0 ? code
			: request_answer(request, 201, "zone", zone_request_render(request, &zone));
}

static void on_checked(void *context, int code, struct err *err)
{
	AUTO_FREE struct look *look = context;

	if (code == 0)
		code = answer(look->request, look->zone_id, err);
	router_finish(look->request, code, err);
}

static int check(struct request *request, struct err *err)
{
	AUTO_FREE struct look *look = calloc(1, sizeof *look);
	struct zone zone CLEANUP(zone_done) = {0};
	int code = look == NULL ? -ENOMEM : zone_request_find(request, &zone, err);

	if (code < 0)
		return code;
	if (!zone_is_unproven(&zone)) {
		note_nothing(request);
		return answer(request, zone.id, err);
	}
	*look = (struct look){.request = request, .zone_id = zone.id};
	if ((code = proofs_check(request->core->proofs, &zone, on_checked, look, err)) < 0)
		return code;
	(void)steal_ptr(look);
	return REQUEST_LATER;
}

const struct route zone_proof_routes[] = {
	{"POST", "/zones/{zone}/actions/check_proof", ACCESS_MANAGE, check, "zone.check_proof"},
	{NULL, NULL, 0, NULL},
};
