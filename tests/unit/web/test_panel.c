// The panel's files: found by their exact path, and nothing else is.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/secret.h"
#include "web/panel.h"

static char dir[] = "/tmp/ippo-panel-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[256];

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_int_equal(fd_write_file(-1, path, text, strlen(text), 0644), 0);
}

static int make_files(void **state)
{
	char path[256];
	struct err err = {0};

	if (secret_setup() < 0 || mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/sub", dir);
	if (mkdir(path, 0755) < 0)
		return -1;
	put("index.html", "<p>");
	put("app.js", "1");
	put("app.js.gz", "z");
	put("app.js.br", "zz");
	put("app.jsx", "no kind of ours");
	put("sub/a.css", "a");
	put(".hidden.js", "no");
	(void)snprintf(path, sizeof path, "%s/link.js", dir);
	if (symlink("/etc/passwd", path) < 0)
		return -1;
	(void)snprintf(path, sizeof path, "%s/out", dir);
	if (symlink("/etc", path) < 0)
		return -1;
	return panel_open(dir, (struct panel **)state, &err);
}

static int forget(const char *path, const struct stat *stat, int kind, struct FTW *at)
{
	return remove(path);
}

static int remove_files(void **state)
{
	panel_free(*state);
	return nftw(dir, forget, 8, FTW_DEPTH | FTW_PHYS);
}

static const struct panel_file *find(void **state, const char *path)
{
	return panel_find(*state, path, strlen(path));
}

static void files(void **state)
{
	const struct panel_file *file = find(state, "/app.js");

	assert_non_null(file);
	assert_string_equal(file->type, "text/javascript; charset=utf-8");
	assert_int_equal(file->bytes, 1);
	assert_true(file->coded[PANEL_GZIP].fd >= 0);
	assert_true(file->coded[PANEL_BROTLI].fd >= 0);
	assert_int_equal(file->coded[PANEL_BROTLI].bytes, 2);
	assert_int_equal(strlen(file->etag), 34);
	assert_ptr_equal(find(state, "/"), find(state, "/index.html"));
	assert_int_equal(find(state, "/index.html")->coded[PANEL_GZIP].fd, -1);
	assert_string_not_equal(find(state, "/index.html")->etag, file->etag);
	assert_non_null(find(state, "/sub/a.css"));
	/* The length counts, not what lies behind it. */
	assert_ptr_equal(panel_find(*state, "/app.js?x", 7), file);
	assert_false(panel_is_empty(*state));
}

static void nothing_else(void **state)
{
	static const char *const paths[] = {
		"/app",        "/app.j",         "/app.jsx",     "/app.js/",       "/app.js.gz",
		"/app.js.br",  "//app.js",       "/./app.js",    "/sub/../app.js", "/sub",
		"/sub/",       "/../etc/passwd", "/%61pp.js",    "/.hidden.js",    "/link.js",
		"/out/passwd", "/APP.JS",        "/index.html/", "app.js",         "/\xff",
		"/sub\\a.css"};

	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		if (find(state, paths[i]) != NULL)
			fail_msg("%s was found", paths[i]);
}

static void no_folder(void **state)
{
	struct panel *panel = NULL;
	struct err err = {0};

	assert_int_equal(panel_open("/nonexistent/panel", &panel, &err), 0);
	assert_true(panel_is_empty(panel));
	assert_null(panel_find(panel, "/", 1));
	panel_free(panel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),
		cmocka_unit_test(nothing_else),
		cmocka_unit_test(no_folder),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
