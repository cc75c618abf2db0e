/*
 *	host-key TYPE BASE64	a public key the server, or its rescue system, identifies itself
 *with over SSH first-step ...		about the first step, see core/first_step/inbox.h first-boot
 *done		the seed disc is needed no longer
 */
#include "core/actions/guest_report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "core/actions/task.h"
#include "core/reconcile.h"
#include "model/host_key.h"
#include "store/store_server.h"

static const char host_key[] = "host-key ";
static const char first_step[] = "first-step ";
static const char first_boot[] = "first-boot done";

static int take_host_key(struct engine *engine, const struct server *server, const char *line,
			 struct err *err)
{
	const char *known = server->host_keys != NULL ? server->host_keys : "";
	char *list AUTO_FREE = NULL;
	int code = host_key_add(known, line, &list, err);

	if (code < 0 || strcmp(list, known) == 0)
		return code;
	return store_server_update_host_keys(engine->store, server->id, list, err);
}

/* The rescue system has keys of its own; whatever else is said then, the server's own system does
 * not say it. */
static void take_from_rescue(struct engine *engine, const struct server *server, const char *line)
{
	const char *known = server->rescue_host_keys != NULL ? server->rescue_host_keys : "";
	char *list AUTO_FREE = NULL;
	struct err err = {0};
	int code;

	if (strncmp(line, host_key, sizeof host_key - 1) != 0)
		return;
	code = host_key_add(known, line + sizeof host_key - 1, &list, &err);
	if (code == 0 && strcmp(list, known) != 0)
		code = store_server_update_rescue_host_keys(engine->store, server->id, list, &err);
	if (code < 0)
		log_warning("server %" PRIu64 ": a report of its rescue system is not taken: %s",
			    server->id, err.text);
	else
		engine_tell_server(engine, server->id);
}

static int take_first_boot(struct engine *engine, const struct server *server, struct err *err)
{
	int code = store_server_update_first_boot(engine->store, server->id,
						  server->first_started_ms, true, err);

	if (code == 0)
		log_info("server %" PRIu64 ": first boot done", server->id);
	return code;
}

void guest_report_take(void *context, const uint8_t uuid[UUID_BYTES], const char *line)
{
	struct engine *engine = context;
	struct server server CLEANUP(server_done) = {0};
	struct err err = {0};
	const bool is_key = strncmp(line, host_key, sizeof host_key - 1) == 0;
	const bool is_end = strcmp(line, first_boot) == 0;
	const bool is_step = strncmp(line, first_step, sizeof first_step - 1) == 0;

	if ((!is_key && !is_end && !is_step) ||
	    store_server_get_by_uuid(engine->store, uuid, &server, &err) < 0)
		return;
	if (server.rescue_running) {
		take_from_rescue(engine, &server, line);
		return;
	}
	if (is_step && engine->hooks.first_step != NULL)
		engine->hooks.first_step(engine->hooks.context, uuid, line + sizeof first_step - 1);
	if (is_step || server.first_boot_done)
		return;
	if ((is_key ? take_host_key(engine, &server, line + sizeof host_key - 1, &err)
		    : take_first_boot(engine, &server, &err)) < 0) {
		log_warning("server %" PRIu64 ": a report is not taken: %s", server.id, err.text);
		return;
	}
	engine_tell_server(engine, server.id);
	if (is_end && engine->hooks.first_boot != NULL)
		engine->hooks.first_boot(engine->hooks.context, server.id);
	if (is_end)
		reconcile_settle(engine->reconcile, server.id);
}
