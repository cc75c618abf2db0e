// Further name servers, as they are told to Knot.
#pragma once

#include "core/core.h"
#include "store/store_name_server.h"
#include "wire/dns_message.h"

/** name_servers_fill() - all of them into @job. */
int name_servers_fill(struct store *store, struct dns_job *job, struct err *err);
