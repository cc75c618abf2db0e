#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "core/dns/dns.h"
#include "core/dns/name_servers.h"
#include "model/name.h"

/* A word of @text that is @name. */
static bool has_word(const char *text, const char *name)
{
	const size_t wanted = strlen(name);

	while (*(text += strspn(text, " ,\t")) != '\0') {
		size_t len = strcspn(text, " ,\t");
		const size_t bare = text[len - 1] == '.' ? len - 1 : len;
		if (bare == wanted && strncasecmp(text, name, wanted) == 0)
			return true;
		text += len;
	}
	return false;
}

void dns_names(const struct core *core, void (*each)(void *context, const char *name),
	       void *context)
{
	struct store_name_servers servers CLEANUP(store_name_server_done) = {0};
	const char *text = core->config->dns_names;

	while (*(text += strspn(text, " ,\t")) != '\0') {
		char name[NAME_DNS_BYTES];
		size_t len = strcspn(text, " ,\t");
		(void)snprintf(name, sizeof name, "%.*s", (int)len, text);
		text += len;
		len = strlen(name);
		if (len > 0 && name[len - 1] == '.')
			name[len - 1] = '\0';
		each(context, name);
	}
	if (store_name_server_list(core->store, &servers, NULL) < 0)
		return;
	for (size_t i = 0; i < servers.count; i++)
		if (!has_word(core->config->dns_names, servers.items[i].name))
			each(context, servers.items[i].name);
}

int dns_parse_address(const char *text, uint16_t default_port, struct ip *ret, uint16_t *ret_port)
{
	char word[64];
	uint64_t port = default_port;
	char *address = word, *colon;

	if ((size_t)snprintf(word, sizeof word, "%s", text) >= sizeof word)
		return -EINVAL;
	colon = strrchr(word, ':');
	if (colon != NULL && (*word == '[' ? colon[-1] == ']' : strchr(word, ':') == colon)) {
		*colon = '\0';
		if (parse_u64(colon + 1, 1, UINT16_MAX, &port) < 0)
			return -EINVAL;
	}
	if (*address == '[') {
		address[strcspn(address, "]")] = '\0';
		address++;
	}
	if (ip_parse(address, ret) < 0)
		return -EINVAL;
	*ret_port = (uint16_t)port;
	return 0;
}
