// A picture of a screen as a PNG, from what hypervisors give: that, or PPM.
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define SCREEN_MAX_SIDE      8192
#define SCREEN_MAX_PNG_BYTES ((size_t)6 * 1024 * 1024)

/* Reads at most @bytes more of the PPM. Return: how many, 0 at its end, or negative. */
typedef int screen_read(void *context, void *data, size_t bytes);

/**
 * screen_encode() - a binary PPM with 8 bits a sample (ppm(5)) to a PNG in @png.
 * The picture is not believed: errors are ERR_HYPERVISOR_FAILED (no such PPM, too large, cut),
 * ERR_TOO_LARGE (the PNG would be), -ENOMEM. @png holds nothing of use after one.
 */
int screen_encode(screen_read *read, void *context, struct buf *png, struct err *err);

/**
 * screen_take_png() - a picture that is a PNG already (W3C PNG, section 5.2 and 11.2.2), as
 * QEMU 7.1 and later make it. It is passed on unopened: who decodes it is its owner's browser,
 * which does that without power, and not we. Its size is bounded, its first chunk looked at. Errors
 * as of screen_encode().
 */
int screen_take_png(screen_read *read, void *context, struct buf *png, struct err *err);
