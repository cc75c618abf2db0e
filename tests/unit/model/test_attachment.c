// Files that go with a message: kinds by what they hold, and names that do no harm.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/attachment.h"

#define PNG "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"

static enum attachment_kind judge(const void *data, size_t bytes)
{
	enum attachment_kind kind = ATTACHMENT_UNKNOWN;
	struct err err = {0};
	const int code = attachment_judge(data, bytes, &kind, &err);

	assert_int_equal(code, kind == ATTACHMENT_UNKNOWN ? ERR_UNSUPPORTED : 0);
	return kind;
}

#define JUDGE(text) judge(text, sizeof text - 1)

static void kinds(void **state)
{
	(void)state;
	assert_int_equal(JUDGE(PNG), ATTACHMENT_PNG);
	assert_int_equal(judge(PNG, 15), ATTACHMENT_UNKNOWN);
	assert_int_equal(JUDGE("\xff\xd8\xff\xe0"), ATTACHMENT_JPEG);
	assert_int_equal(JUDGE("\xff\xd8"), ATTACHMENT_UNKNOWN);
	assert_int_equal(JUDGE("%PDF-1.7\n\x80\xff"), ATTACHMENT_PDF);
	assert_int_equal(JUDGE(" %PDF-1.7\n\x80\xff"), ATTACHMENT_UNKNOWN);
	assert_int_equal(JUDGE("一\r\n\ttwo\n"), ATTACHMENT_TEXT);
	assert_int_equal(JUDGE("<script>alert(1)</script>"), ATTACHMENT_TEXT);
	assert_int_equal(JUDGE(""), ATTACHMENT_UNKNOWN);
	assert_int_equal(JUDGE("a\0b"), ATTACHMENT_UNKNOWN);
	assert_int_equal(JUDGE("\x1b[2J"), ATTACHMENT_UNKNOWN);
	assert_int_equal(JUDGE("\xc2\x9b"), ATTACHMENT_UNKNOWN);
	assert_int_equal(JUDGE("\x82\xa0"), ATTACHMENT_UNKNOWN); /* Shift_JIS */
	assert_int_equal(JUDGE("GIF89a"), ATTACHMENT_TEXT);
	assert_int_equal(JUDGE("GIF89a\x01\x00"), ATTACHMENT_UNKNOWN);
	assert_int_equal(JUDGE("\x7f"
			       "ELF\2\1\1"),
			 ATTACHMENT_UNKNOWN);
}

static void names(void **state)
{
	static const struct {
		const char *given, *taken;
	} cases[] = {
		{"screen.png", "screen.png"},
		{"画面 1.png", "画面 1.png"},
		{"../../etc/passwd", ".._.._etc_passwd"},
		{"C:\\a|b?.txt", "C__a_b_.txt"},
		{"a\"\r\nX-Evil: 1", "a___X-Evil_ 1"},
		{"invoice\xe2\x80\xaegnp.exe", "invoice_gnp.exe"},
		{"\xc2\x85\xef\xbb\xbf\xd8\x9c", "___"},
	};
	char name[ATTACHMENT_NAME_BYTES], text[4 * ATTACHMENT_NAME_MAX + 8] = "";
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(attachment_take_name(cases[i].given, name, &err), 0);
		assert_string_equal(name, cases[i].taken);
	}
	assert_int_equal(attachment_take_name("", name, &err), ERR_INVALID_INPUT);
	assert_int_equal(attachment_take_name("  ", name, &err), ERR_INVALID_INPUT);
	assert_int_equal(attachment_take_name("..", name, &err), ERR_INVALID_INPUT);
	assert_int_equal(attachment_take_name("\xff.png", name, &err), ERR_INVALID_INPUT);
	for (int i = 0; i < ATTACHMENT_NAME_MAX; i++)
		memcpy(text + 4 * i, "\xf0\x9f\x90\xa7", 4);
	assert_int_equal(attachment_take_name(text, name, &err), 0);
	attachment_end_name(name, ATTACHMENT_TEXT);
	assert_int_equal(strlen(name), 4 * ATTACHMENT_NAME_MAX + 4);
	memcpy(text + 4 * ATTACHMENT_NAME_MAX, "a", 2);
	assert_int_equal(attachment_take_name(text, name, &err), ERR_INVALID_INPUT);
}

static void endings(void **state)
{
	static const struct {
		const char *name;
		enum attachment_kind kind;
		const char *ended;
	} cases[] = {
		{"a.PNG", ATTACHMENT_PNG, "a.PNG"},
		{"a.jpeg", ATTACHMENT_JPEG, "a.jpeg"},
		{"a.jpg", ATTACHMENT_PNG, "a.jpg.png"},
		{"page.html", ATTACHMENT_TEXT, "page.html.txt"},
		{"run.sh", ATTACHMENT_TEXT, "run.sh.txt"},
		{"boot.log", ATTACHMENT_TEXT, "boot.log"},
		{".txt", ATTACHMENT_TEXT, ".txt.txt"},
		{"a.exe", ATTACHMENT_PDF, "a.exe.pdf"},
		{"a", ATTACHMENT_UNKNOWN, "a"},
	};
	char name[ATTACHMENT_NAME_BYTES];
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(attachment_take_name(cases[i].name, name, &err), 0);
		attachment_end_name(name, cases[i].kind);
		assert_string_equal(name, cases[i].ended);
	}
	assert_null(attachment_type(ATTACHMENT_UNKNOWN));
	assert_string_equal(attachment_type(ATTACHMENT_PDF), "application/pdf");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(names),
		cmocka_unit_test(endings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
