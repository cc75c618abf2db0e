// A picture of a screen: PPM as hypervisors give it, to PNG, row by row.
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
