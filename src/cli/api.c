#include "cli/api.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/print.h"
#include "wire/channel.h"
#include "wire/http_message.h"

#define API_MAX_REPLY_BYTES ((size_t)64 * 1024 * 1024)
#define API_PAGE            50
#define API_WAIT_MS         900000
#define API_POLL_MS         300

struct api {
	FILE *out; /* of api_save(), or NULL */
	char socket_path[CONFIG_PATH_BYTES + 16];
	char *endpoint;
	char *token;
	char *ca_file;
	char *customer;
	int socket; /* kept open between calls */
	CURL *curl;
	uint64_t next_id;
};

static char *copy_or_null(const char *text)
{
	return text != NULL ? strdup(text) : NULL;
}

int api_new(const struct api_options *options, struct api **ret, struct err *err)
{
	struct api *api = calloc(1, sizeof *api);

	if (api == NULL)
		return err_set(err, -ENOMEM, "no memory");
	api->socket = -1;
	api->next_id = 1;
	(void)snprintf(api->socket_path, sizeof api->socket_path, "%s/api.sock",
		       options->config->run_dir);
	api->endpoint = copy_or_null(options->endpoint);
	api->token = copy_or_null(options->token);
	api->ca_file = copy_or_null(options->ca_file);
	api->customer = copy_or_null(options->customer);
	for (size_t len = api->endpoint != NULL ? strlen(api->endpoint) : 0;
	     len > 0 && api->endpoint[len - 1] == '/'; len--)
		api->endpoint[len - 1] = '\0';
	*ret = api;
	return 0;
}

void api_free(struct api *api)
{
	if (api == NULL)
		return;
	if (api->socket >= 0)
		(void)close(api->socket);
	if (api->curl != NULL)
		curl_easy_cleanup(api->curl);
	if (api->token != NULL)
		explicit_bzero(api->token, strlen(api->token));
	free(api->endpoint);
	free(api->token);
	free(api->ca_file);
	free(api->customer);
	free(api);
}

bool api_is_local(const struct api *api)
{
	return api->endpoint == NULL;
}

int api_dial(const struct api *api, int *ret_fd, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int size = 1024 * 1024;

	if (strlen(api->socket_path) >= sizeof address.sun_path)
		return err_set(err, ERR_INVALID_INPUT, "the socket's path is too long: %s",
			       api->socket_path);
	strncpy(address.sun_path, api->socket_path, sizeof address.sun_path - 1);
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(err, -errno, "cannot make a socket: %s", strerror(errno));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
		if (errno == EACCES)
			return err_set(err, ERR_FORBIDDEN,
				       "only root and the group ippo may use %s: use sudo, or add "
				       "yourself to the group",
				       api->socket_path);
		return err_set(err, ERR_UNAVAILABLE,
			       "Ippo does not answer on %s: %s. Start it with `make up`, or as a "
			       "service with `systemctl start ippod`",
			       api->socket_path, strerror(errno));
	}
	*ret_fd = steal_fd(&fd);
	return 0;
}

struct api_access api_access(const struct api *api)
{
	return (struct api_access){
		.endpoint = api->endpoint, .ca_file = api->ca_file, .customer = api->customer};
}

/* One request over the local socket. A socket the service closed meanwhile is opened once more. */
/* Where a part of an answer goes: what was asked for to api_save(), a refusal to @body. */
static bool take_bytes(struct api *api, uint16_t status, const void *data, size_t bytes,
		       struct buf *body)
{
	if (api->out != NULL && status >= 200 && status <= 299)
		return fwrite(data, 1, bytes, api->out) == bytes;
	return buf_append(body, data, bytes) == 0;
}

