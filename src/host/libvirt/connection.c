/*
 * Theory of operation. libvirt wants one thread to run its event loop; streams and lifecycle events
 * come from there. That thread also opens the connection and opens it again when it is lost, so
 * that a call never connects: while there is no connection, verbs fail at once with ERR_HYPERVISOR
 * and core tries them again.
 */
#include "host/libvirt/connection.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

#define TICK_MS              500
#define RETRY_MS             1000
#define KEEPALIVE_INTERVAL_S 5
#define KEEPALIVE_COUNT      6

struct connection {
	const char *uri;
	const struct connection_events *events;
	void *context;
	pthread_t thread;
	pthread_mutex_t lock;
	virConnectPtr connection; /* under lock */
	atomic_bool lost;
	atomic_bool stopping;
	bool told_lost;
	int64_t tried_ms;
	int timer;
};

/* libvirt prints errors on standard error unless told otherwise; ours go where they belong. */
static void drop_error(void *context, virErrorPtr error)
{
}

static void on_tick(int timer, void *context)
{
	/* Its only purpose is to let the event loop come back regularly. */
}

static void on_close(virConnectPtr conn, int reason, void *context)
{
	struct connection *connection = context;

	atomic_store(&connection->lost, true);
}

enum host_domain_state connection_state(int state)
{
	switch (state) {
	case VIR_DOMAIN_RUNNING:
	case VIR_DOMAIN_BLOCKED:
		return HOST_DOMAIN_RUNNING;
	case VIR_DOMAIN_PAUSED:
	case VIR_DOMAIN_PMSUSPENDED:
		return HOST_DOMAIN_PAUSED;
	case VIR_DOMAIN_SHUTDOWN:
		return HOST_DOMAIN_STOPPING;
	case VIR_DOMAIN_CRASHED:
		return HOST_DOMAIN_CRASHED;
	default:
		return HOST_DOMAIN_OFF;
	}
}

static int on_lifecycle(virConnectPtr conn, virDomainPtr domain, int event, int detail,
			void *context)
{
	struct connection *connection = context;
	enum host_domain_state state;

	switch (event) {
	case VIR_DOMAIN_EVENT_STARTED:
	case VIR_DOMAIN_EVENT_RESUMED:
		state = HOST_DOMAIN_RUNNING;
		break;
	case VIR_DOMAIN_EVENT_SUSPENDED:
		state = HOST_DOMAIN_PAUSED;
		break;
	case VIR_DOMAIN_EVENT_STOPPED:
		state = detail == VIR_DOMAIN_EVENT_STOPPED_CRASHED ||
					detail == VIR_DOMAIN_EVENT_STOPPED_FAILED
				? HOST_DOMAIN_CRASHED
				: HOST_DOMAIN_OFF;
		break;
	case VIR_DOMAIN_EVENT_CRASHED:
		state = HOST_DOMAIN_CRASHED;
		break;
	case VIR_DOMAIN_EVENT_SHUTDOWN:
		state = HOST_DOMAIN_STOPPING;
		break;
	case VIR_DOMAIN_EVENT_UNDEFINED:
		state = HOST_DOMAIN_ABSENT;
		break;
	default:
		return 0;
	}
	connection->events->domain(connection->context, domain, state);
	return 0;
}

static void on_reboot(virConnectPtr conn, virDomainPtr domain, void *context)
{
	struct connection *connection = context;

	connection->events->reset(connection->context, domain);
}

static void open_connection(struct connection *connection)
{
	virConnectPtr opened;

	if (clock_mono_ms() - connection->tried_ms < RETRY_MS)
		return;
	connection->tried_ms = clock_mono_ms();
	opened = virConnectOpen(connection->uri);
	if (opened == NULL) {
		if (!connection->told_lost)
			log_warning("libvirt does not answer on %s: %s", connection->uri,
				    virGetLastErrorMessage());
		connection->told_lost = true;
		return;
	}
	atomic_store(&connection->lost, false);
	(void)virConnectSetKeepAlive(opened, KEEPALIVE_INTERVAL_S, KEEPALIVE_COUNT);
	if (virConnectRegisterCloseCallback(opened, on_close, connection, NULL) < 0 ||
	    virConnectDomainEventRegisterAny(opened, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
					     VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), connection,
					     NULL) < 0 ||
	    virConnectDomainEventRegisterAny(opened, NULL, VIR_DOMAIN_EVENT_ID_REBOOT,
					     VIR_DOMAIN_EVENT_CALLBACK(on_reboot), connection,
					     NULL) < 0) {
		log_warning("libvirt gives no events: %s", virGetLastErrorMessage());
		(void)virConnectClose(opened);
		return;
	}
	connection->told_lost = false;
	(void)pthread_mutex_lock(&connection->lock);
	connection->connection = opened;
	(void)pthread_mutex_unlock(&connection->lock);
	log_info("connected to libvirt at %s", connection->uri);
	connection->events->opened(connection->context, opened);
}

