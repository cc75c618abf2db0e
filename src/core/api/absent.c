// Resources that clients look for and this service does not have: empty lists, so that look-ups
// work.
#include "base/cleanup.h"
#include "core/api/router.h"

static int list(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	int code = request_list(request, SORT_RESOURCE, &query, err);

	return code < 0 ? code
			: request_answer_list(request, request->segments[0], json_array(),
					      &query.page, 0);
}

static int get(struct request *request, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "there is nothing %llu among the %s",
		       (unsigned long long)request->id, request->segments[0]);
}

static int refuse(struct request *request, struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, "this service has no %s", request->segments[0]);
}

#define ABSENT(name)                                                                               \
	{"GET", "/" name, ACCESS_READ, list}, {"GET", "/" name "/{id}", ACCESS_READ, get},         \
	{                                                                                          \
		"POST", "/" name, ACCESS_MANAGE, refuse, ROUTE_CHANGES_NOTHING                     \
	}

const struct route absent_routes[] = {
	ABSENT("volumes"),        ABSENT("placement_groups"),    ABSENT("isos"),
	ABSENT("load_balancers"), ABSENT("load_balancer_types"), ABSENT("certificates"),
	{NULL, NULL, 0, NULL},
};
