#include "core/api/outflow.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "core/api/router.h"

#define BEHIND_MS 20 /* until we look again whether a local client has read on */

struct outflow {
	struct exchange *exchange; /* NULL: it has ended */
	const struct outflow_source *source;
	void *context;
	uv_timer_t timer;
	bool local;
	bool is_asked_for; /* the client has all that went out */
};

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void end(struct outflow *outflow, const struct buf *last)
{
	exchange_set_pull(outflow->exchange, NULL, NULL);
	exchange_chunk(outflow->exchange, last != NULL ? buf_str(last) : "",
		       last != NULL ? last->len : 0, false);
	outflow->exchange = NULL;
	outflow->source->done(outflow->context);
	uv_close((uv_handle_t *)&outflow->timer, on_closed);
}

static void on_turn(uv_timer_t *timer)
{
	struct outflow *outflow = timer->data;
	struct buf out CLEANUP(buf_done) = {0};

	if (outflow->exchange == NULL)
		return;
	if (outflow->local && exchange_is_behind(outflow->exchange)) {
		(void)uv_timer_start(timer, on_turn, BEHIND_MS, 0);
		return;
	}
	if (!outflow->local && !outflow->is_asked_for)
		return;
	if (outflow->source->next(outflow->context, &out)) {
		end(outflow, &out);
		return;
	}
	if (out.len > 0) {
		outflow->is_asked_for = false;
		exchange_chunk(outflow->exchange, buf_str(&out), out.len, true);
	}
	(void)uv_timer_start(timer, on_turn, 0, 0);
}

static void on_pull(void *context, bool gone)
{
	struct outflow *outflow = context;

	if (gone) {
		end(outflow, NULL);
		return;
	}
	outflow->is_asked_for = true;
	(void)uv_timer_start(&outflow->timer, on_turn, 0, 0);
}

int outflow_begin(struct request *request, const struct http_reply *head,
		  const struct outflow_source *source, void *context, struct err *err)
{
	struct outflow *outflow = calloc(1, sizeof *outflow);
	uid_t uid;
	gid_t gid;

	if (outflow == NULL) {
		source->done(context);
		return err_set(err, -ENOMEM, "no memory");
	}
	outflow->exchange = request->exchange;
	outflow->source = source;
	outflow->context = context;
	outflow->local = exchange_is_local(request->exchange, &uid, &gid);
	(void)uv_timer_init(&request->core->loop, &outflow->timer);
	outflow->timer.data = outflow;
	exchange_set_pull(request->exchange, on_pull, outflow);
	exchange_reply(request->exchange, head, true);
	router_forget(request); /* the outflow has the exchange now */
	if (outflow->local)
		(void)uv_timer_start(&outflow->timer, on_turn, 0, 0);
	return REQUEST_LATER;
}
