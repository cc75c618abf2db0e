// Public keys: what ssh-keygen makes is read as ssh-keygen reads it; what could do harm is refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/cleanup.h"
#include "model/sshkey.h"

static const char ed25519[] =
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILlprTpMuRDRaN+UeaQhEQmslPKf71cbR+tH"
	"VWxmtJGu taro@hajime";
static const char rsa2048[] =
	"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCyIUVLnBP8AOhJW3BLi5iTPbRYzKG91LOT"
	"fKIcdq03AcTjWIYHQ43sJT5sij4G1vklmgtygspOVP7F4WioXc9h22/FaZv3MlCF8W+7ulZf"
	"rGq0mGPsXob9xDZPdO035CtGylGCUa6MRz4h/N6PWWeZ5c+ZiT2aF99nAOQetO+EEuLAmFkQ"
	"OZTwKQutL3/vDABULZiECwp4Z7AoZoYL9mkMCBh6RFqt+ruVW9DROJNFNmFMfa1n92pR0Cv5"
	"EILbU3kr8ecRuJ1BUwEzJ/JpWh50A02XbibGhDgQhAll7jzwgzUrxE5I3g/1YZIp7yVDmsVk"
	"/bMfCImezzRJ5AaWzETx";
static const char rsa2047[] =
	"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAGOU/w25okELDHw+buyMAc8sO+XCmvbQgNVS"
	"x8lrrFePCKHh1AB/5AsumzEd8RvciUZbYyVkHIw1CDL1gI3oiUtwBuAPy/yQRsc/LR78XLsq"
	"d2jcBhN1nv5tYiqZu3Oj/5fWTJZKsV6fL/kBJNgVLj3KO//9UI+IsyQoO4+0QLs2FrEvbYyc"
	"9iiBOQdRjo9dShoAqTo1SUIz5BPmSrAXMdVTYNKSBT+MDacW/WWVhBT4jsozyJebOmqyOF66"
	"dUW938tahz4NgknvQTznT7dmJ4Kh8Ej771q5x4BIeniboxvwEL9+4Nu5DOeXi63fffDVwKBO"
	"fXaFt8xh1g0O09G4diE=";
static const char rsa1024[] =
	"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC9wyH5OKqFqS0p5bzifeeTKfFuSTh2rEXc"
	"g68kVkBVrTgDEq5BghnKZX1OOUuLuoqSisZ4gpbBADvtn1ntJXOiM+SoTpigMkEwSN9TNEIP"
	"jMWo+VhxXquF7LZu+/+O5UoiyTZnfJI5v2s592ITErgSkEiAWIZI4BgCb+r6gadSRQ== x";
static const char ecdsa256[] =
	"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABB"
	"BOH3jmvkwVOTXx/vVRAXbi0gTRdpRfYf8WPOyjfeMEWmQJVCSrxBJw8vPyBeLGy8kZT98V1p"
	"BuzNHY5WRkOOmTA= e256";
static const char ecdsa384[] =
	"ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABh"
	"BOZGcenGjsIppDa3F3PZryLMo93KwbXjVqNj9rxM9uqKq735RaOQRxi33U96nBgS9Fkxh1FJ"
	"2bjfOAFbgMFC66OcibPYWBTt7TUBDPwKi7BXv5lfC49TUrfd0f9fsDfJeg== e384";
static const char ecdsa521[] =
	"ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACF"
	"BAD1xIHzuffqMN5zS52gHEMT0X4uHdkagjYxCfLdwRgGXe6vsSpMExun0yDWF8/Q2jd+T3cb"
	"ucZHUTLpzocPGMcMfwGHNhOyKQAooI7fTNw7tAHl8QSN9DQp6HkxqsJMALEs/JNXJZGb6Y7w"
	"aMLj0hcQMf3kCrVCwaoMNSTkk4CH/wA52w== e521";
static const char security_key[] =
	"sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAI"
	"AABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fAAAABHNzaDo= sk";
static const char dsa[] = "ssh-dss AAAAB3NzaC1kc3MAAACBAM0W4mnZGP4wH/TrcqSXxwURChCJ8RaOlO/txjRcWLi5"
			  "DMASo05sKmC2o1U7mjFZK3fMq4pvWPynryyoHcCXQ2XS8D6+qY9XkZuHA2s/JgzABsTBLWrM"
			  "SwxPUZZJwmAVRzijC9+xA/k6e8HWg0Sr7ZSxhAGIaMyT2FyyiekxZ41bAAAAFQD/5Tb6ccOz"
			  "RcEw1+JJWker90yTuQAAAIAdXaWNiEixHZn6Aqm4brMbme583nEwlDEjZMmKkTxD8tGgXWmy"
			  "AxA8rrpg3uLK+9BrMQdHAxdDF7q7jLA72j9s3uTJbnoUKzGQ7MNsBxXikp+fYIrO1L6Ekb4E"
			  "f8bcPCOBgzMOiG78O2zn9dHSrIu0Ujv99NyeqYi+IETAPgJH+AAAAIEAlcEH2bpM+LvF8pZ4"
			  "EEDjPdlcYkR50OpQ+l3tsWJYQeZ+a/H0egVL2DJ0H6Wmmz/vht4Rp5mfiN/Gj8C1z8aTFQmz"
			  "hPdfJ9LX6fpUl8MOOmbUfvHm9U3HbNJQBFDC6JQZF9rWS+A8QeAG9wPkVqR5oNbBkavwc6Kq"
			  "N23kayqLm3s= d";

