#include "core/auth/password.h"

#include <crypt.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"

/* 19 MiB and 2 passes: OWASP's advice for argon2id, and small enough for a small machine. */
#define HASH_PASSES          2
#define HASH_MEMORY_BYTES    ((size_t)19 * 1024 * 1024)
#define MAX_WAITING          16
#define TRIES_KEPT           1024
#define FREE_TRIES           3
#define DELAY_FIRST_MS       1000
#define DELAY_MAX_MS         60000
#define ACCOUNT_FREE_TRIES   20
#define ACCOUNT_DELAY_MAX_MS 5000
#define FORGET_MS            (INT64_C(15) * 60 * 1000)

struct tries {
	uint64_t key;
	unsigned wrong;
	int64_t last_ms;
};

struct password_guard {
	struct core *core;
	char dummy[ACCOUNT_PASSWORD_HASH_BYTES];
	unsigned waiting;
	struct tries tries[TRIES_KEPT]; /* by key, newest wins a place */
};

struct work {
	uv_work_t work;
	struct password_guard *guard;
	struct secret password;
	char hash[ACCOUNT_PASSWORD_HASH_BYTES];
	bool verify;
	bool known;
	bool right;
	void (*verified)(void *context, bool right);
	void (*hashed)(void *context, const char *hash);
	void *context;
};

int password_guard_new(struct core *core, struct password_guard **ret, struct err *err)
{
	struct password_guard *guard = calloc(1, sizeof *guard);

	if (guard == NULL ||
	    crypto_pwhash_str(guard->dummy, "nobody's", 8, HASH_PASSES, HASH_MEMORY_BYTES) < 0) {
		free(guard);
		return err_set(err, -ENOMEM, "no memory to hash passwords");
	}
	guard->core = core;
	*ret = guard;
	return 0;
}

void password_guard_free(struct password_guard *guard)
{
	free(guard);
}

static struct tries *find(struct password_guard *guard, const char *account, const char *peer)
{
	uint8_t hash[SECRET_HASH_BYTES];
	char text[512];
	uint64_t key;

	const int len = snprintf(text, sizeof text, "%s\n%s", account, peer);
	secret_hash(text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1, hash);
	memcpy(&key, hash, sizeof key);
	struct tries *tries = &guard->tries[key % TRIES_KEPT];
	if (tries->key != key || clock_mono_ms() - tries->last_ms > FORGET_MS)
		*tries = (struct tries){.key = key, .last_ms = clock_mono_ms()};
	return tries;
}

static int64_t delay(const struct tries *tries, unsigned free_tries, int64_t most_ms)
{
	int64_t wait_ms = DELAY_FIRST_MS;

	if (tries->wrong < free_tries)
		return 0;
	for (unsigned i = free_tries; i < tries->wrong && wait_ms < most_ms; i++)
		wait_ms *= 2;
	wait_ms = (wait_ms < most_ms ? wait_ms : most_ms) - (clock_mono_ms() - tries->last_ms);
	return wait_ms > 0 ? wait_ms : 0;
}

int64_t password_guard_delay(struct password_guard *guard, const char *account, const char *peer)
{
	const int64_t here = delay(find(guard, account, peer), FREE_TRIES, DELAY_MAX_MS);
	const int64_t anywhere =
		delay(find(guard, account, ""), ACCOUNT_FREE_TRIES, ACCOUNT_DELAY_MAX_MS);

	return here > anywhere ? here : anywhere;
}

void password_guard_note(struct password_guard *guard, const char *account, const char *peer,
			 bool right)
{
	struct tries *both[2] = {find(guard, account, peer), find(guard, account, "")};

	for (size_t i = 0; i < 2; i++) {
		both[i]->wrong = right ? 0 : both[i]->wrong + 1;
		both[i]->last_ms = clock_mono_ms();
	}
}

static void on_work(uv_work_t *handle)
{
	struct work *work = handle->data;

	if (work->verify)
		work->right = crypto_pwhash_str_verify(work->hash, work->password.text,
						       work->password.len) == 0 &&
			      work->known;
	else if (crypto_pwhash_str(work->hash, work->password.text, work->password.len, HASH_PASSES,
				   HASH_MEMORY_BYTES) < 0)
		work->hash[0] = '\0';
}

static void on_work_done(uv_work_t *handle, int status)
{
	struct work *work = handle->data;

	work->guard->waiting--;
	if (work->verify)
		work->verified(work->context, work->right);
	else
		work->hashed(work->context, work->hash);
	secret_done(&work->password);
	sodium_memzero(work->hash, sizeof work->hash);
	free(work);
}

static int begin(struct password_guard *guard, struct work *work, const char *password,
		 struct err *err)
{
	if (guard->waiting >= MAX_WAITING ||
	    secret_set(&work->password, password, strlen(password)) < 0) {
		free(work);
		return err_set(
			err, ERR_UNAVAILABLE,
			"too many people sign in at this moment; try again in a few seconds");
	}
	work->guard = guard;
	work->work.data = work;
	guard->waiting++;
	(void)uv_queue_work(&guard->core->loop, &work->work, on_work, on_work_done);
	return 0;
}

int password_verify(struct password_guard *guard, const char *password, const char *hash,
		    void (*done)(void *context, bool right), void *context, struct err *err)
{
	struct work *work = calloc(1, sizeof *work);

	if (work == NULL)
		return err_set(err, -ENOMEM, "no memory");
	work->verify = true;
	work->known = hash != NULL && *hash != '\0';
	(void)snprintf(work->hash, sizeof work->hash, "%s", work->known ? hash : guard->dummy);
	work->verified = done;
	work->context = context;
	return begin(guard, work, password, err);
}

int password_hash(struct password_guard *guard, const char *password,
		  void (*done)(void *context, const char *hash), void *context, struct err *err)
{
	struct work *work = calloc(1, sizeof *work);

	if (work == NULL)
		return err_set(err, -ENOMEM, "no memory");
	work->hashed = done;
	work->context = context;
	return begin(guard, work, password, err);
}

int password_hash_guest(const char *password, char out[GUEST_HASH_BYTES])
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	struct crypt_data *data = calloc(1, sizeof *data);
	const char *hash = NULL;

	if (data != NULL && crypt_gensalt_rn("$6$", 0, NULL, 0, setting, sizeof setting) != NULL)
		hash = crypt_r(password, setting, data);
	const int code = hash == NULL || hash[0] != '$' ? -EIO : 0;
	if (code == 0)
		(void)snprintf(out, GUEST_HASH_BYTES, "%s", hash);
	if (data != NULL)
		sodium_memzero(data, sizeof *data);
	free(data);
	return code;
}
