#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/actions/images.h"
#include "core/actions/task.h"
#include "core/filter_policy.h"
#include "store/store_image.h"
#include "store/store_plan.h"
#include "store/store_port.h"
#include "store/store_seed.h"
#include "store/store_server.h"

#define SEED_MAX_KEYS 64

uint64_t disk_bytes(uint32_t disk_gb)
{
	return (uint64_t)disk_gb << 30;
}

int verb_uuid(struct task *task, uint16_t type, struct err *err)
{
	struct buf body CLEANUP(buf_done) = {0};

	write_bytes(&body, task->uuid, UUID_BYTES);
	return task_ask(task, type, &body, err);
}

int verb_image(struct task *task, uint16_t type, uint64_t image_id, struct err *err)
{
	struct buf body CLEANUP(buf_done) = {0};

	write_u64(&body, image_id);
	return task_ask(task, type, &body, err);
}

static void add_port(struct host_network *network, const struct private_port *from)
{
	struct host_port *port;

	if (from->leaving)
		return;
	port = &network->ports[network->port_count++];
	port->id = from->id;
	port->network_id = from->network_id;
	memcpy(port->mac, from->mac, MAC_BYTES);
	port->ip = from->ip;
	for (size_t i = 0; i < from->alias_count; i++)
		port->aliases[port->alias_count++] = from->aliases[i];
}

static int add_ports(struct store *store, uint64_t server_id, struct host_network *network,
		     struct err *err)
{
	struct store_ports ports = {0};
	int r = store_port_of_server(store, server_id, &ports, err);

	for (size_t i = 0; r == 0 && i < ports.count; i++)
		add_port(network, &ports.items[i]);
	return r;
}

