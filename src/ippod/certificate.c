#include "ippod/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/ip.h"

#define DAY_SECONDS (24L * 60 * 60)
#define CA_DAYS     3650
/* Clients refuse server certificates that live longer than 398 days. */
#define LEAF_DAYS  397
#define RENEW_DAYS 30
#define PATH_BYTES (CONFIG_PATH_BYTES + 32)

DEFINE_CLEANUP(X509, x509, X509_free)
DEFINE_CLEANUP(EVP_PKEY, key, EVP_PKEY_free)
DEFINE_CLEANUP(BIO, bio, BIO_free_all)

int certificate_host(const char *url, char *out, size_t size)
{
	static const char scheme[] = "https://";
	const char *at = url + sizeof scheme - 1;
	size_t len;

	if (strncmp(url, scheme, sizeof scheme - 1) != 0)
		return -EINVAL;
	if (*at == '[') {
		at++;
		len = strcspn(at, "]");
		if (at[len] != ']')
			return -EINVAL;
	} else {
		len = strcspn(at, ":/");
	}
	if (len == 0 || len >= size)
		return -EINVAL;
	memcpy(out, at, len);
	out[len] = '\0';
	return 0;
}

static int failed(struct err *err, const char *what)
{
	return err_set(err, ERR_SERVER, "cannot %s: %s", what,
		       ERR_reason_error_string(ERR_get_error()));
}

static int add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	int ok = extension != NULL && X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	return ok ? 0 : -EINVAL;
}

/* A certificate without extensions or signature: 128-bit random serial, @days from now. */
static X509 *begin(EVP_PKEY *key, const char *name, long days)
{
	X509 *certificate = X509_new();
	unsigned char serial[16];
	BIGNUM *number = NULL;

	if (certificate != NULL && RAND_bytes(serial, sizeof serial) == 1) {
		serial[0] &= 0x7f;
		number = BN_bin2bn(serial, sizeof serial, NULL);
		X509_NAME *subject = X509_get_subject_name(certificate);
		if (number != NULL && X509_set_version(certificate, 2) &&
		    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL &&
		    X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_SECONDS) != NULL &&
		    X509_gmtime_adj(X509_getm_notAfter(certificate), days * DAY_SECONDS) != NULL &&
		    X509_set_pubkey(certificate, key) &&
		    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
					       (const unsigned char *)name, -1, -1, 0)) {
			BN_free(number);
			return certificate;
		}
	}
	BN_free(number);
	X509_free(certificate);
	return NULL;
}

static int write_pem(const char *path, X509 *certificate, EVP_PKEY *key, mode_t mode,
		     struct err *err)
{
	BIO *bio CLEANUP(cleanup_bio) = BIO_new(BIO_s_secmem());
	char *text;
	int ok = bio != NULL &&
		 (certificate != NULL
			  ? PEM_write_bio_X509(bio, certificate)
			  : PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
	long len = ok ? BIO_get_mem_data(bio, &text) : 0;
	int code = ok ? fd_write_file(AT_FDCWD, path, text, (size_t)len, mode) : -EIO;

	return code < 0 ? err_set(err, code, "cannot write %s: %s", path, strerror(-code)) : 0;
}

static X509 *read_certificate(const char *path)
{
	BIO *bio CLEANUP(cleanup_bio) = BIO_new_file(path, "r");

	return bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
}

static EVP_PKEY *read_key(const char *path)
{
	BIO *bio CLEANUP(cleanup_bio) = BIO_new_file(path, "r");

	return bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
}

/* The CA, made when it is not there. A CA of which one half is missing is never replaced silently.
 */
static int prepare_ca(const char *pem, const char *key_path, X509 **ret, EVP_PKEY **ret_key,
		      struct err *err)
{
	X509 *ca CLEANUP(cleanup_x509) = NULL;
	EVP_PKEY *key CLEANUP(cleanup_key) = NULL;
	int code;

