/*
 * Theory of operation. A mail is one text/plain part, made here whole, because the same bytes go to
 * a server or into a folder. Whatever comes from outside is either checked to be an address, or
 * travels as base64: in the subject as encoded words (RFC 2047), in the body as its transfer
 * encoding. So no header can be added from outside, and no line is too long.
 */
#include "post/mail.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "post/reach.h"

#define CONNECT_TIMEOUT_S 15L
#define TIMEOUT_S         60L
#define WORD_BYTES        39 /* base64 of it, =?UTF-8?B??= and "Subject: " are 76 characters at most */
#define LINE_BYTES        57 /* 76 characters of base64 */
#define LINE_TEXT_BYTES   80
#define PLAIN_SUBJECT_MAX 66
#define REPLY_BYTES       121

/* An address that is nothing but one: it stands in headers and in SMTP's commands. */
static bool is_address(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~' || strchr("<>\"(),:;\\[]", *c) != NULL)
			return false;
	return strchr(text, '@') != NULL && strlen(text) < 255;
}

static const char *host_of(const char *address)
{
	return strchr(address, '@') + 1;
}

/* RFC 5322 section 3.3; strftime() would ask the locale. */
static void add_date(struct buf *out, uint64_t time_ms)
{
	static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	const time_t seconds = (time_t)(time_ms / 1000);
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL)
		return;
	(void)buf_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday],
			 tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
			 tm.tm_sec);
}

static void add_base64(struct buf *out, const char *text, size_t len)
{
	char encoded[LINE_TEXT_BYTES];

	(void)sodium_bin2base64(encoded, sizeof encoded, (const unsigned char *)text, len,
				sodium_base64_VARIANT_ORIGINAL);
	(void)buf_puts(out, encoded);
}

/* As much as fits into a word without cutting a character. */
static size_t word_len(const char *text)
{
	size_t len = strnlen(text, WORD_BYTES + 1);

	if (len <= WORD_BYTES)
		return len;
	for (len = WORD_BYTES; len > 1 && ((unsigned char)text[len] & 0xc0) == 0x80;)
		len--;
	return len;
}

static void add_subject(struct buf *out, const char *subject)
{
	bool plain = strlen(subject) <= PLAIN_SUBJECT_MAX && strstr(subject, "=?") == NULL;

	for (const char *c = subject; *c != '\0'; c++)
		plain = plain && *c >= ' ' && *c <= '~';
	if (plain) {
		(void)buf_printf(out, "Subject: %s\r\n", subject);
		return;
	}
	(void)buf_puts(out, "Subject:");
	for (size_t len; *subject != '\0'; subject += len) {
		len = word_len(subject);
		(void)buf_puts(out, " =?UTF-8?B?");
		add_base64(out, subject, len);
		(void)buf_puts(out, subject[len] != '\0' ? "?=\r\n" : "?=");
	}
	(void)buf_puts(out, "\r\n");
}

/* Lines of text end in CRLF inside of base64 too (RFC 2045 section 6.8). */
static void add_body(struct buf *out, const char *body)
{
	struct buf lines CLEANUP(buf_done) = {0};

	for (const char *c = body; *c != '\0'; c++) {
		if (*c == '\n')
			(void)buf_putc(&lines, '\r');
		(void)buf_putc(&lines, *c);
	}
	(void)buf_puts(&lines, "\r\n");
	for (size_t at = 0; at < lines.len; at += LINE_BYTES) {
		const size_t left = lines.len - at;
		add_base64(out, (const char *)lines.data + at,
			   left < LINE_BYTES ? left : LINE_BYTES);
		(void)buf_puts(out, "\r\n");
	}
	if (lines.error != 0)
		out->error = lines.error;
	else
		explicit_bzero(lines.data, lines.len);
}

int mail_compose(const struct config *config, const struct post_message *message, struct buf *ret,
		 struct err *err)
{
	struct buf out CLEANUP(buf_done) = {0};

	if (!is_address(message->recipient) || !is_address(config->mail_sender))
		return err_set(err, ERR_INVALID_INPUT, "that is no mail address");
	add_date(&out, message->created_ms);
	(void)buf_printf(&out, "From: <%s>\r\nTo: <%s>\r\n", config->mail_sender,
			 message->recipient);
	add_subject(&out, message->subject);
	(void)buf_printf(&out, "Message-ID: <%s.%" PRIu64 ".%" PRIu64 "@%s>\r\n", config->instance,
			 message->id, message->created_ms, host_of(config->mail_sender));
	/* No answering machine answers to this (RFC 3834). */
	(void)buf_puts(&out, "Auto-Submitted: auto-generated\r\n"
			     "MIME-Version: 1.0\r\n"
			     "Content-Type: text/plain; charset=utf-8\r\n"
			     "Content-Transfer-Encoding: base64\r\n\r\n");
	add_body(&out, message->body);
	if (out.error != 0)
		return err_set(err, out.error, "no memory for a mail");
	*ret = out;
	out = (struct buf){0};
	return 0;
}

/* --- into a folder --- */

/* A second time it takes its own place. */
static void drop(const struct config *config, const struct post_message *message,
		 const struct buf *text, struct outcome *ret)
{
	char name[64];
	AUTO_CLOSE int folder = open(config->mail_drop, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)snprintf(name, sizeof name, "%" PRIu64 "-%" PRIu64 ".eml", message->created_ms,
		       message->id);
	const int code =
		folder < 0 ? -errno : fd_write_file(folder, name, text->data, text->len, 0640);
	if (code < 0)
		outcome_set(ret, POST_LATER, "cannot write into %s: %s", config->mail_drop,
			    strerror(-code));
	else
		outcome_set(ret, POST_DELIVERED, "%s", "");
}