static int ask_local(struct api *api, const char *method, const char *path, const char *body,
		     int fd, uint16_t *ret_status, struct buf *ret_body, struct err *err)
{
	struct buf frame CLEANUP(buf_done) = {0};
	struct buf part CLEANUP(buf_done) = {0};
	char target[HTTP_MAX_TARGET_BYTES];
	struct http_request request = {
		.method = method, .target = target, .peer = "local", .request_id = ""};
	uint64_t id = api->next_id++, reply_id = 0;
	uint16_t type = 0;
	uint8_t flags = 0;
	bool first = true;
	int code;

	(void)snprintf(target, sizeof target, "/v1%s", path);
	if (body != NULL) {
		request.headers[request.header_count++] =
			(struct http_header){"content-type", "application/json"};
		request.body = (const uint8_t *)body;
		request.body_bytes = strlen(body);
	}
	if (api->customer != NULL)
		request.headers[request.header_count++] =
			(struct http_header){"x-ippo-customer", api->customer};
	if ((code = http_request_encode(&request, &frame)) < 0)
		return err_set(err, code, "the request is too large");
	if (api->socket < 0 && (code = api_dial(api, &api->socket, err)) < 0)
		return code;
	int sent_fd = fd >= 0 ? dup(fd) : -1; /* sending moves ownership */
	code = channel_send_fd(api->socket, HTTP_REQUEST, id, frame.data, frame.len, &sent_fd,
			       fd >= 0, err);
	do {
		if (code == 0)
			code = channel_receive_fd(api->socket, &type, &flags, &reply_id, &part,
						  err);
		if (code < 0) {
			(void)close(api->socket);
			api->socket = -1;
			return err_set(err, ERR_UNAVAILABLE,
				       "Ippo closed the connection; try again");
		}
		if (reply_id != id)
			continue;
		if (type == HTTP_REPLY && first) {
			struct http_reply reply;
			if ((code = http_reply_decode(part.data, part.len, &reply)) < 0)
				return err_set(err, code, "Ippo sent a malformed reply");
			*ret_status = reply.status;
			(void)take_bytes(api, reply.status, reply.body, reply.body_bytes, ret_body);
			http_reply_done(&reply);
			first = false;
		} else {
			(void)take_bytes(api, *ret_status, part.data, part.len, ret_body);
		}
		buf_clear(&part);
	} while (first || (flags & WIRE_MORE) != 0 || reply_id != id);
	return ret_body->error != 0 ? err_set(err, ret_body->error, "the reply is too large") : 0;
}

struct taking {
	struct api *api;
	struct buf *body;
};

static size_t take_curl_bytes(char *data, size_t size, size_t count, void *context)
{
	const struct taking *taking = context;
	long status = 0;

	(void)curl_easy_getinfo(taking->api->curl, CURLINFO_RESPONSE_CODE, &status);
	return take_bytes(taking->api, (uint16_t)status, data, size * count, taking->body)
		       ? size * count
		       : 0;
}

