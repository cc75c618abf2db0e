// Actions that are over in the transaction that accepts them: no host is asked, or only told.
#include "core/actions/task.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/ip.h"
#include "store/store_dns_ptr.h"
#include "store/store_first_step.h"
#include "store/store_image.h"
#include "store/store_ip.h"
#include "store/store_server.h"

static int dns_ptr_accept(struct engine *engine, const struct action_request *request,
			  struct server *server, struct action *action, struct task_params *params,
			  struct err *err)
{
	struct ip ip;

	(void)params;
	if (!request->ip || ip_parse(request->ip, &ip))
		return err_set(err, ERR_INVALID_INPUT, "ip is not an address");
	if (request->address_id != 0) {
		const int r = address_add_resource(request, action, err);
		return r < 0 ? r
			     : store_dns_ptr_set_of(engine->store, request->address_id, &ip,
						    request->dns_ptr, err);
	}
	const int code =
		request->rename != NULL
			? store_server_update_name(engine->store, server->id, request->rename, err)
			: 0;
	return code < 0 ? code
			: store_dns_ptr_set(engine->store, server->id, &ip, request->dns_ptr, err);
}

const struct command dns_ptr_command = {
	.command = ACTION_CHANGE_DNS_PTR,
	.accept = dns_ptr_accept,
};

static int protection_accept(struct engine *engine, const struct action_request *request,
			     struct server *server, struct action *action,
			     struct task_params *params, struct err *err)
{
	bool protect_delete = server->protect_delete;
	bool protect_rebuild = server->protect_rebuild;

	(void)params;
	if (request->address_id != 0) {
		const int r = address_add_resource(request, action, err);
		return r < 0 ? r
			     : store_ip_protect(engine->store, request->address_id,
						request->protect_delete > 0, err);
	}
	if (request->image_id != 0)
		return action_add_resource(action, ACTION_RESOURCE_IMAGE, request->image_id) < 0
			       ? err_set(err, ERR_SERVER, "too many resources")
			       : 0; /* whoever asks has written it */
	if (request->network_id != 0)
		return action_add_resource(action, ACTION_RESOURCE_NETWORK, request->network_id) < 0
			       ? err_set(err, ERR_SERVER, "too many resources")
			       : 0; /* whoever asks has written it */
	if (request->protect_delete >= 0)
		protect_delete = request->protect_delete;
	if (request->protect_rebuild >= 0)
		protect_rebuild = request->protect_rebuild;
	return store_server_update_protection(engine->store, server->id, protect_delete,
					      protect_rebuild, err);
}

const struct command protection_command = {
	.command = ACTION_CHANGE_PROTECTION,
	.accept = protection_accept,
};

/* What the rows say is in force here from now on; the host is told, so that it refuses too and
 * takes the ports away. One that cannot be told now is told by the next start. */
static int agent_accept(struct engine *engine, const struct action_request *request,
			struct server *server, struct action *action, struct task_params *params,
			struct err *err)
{
	(void)action;
	(void)params;
	return store_server_update_agent(engine->store, server->id, request->agent_off, err);
}

static const struct step agent_steps[] = {
	{.name = "define", .run = verb_define},
};

const struct command agent_command = {
	.command = ACTION_CHANGE_GUEST_AGENT,
	.steps = agent_steps,
	.step_count = ARRAY_SIZE(agent_steps),
	.accept = agent_accept,
};

/* The ticket is made by whoever asked; that somebody asked is worth a line. */
static int console_accept(struct engine *engine, const struct action_request *request,
			  struct server *server, struct action *action, struct task_params *params,
			  struct err *err)
{
	(void)engine;
	(void)request;
	(void)server;
	(void)action;
	(void)params;
	(void)err;
	return 0;
}

const struct command console_command = {
	.command = ACTION_REQUEST_CONSOLE,
	.accept = console_accept,
};

/* It is looked for again when it boots: between, the operator may have brought in a newer one. */
static int enable_rescue_accept(struct engine *engine, const struct action_request *request,
				struct server *server, struct action *action,
				struct task_params *params, struct err *err)
{
	struct image image CLEANUP(image_done) = {0};
	int r = store_image_get_rescue(engine->store, &image, err);

	(void)action;
	(void)params;
	if (r == ERR_NOT_FOUND)
		return err_set(err, ERR_UNSUPPORTED,
			       "this service has no rescue system; its operator brings one in with "
			       "ippo image build rescue");
	if (r)
		return r;
	if (!request->keys || !*request->keys)
		return err_set(err, ERR_INVALID_INPUT,
			       "the rescue system lets in keys alone: name one");
	return store_server_arm_rescue(engine->store, server->id, request->keys, err);
}

const struct command enable_rescue_command = {
	.command = ACTION_ENABLE_RESCUE,
	.accept = enable_rescue_accept,
};

static int disable_rescue_accept(struct engine *engine, const struct action_request *request,
				 struct server *server, struct action *action,
				 struct task_params *params, struct err *err)
{
	(void)request;
	(void)action;
	(void)params;
	return store_server_disarm_rescue(engine->store, server->id, err);
}

const struct command disable_rescue_command = {
	.command = ACTION_DISABLE_RESCUE,
	.accept = disable_rescue_accept,
};

/* Whoever asks for it has the host told afterwards. */
static int open_accept(struct engine *engine, const struct action_request *request,
		       struct server *server, struct action *action, struct task_params *params,
		       struct err *err)
{
	(void)request;
	(void)action;
	(void)params;
	return store_first_step_open(engine->store, server->id, FIRST_STEP_OVERRIDE, clock_now_ms(),
				     err);
}

const struct command open_command = {
	.command = ACTION_OPEN_INBOUND,
	.accept = open_accept,
};
