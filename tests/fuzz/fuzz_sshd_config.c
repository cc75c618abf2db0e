// Any sshd_config: settings that are whole strings of a known file, or a refusal.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "firststep/sshd_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sshd_config config CLEANUP(sshd_config_done) = {0};
	struct buf text CLEANUP(buf_done) = {0};

	if (buf_append(&text, data, size) < 0 ||
	    sshd_config_parse(&config, NULL, "f", buf_str(&text)) < 0)
		return 0;
	for (size_t i = 0; i < config.count; i++) {
		const struct sshd_setting *setting = &config.settings[i];
		if (*setting->keyword == '\0' || strlen(setting->value) >= SSHD_LINE_MAX ||
		    strcmp(setting->keyword, "match") == 0 ||
		    sshd_config_next(&config, setting->keyword, NULL) == NULL)
			abort();
	}
	return 0;
}