static int ask_remote(struct api *api, const char *method, const char *path, const char *body,
		      uint16_t *ret_status, struct buf *ret_body, struct err *err)
{
	struct buf url CLEANUP(buf_done) = {0};
	struct buf header CLEANUP(buf_done) = {0};
	struct curl_slist *headers = NULL;
	struct taking taking = {api, ret_body};
	char reason[CURL_ERROR_SIZE] = "";
	long status = 0;

	if (api->token == NULL)
		return err_set(err, ERR_UNAUTHORIZED, "a token is needed: set IPPO_TOKEN");
	if (api->curl == NULL && (api->curl = curl_easy_init()) == NULL)
		return err_set(err, -ENOMEM, "no memory");
	curl_easy_reset(api->curl);
	(void)buf_printf(&url, "%s%s", api->endpoint, path);
	(void)buf_printf(&header, "Authorization: Bearer %s", api->token);
	headers = curl_slist_append(headers, buf_str(&header));
	headers = curl_slist_append(headers, "Content-Type: application/json");
	if (api->customer != NULL) {
		buf_clear(&header);
		(void)buf_printf(&header, "X-Ippo-Customer: %s", api->customer);
		headers = curl_slist_append(headers, buf_str(&header));
	}
	(void)curl_easy_setopt(api->curl, CURLOPT_URL, buf_str(&url));
	(void)curl_easy_setopt(api->curl, CURLOPT_PROTOCOLS_STR, "https");
	(void)curl_easy_setopt(api->curl, CURLOPT_CUSTOMREQUEST, method);
	(void)curl_easy_setopt(api->curl, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(api->curl, CURLOPT_USERAGENT, "ippo/" IPPO_VERSION);
	(void)curl_easy_setopt(api->curl, CURLOPT_WRITEFUNCTION, take_curl_bytes);
	(void)curl_easy_setopt(api->curl, CURLOPT_WRITEDATA, &taking);
	(void)curl_easy_setopt(api->curl, CURLOPT_ERRORBUFFER, reason);
	(void)curl_easy_setopt(api->curl, CURLOPT_CONNECTTIMEOUT, 10L);
	(void)curl_easy_setopt(api->curl, CURLOPT_TIMEOUT, api->out != NULL ? 0L : 120L);
	if (api->ca_file != NULL)
		(void)curl_easy_setopt(api->curl, CURLOPT_CAINFO, api->ca_file);
	if (body != NULL)
		(void)curl_easy_setopt(api->curl, CURLOPT_POSTFIELDS, body);
	CURLcode code = curl_easy_perform(api->curl);
	curl_slist_free_all(headers);
	if (header.data != NULL)
		explicit_bzero(header.data, header.len);
	if (code != CURLE_OK)
		return err_set(err, ERR_UNAVAILABLE, "cannot reach %s: %s", api->endpoint,
			       *reason != '\0' ? reason : curl_easy_strerror(code));
	(void)curl_easy_getinfo(api->curl, CURLINFO_RESPONSE_CODE, &status);
	*ret_status = (uint16_t)status;
	return 0;
}

/* The service's own words, with the fields it named. */
static int take_error(const json_t *reply, uint16_t status, struct err *err)
{
	const char *name = json_string_value(json_at(reply, "error.code"));
	struct buf text CLEANUP(buf_done) = {0};
	const json_t *field;
	size_t i;

	if (name == NULL)
		return err_set(err, ERR_SERVER, "the service answered with status %u", status);
	(void)buf_puts(&text, json_text(reply, "error.message"));
	const json_t *fields = json_at(reply, "error.details.fields");
	json_array_foreach(fields, i, field)(void) buf_printf(
		&text, "; %s: %s", json_text(field, "name"),
		json_string_value(json_array_get(json_object_get(field, "messages"), 0)));
	return err_set(err, err_from_name(name), "%s", buf_str(&text));
}

/* One request; a refusal is an error. */
static int ask(struct api *api, const char *method, const char *path, const char *text, int fd,
	       struct buf *reply, struct err *err)
{
	uint16_t status = 0;
	json_t *json;
	int code;

	if (api->endpoint != NULL && fd >= 0)
		return err_set(
			err, ERR_INVALID_INPUT,
			"a file can be handed over only on the service's own machine; give --url");
	if (api->endpoint != NULL)
		code = ask_remote(api, method, path, text, &status, reply, err);
	else
		code = ask_local(api, method, path, text, fd, &status, reply, err);
	if (code < 0 || (status >= 200 && status <= 299))
		return code;
	json = reply->len > 0 ? json_loadb((const char *)reply->data, reply->len, 0, NULL) : NULL;
	code = take_error(json, status, err);
	json_decref(json);
	return code;
}

int api_save(struct api *api, const char *path, FILE *out, struct err *err)
{
	struct buf refusal CLEANUP(buf_done) = {0};
	int code;

	api->out = out;
	code = ask(api, "GET", path, NULL, -1, &refusal, err);
	api->out = NULL;
	return code;
}

int api_fetch(struct api *api, const char *path, struct buf *ret, struct err *err)
{
	return ask(api, "GET", path, NULL, -1, ret, err);
}

int api_call(struct api *api, const char *method, const char *path, json_t *body, int fd,
	     json_t **ret, struct err *err)
{
	AUTO_FREE char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
	struct buf reply CLEANUP(buf_done) = {.max = API_MAX_REPLY_BYTES};
	json_t *json = NULL;
	int code = ask(api, method, path, text, fd, &reply, err);

	if (text != NULL)
		explicit_bzero(text, strlen(text));
	if (code < 0)
		return code;
	if (reply.len > 0)
		json = json_loadb((const char *)reply.data, reply.len, 0, NULL);
	if (reply.len > 0 && json == NULL)
		return err_set(err, ERR_PROTOCOL, "the service's answer is not JSON");
	if (ret != NULL)
		*ret = json;
	else
		json_decref(json);
	return 0;
}

char *api_escape(const char *text)
{
	struct buf out CLEANUP(buf_done) = {0};

	(void)buf_puts(&out, "");
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    strchr("-._~", c) != NULL)
			(void)buf_putc(&out, (char)c);
		else
			(void)buf_printf(&out, "%%%02X", c);
	}
	return out.data == NULL ? strdup("") : buf_steal(&out);
}

static int get_page(struct api *api, const char *path, json_int_t page, json_t **ret,
		    struct err *err)
{
	struct buf paged CLEANUP(buf_done) = {0};