static int parse(const char *text, struct sshkey_public *ret, struct err *err)
{
	return sshkey_parse(text, strlen(text), ret, err);
}

static void refuse(const char *text, const char *words)
{
	struct sshkey_public key CLEANUP(sshkey_public_done) = {0};
	struct err err = {0};

	assert_int_equal(parse(text, &key, &err), ERR_INVALID_INPUT);
	if (!strstr(err.text, words))
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

/* Type, base64 of @blob, no comment. */
static char *line_of(const char *type, const uint8_t *blob, size_t bytes)
{
	char *base64 AUTO_FREE = malloc(bytes * 2 + 8);
	char *line = NULL;

	assert_non_null(base64);
	(void)sodium_bin2base64(base64, bytes * 2 + 8, blob, bytes, sodium_base64_VARIANT_ORIGINAL);
	assert_true(asprintf(&line, "%s %s", type, base64) > 0);
	return line;
}

static void fingerprints_are_those_of_ssh_keygen(void **state)
{
	static const struct {
		const char *line;
		unsigned bits;
		const char *md5;
		const char *sha256;
		const char *comment;
	} cases[] = {
		{ed25519, 256, "d5:8d:c3:25:8d:2f:30:c1:ea:53:4e:d5:2b:d7:9a:0d",
		 "SHA256:540nOBy028iBJBkgt2Cg/e4xOc0lduvt3KQLIu6leDY", "taro@hajime"},
		{rsa2048, 2048, "ba:02:48:f4:55:0b:2f:49:1e:cb:89:df:5b:a3:fc:4c",
		 "SHA256:9osHuGy5XHBDI0hRjQtN+bQYzfoFCJYu1myTRcR/vqM", ""},
		{ecdsa256, 256, "95:6a:c5:d6:f1:6b:fe:1c:46:75:77:14:3a:b8:c2:aa",
		 "SHA256:N/QdYF1BiOX+UnE8VHCP1R8mBTiqSynA5kORQwAc9ZE", "e256"},
		{ecdsa384, 384, "2c:aa:82:2b:a7:95:a2:c2:0e:69:a5:85:52:99:1a:1f",
		 "SHA256:/kchlTswLayrqFrmDP8Atu86f6u35pW1RuAA051QVnU", "e384"},
		{ecdsa521, 521, "05:91:96:43:b5:2f:aa:7c:95:f2:69:38:6f:28:6e:76",
		 "SHA256:jWght8Lp25NP40wtBMLSaePjeKd/XPT5KhpwuhUVMJk", "e521"},
		{security_key, 256, "cf:44:e4:6b:27:42:ed:24:a2:8a:c7:78:81:89:dc:78",
		 "SHA256:/p0CbeE3dk2SyW1OXXsThGc12ezDVD8eGw2/vtztDfk", "sk"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sshkey_public key CLEANUP(sshkey_public_done) = {0};

		assert_int_equal(parse(cases[i].line, &key, NULL), 0);
		assert_int_equal(key.bits, cases[i].bits);
		assert_string_equal(key.fingerprint, cases[i].md5);
		assert_string_equal(key.sha256, cases[i].sha256);
		assert_string_equal(key.comment, cases[i].comment);
		assert_string_equal(key.text, cases[i].line);
	}
}

static void spaces_and_newline_at_the_ends_are_dropped(void **state)
{
	struct sshkey_public key CLEANUP(sshkey_public_done) = {0};
	char line[512];

	(void)snprintf(line, sizeof(line), "  %s  \r\n", ed25519);
	assert_int_equal(parse(line, &key, NULL), 0);
	assert_string_equal(key.text, ed25519);
}

static void weak_and_foreign_keys_are_refused(void **state)
{
	refuse(rsa2047, "2047 bits");
	refuse(rsa1024, "1024 bits");
	refuse(dsa, "other types are not taken");
	refuse("", "empty");
	refuse("-----BEGIN OPENSSH PRIVATE KEY-----", "private key");
	refuse("---- BEGIN SSH2 PUBLIC KEY ----", "ssh-keygen -i");
	refuse("ssh-ed25519", "base64");
	refuse("ssh-ed25519 ", "base64");
}

static void what_could_change_authorized_keys_is_refused(void **state)
{
	char line[1024];

	(void)snprintf(line, sizeof(line), "command=\"/bin/sh\" %s", ed25519);
	refuse(line, "options before it");
	(void)snprintf(line, sizeof(line), "%s\n%s", ed25519, ed25519);
	refuse(line, "one key on one line");
	(void)snprintf(line, sizeof(line), "%s\rroot", ed25519);
	refuse(line, "one key on one line");
	(void)snprintf(line, sizeof(line), "%s\tx", ed25519);
	refuse(line, "control character");
	(void)snprintf(line, sizeof(line), "%s \x1b[2J", ed25519);
	refuse(line, "control character");
	(void)snprintf(line, sizeof(line), "%s \xff", ed25519);
	refuse(line, "UTF-8");
}

static void a_nul_inside_is_refused(void **state)
{
	struct sshkey_public key CLEANUP(sshkey_public_done) = {0};
	char line[sizeof(ed25519)];

	memcpy(line, ed25519, sizeof(line));
	line[sizeof(line) - 4] = '\0';
	assert_int_equal(sshkey_parse(line, sizeof(line) - 1, &key, NULL), ERR_INVALID_INPUT);
}

static void the_inside_must_match_the_type(void **state)
{
	/* An Ed25519 blob under other names, shortened, lengthened, and with a foreign length. */
	uint8_t blob[64] = {0,   0,   0,   11,  's', 's', 'h', '-', 'e', 'd',
			    '2', '5', '5', '1', '9', 0,   0,   0,   32};
	const size_t whole = 4 + 11 + 4 + 32;
	struct sshkey_public key CLEANUP(sshkey_public_done) = {0};
	char *good AUTO_FREE = line_of("ssh-ed25519", blob, whole);
	char *renamed AUTO_FREE = line_of("ssh-rsa", blob, whole);
	char *shorter AUTO_FREE = line_of("ssh-ed25519", blob, whole - 1);
	char *longer AUTO_FREE = line_of("ssh-ed25519", blob, whole + 1);
	char *huge AUTO_FREE = NULL;

	blob[15] = 0xff;
	huge = line_of("ssh-ed25519", blob, whole);
	assert_int_equal(parse(good, &key, NULL), 0);
	refuse(renamed, "damaged");
	refuse(shorter, "32 bytes");
	refuse(longer, "more bytes");
	refuse(huge, "32 bytes");
}

static void base64_is_read_strictly(void **state)
{
	char line[512];

	(void)snprintf(line, sizeof(line), "%s", ed25519);
	*strchr(line + 12, 'A') = '*';
	refuse(line, "base64");
	(void)snprintf(line, sizeof(line), "%.*s", (int)(strcspn(ed25519, " ") + 60), ed25519);
	refuse(line, "");
}

static void lengths_at_the_limit_and_past_it(void **state)
{
	struct sshkey_public key CLEANUP(sshkey_public_done) = {0};
	char line[SSHKEY_MAX_TEXT_BYTES + 2];
	size_t base = strcspn(ed25519 + 12, " ") + 12;

	memcpy(line, ed25519, base);
	line[base] = ' ';
	memset(line + base + 1, 'c', sizeof(line) - base - 1);
	assert_int_equal(sshkey_parse(line, base + 1 + SSHKEY_COMMENT_BYTES - 1, &key, NULL), 0);
	sshkey_public_done(&key);
	assert_int_equal(sshkey_parse(line, base + 1 + SSHKEY_COMMENT_BYTES, &key, NULL),
			 ERR_INVALID_INPUT);

	struct err err = {0};

	assert_int_equal(sshkey_parse(line, SSHKEY_MAX_TEXT_BYTES, &key, &err), ERR_INVALID_INPUT);
	assert_non_null(strstr(err.text, "comment"));
	assert_int_equal(sshkey_parse(line, SSHKEY_MAX_TEXT_BYTES + 1, &key, &err),
			 ERR_INVALID_INPUT);
	assert_non_null(strstr(err.text, "longer than"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fingerprints_are_those_of_ssh_keygen),
		cmocka_unit_test(spaces_and_newline_at_the_ends_are_dropped),
		cmocka_unit_test(weak_and_foreign_keys_are_refused),
		cmocka_unit_test(what_could_change_authorized_keys_is_refused),
		cmocka_unit_test(a_nul_inside_is_refused),
		cmocka_unit_test(the_inside_must_match_the_type),
		cmocka_unit_test(base64_is_read_strictly),
		cmocka_unit_test(lengths_at_the_limit_and_past_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
