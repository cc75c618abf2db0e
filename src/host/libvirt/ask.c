/*
 * The guest is asked on one virtio port and answers on another, because only one program in it can
 * have a port open. Verbs run on worker threads and wait here; answers come by libvirt's event
 * thread. An answer is one of two words and the number of the question: what a hostile guest says
 * in its stead is dropped, and the worst that it can claim is that its own user has to change a
 * password.
 */
#include "host/libvirt/ask.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"

#define PORT_NAME  "org.ippo.ask.0"
#define ANSWER_S   10
#define LINE_BYTES 128

enum outcome { OUTCOME_NONE, OUTCOME_GOOD, OUTCOME_BAD };

struct question {
	struct question *next;
	const uint8_t *uuid;
	uint64_t number;
	enum outcome outcome;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
static struct question *questions;
static uint64_t last_number;

bool ask_take(const uint8_t uuid[UUID_BYTES], const char *line)
{
	static const char good[] = "expired ", bad[] = "not-expired ";
	const bool is_good = strncmp(line, good, sizeof good - 1) == 0;
	uint64_t number;

	if (!is_good && strncmp(line, bad, sizeof bad - 1) != 0)
		return false;
	if (parse_u64(line + (is_good ? sizeof good : sizeof bad) - 1, 1, UINT64_MAX, &number) < 0)
		return true;
	(void)pthread_mutex_lock(&lock);
	for (struct question *at = questions; at != NULL; at = at->next)
		if (at->number == number && memcmp(at->uuid, uuid, UUID_BYTES) == 0)
			at->outcome = is_good ? OUTCOME_GOOD : OUTCOME_BAD;
	(void)pthread_cond_broadcast(&answered);
	(void)pthread_mutex_unlock(&lock);
	return true;
}

/* Not blocking: a guest that does not read must not hold anybody up. A line fits into the socket.
 */
int ask_line(virConnectPtr connection, virDomainPtr domain, const char *line, struct err *err)
{
	virStreamPtr stream = virStreamNew(connection, VIR_STREAM_NONBLOCK);
	const int bytes = (int)strlen(line);
	int code = 0;

	if (stream == NULL || virDomainOpenChannel(domain, PORT_NAME, stream, 0) < 0 ||
	    virStreamSend(stream, line, (size_t)bytes) != bytes)
		code = err_set(err, ERR_UNSUPPORTED, "the guest cannot be asked");
	if (stream == NULL)
		return code;
	if (code == 0)
		(void)virStreamFinish(stream);
	else
		(void)virStreamAbort(stream);
	(void)virStreamFree(stream);
	return code;
}

static void begin(struct question *question)
{
	(void)pthread_mutex_lock(&lock);
	question->number = ++last_number;
	question->next = questions;
	questions = question;
	(void)pthread_mutex_unlock(&lock);
}

/* Waits unless it was not even asked, and forgets the question. */
static enum outcome end(struct question *question, bool is_asked)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ANSWER_S;
	(void)pthread_mutex_lock(&lock);
	while (is_asked && question->outcome == OUTCOME_NONE &&
	       pthread_cond_timedwait(&answered, &lock, &until) != ETIMEDOUT)
		;
	for (struct question **at = &questions; *at != NULL; at = &(*at)->next)
		if (*at == question) {
			*at = question->next;
			break;
		}
	(void)pthread_mutex_unlock(&lock);
	return question->outcome;
}

int ask_expire(virConnectPtr connection, virDomainPtr domain, const uint8_t uuid[UUID_BYTES],
	       const char *user, struct err *err)
{
	struct question question = {.uuid = uuid};
	char line[LINE_BYTES];

	begin(&question);
	(void)snprintf(line, sizeof line, "expire %" PRIu64 " %.40s\n", question.number, user);
	const int code = ask_line(connection, domain, line, err);
	switch (end(&question, code == 0)) {
	case OUTCOME_GOOD:
		return 0;
	case OUTCOME_BAD:
		return err_set(err, ERR_AGENT,
			       "the guest could not make the password expire; set another one "
			       "again");
	case OUTCOME_NONE:
		break;
	}
	return code < 0 ? code : err_set(err, ERR_UNSUPPORTED, "nothing in the guest answers");
}
