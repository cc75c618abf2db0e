#include "model/name.h"

#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"

/* Accounts that exist on common systems, or would be created by packages: taking one of these over
 * would break the guest. */
static const char *const system_users[] = {
	"_apt",        "adm",     "admin",    "backup",   "bin",        "daemon", "dbus",
	"debian-exim", "games",   "gnats",    "halt",     "http",       "irc",    "list",
	"lp",          "mail",    "man",      "mysql",    "messagebus", "news",   "nobody",
	"operator",    "polkitd", "postfix",  "postgres", "proxy",      "root",   "shutdown",
	"sshd",        "sudo",    "sync",     "sys",      "syslog",     "toor",   "uucp",
	"uuidd",       "wheel",   "www-data",
};

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z');
}

/* Labels of letters, digits and inner hyphens, 1 to 63 each; counts them. */
static bool is_host(const char *text, size_t bytes, unsigned *ret_labels)
{
	size_t start = 0;
	unsigned labels = 0;

	for (size_t i = 0; i <= bytes; i++) {
		if (i < bytes && text[i] != '.') {
			if (!is_letter(text[i]) && !is_digit(text[i]) && text[i] != '-')
				return false;
			continue;
		}
		if (i == start || i - start > 63 || text[start] == '-' || text[i - 1] == '-')
			return false;
		start = i + 1;
		labels++;
	}
	*ret_labels = labels;
	return true;
}

int name_check_host(const char *text, struct err *err)
{
	size_t bytes = strnlen(text, NAME_HOST_BYTES);
	unsigned labels;

	if (bytes == 0 || bytes >= NAME_HOST_BYTES || !is_host(text, bytes, &labels))
		return err_set(err, ERR_INVALID_INPUT,
			       "the name must be a host name (RFC 1123): 1 to %d letters, digits, "
			       "hyphens and periods, each part beginning and ending with a letter "
			       "or digit",
			       NAME_HOST_BYTES - 1);
	return 0;
}

int name_check_user(const char *text, struct err *err)
{
	size_t bytes = strnlen(text, NAME_USER_BYTES);
	bool valid = bytes > 0 && bytes < NAME_USER_BYTES && (is_lower(text[0]) || text[0] == '_');

	for (size_t i = 1; i < bytes && valid; i++)
		valid = is_lower(text[i]) || is_digit(text[i]) || text[i] == '_' || text[i] == '-';
	if (!valid)
		return err_set(err, ERR_INVALID_INPUT,
			       "the login name must have 1 to %d characters: a lower-case letter "
			       "or _, then lower-case letters, digits, _ or -",
			       NAME_USER_BYTES - 1);
	for (size_t i = 0; i < ARRAY_SIZE(system_users); i++)
		if (strcmp(system_users[i], text) == 0)
			return err_set(err, ERR_INVALID_INPUT,
				       "%s is an account of the system: choose another login name",
				       text);
	if (strncmp(text, "systemd-", 8) == 0)
		return err_set(err, ERR_INVALID_INPUT,
			       "login names that begin with systemd- belong to the system: choose "
			       "another");
	return 0;
}

int name_check_person(const char *text, struct err *err)
{
	size_t bytes = strnlen(text, NAME_PERSON_BYTES);
	bool valid =
		bytes > 0 && bytes < NAME_PERSON_BYTES && (is_lower(text[0]) || is_digit(text[0]));

	for (size_t i = 1; i < bytes && valid; i++)
		valid = is_lower(text[i]) || is_digit(text[i]) || strchr("._@+-", text[i]);
	if (!valid)
		return err_set(err, ERR_INVALID_INPUT,
			       "the name must have 1 to %d characters: a lower-case letter or "
			       "digit, then lower-case letters, digits and . _ @ + -",
			       NAME_PERSON_BYTES - 1);
	return 0;
}

int name_check_slug(const char *text, struct err *err)
{
	size_t bytes = strnlen(text, NAME_SLUG_BYTES);
	bool valid =
		bytes > 0 && bytes < NAME_SLUG_BYTES && (is_lower(text[0]) || is_digit(text[0]));
	bool digits = true;

	for (size_t i = 0; i < bytes && valid; i++) {
		valid = is_lower(text[i]) || is_digit(text[i]) || strchr("._-", text[i]);
		digits = digits && is_digit(text[i]);
	}
	if (!valid)
		return err_set(err, ERR_INVALID_INPUT,
			       "the name must have 1 to %d characters: a lower-case letter or "
			       "digit, then lower-case letters, digits and . _ -",
			       NAME_SLUG_BYTES - 1);
	if (digits)
		return err_set(err, ERR_INVALID_INPUT,
			       "the name must not be a number: that would be read as an id");
	return 0;
}

/* UTF-8 without C0 and C1 controls, DEL, and the line separators. */
static bool is_plain_text(const char *text, size_t bytes)
{
	if (!parse_utf8(text, bytes))
		return false;
	for (size_t i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)text[i];
		unsigned char next = i + 1 < bytes ? (unsigned char)text[i + 1] : 0;

		if (c < 0x20 || c == 0x7f || (c == 0xc2 && next < 0xa0))
			return false;
		if (c == 0xe2 && next == 0x80 && i + 2 < bytes &&
		    ((unsigned char)text[i + 2] == 0xa8 || (unsigned char)text[i + 2] == 0xa9))
			return false;
	}
	return true;
}

int name_check_free(const char *text, struct err *err)
{
	size_t bytes = strnlen(text, NAME_LABEL_BYTES);

	if (bytes == 0 || bytes >= NAME_LABEL_BYTES || !is_plain_text(text, bytes) ||
	    text[0] == ' ' || text[bytes - 1] == ' ')
		return err_set(err, ERR_INVALID_INPUT,
			       "the name must have 1 to %d bytes of text on one line, without "
			       "spaces at its ends",
			       NAME_LABEL_BYTES - 1);
	return 0;
}

int name_check_dns(const char *text, struct err *err)
{
	size_t bytes = strnlen(text, NAME_DNS_BYTES);
	unsigned labels = 0;

	if (bytes == 0 || bytes >= NAME_DNS_BYTES || !is_host(text, bytes, &labels) || labels < 2)
		return err_set(err, ERR_INVALID_INPUT,
			       "the reverse name must be a full DNS name such as www.example.org, "
			       "of at most %d characters",
			       NAME_DNS_BYTES - 1);
	return 0;
}

int name_check_text(const char *field, const char *text, size_t max_bytes, struct err *err)
{
	size_t bytes = strnlen(text, max_bytes + 1);

	if (bytes > max_bytes || !is_plain_text(text, bytes))
		return err_set(err, ERR_INVALID_INPUT,
			       "%s must be at most %zu bytes of text on one line", field,
			       max_bytes);
	return 0;
}
