// Scope-bound ownership: cleanup attributes and the only two ways to move ownership out of them.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

static inline void cleanup_free(void *pointer_address)
{
	free(*(void **)pointer_address);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* Owned heap memory and owned descriptors; initialise at the declaration. */
#define AUTO_FREE  CLEANUP(cleanup_free)
#define AUTO_CLOSE CLEANUP(cleanup_close)

/* Defines cleanup_<name>() for `type *` locals, calling `function` (which accepts NULL). */
#define DEFINE_CLEANUP(type, name, function)                                                       \
	static inline void cleanup_##name(type **object)                                           \
	{                                                                                          \
		function(*object);                                                                 \
	}

/* Moves ownership out of a local: yields the value and leaves NULL (or -1) behind. */
#define steal_ptr(pointer)                                                                         \
	__extension__({                                                                            \
		__typeof__(pointer) *steal_from = &(pointer);                                      \
		__typeof__(pointer) stolen = *steal_from;                                          \
		*steal_from = NULL;                                                                \
		stolen;                                                                            \
	})

static inline int steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
