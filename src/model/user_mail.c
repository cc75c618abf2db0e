#include "model/user_mail.h"

#include <string.h>

int user_mail_check_language(const char *text, struct err *err)
{
	return strcmp(text, "ja") == 0 || strcmp(text, "en") == 0
		       ? 0
		       : err_set(err, ERR_INVALID_INPUT, "the language must be ja or en");
}
