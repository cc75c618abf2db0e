// Recipes: programs that make disk images, and what their folders say of what they make.
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

#define RECIPE_PROGRAM  "build" /* in a recipe's folder; makes the image, prints its path last */
#define RECIPE_SETTINGS "recipe.conf" /* beside it, if at all: see recipe_find() */

/* Of a list of packages; the service's own limit is lower. */
#define RECIPE_PACKAGES_MAX_BYTES ((size_t)1024 * 1024)

struct recipe {
	char program[PATH_MAX];
	char name[64]; /* of the image, unless somebody says another: the folder's; "" for a program
			*/
	char description[256]; /* these four are "" when the recipe says nothing */
	char type[16];         /* "system", "app" or "rescue" */
	char os_flavor[32];
	char os_version[32];
};

/**
 * recipe_find() - what a word names: a program, a folder with a program `build` in it, or one of
 * those that came with Ippo, by its name alone.
 *
 * A folder's recipe.conf, if there is one, has `key = value` lines: description, type,
 * os_flavor, os_version. Returns 0; ERR_NOT_FOUND, with what there is, when nothing is found;
 * ERR_INVALID_INPUT for a program that cannot be run and for a wrong line of the settings.
 */
int recipe_find(const char *word, struct recipe *ret, struct err *err);

/**
 * recipe_make() - run it and open what it has made; blocks for as long as it takes.
 * @fresh: it gets the option --fresh: made anew, with the latest updates.
 * @ret_packages: what it wrote beside the image as IMAGE.packages, appended; nothing without.
 *
 * Its standard error is the caller's, so that people see how far it is. The environment has
 * IPPO_BUILD, the folder of Ippo's programs, unless there is one. Returns a descriptor, which the
 * caller closes; ERR_SERVER, with why, when it failed, and when what it printed last is not the
 * absolute path of a regular file.
 */
int recipe_make(const struct recipe *recipe, bool fresh, struct buf *ret_packages, struct err *err);
