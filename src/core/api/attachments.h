// What messages of contact threads need to know of the files that go with them.
#pragma once

#include "core/api/request.h"

/** attachments_whose() - the account whose threads and files may be seen: 0 is everybody's, for
 * operators of the service. */
uint64_t attachments_whose(const struct request *request);
/** attachments_of() - those of a message, rendered. The caller owns *ret. */
int attachments_of(const struct request *request, uint64_t message_id, json_t **ret,
		   struct err *err);
/** attachments_send() - what the body names as "attachments" goes with a message that was just
 * written; in its transaction. */
int attachments_send(struct request *request, uint64_t message_id, uint64_t customer_id,
		     struct err *err);
