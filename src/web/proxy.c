#include "web/proxy.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char field_name[] = "x-forwarded-for";

static bool is_trusted(const struct config_networks *proxies, const struct ip *address)
{
	for (unsigned i = 0; i < proxies->count; i++)
		if (ip_contains(&proxies->items[i], address))
			return true;
	return false;
}

bool proxy_is_trusted(const struct config_networks *proxies, const char *peer)
{
	struct ip address;

	return proxies->count > 0 && ip_parse(peer, &address) == 0 && is_trusted(proxies, &address);
}

/* The last member of a comma-separated list, which is cut off it. */
static bool take_last(struct slice *list, struct ip *ret)
{
	char text[IP_TEXT_BYTES];
	size_t begin = list->len, end = list->len;

	while (begin > 0 && list->data[begin - 1] != ',')
		begin--;
	list->len = begin > 0 ? begin - 1 : 0;
	while (begin < end && (list->data[begin] == ' ' || list->data[begin] == '\t'))
		begin++;
	while (end > begin && (list->data[end - 1] == ' ' || list->data[end - 1] == '\t'))
		end--;
	if (end - begin >= sizeof text)
		return false;
	memcpy(text, list->data + begin, end - begin);
	text[end - begin] = '\0';
	return ip_parse(text, ret) == 0;
}

void proxy_client(const struct config_networks *proxies, const char *peer,
		  const struct http_head *head, char out[IP_TEXT_BYTES])
{
	struct ip address;

	(void)snprintf(out, IP_TEXT_BYTES, "%s", peer);
	if (!proxy_is_trusted(proxies, peer))
		return;
	/* Several fields are one list (RFC 9110 section 5.3). */
	for (size_t i = head->field_count; i-- > 0;) {
		const struct http_field *field = &head->fields[i];
		struct slice list = field->value;
		if (field->name.len != sizeof field_name - 1 ||
		    strncasecmp((const char *)field->name.data, field_name, field->name.len) != 0)
			continue;
		while (list.len > 0) {
			if (!take_last(&list, &address))
				return;
			ip_format(&address, out);
			if (!is_trusted(proxies, &address))
				return;
		}
	}
}