	(void)buf_printf(&paged, "%s%cper_page=%d&page=%lld", path,
			 strchr(path, '?') != NULL ? '&' : '?', API_PAGE, (long long)page);
	return api_call(api, "GET", buf_str(&paged), NULL, -1, ret, err);
}

int api_page(struct api *api, const char *path, json_t **ret, struct err *err)
{
	return get_page(api, path, 1, ret, err);
}

int api_list(struct api *api, const char *path, const char *key, json_t **ret, struct err *err)
{
	json_t *all = json_array();

	for (json_int_t page = 1; page > 0;) {
		json_t *reply = NULL;
		int code = get_page(api, path, page, &reply, err);
		if (code < 0) {
			json_decref(all);
			return code;
		}
		(void)json_array_extend(all, json_object_get(reply, key));
		page = json_number(reply, "meta.pagination.next_page");
		json_decref(reply);
	}
	*ret = all;
	return 0;
}

int api_find(struct api *api, const char *collection, const char *plural, const char *singular,
	     const char *id_or_name, json_t **ret, struct err *err)
{
	AUTO_FREE char *escaped = api_escape(id_or_name);
	struct buf path CLEANUP(buf_done) = {0};
	json_t *reply = NULL, *found;
	int code;

	if (id_or_name[strspn(id_or_name, "0123456789")] == '\0') {
		(void)buf_printf(&path, "/%s/%s", collection, escaped);
		code = api_call(api, "GET", buf_str(&path), NULL, -1, &reply, err);
		found = json_object_get(reply, singular);
	} else {
		(void)buf_printf(&path, "/%s?name=%s", collection, escaped);
		code = api_call(api, "GET", buf_str(&path), NULL, -1, &reply, err);
		found = json_array_get(json_object_get(reply, plural), 0);
	}
	if (code < 0 && code != ERR_NOT_FOUND)
		return code;
	if (code == 0 && found != NULL) {
		*ret = json_incref(found);
		json_decref(reply);
		return 0;
	}
	json_decref(reply);
	return err_set(err, ERR_NOT_FOUND, "there is no %s %s; `ippo %s list` shows what there is",
		       singular, id_or_name,
		       strcmp(singular, "server_type") == 0    ? "plan"
		       : strcmp(singular, "ssh_key") == 0      ? "key"
		       : strcmp(singular, "address_pool") == 0 ? "pool"
		       : strncmp(singular, "contact_", 8) == 0 ? "contact"
		       : strcmp(singular, "message") == 0      ? "post"
							       : singular);
}

int api_wait(struct api *api, int64_t action_id, bool quiet, struct err *err)
{
	const bool progress = !quiet && isatty(STDERR_FILENO);
	const int64_t began = clock_mono_ms();
	const struct timespec pause = {.tv_nsec = API_POLL_MS * 1000000L};
	struct buf path CLEANUP(buf_done) = {0};

	(void)buf_printf(&path, "/actions/%lld", (long long)action_id);
	for (;;) {
		json_t *reply = NULL;
		int code = api_call(api, "GET", buf_str(&path), NULL, -1, &reply, err);
		int64_t elapsed = clock_mono_ms() - began;
		/* A restart of the service loses nothing; keep asking for as long as the action may
		 * take. */
		if (code < 0 && code != ERR_UNAVAILABLE)
			return code;
		const json_t *action = json_object_get(reply, "action");
		const char *status = json_text(action, "status");
		if (progress)
			(void)fprintf(stderr, "\r%s: %lld%%, %.1f s ", json_text(action, "command"),
				      (long long)json_number(action, "progress"),
				      (double)elapsed / 1000);
		if (strcmp(status, "success") == 0 || strcmp(status, "error") == 0) {
			code = 0;
			if (*status == 'e')
				code = err_set(err, err_from_name(json_text(action, "error.code")),
					       "%s", json_text(action, "error.message"));
			if (progress)
				(void)fputs("\n", stderr);
			json_decref(reply);
			return code;
		}
		json_decref(reply);
		if (elapsed > API_WAIT_MS)
			return err_set(err, ERR_TIMEOUT,
				       "action %lld still runs; `ippo action wait %lld` "
				       "waits again",
				       (long long)action_id, (long long)action_id);
		(void)nanosleep(&pause, NULL);
	}
}
