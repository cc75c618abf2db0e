// Any file of settings: all of them in their bounds, or a refusal that says why.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <stdio.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/config.h"
#include "base/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_CLOSE int fd = memfd_create("settings", MFD_CLOEXEC);
	struct config config;
	struct err err = {0};
	char path[40];

	if (fd < 0 || fd_write_all(fd, data, size) < 0)
		return 0;
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (config_load(path, &config, &err) < 0) {
		if (err.text[0] == '\0')
			abort();
		return 0;
	}
#define ENDS(field)                                                                                \
	if (memchr(config.field, '\0', sizeof config.field) == NULL)                               \
	abort()
	ENDS(instance);
	ENDS(state_dir);
	ENDS(run_dir);
	ENDS(listen);
	ENDS(url);
	ENDS(panel_dir);
	ENDS(web_user);
	ENDS(host_dir);
	ENDS(libvirt_uri);
#undef ENDS
	if ((strcmp(config.driver, "libvirt") != 0 && strcmp(config.driver, "fake") != 0) ||
	    (strcmp(config.egress, "masquerade") != 0 && strcmp(config.egress, "routed") != 0))
		abort();
	return 0;
}
