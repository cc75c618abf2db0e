// The record sets of a secondary zone: what the name server has fetched, read from there.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "core/api/router.h"
#include "core/api/zone_request.h"
#include "core/dns/dns.h"
#include "store/store_zone.h"

struct fetched {
	struct request *request;
	uint64_t zone_id;
	char zone[NAME_DNS_BYTES];
	char sought[ZONE_TEXT_NAME_BYTES + 16]; /* of one alone, for people; "": a list */
	struct page page;
};

/* "www.zone. 300 IN A 192.0.2.1", cut into its words. */
struct line {
	char *owner, *ttl, *type, *value;
};

static bool take_line(char *text, struct line *ret)
{
	char *rest = text;

	ret->owner = strsep(&rest, " ");
	ret->ttl = strsep(&rest, " ");
	(void)strsep(&rest, " ");
	ret->type = strsep(&rest, " ");
	ret->value = rest;
	return rest != NULL;
}

/* Below the zone, as a name of a record set is. */
static void cut_name(char *owner, const char *zone)
{
	const size_t bytes = strlen(owner), zone_bytes = strlen(zone) + 1;

	if (bytes > zone_bytes + 1)
		owner[bytes - zone_bytes - 1] = '\0';
	else
		memcpy(owner, "@", sizeof "@");
}

static json_t *begin_set(const struct fetched *fetched, const struct line *line)
{
	char id[ZONE_TEXT_NAME_BYTES + 32];
	uint64_t ttl = 0;

	(void)parse_u64(line->ttl, 0, UINT32_MAX, &ttl);
	(void)snprintf(id, sizeof id, "%s/%s", line->owner, line->type);
	return json_pack("{s:s, s:s, s:s, s:I, s:{}, s:{s:b}, s:[], s:I}", "id", id, "name",
			 line->owner, "type", line->type, "ttl", (json_int_t)ttl, "labels",
			 "protection", "change", true, "records", "zone",
			 (json_int_t)fetched->zone_id);
}

/* What was read: how many there are in all, and the lines of those that were asked for. */
static json_t *take_sets(const struct fetched *fetched, char *text, uint64_t *ret_total)
{
	json_t *sets = json_array(), *set = NULL;
	char *rest = text, *word = strsep(&rest, "\n");
	struct line line;

	(void)parse_u64(word, 0, UINT32_MAX, ret_total);
	while (rest != NULL && (word = strsep(&rest, "\n")) != NULL) {
		if (!take_line(word, &line))
			continue;
		cut_name(line.owner, fetched->zone);
		if (set == NULL ||
		    strcmp(json_string_value(json_object_get(set, "name")), line.owner) != 0 ||
		    strcmp(json_string_value(json_object_get(set, "type")), line.type) != 0) {
			set = begin_set(fetched, &line);
			(void)json_array_append_new(sets, set);
		}
		(void)json_array_append_new(
			json_object_get(set, "records"),
			json_pack("{s:s, s:s}", "value", line.value, "comment", ""));
	}
	return sets;
}

static void on_read(void *context, int code, const char *text)
{
	struct fetched *fetched = context;
	struct request *request = fetched->request;
	AUTO_FREE char *copy = NULL;
	struct err err = {0};
	uint64_t total = 0;
	json_t *sets;

	if (code < 0) {
		code = err_set(&err, ERR_UNAVAILABLE, "%s", text);
	} else if ((copy = strdup(text)) == NULL) {
		code = err_set(&err, -ENOMEM, "no memory");
	} else {
		sets = take_sets(fetched, copy, &total);
		if (fetched->sought[0] == '\0') {
			code = request_answer_list(request, "rrsets", sets, &fetched->page, total);
		} else {
			json_t *set = json_incref(json_array_get(sets, 0));
			json_decref(sets);
			code = set != NULL ? request_answer(request, 200, "rrset", set)
					   : err_set(&err, ERR_NOT_FOUND,
						     "there is no record set %.200s in %.100s",
						     fetched->sought, fetched->zone);
		}
	}
	free(fetched);
	router_finish(request, code, &err);
}

static int begin(struct request *request, const struct zone *zone, const struct page *page,
		 const char *sought, const struct dns_job_sets *sets, struct err *err)
{
	struct fetched *fetched = calloc(1, sizeof *fetched);
	int code;

	if (fetched == NULL)
		return err_set(err, -ENOMEM, "no memory");
	fetched->request = request;
	fetched->zone_id = zone->id;
	fetched->page = *page;
	(void)snprintf(fetched->zone, sizeof fetched->zone, "%s", zone->name);
	(void)snprintf(fetched->sought, sizeof fetched->sought, "%s", sought);
	code = dns_read(request->core->dns, zone->name, sets, on_read, fetched, err);
	if (code == 0)
		return REQUEST_LATER;
	free(fetched);
	return code;
}

static void set_owner(struct dns_job_sets *sets, const struct zone *zone, const char *name)
{
	if (strcmp(name, "@") == 0)
		(void)snprintf(sets->owner, sizeof sets->owner, "%s.", zone->name);
	else
		(void)snprintf(sets->owner, sizeof sets->owner, "%s.%s.", name, zone->name);
}

int zone_request_list_fetched(struct request *request, const struct zone *zone,
			      const struct zone_request_sets *wanted, struct err *err)
{
	static const struct labels none = {0};
	struct dns_job_sets sets = {.type_count = wanted->type_count,
				    .name_descending = wanted->order.name_descending,
				    .type_descending = wanted->order.type_descending,
				    .first = (uint32_t)page_offset(&wanted->page),
				    .count = wanted->page.entries};

	/* What is fetched has no labels. */
	if (wanted->is_nothing ||
	    (wanted->selector != NULL && !label_selector_match(wanted->selector, &none)))
		return request_answer_list(request, "rrsets", json_array(), &wanted->page, 0);
	if (wanted->name != NULL)
		set_owner(&sets, zone, wanted->name);
	for (size_t i = 0; i < wanted->type_count; i++)
		sets.types[i] = wanted->types[i];
	return begin(request, zone, &wanted->page, "", &sets, err);
}

int zone_request_get_fetched(struct request *request, const struct zone *zone, const char *name,
			     uint16_t type, struct err *err)
{
	struct dns_job_sets sets = {.types = {type}, .type_count = 1, .count = 1};
	char sought[ZONE_TEXT_NAME_BYTES + 16];

	set_owner(&sets, zone, name);
	(void)snprintf(sought, sizeof sought, "%.150s %.15s", name, request->segments[4]);
	return begin(request, zone, &(struct page){0}, sought, &sets, err);
}
