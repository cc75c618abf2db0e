// Any bytes as what a browser and a device say of a passkey: read within bounds, and what is taken
// as a new one makes a key that signatures can be held against.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/auth/passkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge_client(const struct passkey_site *site, const uint8_t *data, size_t size)
{
	struct passkey_client client;

	if (passkey_read_client(data, size, &client, NULL) < 0)
		return;
	if (strlen(client.type) >= sizeof client.type ||
	    strlen(client.origin) >= sizeof client.origin)
		abort();
	(void)passkey_check_client(site, &client, true, NULL);
	if (passkey_check_client(site, &client, false, NULL) == 0 &&
	    (client.cross_origin || strcmp(client.origin, site->origin) != 0))
		abort();
}

static void judge_data(const struct passkey_site *site, const uint8_t *data, size_t size)
{
	static struct passkey_answer answer;
	struct passkey made = {0};
	uint32_t counter;

	if (size > sizeof answer.data)
		return;
	if (passkey_check_data(site, data, size, NULL) == 0 && size < 37)
		abort();
	memset(&answer, 0, sizeof answer);
	memcpy(answer.data, data, size);
	answer.data_bytes = size;
	memcpy(answer.client, "{}", 2);
	answer.client_bytes = 2;
	answer.signature_bytes = size % PASSKEY_SIGNATURE_BYTES + 1;
	memcpy(answer.signature, data,
	       size < answer.signature_bytes ? size : answer.signature_bytes);
	if (passkey_read_made(site, &answer, &made, NULL) < 0)
		return;
	if (made.credential_bytes == 0 || made.credential_bytes > sizeof made.credential ||
	    made.key_bytes == 0 || made.key_bytes > sizeof made.key)
		abort();
	if (passkey_verify(site, &made, &answer, &counter, NULL) == 0)
		abort(); /* nobody signed this */
}

/* The first byte says which of the two it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct passkey_site site;

	if (*site.id == '\0' && passkey_setup() < 0)
		abort();
	if (*site.id == '\0' && passkey_site("https://localhost:8443", &site, NULL) < 0)
		abort();
	if (size == 0)
		return 0;
	if (data[0] == 'c')
		judge_client(&site, data + 1, size - 1);
	else
		judge_data(&site, data + 1, size - 1);
	return 0;
}