	if (access(pem, F_OK) == 0 || access(key_path, F_OK) == 0) {
		ca = read_certificate(pem);
		key = read_key(key_path);
		if (ca == NULL || key == NULL || X509_check_private_key(ca, key) != 1)
			return err_set(err, ERR_CORRUPT,
				       "%s and %s do not belong together: restore them from a "
				       "backup, or remove both "
				       "to make a new CA, which every client must then be given",
				       pem, key_path);
	} else {
		key = EVP_EC_gen("P-256");
		if (key == NULL || (ca = begin(key, "Ippo CA", CA_DAYS)) == NULL ||
		    !X509_set_issuer_name(ca, X509_get_subject_name(ca)) ||
		    add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") <
			    0 ||
		    add_extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign") < 0 ||
		    add_extension(ca, ca, NID_subject_key_identifier, "hash") < 0 ||
		    X509_sign(ca, key, EVP_sha256()) == 0)
			return failed(err, "make the CA");
		/* The key first: a crash between the two leaves a half that the check above names.
		 */
		if ((code = write_pem(key_path, NULL, key, 0600, err)) < 0 ||
		    (code = write_pem(pem, ca, NULL, 0644, err)) < 0)
			return code;
	}
	*ret = steal_ptr(ca);
	*ret_key = steal_ptr(key);
	return 0;
}

static bool names_host(X509 *certificate, const char *host)
{
	struct ip ip;

	return ip_parse(host, &ip) == 0 ? X509_check_ip_asc(certificate, host, 0) == 1
					: X509_check_host(certificate, host, 0, 0, NULL) == 1;
}

static bool still_good(const char *pem, const char *key_path, X509 *ca, const char *host)
{
	X509 *leaf CLEANUP(cleanup_x509) = read_certificate(pem);
	EVP_PKEY *key CLEANUP(cleanup_key) = read_key(key_path);
	time_t later = time(NULL) + RENEW_DAYS * DAY_SECONDS;

	return leaf != NULL && key != NULL && X509_check_private_key(leaf, key) == 1 &&
	       X509_cmp_time(X509_get0_notAfter(leaf), &later) > 0 &&
	       X509_verify(leaf, X509_get0_pubkey(ca)) == 1 && names_host(leaf, host);
}

static int make_leaf(const char *pem, const char *key_path, X509 *ca, EVP_PKEY *ca_key,
		     const char *host, gid_t web_group, struct err *err)
{
	EVP_PKEY *key CLEANUP(cleanup_key) = EVP_EC_gen("P-256");
	X509 *leaf CLEANUP(cleanup_x509) = key != NULL ? begin(key, host, LEAF_DAYS) : NULL;
	char names[512];
	struct ip ip;
	int code;

	(void)snprintf(names, sizeof names, "%s:%s,DNS:localhost,IP:127.0.0.1,IP:::1",
		       ip_parse(host, &ip) == 0 ? "IP" : "DNS", host);
	if (leaf == NULL || !X509_set_issuer_name(leaf, X509_get_subject_name(ca)) ||
	    add_extension(leaf, ca, NID_basic_constraints, "critical,CA:FALSE") < 0 ||
	    add_extension(leaf, ca, NID_key_usage, "critical,digitalSignature") < 0 ||
	    add_extension(leaf, ca, NID_ext_key_usage, "serverAuth") < 0 ||
	    add_extension(leaf, ca, NID_subject_key_identifier, "hash") < 0 ||
	    add_extension(leaf, ca, NID_authority_key_identifier, "keyid:always") < 0 ||
	    add_extension(leaf, ca, NID_subject_alt_name, names) < 0 ||
	    X509_sign(leaf, ca_key, EVP_sha256()) == 0)
		return failed(err, "make the server certificate");
	if ((code = write_pem(key_path, NULL, key, 0640, err)) < 0 ||
	    (code = write_pem(pem, leaf, NULL, 0644, err)) < 0)
		return code;
	if (chown(key_path, 0, web_group) < 0)
		return err_set(err, -errno, "cannot set the owner of %s: %s", key_path,
			       strerror(errno));
	return 0;
}

static int prepare(const struct config *config, struct err *err)
{
	char ca_pem[PATH_BYTES], ca_key_path[PATH_BYTES], pem[PATH_BYTES], key_path[PATH_BYTES],
		host[256];
	const struct passwd *web = getpwnam(config->web_user);
	X509 *ca CLEANUP(cleanup_x509) = NULL;
	EVP_PKEY *ca_key CLEANUP(cleanup_key) = NULL;
	int code;

	if (certificate_host(config->url, host, sizeof host) < 0)
		return err_set(err, ERR_INVALID_INPUT,
			       "url must begin with https:// and name a host, not %s", config->url);
	(void)snprintf(ca_pem, sizeof ca_pem, "%s/ca/ca.pem", config->state_dir);
	(void)snprintf(ca_key_path, sizeof ca_key_path, "%s/ca/ca.key", config->state_dir);
	(void)snprintf(pem, sizeof pem, "%s/web/tls.pem", config->state_dir);
	(void)snprintf(key_path, sizeof key_path, "%s/web/tls.key", config->state_dir);
	if ((code = prepare_ca(ca_pem, ca_key_path, &ca, &ca_key, err)) < 0)
		return code;
	if (still_good(pem, key_path, ca, host))
		return 0;
	return make_leaf(pem, key_path, ca, ca_key, host, web != NULL ? web->pw_gid : 0, err);
}

int certificate_prepare(const struct config *config, struct err *err)
{
	struct err said = {0};
	int pipe_fds[2];
	ssize_t got;
	pid_t child;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_set(err, -errno, "cannot make a pipe: %s", strerror(errno));
	child = fork();
	if (child == 0) {
		(void)prepare(config, &said);
		_exit(fd_write_all(pipe_fds[1], &said, sizeof said) < 0);
	}
	(void)close(pipe_fds[1]);
	do
		got = child > 0 ? read(pipe_fds[0], &said, sizeof said) : 0;
	while (got < 0 && errno == EINTR);
	(void)close(pipe_fds[0]);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	if (got != sizeof said)
		return err_set(err, ERR_SERVER, "the process that makes certificates %s",
			       child < 0 ? "cannot be started" : "ended early");
	return said.code < 0 ? err_set(err, said.code, "%s", said.text) : 0;
}