static void close_connection(struct connection *connection)
{
	(void)pthread_mutex_lock(&connection->lock);
	virConnectPtr old = connection->connection;
	connection->connection = NULL;
	(void)pthread_mutex_unlock(&connection->lock);
	if (old != NULL) {
		(void)virConnectUnregisterCloseCallback(old, on_close);
		(void)virConnectClose(old);
	}
}

static void *run(void *context)
{
	struct connection *connection = context;

	while (!atomic_load(&connection->stopping)) {
		if (connection->connection != NULL && atomic_load(&connection->lost)) {
			log_warning("the connection to libvirt is lost");
			close_connection(connection);
			connection->events->lost(connection->context);
		}
		if (connection->connection == NULL)
			open_connection(connection);
		(void)virEventRunDefaultImpl();
	}
	return NULL;
}

int connection_new(const char *uri, const struct connection_events *events, void *context,
		   struct connection **ret, struct err *err)
{
	struct connection *connection = calloc(1, sizeof *connection);

	if (connection == NULL)
		return err_set(err, -ENOMEM, "no memory");
	connection->uri = uri;
	connection->events = events;
	connection->context = context;
	connection->tried_ms = -RETRY_MS;
	(void)pthread_mutex_init(&connection->lock, NULL);
	virSetErrorFunc(NULL, drop_error);
	if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0 ||
	    (connection->timer = virEventAddTimeout(TICK_MS, on_tick, NULL, NULL)) < 0 ||
	    pthread_create(&connection->thread, NULL, run, connection) != 0) {
		free(connection);
		return err_set(err, ERR_HYPERVISOR, "cannot use libvirt's library: %s",
			       virGetLastErrorMessage());
	}
	*ret = connection;
	return 0;
}

void connection_free(struct connection *connection)
{
	if (connection == NULL)
		return;
	atomic_store(&connection->stopping, true);
	(void)pthread_join(connection->thread, NULL);
	close_connection(connection);
	(void)pthread_mutex_destroy(&connection->lock);
	free(connection);
}

virConnectPtr connection_get(struct connection *connection, struct err *err)
{
	virConnectPtr got = NULL;

	(void)pthread_mutex_lock(&connection->lock);
	if (connection->connection != NULL && !atomic_load(&connection->lost) &&
	    virConnectRef(connection->connection) == 0)
		got = connection->connection;
	(void)pthread_mutex_unlock(&connection->lock);
	if (got == NULL)
		(void)err_set(err, ERR_HYPERVISOR,
			      "libvirt does not answer; it is tried again by itself");
	return got;
}

int connection_error(const char *what, struct err *err)
{
	const virError *last = virGetLastError();
	const char *text =
		last != NULL && last->message != NULL ? last->message : "no reason given";
	const int number = last != NULL ? last->code : VIR_ERR_INTERNAL_ERROR;

	if (number == VIR_ERR_NO_DOMAIN)
		return err_set(err, ERR_NOT_FOUND,
			       "cannot %s: the server is not defined on this host", what);
	if (number == VIR_ERR_RPC || number == VIR_ERR_NO_CONNECT ||
	    number == VIR_ERR_INVALID_CONN || strstr(text, "client socket is closed") != NULL ||
	    strstr(text, "Cannot recv data") != NULL || strstr(text, "Broken pipe") != NULL ||
	    strstr(text, "Connection reset") != NULL ||
	    strstr(text, "End of file while reading data") != NULL)
		return err_set(err, ERR_HYPERVISOR, "cannot %s: the connection to libvirt was lost",
			       what);
	if (strstr(text, "No space left") != NULL)
		return err_set(err, ERR_DISK_FULL, "cannot %s: the disk of this host is full",
			       what);
	if (strstr(text, "annot allocate memory") != NULL ||
	    strstr(text, "cannot set up guest memory") != NULL)
		return err_set(err, ERR_MEMORY_FULL,
			       "cannot %s: the memory of this host is used up", what);
	return err_set(err, ERR_HYPERVISOR_FAILED, "cannot %s: %s", what, text);
}
