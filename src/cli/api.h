// The service's API as the CLI calls it: over the local socket, or over HTTPS with a token.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/err.h"

struct api;

struct api_options {
	const struct config *config; /* for the local socket; borrowed for the call */
	const char *endpoint;        /* https://…/v1, or NULL for the local socket */
	const char *token;
	const char *ca_file;  /* NULL: the system's own */
	const char *customer; /* act for this customer (operators), or NULL */
};

/** api_new() - remember where to ask; connects at the first call. Strings are copied. */
int api_new(const struct api_options *options, struct api **ret, struct err *err);
void api_free(struct api *api);
bool api_is_local(const struct api *api);

/**
 * api_call() - one request and its whole reply; blocks.
 * @path: below /v1, with its query: "/servers?name=hajime".
 * @body: JSON to send, or NULL; borrowed.
 * @fd:   a descriptor to hand over (local socket only), or -1; stays the caller's.
 * @ret:  the reply's JSON, NULL for an empty one; json_decref() it. May be NULL.
 * Errors: the service's own code with its message and the fields it named; ERR_UNAVAILABLE when it
 * cannot be reached.
 */
int api_call(struct api *api, const char *method, const char *path, json_t *body, int fd,
	     json_t **ret, struct err *err);

/** api_fetch() - the bytes of an answer that is no JSON, appended to @ret. Errors as api_call(). */
int api_fetch(struct api *api, const char *path, struct buf *ret, struct err *err);

/** api_save() - the same into @out as it comes, however long it is. What was written stays when it
 * breaks off. */
int api_save(struct api *api, const char *path, FILE *out, struct err *err);

/* What a connection that is not one of requests and replies needs to know. Borrowed. */
struct api_access {
	const char *endpoint; /* NULL: the local socket */
	const char *ca_file;
	const char *customer;
};
struct api_access api_access(const struct api *api);
/** api_dial() - a connection of one's own to the local socket. The caller closes *ret_fd. */
int api_dial(const struct api *api, int *ret_fd, struct err *err);

/** api_page() - the first page of a list: the reply as it is, with @key and meta.pagination. */
int api_page(struct api *api, const char *path, json_t **ret, struct err *err);

/** api_list() - every page of a list: a JSON array of the objects under @key. */
int api_list(struct api *api, const char *path, const char *key, json_t **ret, struct err *err);

/** api_find() - one object by number or by exact name. ERR_NOT_FOUND names what was sought. */
int api_find(struct api *api, const char *collection, const char *plural, const char *singular,
	     const char *id_or_name, json_t **ret, struct err *err);

/** api_escape() - percent-encode for a query (RFC 3986 section 2.1); malloc'd. */
char *api_escape(const char *text);

/**
 * api_wait() - follow an action to its end, showing progress and elapsed time on a terminal.
 * Return: 0, ERR_TIMEOUT, or the code the action ended with (text says why).
 */
int api_wait(struct api *api, int64_t action_id, bool quiet, struct err *err);
