// PPM to PNG: the same pixels come out, and nothing that is no PPM goes in.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/console/screen.h"

struct source {
	const uint8_t *data;
	size_t bytes;
	size_t at;
	size_t piece; /* given at once */
};

static int read_source(void *context, void *data, size_t bytes)
{
	struct source *source = context;
	size_t give = source->bytes - source->at;

	if (give > bytes)
		give = bytes;
	if (give > source->piece)
		give = source->piece;
	memcpy(data, source->data + source->at, give);
	source->at += give;
	return (int)give;
}

static int encode(const void *ppm, size_t bytes, size_t piece, struct buf *png)
{
	struct source source = {.data = ppm, .bytes = bytes, .piece = piece};
	struct err err = {0};
	int code = screen_encode(read_source, &source, png, &err);

	assert_int_equal(code, err.code);
	return code;
}

static int take(const void *data, size_t bytes, size_t piece, struct buf *png)
{
	struct source source = {.data = data, .bytes = bytes, .piece = piece};

	return screen_take_png(read_source, &source, png, NULL);
}

/* A picture that is a PNG already goes through as it is; what only says so does not. */
static void test_png_passes(void **state)
{
	struct buf png CLEANUP(buf_done) = {0};
	static const char ppm[] = "P6\n2 1\n255\n123456";

	assert_int_equal(encode(ppm, sizeof ppm - 1, 100, &png), 0);
	for (size_t piece = 1; piece < 200; piece = piece * 3 + 1) {
		struct buf out CLEANUP(buf_done) = {0};
		assert_int_equal(take(png.data, png.len, piece, &out), 0);
		assert_int_equal(out.len, png.len);
		assert_memory_equal(out.data, png.data, png.len);
	}
	for (size_t cut = 0; cut < 24; cut++) {
		struct buf out CLEANUP(buf_done) = {0};
		assert_int_equal(take(png.data, cut, 100, &out), ERR_HYPERVISOR_FAILED);
	}
	for (size_t at = 0; at < 24; at++) {
		struct buf bad CLEANUP(buf_done) = {0}, out CLEANUP(buf_done) = {0};
		(void)buf_append(&bad, png.data, png.len);
		bad.data[at] = 0xff; /* the signature, the first chunk's name, a side */
		if (at == 19 || at == 23 || at == 18 || at == 22)
			continue; /* still a size that can be */
		assert_int_equal(take(bad.data, bad.len, 100, &out), ERR_HYPERVISOR_FAILED);
	}
}

static void test_png_is_bounded(void **state)
{
	struct buf png CLEANUP(buf_done) = {.max = SCREEN_MAX_PNG_BYTES * 2};
	struct buf out CLEANUP(buf_done) = {.max = SCREEN_MAX_PNG_BYTES * 2};
	static const char ppm[] = "P6\n2 1\n255\n123456";

	assert_int_equal(encode(ppm, sizeof ppm - 1, 100, &png), 0);
	png.max = 2 * SCREEN_MAX_PNG_BYTES;
	assert_int_equal(buf_reserve(&png, SCREEN_MAX_PNG_BYTES), 0);
	memset(png.data + png.len, 0, SCREEN_MAX_PNG_BYTES - png.len);
	assert_int_equal(take(png.data, SCREEN_MAX_PNG_BYTES, 1U << 20, &out), 0);
	buf_clear(&out);
	png.data[SCREEN_MAX_PNG_BYTES] = 0;
	assert_int_equal(take(png.data, SCREEN_MAX_PNG_BYTES + 1, 1U << 20, &out), ERR_TOO_LARGE);
}

static void test_same_pixels(void **state)
{
	struct buf ppm CLEANUP(buf_done) = {0};
	uint8_t pixels[40 * 30 * 3], out[sizeof pixels];

	for (size_t i = 0; i < sizeof pixels; i++)
		pixels[i] = (uint8_t)(i * 37 >> 2);
	(void)buf_puts(&ppm, "P6\n# a comment\n40 30\n255\n");
	(void)buf_append(&ppm, pixels, sizeof pixels);
	for (size_t piece = 1; piece < 20000; piece = piece * 3 + 1) {
		struct buf png CLEANUP(buf_done) = {0};
		png_image image = {.version = PNG_IMAGE_VERSION};
		assert_int_equal(encode(ppm.data, ppm.len, piece, &png), 0);
		assert_int_equal(png_image_begin_read_from_memory(&image, png.data, png.len), 1);
		assert_int_equal(image.width, 40);
		assert_int_equal(image.height, 30);
		image.format = PNG_FORMAT_RGB;
		assert_int_equal(png_image_finish_read(&image, NULL, out, 0, NULL), 1);
		assert_memory_equal(out, pixels, sizeof pixels);
	}
}

static void test_refuses(void **state)
{
	static const char *const bad[] = {
		"",
		"P",
		"P5\n4 4\n255\n",
		"P6\n",
		"P6\n0 4\n255\n",
		"P6\n4 0\n255\n",
		"P6\n-4 4\n255\n",
		"P6\n8193 4\n255\n",
		"P6\n4 8193\n255\n",
		"P6\n99999999999999999999 4\n255\n",
		"P6\n4 4\n65535\n",
		"P6\n4 4\n254\n",
		"P6\n4 4\n255",
		"P6\n# never ends",
		"P6\n4 4\n255\ntoo short",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct buf png CLEANUP(buf_done) = {0};
		assert_int_equal(encode(bad[i], strlen(bad[i]), 5, &png), ERR_HYPERVISOR_FAILED);
	}
}

/* Noise does not compress: at the limit of size it is refused, and no more is taken than that. */
static void test_too_large(void **state)
{
	const size_t bytes = (size_t)2400 * 2400 * 3;
	struct buf ppm CLEANUP(buf_done) = {0}, png CLEANUP(buf_done) = {0};
	uint32_t random = 1;

	(void)buf_puts(&ppm, "P6 2400 2400 255\n");
	assert_int_equal(buf_reserve(&ppm, bytes), 0);
	for (size_t i = 0; i < bytes; i++) {
		random = random * 1664525 + 1013904223;
		ppm.data[ppm.len++] = (uint8_t)(random >> 24);
	}
	assert_int_equal(encode(ppm.data, ppm.len, 65536, &png), ERR_TOO_LARGE);
	assert_true(png.len <= SCREEN_MAX_PNG_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_pixels),    cmocka_unit_test(test_png_passes),
		cmocka_unit_test(test_png_is_bounded), cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
