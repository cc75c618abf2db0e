#include <jansson.h>
#include <string.h>

#include "core/actions/task.h"

char *task_params_write(const struct task_params *params)
{
	char checksum[2 * HOST_CHECKSUM_BYTES + 1] = "";
	json_t *root;
	char *text;

	if (params->has_checksum)
		format_hex(params->checksum, HOST_CHECKSUM_BYTES, checksum);
	root = json_pack("{s:i,s:i,s:b,s:b,s:b,s:I,s:I,s:I,s:b,s:b,s:s,s:s,s:I,s:b,s:I,s:I,s:b}",
			 "before", (int)params->before, "desired", (int)params->desired, "start",
			 params->start, "cold", params->cold, "rescue", params->rescue,
			 "generation", (json_int_t)params->generation, "image",
			 (json_int_t)params->image_id, "server_type",
			 (json_int_t)params->server_type_id, "upgrade_disk", params->upgrade_disk,
			 "from_file", params->from_file, "checksum", checksum, "url", params->url,
			 "port", (json_int_t)params->port_id, "keep_disk", params->keep_disk,
			 "kept", (json_int_t)params->kept, "network",
			 (json_int_t)params->network_id, "whole", params->whole);
	text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	return text;
}

int task_params_read(const char *text, struct task_params *ret, struct err *err)
{
	struct task_params params = {0};
	json_t *root = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : json_object();
	int before = SERVER_OFF;
	int desired = SERVER_DESIRED_OFF;
	int start = 0;
	int cold = 0;
	int rescue = 0;
	int upgrade = 0;
	int from_file = 0;
	int keep_disk = 0;
	int whole = 0;
	json_int_t generation = 0;
	json_int_t image = 0;
	json_int_t type = 0;
	json_int_t port = 0;
	json_int_t kept = 0;
	json_int_t network = 0;
	const char *checksum = "";
	const char *url = "";
	bool good;

	good = root &&
	       json_unpack(root,
			   "{s?i,s?i,s?b,s?b,s?b,s?I,s?I,s?I,s?b,s?b,s?s,s?s,s?I,s?b,s?I,s?I,s?b}",
			   "before", &before, "desired", &desired, "start", &start, "cold", &cold,
			   "rescue", &rescue, "generation", &generation, "image", &image,
			   "server_type", &type, "upgrade_disk", &upgrade, "from_file", &from_file,
			   "checksum", &checksum, "url", &url, "port", &port, "keep_disk",
			   &keep_disk, "kept", &kept, "network", &network, "whole", &whole) == 0;
	good = good && before >= 0 && before < SERVER_STATUS_COUNT && generation >= 0 &&
	       generation <= UINT32_MAX && image >= 0 && type >= 0 && port >= 0 && network >= 0 &&
	       kept >= 0 && kept <= UINT32_MAX && strlen(url) < sizeof(params.url);
	if (good && checksum[0]) {
		good = parse_hex(checksum, params.checksum, HOST_CHECKSUM_BYTES) == 0;
		params.has_checksum = true;
	}
	if (!good) {
		json_decref(root);
		return err_set(err, ERR_CORRUPT, "the action's parameters cannot be read");
	}
	params.before = (enum server_status)before;
	params.desired = desired ? SERVER_DESIRED_ON : SERVER_DESIRED_OFF;
	params.start = start;
	params.cold = cold;
	params.rescue = rescue;
	params.upgrade_disk = upgrade;
	params.from_file = from_file;
	params.generation = (uint32_t)generation;
	params.keep_disk = keep_disk;
	params.whole = whole;
	params.kept = (uint32_t)kept;
	params.image_id = (uint64_t)image;
	params.server_type_id = (uint64_t)type;
	params.port_id = (uint64_t)port;
	params.network_id = (uint64_t)network;
	memcpy(params.url, url, strlen(url) + 1);
	json_decref(root);
	*ret = params;
	return 0;
}
