// A disk image servers are made from.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/label.h"
#include "model/name.h"

enum image_type {
	IMAGE_SYSTEM = 1,
	IMAGE_APP = 2,
	IMAGE_SNAPSHOT = 3,
	IMAGE_BACKUP = 4,
	IMAGE_RESCUE = 5, /* boots beside a server's disk; no server is made from it */
};
enum image_status { IMAGE_CREATING = 1, IMAGE_AVAILABLE = 2, IMAGE_DELETING = 3 };

#define IMAGE_DESCRIPTION_BYTES   256
#define IMAGE_OS_BYTES            32
#define IMAGE_ARCHITECTURE_BYTES  8
#define IMAGE_CHECKSUM_BYTES      32
#define IMAGE_FRESH_DAYS          30 /* older than that it lacks too many security updates */
#define IMAGE_CHECKSUM_TEXT_BYTES 72 /* "sha256:" and 64 hex digits */

/* Why it is not known now how many updates wait. */
enum image_unknown {
	IMAGE_KNOWN = 0,
	IMAGE_NO_LIST = 1,       /* what is installed in it is not known */
	IMAGE_NOT_YET = 2,       /* nobody has looked so far */
	IMAGE_UNREACHABLE = 3,   /* the archive does not answer */
	IMAGE_OTHER_RELEASE = 4, /* the host's archive is that of another release */
	IMAGE_LOOK_FAILED = 5,   /* anything else */
};

#define IMAGE_UNKNOWN_TEXT_BYTES 256
#define IMAGE_LABEL_BYTES        24 /* of a number */

/* What the archive has that is newer than what is in an image. */
struct image_updates {
	int64_t checked_ms; /* the last look that could count; 0: none could */
	uint64_t pending;   /* then; those of security among them */
	uint64_t security;
	enum image_unknown unknown; /* IMAGE_KNOWN: the figures are those of the last look */
	int64_t unknown_ms;         /* since when */
	char text[IMAGE_UNKNOWN_TEXT_BYTES]; /* what was said then; for operators */
	int64_t due_ms;                      /* the next look; 0: none, there is no list */
};

/* `struct image i CLEANUP(image_done) = {0};` is a valid empty one. */
struct image {
	uint64_t id;
	uint64_t customer_id; /* 0: of the service, seen by everybody */
	enum image_type type;
	enum image_status status;
	char name[NAME_SLUG_BYTES]; /* "" for snapshots and backups */
	char description[IMAGE_DESCRIPTION_BYTES];
	char os_flavor[IMAGE_OS_BYTES];
	char os_version[IMAGE_OS_BYTES];
	char architecture[IMAGE_ARCHITECTURE_BYTES]; /* "x86" */
	char default_user[NAME_USER_BYTES];          /* "debian" */
	uint64_t file_bytes;                         /* 0: not known yet */
	uint64_t virtual_bytes; /* the disk it holds: no plan's disk may be smaller; 0: not known */
	bool has_checksum;
	uint8_t checksum[IMAGE_CHECKSUM_BYTES]; /* SHA-256 of the file as given */
	bool protect_delete;
	int64_t created_ms;
	int64_t deprecated_ms;   /* 0: not */
	int64_t built_ms;        /* when its packages were as they are; 0: not known */
	uint64_t from_server_id; /* that it was made of; 0: of none */
	char from_server_name[NAME_HOST_BYTES]; /* as it was then */
	uint64_t bound_to;                      /* server that a backup goes with; 0: none */
	struct image_updates updates;
	struct labels labels;
};

void image_done(struct image *image);
const char *image_type_name(enum image_type type);
int image_type_parse(const char *text, enum image_type *ret);
const char *image_status_name(enum image_status status); /* the API knows creating, available */
int image_status_parse(const char *text, enum image_status *ret);
/** image_disk_gb() - the smallest plan disk it fits on; 0 when not known. */
uint32_t image_disk_gb(const struct image *image);
const char *image_unknown_name(enum image_unknown unknown);
/** image_born_ms() - when it was built, or else brought in. */
int64_t image_born_ms(const struct image *image);
/** image_age_days() - whole days since image_born_ms(); 0 also before. */
int64_t image_age_days(const struct image *image, int64_t now_ms);
/** image_is_whole() - made of a server: disks are copies of it, and none stands on it. */
bool image_is_whole(const struct image *image);
/** image_label() - what it is called in sentences: its name, or "42" by its id. Borrowed or in
 * @out. */
const char *image_label(const struct image *image, char out[IMAGE_LABEL_BYTES]);
/** image_check() - texts and names; 0 or ERR_INVALID_INPUT naming the field. */
int image_check(const struct image *image, struct err *err);
/** image_parse_checksum() - "sha256:" and 64 hex digits; 0 or ERR_INVALID_INPUT. */
int image_parse_checksum(const char *text, uint8_t ret[IMAGE_CHECKSUM_BYTES], struct err *err);
void image_format_checksum(const uint8_t checksum[IMAGE_CHECKSUM_BYTES],
			   char out[IMAGE_CHECKSUM_TEXT_BYTES]);
/** image_check_url() - http or https, a host, printable ASCII, at most 2047 bytes. */
int image_check_url(const char *url, struct err *err);
