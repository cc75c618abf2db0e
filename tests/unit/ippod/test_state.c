// The service's CA and certificate, as OpenSSL's own tool sees them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "ippod/certificate.h"
#include "ippod/state.h"

static char dir[] = "/tmp/ippo-state-XXXXXX";
static struct config config;

static int forget(const char *path, const struct stat *stat, int kind, struct FTW *at)
{
	return remove(path);
}

static int set_up(void **state)
{
	char path[CONFIG_PATH_BYTES + 32];

	if (mkdtemp(dir) == NULL || config_load(NULL, &config, NULL) < 0)
		return -1;
	(void)snprintf(config.state_dir, sizeof config.state_dir, "%s/state", dir);
	(void)snprintf(config.run_dir, sizeof config.run_dir, "%s/run", dir);
	(void)snprintf(config.url, sizeof config.url, "https://vps.example.jp:8443");
	(void)snprintf(config.web_user, sizeof config.web_user, "root");
	(void)snprintf(path, sizeof path, "%s/ca", config.state_dir);
	if (fd_make_dirs(path, 0755) < 0)
		return -1;
	(void)snprintf(path, sizeof path, "%s/web", config.state_dir);
	return fd_make_dirs(path, 0755) < 0 || fd_make_dirs(config.run_dir, 0755) < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	return nftw(dir, forget, 8, FTW_DEPTH | FTW_PHYS);
}

/* Runs it in the state's folder. Its exit status. */
static int openssl(const char *arguments)
{
	char command[512];

	(void)snprintf(command, sizeof command, "cd %s && openssl %s >/dev/null 2>&1",
		       config.state_dir, arguments);
	return system(command);
}

static mode_t mode_of(const char *name)
{
	char path[CONFIG_PATH_BYTES + 32];
	struct stat stat_buf;

	(void)snprintf(path, sizeof path, "%s/%s", config.state_dir, name);
	assert_int_equal(stat(path, &stat_buf), 0);
	return stat_buf.st_mode & 07777;
}

static void read_state(const char *name, struct buf *out)
{
	char path[CONFIG_PATH_BYTES + 32];

	buf_clear(out);
	(void)snprintf(path, sizeof path, "%s/%s", config.state_dir, name);
	assert_int_equal(fd_read_file(AT_FDCWD, path, 65536, out), 0);
}

static void certificates(void **state)
{
	struct buf ca CLEANUP(buf_done) = {0}, leaf CLEANUP(buf_done) = {0},
		      now CLEANUP(buf_done) = {0};
	struct err err = {0};

	if (certificate_prepare(&config, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(openssl("verify -x509_strict -purpose sslserver -CAfile ca/ca.pem "
				 "-verify_hostname vps.example.jp web/tls.pem"),
			 0);
	assert_int_equal(openssl("verify -x509_strict -CAfile ca/ca.pem -verify_ip 127.0.0.1 "
				 "web/tls.pem"),
			 0);
	assert_int_equal(openssl("verify -CAfile ca/ca.pem -verify_hostname localhost web/tls.pem"),
			 0);
	assert_int_not_equal(
		openssl("verify -CAfile ca/ca.pem -verify_hostname other.jp web/tls.pem"), 0);
	/* The server's certificate cannot sign others. */
	assert_int_not_equal(openssl("verify -CAfile web/tls.pem web/tls.pem"), 0);
	/* 398 days from now it is over; in a year it is not. */
	assert_int_not_equal(openssl("x509 -in web/tls.pem -noout -checkend 34387200"), 0);
	assert_int_equal(openssl("x509 -in web/tls.pem -noout -checkend 31536000"), 0);
	assert_int_equal(mode_of("ca/ca.key"), 0600);
	assert_int_equal(mode_of("web/tls.key"), 0640);
	/* The next start changes nothing; another name is a new certificate of the same CA. */
	read_state("ca/ca.pem", &ca);
	read_state("web/tls.pem", &leaf);
	assert_int_equal(certificate_prepare(&config, &err), 0);
	read_state("web/tls.pem", &now);
	assert_string_equal(buf_str(&now), buf_str(&leaf));
	(void)snprintf(config.url, sizeof config.url, "https://[2001:db8::1]:8443");
	assert_int_equal(certificate_prepare(&config, &err), 0);
	assert_int_equal(openssl("verify -x509_strict -CAfile ca/ca.pem -verify_ip 2001:db8::1 "
				 "web/tls.pem"),
			 0);
	read_state("ca/ca.pem", &now);
	assert_string_equal(buf_str(&now), buf_str(&ca));
}

static void half_a_ca(void **state)
{
	char path[CONFIG_PATH_BYTES + 32];
	struct err err = {0};

	(void)snprintf(path, sizeof path, "%s/ca/ca.key", config.state_dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(certificate_prepare(&config, &err), ERR_CORRUPT);
	assert_non_null(strstr(err.text, "ca.key"));
	assert_int_not_equal(access(path, F_OK), 0);
}

static void hosts(void **state)
{
	static const char *const wrong[] = {"http://a", "https://",   "https:///",    "https://:1",
					    "a",        "https://[]", "https://[::1", ""};
	char host[16];

	assert_int_equal(certificate_host("https://a.example:8443/x", host, sizeof host), 0);
	assert_string_equal(host, "a.example");
	assert_int_equal(certificate_host("https://[::1]:8443", host, sizeof host), 0);
	assert_string_equal(host, "::1");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (certificate_host(wrong[i], host, sizeof host) == 0)
			fail_msg("%s was taken", wrong[i]);
	assert_int_equal(certificate_host("https://a23456789012345", host, sizeof host), 0);
	assert_true(certificate_host("https://a234567890123456", host, sizeof host) < 0);
}

static void locks(void **state)
{
	struct buf text CLEANUP(buf_done) = {0};
	struct err err = {0};
	char path[CONFIG_PATH_BYTES + 32];
	int lock = state_lock(&config, &err);

	assert_true(lock >= 0);
	assert_int_equal(state_lock(&config, &err), ERR_IN_USE);
	(void)close(lock);
	lock = state_lock(&config, &err);
	assert_true(lock >= 0);
	(void)close(lock);
	assert_int_equal(state_write_pid(&config, &err), 0);
	(void)snprintf(path, sizeof path, "%s/ippod.pid", config.run_dir);
	assert_int_equal(fd_read_file(AT_FDCWD, path, 32, &text), 0);
	assert_int_equal(strtol(buf_str(&text), NULL, 10), getpid());
}

static void missing_users(void **state)
{
	struct err err = {0};
	struct config other = config;

	(void)snprintf(other.group, sizeof other.group, "nosuchgroup");
	assert_int_equal(state_prepare(&other, &err), ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, "addgroup --system nosuchgroup"));
	(void)snprintf(other.group, sizeof other.group, "root");
	(void)snprintf(other.web_user, sizeof other.web_user, "nosuchuser");
	assert_int_equal(state_prepare(&other, &err), ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, "nosuchuser"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates),  cmocka_unit_test(half_a_ca),
		cmocka_unit_test(hosts),         cmocka_unit_test(locks),
		cmocka_unit_test(missing_users),
	};

	/* Files get owners. */
	return geteuid() != 0 ? 77 : cmocka_run_group_tests(tests, set_up, tear_down);
}
