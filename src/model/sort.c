#include "model/sort.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static const struct {
	enum sort_field field;
	const char *name;
} fields[] = {
	{SORT_ID, "id"},           {SORT_NAME, "name"},         {SORT_CREATED, "created"},
	{SORT_STATUS, "status"},   {SORT_COMMAND, "command"},   {SORT_PROGRESS, "progress"},
	{SORT_STARTED, "started"}, {SORT_FINISHED, "finished"},
};

/* What this list can be sorted by is said. */
static int refuse(uint32_t allowed, struct err *err)
{
	char names[96] = "";

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const size_t at = strlen(names);
		if (allowed & SORT_BIT(fields[i].field))
			(void)snprintf(names + at, sizeof names - at, "%s%s", at > 0 ? ", " : "",
				       fields[i].name);
	}
	return err_set(err, ERR_INVALID_INPUT, "sort: this list is sorted by one of %s", names);
}

int sort_add(struct sort *sort, const char *text, uint32_t allowed, struct err *err)
{
	size_t bytes = strcspn(text, ":");
	const char *direction = text + bytes;
	bool descending = strcmp(direction, ":desc") == 0;

	if (*direction && !descending && strcmp(direction, ":asc") != 0)
		return err_set(err, ERR_INVALID_INPUT,
			       "sort must be field, field:asc or field:desc");
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strlen(fields[i].name) != bytes || strncmp(fields[i].name, text, bytes) != 0 ||
		    !(allowed & SORT_BIT(fields[i].field)))
			continue;
		for (size_t k = 0; k < sort->count; k++)
			if (sort->keys[k].field == fields[i].field)
				return 0;
		/* As many keys as fields: each is in at most once. */
		sort->keys[sort->count++] =
			(struct sort_key){.field = fields[i].field, .descending = descending};
		return 0;
	}
	return refuse(allowed, err);
}
