// The list, in its order.
#include <stddef.h>
#include <string.h>

#include "firststep/item.h"

static const struct item *const items[] = {&item_initial_password,
					   &item_sudo_user,
					   &item_root_ssh,
					   &item_ssh_port,
					   &item_key_only,
					   &item_key_permissions,
					   &item_ssh_crypto,
					   &item_packet_filter,
					   &item_database_closed,
					   &item_updates,
					   &item_logs,
					   &item_time,
					   NULL};

const struct item *const *item_list(void)
{
	return items;
}

const struct item *item_find(const char *id)
{
	for (size_t i = 0; items[i] != NULL; i++)
		if (strcmp(items[i]->id, id) == 0)
			return items[i];
	return NULL;
}
