#include "model/post.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ip.h"
#include "base/parse.h"
#include "model/notice.h"

#define LOCAL_PART_MAX  64
#define HOST_MAX        253
#define LABEL_MAX       63
#define FIRST_FREE_PORT 1024
#define FIRST_DELAY_MS  (INT64_C(60) * 1000)
#define MAX_DELAY_MS    (INT64_C(6) * 3600 * 1000)

void post_done(struct post *post)
{
	free(post->subject);
	if (post->body != NULL)
		explicit_bzero(post->body, strlen(post->body));
	free(post->body);
	explicit_bzero(post, sizeof *post);
}

const char *post_kind_name(enum post_kind kind)
{
	return kind == POST_WEBHOOK ? "webhook" : "mail";
}

static const char *const state_names[] = {
	[POST_WAITING] = "waiting",
	[POST_SENT] = "sent",
	[POST_FAILED] = "failed",
};

const char *post_state_name(enum post_state state)
{
	return state >= POST_WAITING && state <= POST_FAILED ? state_names[state] : "failed";
}

int post_state_parse(const char *text, enum post_state *ret)
{
	for (unsigned i = POST_WAITING; i <= POST_FAILED; i++) {
		if (strcmp(state_names[i], text) == 0) {
			*ret = (enum post_state)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* Labels of letters, digits and inner hyphens (and _, which some have) between periods. */
static bool is_host(const char *text, size_t len)
{
	size_t label = 0;

	if (len == 0 || len > HOST_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)text[i];
		const bool is_edge = label == 0 || i + 1 == len || text[i + 1] == '.';

		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if ((!isalnum(c) && c != '-' && c != '_') || (c == '-' && is_edge) ||
			   ++label > LABEL_MAX) {
			return false;
		}
	}
	return label > 0;
}

/* RFC 5322 section 3.2.3. */
static bool is_dot_atom(const char *text, size_t len)
{
	if (len == 0 || len > LOCAL_PART_MAX || text[0] == '.' || text[len - 1] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)text[i];
		if (c >= 0x80 || c == '\0' || (!isalnum(c) && !strchr("!#$%&'*+-/=?^_`{|}~.", c)) ||
		    (c == '.' && text[i + 1] == '.'))
			return false;
	}
	return true;
}

int post_check_address(const char *text, struct err *err)
{
	const char *at = text != NULL ? strchr(text, '@') : NULL;

	if (at == NULL || strlen(text) >= POST_ADDRESS_BYTES ||
	    !is_dot_atom(text, (size_t)(at - text)) || !is_host(at + 1, strlen(at + 1)))
		return err_set(err, ERR_INVALID_INPUT,
			       "this is no mail address: it must be like name@example.com");
	return 0;
}

/* [v6], a name or an address in IPv4's form. Returns what follows, or NULL. */
static const char *skip_host(const char *text)
{
	char literal[IP_TEXT_BYTES];
	struct ip ip;
	size_t len;

	if (*text != '[') {
		len = strcspn(text, ":/?");
		return is_host(text, len) ? text + len : NULL;
	}
	len = strcspn(text + 1, "]");
	if (text[1 + len] != ']' || len >= sizeof literal)
		return NULL;
	memcpy(literal, text + 1, len);
	literal[len] = '\0';
	return ip_parse(literal, &ip) == 0 && ip.family == 6 ? text + len + 2 : NULL;
}

/* Well-known ports belong to protocols that a request might be mistaken for, as mail. */
static bool is_web_port(uint64_t port)
{
	return port == 80 || port == 443 || port >= FIRST_FREE_PORT;
}

static const char *skip_port(const char *text)
{
	char port[8];
	uint64_t number;
	size_t len;

	if (*text != ':')
		return text;
	len = strcspn(++text, "/?");
	if (len >= sizeof port)
		return NULL;
	memcpy(port, text, len);
	port[len] = '\0';
	return parse_u64(port, 1, UINT16_MAX, &number) == 0 && is_web_port(number) ? text + len
										   : NULL;
}

static bool is_url(const char *text)
{
	if (strncmp(text, "https://", 8) == 0)
		text += 8;
	else if (strncmp(text, "http://", 7) == 0)
		text += 7;
	else
		return false;
	if ((text = skip_host(text)) == NULL || (text = skip_port(text)) == NULL)
		return false;
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text > '~' || strchr("\"<>\\^`{|}#", *text) != NULL)
			return false;
	return true;
}

int post_check_url(const char *text, struct err *err)
{
	if (text == NULL || strlen(text) >= POST_RECIPIENT_BYTES || !is_url(text))
		return err_set(err, ERR_INVALID_INPUT,
			       "this is no URL that can be called: it must be like "
			       "https://example.com/path, without user, password and fragment, at "
			       "port 80, 443 or from 1024 on");
	return 0;
}

static int check_secret(const struct post *post, struct err *err)
{
	const size_t len = strlen(post->secret);

	if (post->kind == POST_MAIL)
		return len == 0 ? 0 : err_set(err, ERR_INVALID_INPUT, "a mail has no secret");
	for (size_t i = 0; i < len; i++)
		if (post->secret[i] < '!' || post->secret[i] > '~')
			return err_set(err, ERR_INVALID_INPUT,
				       "a secret is printable ASCII without spaces");
	return len == 0 || len >= POST_SECRET_MIN
		       ? 0
		       : err_set(err, ERR_INVALID_INPUT, "a secret has at least %d characters",
				 POST_SECRET_MIN);
}

int post_check(const struct post *post, struct err *err)
{
	int code;

	if (post->kind != POST_MAIL && post->kind != POST_WEBHOOK)
		return err_set(err, ERR_INVALID_INPUT, "a message is a mail or a webhook");
	code = post->kind == POST_MAIL ? post_check_address(post->recipient, err)
				       : post_check_url(post->recipient, err);
	if (code < 0)
		return code;
	if (!notice_is_plain(post->subject, POST_SUBJECT_MAX, false))
		return err_set(err, ERR_INVALID_INPUT,
			       "the subject must be plain text of 1 to %d characters on one line",
			       POST_SUBJECT_MAX);
	if (post->body == NULL || strlen(post->body) > POST_BODY_BYTES_MAX ||
	    !notice_is_plain(post->body, POST_BODY_BYTES_MAX, true))
		return err_set(err, ERR_INVALID_INPUT,
			       "the body must be plain text of 1 to %d bytes", POST_BODY_BYTES_MAX);
	return check_secret(post, err);
}

int64_t post_delay_ms(uint32_t attempts)
{
	int64_t delay_ms = FIRST_DELAY_MS;

	while (attempts-- > 1 && delay_ms < MAX_DELAY_MS)
		delay_ms *= 2;
	return delay_ms < MAX_DELAY_MS ? delay_ms : MAX_DELAY_MS;
}
