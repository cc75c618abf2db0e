// Any text as a number, an id, an address and a name: what is taken reads back the same.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/ip.h"
#include "base/parse.h"
#include "model/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_ip(const char *text, int (*parse)(const char *, struct ip *),
		     void (*format)(const struct ip *, char *))
{
	struct ip ip, again;
	char back[IP_TEXT_BYTES];

	if (parse(text, &ip) < 0)
		return;
	format(&ip, back);
	if (parse(back, &again) < 0 || !ip_equal(&ip, &again) || !ip_contains(&ip, &again))
		abort();
}

static void check_names(const char *text)
{
	const size_t len = strlen(text);

	if (name_check_host(text, NULL) == 0 &&
	    (len >= NAME_HOST_BYTES || strpbrk(text, "/ \n_") != NULL))
		abort();
	if (name_check_user(text, NULL) == 0 &&
	    (len >= NAME_USER_BYTES || strpbrk(text, ":/\n ") != NULL || *text == '-'))
		abort();
	if (name_check_slug(text, NULL) == 0 && (len >= NAME_SLUG_BYTES || *text == '.'))
		abort();
	if (name_check_person(text, NULL) == 0 && len >= NAME_PERSON_BYTES)
		abort();
	if (name_check_dns(text, NULL) == 0 && (len >= NAME_DNS_BYTES || strchr(text, '.') == NULL))
		abort();
	if (name_check_free(text, NULL) == 0 &&
	    (len >= NAME_LABEL_BYTES || !parse_utf8(text, len) || strchr(text, '\n') != NULL))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = malloc(size + 1);
	int64_t moment;
	char back[UUID_TEXT_BYTES];
	uint8_t bytes[UUID_BYTES], again[UUID_BYTES];
	uint64_t number;
	int64_t sign;
	bool truth;

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	(void)parse_utf8(data, size);
	(void)parse_bool(text, &truth);
	if (parse_u64(text, 10, 1000, &number) == 0 && (number < 10 || number > 1000))
		abort();
	if (parse_i64(text, -5, 5, &sign) == 0 && (sign < -5 || sign > 5))
		abort();
	if (parse_time(text, &moment) == 0 && moment < 0)
		abort();
	if (parse_uuid(text, bytes) == 0) {
		format_uuid(bytes, back);
		if (parse_uuid(back, again) < 0 || memcmp(bytes, again, sizeof bytes) != 0)
			abort();
	}
	if (parse_mac(text, bytes) == 0) {
		format_mac(bytes, back);
		if (parse_mac(back, again) < 0 || memcmp(bytes, again, MAC_BYTES) != 0)
			abort();
	}
	check_ip(text, ip_parse, ip_format);
	check_ip(text, ip_parse_prefix, ip_format_prefix);
	check_names(text);
	return 0;
}
