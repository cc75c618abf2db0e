// Settings, small files, secrets and errors.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/config.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/secret.h"

static char dir[] = "/tmp/ippo-base-XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static int load(const char *text, struct config *ret, struct err *err)
{
	const char *path = in_dir("conf");

	assert_int_equal(fd_write_file(AT_FDCWD, path, text, strlen(text), 0600), 0);
	return config_load(path, ret, err);
}

static void settings(void **state)
{
	struct config config;
	struct err err = {0};

	assert_int_equal(config_load(NULL, &config, &err), 0);
	assert_string_equal(config.instance, "ippo");
	assert_string_equal(config.host_dir, "/var/lib/ippo/host");
	assert_int_equal(load("[ippo]\ninstance = t1\nstate_dir = /s\nlog_level = debug\n"
			      "[core]\nrate_limit = 4294967295\n"
			      "[host]\ndriver = fake\nemulation = yes\n",
			      &config, &err),
			 0);
	assert_string_equal(config.instance, "t1");
	assert_string_equal(config.host_dir, "/s/host");
	assert_string_equal(config.driver, "fake");
	assert_int_equal(config.log_level, LOG_LEVEL_DEBUG);
	assert_int_equal(config.rate_limit, UINT32_MAX);
	assert_true(config.emulation);
}

static void networks(void **state)
{
	struct config config;
	struct err err = {0};

	assert_int_equal(load("[web]\ntrusted_proxies = 10.0.0.0/8, ::1\n", &config, &err), 0);
	assert_int_equal(config.trusted_proxies.count, 2);
	assert_int_equal(config.trusted_proxies.items[0].prefix, 8);
	assert_int_equal(config.trusted_proxies.items[1].prefix, 128);
	assert_int_equal(load("[web]\ntrusted_proxies =\n", &config, &err), 0);
	assert_int_equal(config.trusted_proxies.count, 0);
}

static void mail(void **state)
{
	struct config config;

	(void)state;
	assert_int_equal(load("", &config, NULL), 0);
	assert_false(config_has_mail(&config));
	assert_int_equal(load("[post]\nsender = a@b\n", &config, NULL), 0);
	assert_false(config_has_mail(&config));
	assert_int_equal(load("[post]\nsender = a@b\nmail_drop = /d\n", &config, NULL), 0);
	assert_true(config_has_mail(&config));
	assert_int_equal(load("[post]\nsender = a@b\nsmtp_url = smtps://c:465\n", &config, NULL),
			 0);
	assert_true(config_has_mail(&config));
}

static void wrong_settings(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} cases[] = {
		{"[ippo]\ninstance = sevenxx\n", "line 2: instance"},
		{"[ippo]\ninstance = A\n", "instance"},
		{"[ippo]\ninstance =\n", "instance"},
		{"[ippo]\n\nsurprise = 1\n", "line 3: there is no setting surprise"},
		{"[other]\ndriver = fake\n", "no setting driver"},
		{"[core]\nrate_limit = 4294967296\n", "rate_limit"},
		{"[core]\nrate_limit = -1\n", "rate_limit"},
		{"[host]\ndriver = vmware\n", "driver"},
		{"[host]\ndriver =\n", "driver"},
		{"[host]\ndriver = libvirt fake\n", "driver"},
		{"[host]\negress = masquerade routed\n", "egress"},
		{"[core]\ncontract_period = weekly\n", "contract_period"},
		{"[core]\ncontract_offset = 9\n", "contract_offset"},
		{"[core]\nbackup_percentage = 101\n", "backup_percentage"},
		{"[host]\nemulation = maybe\n", "emulation"},
		{"[ippo]\nlog_level = loud\n", "log_level"},
		{"[web]\ntrusted_proxies = 10.0.0.0/8 localhost\n", "trusted_proxies"},
		{"[web]\ntrusted_proxies = 10.0.0.1/8\n", "trusted_proxies"},
		{"[web]\ntrusted_proxies = 1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 1.1.1.7 "
		 "1.1.1.8 1.1.1.9 ::1 ::2 ::3 ::4 ::5 ::6 ::7 ::8\n",
		 "too many"},
		{"[core]\nuser = a234567890123456789012345678901x\n", "too long"},
		{"[ippo]\nno setting\n", "line 2"},
		{"[post]\nsmtp_url = https://a\nsender = a@b\n", "smtp_url"},
		{"[post]\nsmtp_url = smtp://user@a\nsender = a@b\n", "smtp_user"},
		{"[post]\nsmtp_url = smtp://a\n", "sender"},
		{"[post]\nsmtp_url = smtp://a\nsender = a@b>\n", "sender"},
		{"[post]\nsmtp_url = smtp://a\nsender = a@b\nmail_drop = /d\n", "exclude"},
		{"[post]\nmail_drop = d\nsender = a@b\n", "begin with /"},
		{"[post]\noperator = nobody\n", "operator"},
		{"[post]\nwebhook_allow = localhost\n", "webhook_allow"},
		{"[dns]\nkey_ttl_seconds = 0\n", "key_ttl_seconds"},
		{"[dns]\nzsk_life_seconds = 14400\n", "zsk_life_seconds"},
		{"[dns]\nspread_seconds = 4294967295\n", "zsk_life_seconds"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config config = {.instance = "kept"};
		struct err err = {0};

		if (load(cases[i].text, &config, &err) != ERR_INVALID_INPUT ||
		    strstr(err.text, cases[i].says) == NULL)
			fail_msg("\"%s\" for:\n%s", err.text, cases[i].text);
		assert_string_equal(config.instance, "kept");
	}
	struct config config;
	struct err err = {0};
	assert_int_equal(config_load("/nonexistent", &config, &err), -ENOENT);
}

