// SHA-256 (FIPS 180-4), for fingerprints of public keys.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32

void sha256(const void *data, size_t bytes, uint8_t out[SHA256_BYTES]);
