#include "firststep/reasons.h"

#include <ctype.h>
#include <stddef.h>

#include "base/cleanup.h"

#define NAME_BYTES 32

static const struct {
	const char *name, *en, *ja, *do_en, *do_ja;
} words[] = {
#define X(name, en, ja, do_en, do_ja) {#name, en, ja, do_en, do_ja},
	REASON_LIST(X)
#undef X
};

const char *reason_name(enum reason reason)
{
	static char names[ARRAY_SIZE(words)][NAME_BYTES];
	char *name = names[reason];

	for (size_t i = 0; words[reason].name[i] != '\0' && i + 1 < NAME_BYTES; i++)
		name[i] = (char)tolower((unsigned char)words[reason].name[i]);
	return name;
}

const char *reason_text(enum reason reason, int is_japanese)
{
	return is_japanese ? words[reason].ja : words[reason].en;
}

const char *reason_advice(enum reason reason, int is_japanese)
{
	return is_japanese ? words[reason].do_ja : words[reason].do_en;
}