static void small_files(void **state)
{
	struct buf out CLEANUP(buf_done) = {0};
	struct stat stat_buf;
	char path[128];

	assert_int_equal(fd_make_dirs(in_dir("a/b/c"), 0700), 0);
	assert_int_equal(fd_make_dirs(in_dir("a/b/c"), 0700), 0);
	(void)snprintf(path, sizeof path, "%s", in_dir("a/b/c/f"));
	assert_int_equal(fd_write_file(AT_FDCWD, path, "old", 3, 0644), 0);
	assert_int_equal(fd_write_file(AT_FDCWD, path, "newer", 5, 0600), 0);
	assert_int_equal(stat(path, &stat_buf), 0);
	assert_int_equal(stat_buf.st_mode & 07777, 0600);
	assert_int_equal(fd_read_file(AT_FDCWD, path, 5, &out), 0);
	assert_string_equal(buf_str(&out), "newer");
	assert_int_equal(fd_read_file(AT_FDCWD, path, 4, &out), -EFBIG);
	assert_int_equal(fd_read_file(AT_FDCWD, in_dir("none"), 4, &out), -ENOENT);
	assert_int_equal(fd_write_file(AT_FDCWD, in_dir("none/f"), "", 0, 0600), -ENOENT);
	/* Nothing temporary is left. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(in_dir("a/b/c")), 0);
	assert_int_equal(rmdir(in_dir("a/b")), 0);
	assert_int_equal(rmdir(in_dir("a")), 0);
}

static void flags(void **state)
{
	int pair[2];

	assert_int_equal(pipe(pair), 0);
	assert_int_equal(fd_set_nonblock(pair[0], 1), 0);
	assert_int_equal(fd_set_cloexec(pair[0], 1), 0);
	assert_true((fcntl(pair[0], F_GETFL) & O_NONBLOCK) != 0);
	assert_int_equal(fcntl(pair[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(fd_set_nonblock(pair[0], 0), 0);
	assert_true((fcntl(pair[0], F_GETFL) & O_NONBLOCK) == 0);
	(void)close(pair[0]);
	(void)close(pair[1]);
	assert_int_equal(fd_set_nonblock(pair[0], 1), -EBADF);
}

static void secrets(void **state)
{
	/* BLAKE2b-256 of nothing. */
	static const uint8_t empty[] = {0x0e, 0x57, 0x51, 0xc0, 0x26, 0xe5, 0x43, 0xb2};
	struct secret one CLEANUP(secret_done) = {0}, two CLEANUP(secret_done) = {0};
	uint8_t hash[SECRET_HASH_BYTES];

	assert_int_equal(secret_make_token(&one), 0);
	assert_int_equal(secret_make_token(&two), 0);
	assert_int_equal(one.len, SECRET_TOKEN_TEXT_BYTES - 1);
	assert_int_equal(strspn(one.text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					  "0123456789"),
			 one.len);
	assert_false(secret_equal(one.text, two.text, one.len));
	assert_int_equal(secret_set(&two, one.text, one.len), 0);
	assert_true(secret_equal(one.text, two.text, one.len));
	assert_int_equal(secret_make_password(&one), 0);
	assert_int_equal(one.len, 20);
	assert_null(strpbrk(one.text, "0O1lI"));
	secret_hash("", 0, hash);
	assert_memory_equal(hash, empty, sizeof empty);
}

static void errors(void **state)
{
	struct err err = {0};

#define X(name, number, text)                                                                      \
	assert_string_equal(err_name(name), text);                                                 \
	assert_int_equal(err_from_name(text), name);
	ERR_LIST(X)
#undef X
	assert_string_equal(err_name(-ENOMEM), "server_error");
	assert_int_equal(err_from_name("nonsense"), ERR_SERVER);
	assert_int_equal(err_from_name(NULL), ERR_SERVER);
	assert_int_equal(err_set(&err, ERR_GONE, "%d left", 2), ERR_GONE);
	assert_int_equal(err_wrap(&err, -EIO, "server %s", "a"), -EIO);
	assert_string_equal(err.text, "server a: 2 left");
	assert_int_equal(err.code, -EIO);
	/* Longer than there is room for: cut, not spilt. */
	for (int i = 0; i < 40; i++)
		(void)err_wrap(&err, -EIO, "and another layer %d", i);
	assert_true(strlen(err.text) < sizeof err.text);
	assert_memory_equal(err.text, "and another layer 39: and", 25);
	assert_int_equal(err_set(NULL, ERR_GONE, "x"), ERR_GONE);
}

static int make_dir(void **state)
{
	return secret_setup() < 0 || mkdtemp(dir) == NULL ? -1 : 0;
}

static int remove_dir(void **state)
{
	(void)unlink(in_dir("conf"));
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings),    cmocka_unit_test(networks),
		cmocka_unit_test(mail),        cmocka_unit_test(wrong_settings),
		cmocka_unit_test(small_files), cmocka_unit_test(flags),
		cmocka_unit_test(secrets),     cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
