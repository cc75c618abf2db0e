#include "cli/zone_start.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "cli/print.h"
#include "cli/server_address.h"

#define SSHFP_SHA256 2 /* RFC 6594 */
#define DIGEST_BYTES 32
#define PREFIX       "SHA256:"

/* RFC 4255, 6594, 7479. */
static const struct {
	const char *type;
	int algorithm;
} ssh_algorithms[] = {{"ssh-rsa", 1}, {"ecdsa-sha2-nistp256", 3}, {"ssh-ed25519", 4}};

static void add(json_t *rrsets, const char *name, const char *type, const char *value)
{
	(void)json_array_append_new(rrsets, json_pack("{s:s, s:s, s:[{s:s}]}", "name", name, "type",
						      type, "records", "value", value));
}

/* The fingerprint as ssh shows it holds the digest that SSHFP has in hexadecimal form. */
static bool fingerprint_text(const json_t *key, char *out, size_t size)
{
	const char *shown = json_text(key, "fingerprint");
	unsigned char digest[DIGEST_BYTES];
	char hex[2 * DIGEST_BYTES + 1];
	size_t bytes = 0;

	if (strncmp(shown, PREFIX, strlen(PREFIX)) != 0 ||
	    sodium_base642bin(digest, sizeof digest, shown + strlen(PREFIX),
			      strlen(shown + strlen(PREFIX)), NULL, &bytes, NULL,
			      sodium_base64_VARIANT_ORIGINAL_NO_PADDING) < 0 ||
	    bytes != sizeof digest)
		return false;
	(void)sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
	for (size_t i = 0; i < sizeof ssh_algorithms / sizeof *ssh_algorithms; i++)
		if (strcmp(ssh_algorithms[i].type, json_text(key, "type")) == 0) {
			(void)snprintf(out, size, "%d %d %s", ssh_algorithms[i].algorithm,
				       SSHFP_SHA256, hex);
			return true;
		}
	return false;
}

json_t *zone_start_host_keys(const json_t *server)
{
	const json_t *keys = json_at(server, "ippo.host_keys"), *key;
	json_t *records = json_array();
	char text[8 + 2 * DIGEST_BYTES];
	size_t i;

	json_array_foreach(keys, i, key)
	{
		if (fingerprint_text(key, text, sizeof text))
			(void)json_array_append_new(records, json_pack("{s:s}", "value", text));
	}
	return records;
}

static void add_host_keys(json_t *rrsets, const json_t *server)
{
	json_t *records = zone_start_host_keys(server);

	if (json_array_size(records) > 0)
		(void)json_array_append_new(rrsets, json_pack("{s:s, s:s, s:O}", "name", "@",
							      "type", "SSHFP", "records", records));
	json_decref(records);
}

void zone_start_server(json_t *rrsets, const json_t *server)
{
	static const char *const names[] = {"@", "www"};
	const char *v4 = json_string_value(json_at(server, "public_net.ipv4.ip"));
	char address[IP_TEXT_BYTES];
	const char *v6 = server_address6(server, address);

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (v4 != NULL)
			add(rrsets, names[i], "A", v4);
		if (v6 != NULL)
			add(rrsets, names[i], "AAAA", v6);
	}
	add_host_keys(rrsets, server);
}

void zone_start_no_mail(json_t *rrsets)
{
	add(rrsets, "@", "MX", "0 .");
	add(rrsets, "@", "TXT", "\"v=spf1 -all\"");
	add(rrsets, "_dmarc", "TXT", "\"v=DMARC1; p=reject\"");
}
