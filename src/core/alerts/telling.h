// What is said of an alert to those who are not at the panel.
#pragma once

#include <jansson.h>

#include "base/buf.h"
#include "model/alert_rule.h"

/** telling_event() - alert.opened or alert.ended. Static storage. */
const char *telling_event(const struct alert *alert);
/** telling_json() - as the API shows it. */
json_t *telling_json(const struct alert *alert);
/** telling_webhook() - {"event", "alert"} as JSON text; malloc'd, NULL without memory. */
char *telling_webhook(const struct alert *alert);
/** telling_mail() - appended; failures stick to the buffers. @language: ja or en.
 * @url: of the panel. */
void telling_mail(const struct alert *alert, const char *language, const char *url,
		  struct buf *subject, struct buf *body);
