// Whatever a customer hands in as user-data: ours stays in the document, whole and last.
#include <jansson.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/seed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const keys[] = {"ssh-ed25519 AAAA me"};
	struct seed_input input = {.generation = 1,
				   .hostname = "fuzz",
				   .user = "taro",
				   .keys = keys,
				   .key_count = 1,
				   .user_data = data,
				   .user_data_bytes = size,
				   .mac = {2},
				   .ipv4 = {.family = 4, .prefix = 32, .bytes = {10, 0, 0, 1}}};
	struct host_seed seed = {0};
	const char *at;
	const char *ours = NULL;
	char boundary[128];
	size_t len;
	json_t *config;
	int checked;
	int r;

	if (sodium_init() < 0)
		abort();
	checked = seed_check_user_data(data, size, NULL);
	r = seed_build(&input, &seed, NULL);
	if (checked) {
		if (r != checked)
			abort();
		return 0;
	}
	if (r)
		return r == ERR_TOO_LARGE ? 0 : (abort(), 0);
	/* Our boundary opens the document, and the last part behind it is our cloud-config. */
	at = strstr(seed.user_data, "boundary=\"");
	if (!at)
		abort();
	at += strlen("boundary=\"");
	len = strcspn(at, "\"");
	if (len + 5 > sizeof(boundary))
		abort();
	boundary[0] = '-';
	boundary[1] = '-';
	memcpy(boundary + 2, at, len);
	boundary[len + 2] = '\0';
	for (at = seed.user_data;
	     (at = memmem(at, seed.user_data_bytes - (size_t)(at - seed.user_data), boundary,
			  len + 2)) != NULL;
	     at += len + 2) {
		if (strncmp(at + len + 2, "--\n", 4) == 0)
			break;
		ours = at;
	}
	if (!at || !ours || strlen(at) != len + 5)
		abort();
	ours = strstr(ours, "#cloud-config\n");
	if (!ours)
		abort();
	config = json_loads(ours + strlen("#cloud-config\n"), JSON_DISABLE_EOF_CHECK, NULL);
	if (!config || !json_is_false(json_object_get(config, "ssh_pwauth")))
		abort();
	json_decref(config);
	host_seed_done(&seed);
	return 0;
}
