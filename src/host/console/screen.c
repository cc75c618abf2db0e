#include "host/console/screen.h"

#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define INPUT_BYTES       16384
#define COMPRESSION_LEVEL 2 /* screens are flat: more costs time and gains little */

struct input {
	screen_read *read;
	void *context;
	uint8_t data[INPUT_BYTES];
	size_t at;
	size_t end;
};

/* -1 at the end or when reading fails. */
static int next_byte(struct input *input)
{
	if (input->at == input->end) {
		int got = input->read(input->context, input->data, sizeof input->data);
		if (got <= 0)
			return -1;
		input->at = 0;
		input->end = (size_t)got;
	}
	return input->data[input->at++];
}

/* Blanks and comments, a decimal number, one blank after it. 0 where there is none such. */
static unsigned read_number(struct input *input, unsigned max)
{
	unsigned value = 0;
	int byte = next_byte(input);
	bool is_comment = false;

	while (byte >= 0 && (is_comment || isspace(byte) || byte == '#')) {
		is_comment = byte == '#' || (is_comment && byte != '\n');
		byte = next_byte(input);
	}
	for (; byte >= '0' && byte <= '9'; byte = next_byte(input)) {
		value = value * 10 + (unsigned)(byte - '0');
		if (value > max)
			return 0;
	}
	return byte >= 0 && isspace(byte) ? value : 0;
}

static int read_row(struct input *input, uint8_t *row, size_t bytes)
{
	while (bytes > 0) {
		const int byte = next_byte(input);
		if (byte < 0)
			return -1;
		*row++ = (uint8_t)byte;
		bytes--;
		size_t here = input->end - input->at < bytes ? input->end - input->at : bytes;
		memcpy(row, input->data + input->at, here);
		input->at += here;
		row += here;
		bytes -= here;
	}
	return 0;
}

static void write_png(png_structp png, png_bytep data, size_t bytes)
{
	if (buf_append(png_get_io_ptr(png), data, bytes) < 0)
		png_error(png, "too large");
}

static void flush_png(png_structp png)
{
}

static void on_error(png_structp png, png_const_charp text)
{
	longjmp(png_jmpbuf(png), 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
}

/* 0, or 1 when the picture is cut. libpng jumps out of here when it cannot go on. */
static int write_rows(png_structp png, png_infop info, struct input *input, unsigned width,
		      unsigned height, uint8_t *row)
{
	png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
		     PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_set_compression_level(png, COMPRESSION_LEVEL);
	png_set_filter(png, 0, PNG_FILTER_NONE);
	png_write_info(png, info);
	for (unsigned i = 0; i < height; i++) {
		if (read_row(input, row, (size_t)width * 3) < 0)
			return 1;
		png_write_row(png, row);
	}
	png_write_end(png, info);
	return 0;
}

static int encode(struct input *input, unsigned width, unsigned height, uint8_t *row,
		  struct buf *out, struct err *err)
{
	png_structp png =
		png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning);
	png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
	int code;

	if (info == NULL) {
		png_destroy_write_struct(&png, NULL);
		return err_set(err, -ENOMEM, "no memory for a picture");
	}
	png_set_write_fn(png, out, write_png, flush_png);
	if (setjmp(png_jmpbuf(png)) != 0)
		code = err_set(err, ERR_TOO_LARGE, "the picture of the screen is too large");
	else if (write_rows(png, info, input, width, height, row) != 0)
		code = err_set(err, ERR_HYPERVISOR_FAILED, "the picture of the screen is cut");
	else
		code = 0;
	png_destroy_write_struct(&png, &info);
	return code;
}

int screen_encode(screen_read *read, void *context, struct buf *png, struct err *err)
{
	AUTO_FREE struct input *input = calloc(1, sizeof *input);
	unsigned width, height;
	char magic[2];

	if (input == NULL)
		return err_set(err, -ENOMEM, "no memory for a picture");
	input->read = read;
	input->context = context;
	magic[0] = (char)next_byte(input);
	magic[1] = (char)next_byte(input);
	if (memcmp(magic, "P6", sizeof magic) != 0 ||
	    (width = read_number(input, SCREEN_MAX_SIDE)) == 0 ||
	    (height = read_number(input, SCREEN_MAX_SIDE)) == 0 || read_number(input, 255) != 255)
		return err_set(err, ERR_HYPERVISOR_FAILED,
			       "the picture of the screen is no PPM of a possible size");
	AUTO_FREE uint8_t *row = malloc((size_t)width * 3);
	if (row == NULL)
		return err_set(err, -ENOMEM, "no memory for a picture");
	png->max = SCREEN_MAX_PNG_BYTES;
	return encode(input, width, height, row, png, err);
}

int screen_take_png(screen_read *read, void *context, struct buf *png, struct err *err)
{
	static const uint8_t signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n',
					    0,    0,   0,   13,  'I',  'H',  'D',  'R'};
	uint8_t piece[16384];
	uint32_t width, height;
	int got;

	while ((got = read(context, piece, sizeof piece)) > 0) {
		if (png->len + (size_t)got > SCREEN_MAX_PNG_BYTES)
			return err_set(err, ERR_TOO_LARGE,
				       "the picture of the screen is too large");
		if (buf_append(png, piece, (size_t)got) < 0)
			return -ENOMEM;
	}
	if (got < 0)
		return err_set(err, ERR_HYPERVISOR_FAILED, "the picture of the screen was cut");
	if (png->len < sizeof signature + 8 || memcmp(png->data, signature, sizeof signature) != 0)
		return err_set(err, ERR_HYPERVISOR_FAILED, "the picture of the screen is no PNG");
	memcpy(&width, png->data + sizeof signature, 4);
	memcpy(&height, png->data + sizeof signature + 4, 4);
	width = be32toh(width);
	height = be32toh(height);
	if (width == 0 || width > SCREEN_MAX_SIDE || height == 0 || height > SCREEN_MAX_SIDE)
		return err_set(err, ERR_HYPERVISOR_FAILED,
			       "the picture of the screen has an impossible size");
	return 0;
}
