#include "firststep/fields.h"

#include <string.h>

#define BLANKS " \t\r\n"

size_t fields_split(char *line, char *fields[], size_t most)
{
	size_t count = 0;

	for (char *at = line + strspn(line, BLANKS); *at != '\0' && count < most;) {
		fields[count++] = at;
		if (count == most)
			break;
		at += strcspn(at, BLANKS);
		if (*at == '\0')
			break;
		*at++ = '\0';
		at += strspn(at, BLANKS);
	}
	return count;
}
