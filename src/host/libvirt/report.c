#include "host/libvirt/report.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "host/libvirt/ask.h"

#define PORT_NAME  "org.ippo.report.0"
#define READ_BYTES 4096

struct listener {
	struct listener *next;
	struct reports *reports;
	uint8_t uuid[UUID_BYTES];
	virStreamPtr stream;
	struct report_lines lines;
};

struct reports {
	const struct driver_events *events;
	pthread_mutex_t lock;
	struct listener *listeners;
};

int reports_new(const struct driver_events *events, struct reports **ret)
{
	struct reports *reports = calloc(1, sizeof *reports);

	if (reports == NULL)
		return -ENOMEM;
	reports->events = events;
	(void)pthread_mutex_init(&reports->lock, NULL);
	*ret = reports;
	return 0;
}

static void say(void *context, const char *line)
{
	struct listener *listener = context;

	if (ask_take(listener->uuid, line))
		return;
	listener->reports->events->report(listener->reports->events->context, listener->uuid, line);
}

/* Takes it out of the list; NULL when it is not there (any more). */
static struct listener *take_out(struct reports *reports, const uint8_t *uuid, virStreamPtr stream)
{
	struct listener *found = NULL;

	(void)pthread_mutex_lock(&reports->lock);
	for (struct listener **at = &reports->listeners; *at != NULL; at = &(*at)->next)
		if (uuid != NULL ? memcmp((*at)->uuid, uuid, UUID_BYTES) == 0
				 : (*at)->stream == stream) {
			found = *at;
			*at = found->next;
			break;
		}
	(void)pthread_mutex_unlock(&reports->lock);
	return found;
}

/* libvirt calls this when the callback is removed and not running (any more): only then is nobody
 * left who uses the listener. */
static void free_listener(void *context)
{
	struct listener *listener = context;

	(void)virStreamFree(listener->stream);
	free(listener);
}

/* Whoever took it out of the list ends it, once. */
static void end(struct listener *listener)
{
	virStreamPtr stream = listener->stream;

	(void)virStreamRef(stream);
	(void)virStreamEventRemoveCallback(stream);
	(void)virStreamAbort(stream);
	(void)virStreamFree(stream);
}

static void on_stream(virStreamPtr stream, int events, void *context)
{
	struct listener *listener = context;
	char data[READ_BYTES];
	int got = 0;

	if ((events & VIR_STREAM_EVENT_READABLE) != 0)
		while ((got = virStreamRecv(stream, data, sizeof data)) > 0)
			report_lines_take(&listener->lines, data, (size_t)got, clock_now_ms(), say,
					  listener);
	/* -2: nothing more for now. 0 or -1: the guest is off, or the connection is gone. */
	if (got == 0 || got == -1 ||
	    (events & (VIR_STREAM_EVENT_ERROR | VIR_STREAM_EVENT_HANGUP)) != 0) {
		listener = take_out(listener->reports, NULL, stream);
		if (listener != NULL)
			end(listener);
	}
}

void reports_attach(struct reports *reports, virConnectPtr connection,
		    const uint8_t uuid[UUID_BYTES])
{
	virDomainPtr domain = virDomainLookupByUUID(connection, uuid);
	struct listener *listener = calloc(1, sizeof *listener), *old;

	if (domain == NULL || listener == NULL)
		goto fail;
	if ((old = take_out(reports, uuid, NULL)) != NULL)
		end(old);
	listener->reports = reports;
	memcpy(listener->uuid, uuid, UUID_BYTES);
	listener->stream = virStreamNew(connection, VIR_STREAM_NONBLOCK);
	if (listener->stream == NULL ||
	    virDomainOpenChannel(domain, PORT_NAME, listener->stream, 0) < 0)
		goto fail;
	/* Held over both: a stream that ends at once must find its listener in the list. */
	(void)pthread_mutex_lock(&reports->lock);
	const bool is_added =
		virStreamEventAddCallback(listener->stream,
					  VIR_STREAM_EVENT_READABLE | VIR_STREAM_EVENT_ERROR |
						  VIR_STREAM_EVENT_HANGUP,
					  on_stream, listener, free_listener) == 0;
	if (is_added) {
		listener->next = reports->listeners;
		reports->listeners = listener;
	}
	(void)pthread_mutex_unlock(&reports->lock);
	if (!is_added)
		goto fail;
	(void)virDomainFree(domain);
	return;
fail:
	log_debug("no report port: %s", virGetLastErrorMessage());
	if (listener != NULL && listener->stream != NULL) {
		(void)virStreamAbort(listener->stream);
		(void)virStreamFree(listener->stream);
	}
	free(listener);
	if (domain != NULL)
		(void)virDomainFree(domain);
}

void reports_detach(struct reports *reports, const uint8_t uuid[UUID_BYTES])
{
	struct listener *listener = take_out(reports, uuid, NULL);

	if (listener != NULL)
		end(listener);
}

void reports_detach_all(struct reports *reports)
{
	struct listener *listener;

	for (;;) {
		(void)pthread_mutex_lock(&reports->lock);
		listener = reports->listeners;
		if (listener != NULL)
			reports->listeners = listener->next;
		(void)pthread_mutex_unlock(&reports->lock);
		if (listener == NULL)
			return;
		end(listener);
	}
}
