#include "host/seed_disc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIBISOFS_WITHOUT_LIBBURN
#include <libisofs/libisofs.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "host/process.h"

#define CHUNK_BYTES    ((size_t)64 * 1024) /* whole blocks, as libisofs asks for */
#define DISC_TIMEOUT_S 60

/* All but the last function runs in the child, and leaves to its end what it holds. */

struct contents {
	const struct host_seed *seed;
	const struct buf *guest;
};

static int add_files(IsoDir *root, const struct contents *contents)
{
	const struct host_seed *seed = contents->seed;
	const struct {
		const char *name;
		const char *text;
		size_t bytes;
	} files[] = {
		{"meta-data", seed->meta_data, strlen(seed->meta_data)},
		{"user-data", seed->user_data, seed->user_data_bytes},
		{"vendor-data", seed->vendor_data, strlen(seed->vendor_data)},
		{"network-config", seed->network_config, strlen(seed->network_config)},
		{SEED_DISC_GUEST, contents->guest != NULL ? buf_str(contents->guest) : NULL,
		 contents->guest != NULL ? contents->guest->len : 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(files) && files[i].text != NULL; i++) {
		unsigned char *copy = malloc(files[i].bytes + 1);
		IsoStream *stream;
		int code;

		if (copy == NULL)
			return (int)ISO_OUT_OF_MEM;
		memcpy(copy, files[i].text, files[i].bytes);
		if ((code = iso_memory_stream_new(copy, files[i].bytes, &stream)) < 0) {
			free(copy);
			return code;
		}
		if ((code = iso_tree_add_new_file(root, files[i].name, stream, NULL)) < 0)
			return code;
	}
	return 0;
}

static int set_options(IsoWriteOpts *options)
{
	int code = iso_write_opts_set_iso_level(options, 1);

	if (code >= 0)
		code = iso_write_opts_set_rockridge(options, 1);
	/* As mkisofs does: what every guest's kernel has read for decades. */
	if (code >= 0)
		code = iso_write_opts_set_rrip_version_1_10(options, 1);
	if (code >= 0)
		code = iso_write_opts_set_joliet(options, 1);
	/* Else the label would become upper case. */
	if (code >= 0)
		code = iso_write_opts_set_relaxed_vol_atts(options, 1);
	/* Root's, and for everybody in the guest to read. */
	if (code >= 0)
		code = iso_write_opts_set_replace_mode(options, 1, 1, 1, 1);
	if (code >= 0)
		code = iso_write_opts_set_output_charset(options, "UTF-8");
	return code;
}

static int copy_out(struct burn_source *source)
{
	AUTO_FREE unsigned char *chunk = malloc(CHUNK_BYTES);
	off_t left = source->get_size(source);

	while (chunk != NULL && left > 0) {
		const int want = left < (off_t)CHUNK_BYTES ? (int)left : (int)CHUNK_BYTES;
		const int got = source->read != NULL ? source->read(source, chunk, want)
						     : source->read_xt(source, chunk, want);
		if (got <= 0)
			break;
		const int code = fd_write_all(STDOUT_FILENO, chunk, (size_t)got);
		if (code < 0) {
			(void)dprintf(STDERR_FILENO, "%s", strerror(-code));
			return EXIT_FAILURE;
		}
		left -= got;
	}
	if (left == 0)
		return EXIT_SUCCESS;
	(void)dprintf(STDERR_FILENO, "it ended too early");
	return EXIT_FAILURE;
}

static int write_disc(const void *context)
{
	struct burn_source *source = NULL;
	IsoWriteOpts *options = NULL;
	IsoImage *image = NULL;
	int code = iso_init();

	/* What it has to say comes back as codes. */
	(void)iso_set_msgs_severities((char[]){"NEVER"}, (char[]){"NEVER"}, (char[]){""});
	if (code >= 0)
		code = iso_image_new("cidata", &image);
	if (code >= 0) {
		iso_image_set_volset_id(image, "");
		code = add_files(iso_image_get_root(image), context);
	}
	if (code >= 0)
		code = iso_write_opts_new(&options, 0);
	if (code >= 0)
		code = set_options(options);
	if (code >= 0)
		code = iso_image_create_burn_source(image, options, &source);
	if (code >= 0)
		return copy_out(source);
	(void)dprintf(STDERR_FILENO, "%s", iso_error_to_msg(code));
	return EXIT_FAILURE;
}

int seed_disc_write(int fd, const struct host_seed *seed, const struct buf *guest, struct err *err)
{
	const struct contents contents = {.seed = seed, .guest = guest};
	static const char *const arguments[] = {"writing the seed disc", NULL};
	const struct process process = {.arguments = arguments,
					.work = write_disc,
					.context = &contents,
					.stdin_fd = -1,
					.stdout_fd = fd,
					.timeout_s = DISC_TIMEOUT_S};

	return process_run(&process, NULL, err);
}
