#include "model/user_data.h"

#include <string.h>

int user_data_check(const char *data, size_t bytes, struct err *err)
{
	if (bytes > USER_DATA_MAX_BYTES)
		return err_set(err, ERR_INVALID_INPUT, "user_data is longer than %zu bytes",
			       USER_DATA_MAX_BYTES);
	if (bytes > 0 && memchr(data, '\0', bytes))
		return err_set(err, ERR_INVALID_INPUT, "user_data holds a NUL byte");
	return 0;
}
