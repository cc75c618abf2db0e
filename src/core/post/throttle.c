#include "core/post/throttle.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"

#define PLACES     4096
#define TEXT_BYTES 512

static struct {
	int64_t began_ms;
	unsigned used;
} windows[PLACES];

bool throttle_take(const char *what, const char *who, unsigned most, int64_t window_ms)
{
	const int64_t now_ms = clock_mono_ms();
	uint8_t hash[SECRET_HASH_BYTES];
	char text[TEXT_BYTES];
	uint64_t key;

	(void)snprintf(text, sizeof text, "%s\n%s", what, who);
	secret_hash(text, strlen(text), hash);
	memcpy(&key, hash, sizeof key);
	const size_t place = key % PLACES;
	if (windows[place].began_ms == 0 || now_ms - windows[place].began_ms > window_ms) {
		windows[place].began_ms = now_ms;
		windows[place].used = 0;
	}
	if (windows[place].used >= most)
		return false;
	windows[place].used++;
	return true;
}
