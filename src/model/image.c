#include "model/image.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"

#define URL_MAX_BYTES 2047
#define GIB           (UINT64_C(1) << 30)

static const char *const type_names[] = {[IMAGE_SYSTEM] = "system",
					 [IMAGE_APP] = "app",
					 [IMAGE_SNAPSHOT] = "snapshot",
					 [IMAGE_BACKUP] = "backup",
					 [IMAGE_RESCUE] = "rescue"};

void image_done(struct image *image)
{
	label_done(&image->labels);
	memset(image, 0, sizeof(*image));
}

const char *image_type_name(enum image_type type)
{
	return type >= IMAGE_SYSTEM && type <= IMAGE_RESCUE ? type_names[type] : "unknown";
}

int image_type_parse(const char *text, enum image_type *ret)
{
	for (unsigned i = IMAGE_SYSTEM; i <= IMAGE_RESCUE; i++) {
		if (strcmp(type_names[i], text) == 0) {
			*ret = (enum image_type)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *image_status_name(enum image_status status)
{
	return status == IMAGE_AVAILABLE ? "available" : "creating";
}

int image_status_parse(const char *text, enum image_status *ret)
{
	if (strcmp(text, "available") == 0)
		*ret = IMAGE_AVAILABLE;
	else if (strcmp(text, "creating") == 0)
		*ret = IMAGE_CREATING;
	else
		return -EINVAL;
	return 0;
}

uint32_t image_disk_gb(const struct image *image)
{
	uint64_t gb = image->virtual_bytes / GIB + (image->virtual_bytes % GIB != 0);

	return gb > UINT32_MAX ? UINT32_MAX : (uint32_t)gb;
}

const char *image_unknown_name(enum image_unknown unknown)
{
	static const char *const names[] = {
		[IMAGE_NO_LIST] = "no_package_list",
		[IMAGE_NOT_YET] = "not_checked_yet",
		[IMAGE_UNREACHABLE] = "archive_unreachable",
		[IMAGE_OTHER_RELEASE] = "other_release",
		[IMAGE_LOOK_FAILED] = "check_failed",
	};

	return (size_t)unknown < ARRAY_SIZE(names) ? names[unknown] : NULL;
}

int64_t image_born_ms(const struct image *image)
{
	return image->built_ms > 0 ? image->built_ms : image->created_ms;
}

int64_t image_age_days(const struct image *image, int64_t now_ms)
{
	static const int64_t day_ms = INT64_C(86400) * 1000;
	const int64_t born_ms = image_born_ms(image);

	return now_ms > born_ms ? (now_ms - born_ms) / day_ms : 0;
}

bool image_is_whole(const struct image *image)
{
	return image->type == IMAGE_SNAPSHOT || image->type == IMAGE_BACKUP;
}

const char *image_label(const struct image *image, char out[IMAGE_LABEL_BYTES])
{
	if (image->name[0] != '\0')
		return image->name;
	(void)snprintf(out, IMAGE_LABEL_BYTES, "%" PRIu64, image->id);
	return out;
}

int image_check(const struct image *image, struct err *err)
{
	bool named = !image_is_whole(image);
	int r = 0;

	if (image->type < IMAGE_SYSTEM || image->type > IMAGE_RESCUE)
		return err_set(err, ERR_INVALID_INPUT,
			       "type must be system, app, snapshot, backup or rescue");
	if (named)
		r = name_check_slug(image->name, err);
	else if (image->name[0])
		r = err_set(err, ERR_INVALID_INPUT, "snapshots and backups have no name");
	if (r == 0)
		r = name_check_text("description", image->description, IMAGE_DESCRIPTION_BYTES - 1,
				    err);
	if (r == 0 && name_check_slug(image->os_flavor, NULL) < 0)
		r = err_set(err, ERR_INVALID_INPUT,
			    "os_flavor must be a lower-case word, such as debian");
	if (r == 0)
		r = name_check_text("os_version", image->os_version, IMAGE_OS_BYTES - 1, err);
	if (r == 0 && strcmp(image->architecture, "x86") != 0)
		r = err_set(err, ERR_INVALID_INPUT, "architecture must be x86");
	if (r == 0 && image->default_user[0])
		r = name_check_user(image->default_user, err);
	return r;
}

int image_parse_checksum(const char *text, uint8_t ret[IMAGE_CHECKSUM_BYTES], struct err *err)
{
	static const char prefix[] = "sha256:";

	if (strncmp(text, prefix, sizeof(prefix) - 1) != 0 ||
	    parse_hex(text + sizeof(prefix) - 1, ret, IMAGE_CHECKSUM_BYTES) < 0)
		return err_set(err, ERR_INVALID_INPUT,
			       "checksum must be sha256: followed by 64 hexadecimal digits");
	return 0;
}

void image_format_checksum(const uint8_t checksum[IMAGE_CHECKSUM_BYTES],
			   char out[IMAGE_CHECKSUM_TEXT_BYTES])
{
	memcpy(out, "sha256:", 7);
	format_hex(checksum, IMAGE_CHECKSUM_BYTES, out + 7);
}

int image_check_url(const char *url, struct err *err)
{
	size_t bytes = strnlen(url, URL_MAX_BYTES + 1);
	const char *host;

	if (bytes > URL_MAX_BYTES)
		return err_set(err, ERR_INVALID_INPUT, "url is longer than %d bytes",
			       URL_MAX_BYTES);
	if (strncmp(url, "https://", 8) == 0)
		host = url + 8;
	else if (strncmp(url, "http://", 7) == 0)
		host = url + 7;
	else
		return err_set(err, ERR_INVALID_INPUT, "url must begin with https:// or http://");
	for (size_t i = 0; i < bytes; i++)
		if (url[i] <= ' ' || url[i] > '~' || strchr("\"<>\\^`{|}", url[i]))
			return err_set(err, ERR_INVALID_INPUT,
				       "url holds a character that must be percent-encoded");
	if (strcspn(host, "/?#") == 0)
		return err_set(err, ERR_INVALID_INPUT, "url names no host");
	if (memchr(host, '@', strcspn(host, "/?#")))
		return err_set(err, ERR_INVALID_INPUT, "url must not hold a user or password");
	return 0;
}
