/*
 * Theory of operation. That root is refused means something only when the server would have taken
 * the key: so it is first asked whether it would (RFC 4252 section 7: an offer of a key without a
 * signature), and then whether what is signed gets in. "I know this key" and "no" together are the
 * proof; a server that never knew the key proves nothing.
 *
 * A server that answers slowly, a byte at a time, must not hold us: an alarm shuts the socket down,
 * and libssh sees the end of the connection.
 */
#include "probe/login.h"

#include <libssh/libssh.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "probe/reach.h"

#define STEP_TIMEOUT_S 10
#define SECRET_BYTES   24

static volatile sig_atomic_t watched_fd = -1;

static void on_alarm(int signal)
{
	(void)signal;
	if (watched_fd >= 0)
		(void)shutdown(watched_fd, SHUT_RDWR);
}

static void put_u32(struct buf *out, uint32_t value)
{
	const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16),
				  (uint8_t)(value >> 8), (uint8_t)value};

	(void)buf_append(out, bytes, sizeof bytes);
}

static void put_string(struct buf *out, const void *data, size_t bytes)
{
	put_u32(out, (uint32_t)bytes);
	(void)buf_append(out, data, bytes);
}

/* PROTOCOL.key of OpenSSH, without a passphrase: the form libssh reads. */
static void write_key(struct buf *out, const uint8_t key[PROBE_KEY_BYTES])
{
	static const char type[] = "ssh-ed25519";
	const uint8_t *public = key + 32;
	struct buf blob CLEANUP(buf_done) = {0}, secret CLEANUP(buf_done) = {0},
			whole CLEANUP(buf_done) = {0};
	char *text;
	size_t size;

	put_string(&blob, type, sizeof type - 1);
	put_string(&blob, public, 32);
	put_u32(&secret, 1);
	put_u32(&secret, 1);
	put_string(&secret, type, sizeof type - 1);
	put_string(&secret, public, 32);
	put_string(&secret, key, PROBE_KEY_BYTES);
	put_string(&secret, "", 0);
	for (char pad = 1; secret.len % 8 != 0; pad++)
		(void)buf_putc(&secret, pad);
	(void)buf_append(&whole, "openssh-key-v1", 15);
	put_string(&whole, "none", 4);
	put_string(&whole, "none", 4);
	put_string(&whole, "", 0);
	put_u32(&whole, 1);
	put_string(&whole, blob.data, blob.len);
	put_string(&whole, secret.data, secret.len);
	size = sodium_base64_ENCODED_LEN(whole.len, sodium_base64_VARIANT_ORIGINAL);
	text = malloc(size);
	if (text != NULL) {
		(void)sodium_bin2base64(text, size, whole.data, whole.len,
					sodium_base64_VARIANT_ORIGINAL);
		(void)buf_puts(out, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
		for (size_t at = 0; text[at] != '\0'; at += strnlen(text + at, 70))
			(void)buf_printf(out, "%.70s\n", text + at);
		(void)buf_puts(out, "-----END OPENSSH PRIVATE KEY-----\n");
		explicit_bzero(text, size);
		free(text);
	}
	explicit_bzero(secret.data, secret.len);
	explicit_bzero(whole.data, whole.len);
}

static ssh_key read_key(const uint8_t key[PROBE_KEY_BYTES])
{
	struct buf text CLEANUP(buf_done) = {0};
	ssh_key ret = NULL;

	write_key(&text, key);
	if (text.error == 0)
		(void)ssh_pki_import_privkey_base64(buf_str(&text), NULL, NULL, NULL, &ret);
	if (text.data != NULL)
		explicit_bzero(text.data, text.len);
	return ret;
}

static ssh_session open_session(int fd, const char *user)
{
	const long timeout_s = STEP_TIMEOUT_S;
	const int no = 0, quiet = SSH_LOG_NOLOG;
	ssh_session session = ssh_new();

	if (session == NULL)
		return NULL;
	if (ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &no) < 0 ||
	    ssh_options_set(session, SSH_OPTIONS_LOG_VERBOSITY, &quiet) < 0 ||
	    ssh_options_set(session, SSH_OPTIONS_SSH_DIR, "/nonexistent") < 0 ||
	    ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, "/dev/null") < 0 ||
	    ssh_options_set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null") < 0 ||
	    ssh_options_set(session, SSH_OPTIONS_HOST, "server") < 0 ||
	    ssh_options_set(session, SSH_OPTIONS_USER, user) < 0 ||
	    ssh_options_set(session, SSH_OPTIONS_TIMEOUT, &timeout_s) < 0 ||
	    ssh_options_set(session, SSH_OPTIONS_FD, &fd) < 0) {
		ssh_free(session);
		return NULL;
	}
	return session;
}

