// /v1/ssh_keys: the customer's public keys.
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/api/note.h"
#include "core/api/render.h"
#include "core/api/router.h"
#include "store/store_quota.h"
#include "store/store_sshkey.h"

static int list(struct request *request, struct err *err)
{
	struct list_query query CLEANUP(list_query_done) = {0};
	struct store_sshkeys keys = {0};
	struct store_sshkey_filter filter = {.customer_id = request->who.customer_id,
					     .name = request_query(request, "name"),
					     .fingerprint = request_query(request, "fingerprint")};
	json_t *items;
	int code;

	if ((code = request_list(request, SORT_RESOURCE, &query, err)) < 0)
		return code;
	filter.selector = query.has_selector ? &query.selector : NULL;
	filter.sort = query.sort;
	filter.page = query.page;
	if ((code = store_sshkey_list(request->core->store, &filter, &keys, err)) < 0)
		return code;
	items = json_array();
	for (size_t i = 0; i < keys.count; i++)
		(void)json_array_append_new(items, render_sshkey(&keys.items[i]));
	const uint64_t total = keys.total;
	store_sshkey_done(&keys);
	return request_answer_list(request, "ssh_keys", items, &query.page, total);
}

static int find(struct request *request, struct sshkey *ret, struct err *err)
{
	int code = store_sshkey_get(request->core->store, request->who.customer_id, request->id,
				    ret, err);

	return code == ERR_NOT_FOUND ? err_set(err, code, "there is no SSH key %llu",
					       (unsigned long long)request->id)
				     : code;
}

static int get(struct request *request, struct err *err)
{
	struct sshkey key CLEANUP(sshkey_done) = {0};
	int code = find(request, &key, err);

	return code < 0 ? code : request_answer(request, 200, "ssh_key", render_sshkey(&key));
}

static int take_name(struct request *request, struct sshkey *key, struct err *err)
{
	const char *name = key->name;
	int code = body_text(request, "name", &name, err);

	if (code == 0)
		code = request_field(request, "name", name_check_free(name, err), err);
	if (code == 0 && name != key->name)
		(void)snprintf(key->name, sizeof key->name, "%s", name);
	return code;
}

static int create(struct request *request, struct err *err)
{
	struct sshkey key CLEANUP(sshkey_done) = {.customer_id = request->who.customer_id,
						  .created_ms = clock_now_ms()};
	struct sshkey_public parsed CLEANUP(sshkey_public_done) = {0};
	struct store *store = request->core->store;
	const char *text = NULL, *name = NULL;
	bool has_labels;
	int code;

	if ((code = body_need_text(request, "name", &name, err)) < 0 ||
	    (code = take_name(request, &key, err)) < 0 ||
	    (code = body_need_text(request, "public_key", &text, err)) < 0 ||
	    (code = body_labels(request, &key.labels, &has_labels, err)) < 0)
		return code;
	if ((code = sshkey_parse(text, strlen(text), &parsed, err)) < 0)
		return request_field(request, "public_key", code, err);
	(void)snprintf(key.fingerprint, sizeof key.fingerprint, "%s", parsed.fingerprint);
	key.public_key = steal_ptr(parsed.text);
	if ((code = store_begin(store, err)) < 0)
		return code;
	STORE_GUARD(store);
	if ((code = store_quota_check_one(store, key.customer_id, QUOTA_SSH_KEYS, err)) < 0)
		return code;
	if ((code = store_sshkey_insert(store, &key, err)) < 0)
		return code == ERR_UNIQUENESS ? err_set(err, code,
							"SSH key not unique: the name or the key "
							"itself is there already")
					      : code;
	note_about(request, "ssh_key", key.id, key.name);
	note_detail(request, "fingerprint", json_string(key.fingerprint));
	if ((code = store_commit(store, err)) < 0)
		return code;
	return request_answer(request, 201, "ssh_key", render_sshkey(&key));
}

static int update(struct request *request, struct err *err)
{
	struct sshkey key CLEANUP(sshkey_done) = {0};
	struct labels labels CLEANUP(label_done) = {0};
	bool has_labels;
	int code;

	if ((code = find(request, &key, err)) < 0 || (code = take_name(request, &key, err)) < 0 ||
	    (code = body_labels(request, &labels, &has_labels, err)) < 0)
		return code;
	if (has_labels) {
		label_done(&key.labels);
		key.labels = labels;
		labels = (struct labels){0};
	}
	if (json_is_string(json_object_get(request->body, "name")))
		note_detail(request, "name", json_string(key.name));
	if (has_labels)
		note_detail(request, "labels", json_true());
	if ((code = store_sshkey_update(request->core->store, &key, err)) < 0)
		return code == ERR_UNIQUENESS
			       ? err_set(err, code, "there is an SSH key named %s already",
					 key.name)
			       : code;
	return request_answer(request, 200, "ssh_key", render_sshkey(&key));
}

static int delete (struct request *request, struct err *err)
{
	int code = store_sshkey_delete(request->core->store, request->who.customer_id, request->id,
				       err);

	request->status = 204;
	return code == ERR_NOT_FOUND ? err_set(err, code, "there is no SSH key %llu",
					       (unsigned long long)request->id)
				     : code;
}

const struct route sshkey_routes[] = {
	{"GET", "/ssh_keys", ACCESS_READ, list},
	{"POST", "/ssh_keys", ACCESS_MANAGE, create, "ssh_key.create"},
	{"GET", "/ssh_keys/{id}", ACCESS_READ, get},
	{"PUT", "/ssh_keys/{id}", ACCESS_MANAGE, update, "ssh_key.update"},
	{"DELETE", "/ssh_keys/{id}", ACCESS_MANAGE, delete, "ssh_key.delete"},
	{NULL, NULL, 0, NULL},
};