int network_body(struct store *store, const struct server *server, struct buf *out, struct err *err)
{
	struct host_network network CLEANUP(host_network_done) = {.server_id = server->id};
	struct filter_policy policy CLEANUP(filter_policy_done) = {0};
	int r = filter_policy_load(store, server->customer_id, server->id, &policy, err);

	if (r == 0)
		r = add_ports(store, server->id, &network, err);
	if (r < 0)
		return r;
	memcpy(network.uuid, server->uuid, UUID_BYTES);
	memcpy(network.mac, server->mac, MAC_BYTES);
	if (server->ipv4.id)
		network.ipv4 = server->ipv4.ip;
	if (server->ipv6.id)
		network.ipv6 = server->ipv6.ip;
	/* The rescue system lets in keys alone, and has no other door. */
	network.closed = server->closed && !server->rescue_running;
	if (filter_policy_for_host(&policy, &network.filter) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	host_network_write(out, &network);
	return 0;
}

int verb_network_set(struct task *task, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	struct buf body CLEANUP(buf_done) = {0};
	int r = task_server(task, &server, err);

	if (r == 0)
		r = network_body(task->engine->store, &server, &body, err);
	return r ? r : task_ask(task, HOST_NETWORK_SET, &body, err);
}

int verb_network_answered(struct task *task, struct reader *answer, struct err *err)
{
	const uint64_t version = reader_u64(answer);

	return answer->error != 0 ? STEP_DONE
				  : store_filter_set_applied(task->engine->store, task->server_id,
							     version, err);
}

int verb_network_clear(struct task *task, struct err *err)
{
	return verb_uuid(task, HOST_NETWORK_CLEAR, err);
}

int verb_seed_delete(struct task *task, struct err *err)
{
	return verb_uuid(task, HOST_SEED_DELETE, err);
}

int verb_start(struct task *task, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	int r = task_server(task, &server, err);

	/* Asked again here: when the action was accepted, the host may not have told its memory. */
	if (r == 0)
		r = verb_admit_memory(task->engine, &server, err);
	if (r)
		return r;
	task->has_power = false;
	return verb_uuid(task, HOST_DOMAIN_START, err);
}

int verb_started(struct task *task, struct reader *answer, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	int r = task_server(task, &server, err);

	(void)answer;
	/* The wish for a rescue system is fulfilled; its boot is none of the server's own system.
	 */
	if (r == 0 && server.rescue_running)
		return task->params.rescue
			       ? store_server_disarm_rescue(task->engine->store, server.id, err)
			       : 0;
	if (r == 0 && !server.first_started_ms)
		r = store_server_update_first_boot(task->engine->store, task->server_id,
						   clock_now_ms(), server.first_boot_done, err);
	return r;
}

int verb_boot_entered(struct task *task, struct err *err)
{
	return task->params.cold ? store_server_boot_rescue(task->engine->store, task->server_id,
							    task->params.rescue, err)
				 : 0;
}

int verb_stop(struct task *task, struct err *err)
{
	task->has_power = false;
	return verb_uuid(task, HOST_DOMAIN_STOP, err);
}

int verb_undefine(struct task *task, struct err *err)
{
	return verb_uuid(task, HOST_DOMAIN_UNDEFINE, err);
}

static struct domain_shape shape_of(const struct server *server)
{
	return (struct domain_shape){.server_type_id = server->server_type_id,
				     .generation = server->volume_generation,
				     .image_id = server->image_id,
				     .seed = server->seed,
				     .rescue = server->rescue_running};
}

/* "TYPE BASE64" of each line, in place: a comment may hold anything, and opens nothing. */
static void cut_comments(char *keys)
{
	char *to = keys;

	for (const char *at = keys; *at != '\0';) {
		const size_t bytes = strcspn(at, "\n");
		const char *blob = memchr(at, ' ', bytes);
		size_t kept = blob != NULL ? (size_t)(blob + 1 - at) : bytes;
		if (blob != NULL)
			kept += strcspn(blob + 1, " \n");
		memmove(to, at, kept);
		to += kept;
		at += bytes;
		if (*at != '\n')
			break;
		at++;
		*to++ = '\n';
	}
	*to = '\0';
}

static int load_rescue(struct engine *engine, const struct server *server, struct host_rescue *ret,
		       struct err *err)
{
	struct image image CLEANUP(image_done) = {0};
	int r = store_image_get_rescue(engine->store, &image, err);

	if (r == ERR_NOT_FOUND)
		return err_set(err, ERR_UNAVAILABLE_RESOURCE, "the service has no rescue system");
	if (r == 0)
		r = store_server_get_rescue_keys(engine->store, server->id, &ret->keys, err);
	if (r)
		return r;
	cut_comments(ret->keys);
	ret->image_id = image.id;
	ret->ssh_port = server->ssh_port;
	if (server->ipv4.id)
		ret->ipv4 = server->ipv4.ip;
	if (server->ipv6.id)
		ret->ipv6 = server->ipv6.ip;
	return 0;
}

static int add_cards(struct store *store, uint64_t server_id, struct host_domain *domain,
		     struct err *err)
{
	struct store_ports ports = {0};
	int r = store_port_of_server(store, server_id, &ports, err);

	for (size_t i = 0; r == 0 && i < ports.count; i++) {
		struct host_card *card = &domain->cards[domain->card_count];

		if (ports.items[i].leaving)
			continue;
		card->port_id = ports.items[i].id;
		memcpy(card->mac, ports.items[i].mac, MAC_BYTES);
		domain->card_count++;
	}
	return r;
}

static int write_domain(struct engine *engine, const struct server *server,
			const struct domain_shape *shape, struct buf *out, struct err *err)
{
	/* A seed is for the server's own system, and stays for its next boot. */
	struct host_domain domain CLEANUP(host_domain_done) = {
		.server_id = server->id,
		.generation = shape->generation,
		.image_id = image_base(engine->store, shape->image_id),
		.no_agent = server->agent_off,
		.has_seed = shape->seed && !shape->rescue};
	struct plan plan;
	int r = store_plan_get(
		engine->store,
		shape->server_type_id ? shape->server_type_id : server->server_type_id, &plan, err);

	if (r)
		return err_wrap(err, r, "the server's plan");
	if (shape->rescue && (r = load_rescue(engine, server, &domain.rescue, err)) < 0)
		return r;
	if ((r = add_cards(engine->store, server->id, &domain, err)) < 0)
		return r;
	memcpy(domain.uuid, server->uuid, UUID_BYTES);
	memcpy(domain.mac, server->mac, MAC_BYTES);
	(void)snprintf(domain.name, sizeof(domain.name), "%s", server->name);
	domain.vcpus = plan.cores;
	domain.memory_mib = plan.memory_mib;
	host_domain_write(out, &domain);
	return 0;
}

int domain_body(struct engine *engine, const struct server *server, struct buf *out,
		struct err *err)
{
	const struct domain_shape shape = shape_of(server);

	return write_domain(engine, server, &shape, out, err);
}

int verb_define_as(struct task *task, const struct domain_shape *shape, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	struct buf body CLEANUP(buf_done) = {0};
	int r = task_server(task, &server, err);

	if (r == 0)
		r = write_domain(task->engine, &server, shape, &body, err);
	return r ? r : task_ask(task, HOST_DOMAIN_DEFINE, &body, err);
}

int verb_define(struct task *task, struct err *err)
{
	struct server server CLEANUP(server_done) = {0};
	struct domain_shape shape;
	int r = task_server(task, &server, err);

	if (r)
		return r;
	shape = shape_of(&server);
	return verb_define_as(task, &shape, err);
}

int verb_volume(struct task *task, uint16_t type, uint32_t generation, uint64_t image_id,
		uint64_t bytes, struct err *err)
{
	struct host_volume volume = {.generation = generation,
				     .image_id = image_id,
				     .bytes = bytes,
				     .whole = type == HOST_VOLUME_CREATE && task->params.whole};
	struct buf body CLEANUP(buf_done) = {0};

	memcpy(volume.uuid, task->uuid, UUID_BYTES);
	host_volume_write(&body, &volume);
	return task_ask(task, type, &body, err);
}

/* split_keys() - @lines is cut in place; pointers into it go to @keys. */
static size_t split_keys(char *lines, const char *keys[SEED_MAX_KEYS])
{
	size_t count = 0;
	char *rest = NULL;

	for (char *line = strtok_r(lines, "\n", &rest); line && count < SEED_MAX_KEYS;
	     line = strtok_r(NULL, "\n", &rest))
		keys[count++] = line;
	return count;
}

static int write_seed(struct task *task, uint32_t generation, uint64_t image_id, struct buf *out,
		      struct err *err)
{
	struct engine *engine = task->engine;
	struct store *store = engine->store;
	struct server server CLEANUP(server_done) = {0};
	struct store_seed kept CLEANUP(store_seed_done) = {0};
	struct image image CLEANUP(image_done) = {0};
	struct host_seed seed CLEANUP(host_seed_done) = {0};
	char *lines AUTO_FREE = NULL;
	const char *keys[SEED_MAX_KEYS];
	struct seed_input input = {.generation = generation,
				   .resolvers = engine->resolvers,
				   .resolver_count = engine->resolver_count};
	struct store_ports ports = {0};
	int r = task_server(task, &server, err);

	if (r == 0)
		r = store_port_of_server(store, server.id, &ports, err);
	if (r == 0)
		r = store_server_get_keys(store, server.id, &lines, err);
	if (r)
		return r;
	r = store_seed_get(store, server.id, &kept, err);
	if (r && r != ERR_NOT_FOUND)
		return r;
	/* Those of the system that is to come: not of the one an undo goes back to. */
	if (generation != server.volume_generation) {
		if (kept.user && *kept.user)
			(void)snprintf(server.user, sizeof(server.user), "%s", kept.user);
		if (kept.authorized_keys && *kept.authorized_keys) {
			free(lines);
			lines = steal_ptr(kept.authorized_keys);
		}
	}
	r = image_id ? store_image_get(store, 0, image_id, &image, err) : 0;
	if (r && r != ERR_NOT_FOUND)
		return r;
	memcpy(input.uuid, server.uuid, UUID_BYTES);
	memcpy(input.mac, server.mac, MAC_BYTES);
	input.hostname = server.name;
	/* The image's own user needs no mention: its image knows the groups and the shell. */
	input.user = strcmp(server.user, image.default_user) != 0 ? server.user : NULL;
	input.keys = keys;
	input.key_count = split_keys(lines, keys);
	input.first_step = (struct seed_first_step){.ssh_port = kept.ssh_port,
						    .open_ports = kept.open_ports,
						    .log_days = kept.log_days,
						    .updates = kept.updates};
	input.root_hash = kept.password_hash;
	input.user_data = kept.user_data;
	input.user_data_bytes = kept.user_data_bytes;
	if (server.ipv4.id)
		input.ipv4 = server.ipv4.ip;
	if (server.ipv6.id)
		input.ipv6 = server.ipv6.ip;
	input.ports = ports.items;
	input.port_count = ports.count;
	r = seed_build(&input, &seed, err);
	if (r == 0)
		host_seed_write(out, &seed);
	return r;
}

int verb_seed_create(struct task *task, uint32_t generation, uint64_t image_id, struct err *err)
{
	struct buf body CLEANUP(buf_done) = {0};
	int r = write_seed(task, generation, image_id, &body, err);

	return r ? r : task_ask(task, HOST_SEED_CREATE, &body, err);
}

void verb_use_image(struct engine *engine, uint64_t image_id, struct task_params *params)
{
	params->image_id = image_id;
	params->whole = image_base(engine->store, image_id) != image_id;
}

int verb_check_image(struct engine *engine, uint64_t image_id, uint32_t disk_gb, struct err *err)
{
	struct image image CLEANUP(image_done) = {0};
	char label[IMAGE_LABEL_BYTES];
	const char *name;
	int r = store_image_get(engine->store, 0, image_id, &image, err);

	if (r == ERR_NOT_FOUND)
		return err_set(err, ERR_INVALID_INPUT, "there is no such image");
	if (r)
		return r;
	name = image_label(&image, label);
	if (image.type == IMAGE_RESCUE)
		return err_set(err, ERR_INVALID_INPUT,
			       "image %s is the rescue system: no server is made from it", name);
	if (image.status != IMAGE_AVAILABLE)
		return err_set(err, ERR_UNAVAILABLE_RESOURCE,
			       "image %s is %s: wait until it is available", name,
			       image_status_name(image.status));
	if (image_disk_gb(&image) > disk_gb)
		return err_set(err, ERR_INVALID_INPUT,
			       "image %s needs a disk of %" PRIu32 " GB, the server has %" PRIu32
			       ": choose a larger plan",
			       name, image_disk_gb(&image), disk_gb);
	return 0;
}

int verb_admit_memory(struct engine *engine, const struct server *server, struct err *err)
{
	struct plan plan;
	int r = store_plan_get(engine->store, server->server_type_id, &plan, err);

	return r ? r : engine_admit(engine, plan.memory_mib, server->id, err);
}

int verb_put_seed(struct engine *engine, const struct action_request *request, uint64_t server_id,
		  struct err *err)
{
	struct store_seed seed = {.server_id = server_id, .created_ms = clock_now_ms()};
	char *hash AUTO_FREE = NULL;
	char *open AUTO_FREE = NULL;
	char *user AUTO_FREE = NULL;
	char *keys AUTO_FREE = NULL;
	void *data AUTO_FREE = NULL;
	int r = seed_check_user_data(request->user_data, request->user_data_bytes, err);

	if (r)
		return r;
	/* The store borrows, but its struct owns: hence copies. */
	if (request->password_hash) {
		hash = strdup(request->password_hash);
		if (!hash)
			return err_set(err, -ENOMEM, "out of memory");
	}
	if (request->user_data && request->user_data_bytes) {
		data = malloc(request->user_data_bytes);
		if (!data)
			return err_set(err, -ENOMEM, "out of memory");
		memcpy(data, request->user_data, request->user_data_bytes);
	}
	if (request->open_ports) {
		open = strdup(request->open_ports);
		if (!open)
			return err_set(err, -ENOMEM, "out of memory");
	}
	if ((request->user && !(user = strdup(request->user))) ||
	    (request->new_keys && !(keys = strdup(request->new_keys))))
		return err_set(err, -ENOMEM, "out of memory");
	seed.user = user;
	seed.authorized_keys = keys;
	seed.updates = request->updates;
	seed.ssh_port = request->ssh_port;
	seed.log_days = request->log_days;
	seed.open_ports = open;
	seed.password_hash = hash;
	seed.user_data = data;
	seed.user_data_bytes = data ? request->user_data_bytes : 0;
	return store_seed_put(engine->store, &seed, err);
}
