// What the service writes to people, in both languages. Never a password.
#pragma once

#include "core/core.h"
#include "model/image.h"
#include "model/user_mail.h"

/* All of them are one mail in the caller's open transaction; errors as office_mail(). @language: ja
 * or en. @name: of the person. @key: of a link; it is in the mail and, until that is sent, in the
 * outbox, and nowhere else. */
int letter_confirm(struct core *core, const char *address, const char *language, const char *name,
		   const char *key, int64_t expires_ms, struct err *err);
/** letter_changed() - to the address that is not the one any more. */
int letter_changed(struct core *core, const char *address, const char *language, const char *name,
		   struct err *err);
int letter_reset(struct core *core, const char *address, const char *language, const char *name,
		 const char *key, int64_t expires_ms, struct err *err);
/** letter_answer() - an operator's answer in a thread. */
int letter_answer(struct core *core, const char *address, const char *language, const char *name,
		  const char *subject, const char *text, struct err *err);
/** letter_contact() - what somebody wrote, to the operator; in both languages. */
int letter_contact(struct core *core, const char *address, const char *customer, const char *author,
		   const char *subject, const char *text, struct err *err);
/** letter_old_image() - to the operator: an image has become old; in both languages. */
int letter_old_image(struct core *core, const char *address, const struct image *image,
		     int64_t days, struct err *err);
/** letter_new_ds() - a key-signing key was replaced: @ds, lines of DS records, has to get to the
 * registrar. @zone as it is shown. */
int letter_new_ds(struct core *core, const char *address, const char *language, const char *zone,
		  uint64_t zone_id, const char *ds, struct err *err);
/** letter_test() - to see whether mail works. */
int letter_test(struct core *core, const char *address, uint64_t *ret_id, struct err *err);