static void note_host_key(ssh_session session, struct probe_answer *answer)
{
	ssh_key key = NULL;
	char *text = NULL;

	if (ssh_get_server_publickey(session, &key) != SSH_OK)
		return;
	if (ssh_pki_export_pubkey_base64(key, &text) == SSH_OK && text != NULL &&
	    strlen(text) < sizeof answer->host_key)
		memcpy(answer->host_key, text, strlen(text) + 1);
	ssh_string_free_char(text);
	ssh_key_free(key);
}

static uint8_t ask_methods(ssh_session session)
{
	const int code = ssh_userauth_none(session, NULL);
	const unsigned offered = (unsigned)ssh_userauth_list(session, NULL);
	uint8_t methods = 0;

	if (code == SSH_AUTH_SUCCESS)
		return PROBE_METHOD_NONE;
	if (code == SSH_AUTH_ERROR)
		return 0;
	if ((offered & SSH_AUTH_METHOD_PUBLICKEY) != 0)
		methods |= PROBE_METHOD_KEY;
	if ((offered & SSH_AUTH_METHOD_PASSWORD) != 0)
		methods |= PROBE_METHOD_PASSWORD;
	if ((offered & SSH_AUTH_METHOD_INTERACTIVE) != 0)
		methods |= PROBE_METHOD_KEYBOARD;
	if ((offered & (SSH_AUTH_METHOD_HOSTBASED | SSH_AUTH_METHOD_GSSAPI_MIC)) != 0)
		methods |= PROBE_METHOD_OTHER;
	return methods;
}

static uint8_t try_password(ssh_session session)
{
	char secret[2 * SECRET_BYTES + 1];
	uint8_t random[SECRET_BYTES];

	randombytes_buf(random, sizeof random);
	(void)sodium_bin2hex(secret, sizeof secret, random, sizeof random);
	switch (ssh_userauth_password(session, NULL, secret)) {
	case SSH_AUTH_SUCCESS:
	case SSH_AUTH_PARTIAL:
		return PROBE_LOGIN_IN;
	case SSH_AUTH_DENIED:
		return PROBE_LOGIN_REFUSED;
	default:
		return PROBE_LOGIN_BROKEN;
	}
}

static uint8_t try_key(ssh_session session, ssh_key key)
{
	switch (ssh_userauth_try_publickey(session, NULL, key)) {
	case SSH_AUTH_SUCCESS:
		break;
	case SSH_AUTH_DENIED:
		return PROBE_LOGIN_UNKNOWN;
	default:
		return PROBE_LOGIN_BROKEN;
	}
	switch (ssh_userauth_publickey(session, NULL, key)) {
	case SSH_AUTH_SUCCESS:
		return PROBE_LOGIN_IN;
	case SSH_AUTH_DENIED:
	case SSH_AUTH_PARTIAL:
		return PROBE_LOGIN_REFUSED;
	default:
		return PROBE_LOGIN_BROKEN;
	}
}

/* One connection: as root, or as the user. */
static void try_one(const struct ip *ip, const struct probe_look *look, bool is_root,
		    struct probe_answer *answer)
{
	uint8_t *const methods = is_root ? &answer->root_methods : &answer->methods;
	uint8_t *const login = is_root ? &answer->root : &answer->user;
	const char *user = is_root || look->user[0] == '\0' ? "root" : look->user;
	AUTO_CLOSE int fd = reach_connect(ip, look->ssh_port);
	ssh_session session;
	ssh_key key = NULL;
	int own;

	if (fd < 0 || (own = dup(fd)) < 0)
		return;
	/* libssh closes the one it has; the alarm needs one that is there for certain. */
	session = open_session(own, user);
	if (session == NULL) {
		(void)close(own);
		return;
	}
	watched_fd = fd;
	(void)alarm(LOGIN_MAX_S);
	if (ssh_connect(session) == SSH_OK) {
		note_host_key(session, answer);
		*methods = ask_methods(session);
		if (!is_root && *methods != 0 && *methods != PROBE_METHOD_NONE)
			answer->password = try_password(session);
		if (*methods == PROBE_METHOD_NONE)
			*login = PROBE_LOGIN_IN;
		else if (look->has_key && *methods != 0 && (key = read_key(look->key)) != NULL)
			*login = try_key(session, key);
	}
	(void)alarm(0);
	watched_fd = -1;
	ssh_key_free(key);
	ssh_disconnect(session);
	ssh_free(session);
}

int login_setup(void)
{
	return ssh_init() == SSH_OK ? 0 : -1;
}

void login_try(const struct ip *ip, const struct probe_look *look, struct probe_answer *answer)
{
	const struct sigaction action = {.sa_handler = on_alarm};

	(void)sigaction(SIGALRM, &action, NULL);
	try_one(ip, look, false, answer);
	try_one(ip, look, true, answer);
}
