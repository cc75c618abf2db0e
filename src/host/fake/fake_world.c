// What the host in memory holds, and the file "world" that it survives in; described in driver.c.
#include "host/fake/fake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/parse.h"

void fake_world_path(const struct fake *fake, const char *name, char path[FAKE_PATH_BYTES])
{
	(void)snprintf(path, FAKE_PATH_BYTES, "%s/%s", fake->config->host_dir, name);
}

void fake_world_record(const struct fake *fake, const struct thing *thing, char sign)
{
	char uuid[UUID_TEXT_BYTES];

	if (fake->world_fd < 0) /* it is being read */
		return;
	format_uuid(thing->item.uuid, uuid);
	(void)dprintf(fake->world_fd, "%c %u %s %llu %u %llu\n", sign, thing->item.kind, uuid,
		      (unsigned long long)thing->item.number, thing->item.state,
		      (unsigned long long)thing->bytes);
}

struct thing **fake_world_find(struct fake *fake, uint8_t kind, const uint8_t *uuid,
			       uint64_t number)
{
	static const uint8_t none[UUID_BYTES];
	const uint8_t *key = uuid != NULL ? uuid : none;
	const bool by_number = kind == HOST_ITEM_VOLUME || kind == HOST_ITEM_IMAGE;
	const uint64_t mix = kind != HOST_ITEM_IMAGE ? ((uint64_t)key[0] << 8 | key[1]) : number;
	struct thing **at = &fake->buckets[mix % FAKE_BUCKETS];

	while (*at != NULL &&
	       ((*at)->item.kind != kind || memcmp((*at)->item.uuid, key, UUID_BYTES) != 0 ||
		(by_number && (*at)->item.number != number)))
		at = &(*at)->next;
	return at;
}

int fake_world_add(struct fake *fake, uint8_t kind, const uint8_t *uuid, uint64_t number,
		   struct thing **ret, struct err *err)
{
	struct thing **at = fake_world_find(fake, kind, uuid, number);

	if (*at == NULL) {
		*at = calloc(1, sizeof **at);
		if (*at == NULL)
			return err_set(err, -ENOMEM, "no memory");
		(*at)->item.kind = kind;
		(*at)->item.number = number;
		(*at)->item.state = kind == HOST_ITEM_DOMAIN ? HOST_DOMAIN_OFF : 0;
		if (uuid != NULL)
			memcpy((*at)->item.uuid, uuid, UUID_BYTES);
		fake_world_record(fake, *at, '+');
	}
	if (ret != NULL)
		*ret = *at;
	return 0;
}

void fake_world_drop(struct fake *fake, uint8_t kind, const uint8_t *uuid, uint64_t number)
{
	struct thing **at = fake_world_find(fake, kind, uuid, number), *gone = *at;

	if (gone != NULL) {
		fake_world_record(fake, gone, '-');
		*at = gone->next;
		free(gone);
	}
}

/* One line of "world"; false when it is none. */
static bool replay(struct fake *fake, char *line)
{
	uint64_t kind, number, state, bytes;
	uint8_t uuid[UUID_BYTES];
	char *rest = NULL;
	const char *words[6];
	struct thing *thing;

	for (size_t i = 0; i < 6; i++) {
		words[i] = strtok_r(i == 0 ? line : NULL, " \n", &rest);
		if (words[i] == NULL)
			return false;
	}
	if (parse_u64(words[1], 1, HOST_ITEM_IMAGE, &kind) < 0 || parse_uuid(words[2], uuid) < 0 ||
	    parse_u64(words[3], 0, UINT64_MAX, &number) < 0 ||
	    parse_u64(words[4], 0, UINT8_MAX, &state) < 0 ||
	    parse_u64(words[5], 0, UINT64_MAX, &bytes) < 0)
		return false;
	if (*words[0] == '-') {
		fake_world_drop(fake, (uint8_t)kind, uuid, number);
		return true;
	}
	if (fake_world_add(fake, (uint8_t)kind, uuid, number, &thing, NULL) < 0)
		return false;
	thing->item.state = (uint8_t)state;
	thing->bytes = bytes;
	return true;
}

int fake_world_open(struct fake *fake, struct err *err)
{
	char path[FAKE_PATH_BYTES];
	AUTO_FREE char *line = NULL;
	size_t cap = 0;
	bool good = true;
	FILE *file;

	fake->world_fd = -1;
	fake_world_path(fake, "world", path);
	file = fopen(path, "re");
	while (file != NULL && good && getline(&line, &cap, file) > 0)
		good = replay(fake, line);
	if (file != NULL)
		(void)fclose(file);
	if (!good)
		return err_set(err, ERR_CORRUPT, "%s: a line that is none", path);
	fake->world_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return fake->world_fd < 0 ? err_set(err, -errno, "%s: %s", path, strerror(errno)) : 0;
}

/* What is made or dropped by the server's UUID alone. */
int fake_world_make(struct driver *driver, const char *verb, uint8_t kind, const uint8_t *uuid,
		    uint64_t number, struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = fake_fault_begin(fake, verb, err);

	return code < 0 ? code
			: fake_fault_end(fake, fake_world_add(fake, kind, uuid, number, NULL, err));
}

int fake_world_unmake(struct driver *driver, const char *verb, uint8_t kind, const uint8_t *uuid,
		      struct err *err)
{
	struct fake *fake = self_of(driver);
	int code = fake_fault_begin(fake, verb, err);

	if (code < 0)
		return code;
	fake_world_drop(fake, kind, uuid, 0);
	return fake_fault_end(fake, 0);
}
