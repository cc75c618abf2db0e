// Any journald.conf or unit, any line of the kernel's socket table, any time span, shadow and
// settings.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "firststep/accounts.h"
#include "firststep/host_key.h"
#include "firststep/settings.h"
#include "firststep/sockets.h"
#include "firststep/span.h"
#include "firststep/unit_file.h"
#include "firststep/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct unit_values *values AUTO_FREE = calloc(1, sizeof *values);
	struct accounts accounts CLEANUP(accounts_done) = {0};
	struct buf text CLEANUP(buf_done) = {0};
	struct socket_line line;
	struct settings settings;
	struct verdict verdict = {0};
	char type[HOST_KEY_TYPE_BYTES], blob[HOST_KEY_BLOB_BYTES];
	uint64_t seconds;

	if (values == NULL || buf_append(&text, data, size) < 0)
		return 0;
	const char *given = buf_str(&text);
	(void)unit_file_parse("f", given, "Journal", "Storage", values);
	(void)socket_line_parse(given, size % 2 == 0, &line);
	(void)span_parse(given, &seconds);
	(void)accounts_parse_passwd(&accounts, given);
	accounts_parse_shadow(&accounts, given);
	(void)settings_parse(given, &settings, NULL);
	(void)host_key_split(given, type, blob);
	verdict_add(&verdict, given, "%s", given);
	for (const char *at = verdict.evidence[0].text; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7F)
			abort();
	return 0;
}