/* --- to a server --- */

struct sending {
	const struct buf *text;
	size_t at;
	bool loopback_only;
	char reply[REPLY_BYTES]; /* the server's last line that refuses */
};

static size_t give(char *out, size_t size, size_t count, void *context)
{
	struct sending *sending = context;
	const size_t left = sending->text->len - sending->at;
	const size_t len = size * count < left ? size * count : left;

	memcpy(out, sending->text->data + sending->at, len);
	sending->at += len;
	return len;
}

static size_t take_reply(char *data, size_t size, size_t count, void *context)
{
	struct sending *sending = context;
	size_t len = 0;

	while (len < size * count && data[len] != '\r' && data[len] != '\n')
		len++;
	/* What refused, not the good-bye after it. */
	if (len > 0 && (*data == '4' || *data == '5'))
		(void)snprintf(sending->reply, sizeof sending->reply, "%.*s", (int)len, data);
	return size * count;
}

/* Without TLS nothing leaves this machine, whatever the name stands for. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	const struct sending *sending = context;

	if (purpose != CURLSOCKTYPE_IPCXN ||
	    (sending->loopback_only && !reach_is_loopback(&address->addr)))
		return CURL_SOCKET_BAD;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static bool names_loopback(const char *url)
{
	const char *host = strstr(url, "://") + 3;
	static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const size_t len = strlen(names[i]);
		if (strncmp(host, names[i], len) == 0 &&
		    (host[len] == '\0' || host[len] == ':' || host[len] == '/'))
			return true;
	}
	return false;
}

static void judge(CURLcode code, long status, const struct sending *sending, const char *why,
		  struct outcome *ret)
{
	/* What is wrong with us or our settings is no judgement over a recipient. */
	const bool ours = code == CURLE_LOGIN_DENIED || code == CURLE_USE_SSL_FAILED ||
			  status == 530 || status == 534 || status == 535 || status == 538;

	if (code == CURLE_OK)
		outcome_set(ret, POST_DELIVERED, "%s", "");
	else if (status >= 400 && status < 600)
		outcome_set(ret, status >= 500 && !ours ? POST_NEVER : POST_LATER,
			    "the mail server said: %s", sending->reply);
	else
		outcome_set(ret, POST_LATER, "%s", *why != '\0' ? why : curl_easy_strerror(code));
}

static CURLcode set_up(CURL *curl, const struct config *config, const struct secret *password,
		       struct sending *sending)
{
	const bool loopback = names_loopback(config->smtp_url);
	char url[600], from[300];

	/* The path is what we call ourselves (EHLO). */
	(void)snprintf(url, sizeof url, "%s/%s", config->smtp_url, host_of(config->mail_sender));
	(void)snprintf(from, sizeof from, "<%s>", config->mail_sender);
	sending->loopback_only = loopback && strncmp(config->smtp_url, "smtp://", 7) == 0;
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_USE_SSL,
			       (long)(sending->loopback_only ? CURLUSESSL_NONE : CURLUSESSL_ALL));
	(void)curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from);
	(void)curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
	(void)curl_easy_setopt(curl, CURLOPT_READDATA, sending);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_reply);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, sending);
	(void)curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	(void)curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, sending);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S);
	if (config->smtp_ca_file[0] != '\0')
		(void)curl_easy_setopt(curl, CURLOPT_CAINFO, config->smtp_ca_file);
	if (config->smtp_user[0] == '\0')
		return CURLE_OK;
	(void)curl_easy_setopt(curl, CURLOPT_USERNAME, config->smtp_user);
	return curl_easy_setopt(curl, CURLOPT_PASSWORD, password->text);
}

static void send_to_server(const struct config *config, const struct secret *password,
			   const struct post_message *message, const struct buf *text,
			   struct outcome *ret)
{
	struct sending sending = {.text = text};
	struct curl_slist *recipients = NULL;
	char recipient[300], why[CURL_ERROR_SIZE] = "";
	CURL *curl = curl_easy_init();
	long status = 0;

	(void)snprintf(recipient, sizeof recipient, "<%s>", message->recipient);
	recipients = curl_slist_append(NULL, recipient);
	if (curl == NULL || recipients == NULL ||
	    set_up(curl, config, password, &sending) != CURLE_OK) {
		outcome_set(ret, POST_LATER, "no memory to send");
	} else {
		(void)curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
		(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
		const CURLcode code = curl_easy_perform(curl);
		(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
		judge(code, status, &sending, why, ret);
	}
	curl_slist_free_all(recipients);
	curl_easy_cleanup(curl);
}

void mail_send(const struct config *config, const struct secret *password,
	       const struct post_message *message, struct outcome *ret)
{
	struct buf text CLEANUP(buf_done) = {0};
	struct err err = {0};

	if (!config_has_mail(config))
		outcome_set(ret, POST_LATER, "mail is not set up");
	else if (mail_compose(config, message, &text, &err) < 0)
		outcome_set(ret, POST_NEVER, "%s", err.text);
	else if (config->mail_drop[0] != '\0')
		drop(config, message, &text, ret);
	else
		send_to_server(config, password, message, &text, ret);
}
