// What handlers about servers share.
#pragma once

#include "core/api/request.h"
#include "model/image.h"
#include "model/location.h"
#include "model/plan.h"
#include "model/server.h"

/** servers_find() - the path's server, of the acting customer. Free with server_done(). */
int servers_find(struct request *request, struct server *ret, struct err *err);
/** servers_json() - as it is now. */
json_t *servers_json(struct request *request, uint64_t id);
/** servers_take_location() - the body's field, by id or name; "datacenter" may name one's "-dc". */
int servers_take_location(struct request *request, const char *field, struct location *ret,
			  struct err *err);
/** The body's server_type and image, by id or name; ERR_INVALID_INPUT when there is none such. */
int servers_take_plan(struct request *request, struct plan *ret, struct err *err);
/** servers_take_keys() - the body's ssh_keys, ids or names, as authorized_keys lines. */
int servers_take_keys(struct request *request, struct buf *lines, size_t *ret_count,
		      struct err *err);
int servers_take_image(struct request *request, struct image *ret, struct err *err);
