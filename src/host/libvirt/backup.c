/*
 * Theory of operation. libvirt has QEMU copy the disk to a file (a backup in push mode): what the
 * guest overwrites from the beginning on is copied first, so that the file has what was there at
 * that instant, though it is written for minutes. The job is QEMU's: it outlives this process and
 * libvirtd. Whoever asks again after either has died ends what is under way and begins anew, as
 * nobody knows any more which instant that was of.
 */
#include "host/libvirt/backup.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "host/libvirt/connection.h"
#include "host/libvirt/xml.h"

#define POLL_MS        250
#define END_MOST_MS    30000
#define DISK_TOTAL     "disk_total"
#define DISK_PROCESSED "disk_processed"

static void rest(void)
{
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};

	(void)nanosleep(&pause, NULL);
}

/* The job that the domain is at, VIR_DOMAIN_JOB_NONE without one; @ret_percent may be NULL. */
static int ask_job(virDomainPtr domain, int *ret_type, unsigned *ret_percent, struct err *err)
{
	virTypedParameterPtr params = NULL;
	unsigned long long total = 0, done = 0;
	int count = 0;

	if (virDomainGetJobStats(domain, ret_type, &params, &count, 0) < 0)
		return connection_error("ask how far the copy is", err);
	(void)virTypedParamsGetULLong(params, count, DISK_TOTAL, &total);
	(void)virTypedParamsGetULLong(params, count, DISK_PROCESSED, &done);
	if (ret_percent != NULL && total > 0)
		*ret_percent = (unsigned)((done < total ? done : total) * 100 / total);
	virTypedParamsFree(params, count);
	return 0;
}

/* How the job that is over has ended. */
static int judge(virDomainPtr domain, struct err *err)
{
	virTypedParameterPtr params = NULL;
	const char *why = NULL;
	int type, count = 0, good = 0, code = 0;

	if (virDomainGetJobStats(domain, &type, &params, &count, VIR_DOMAIN_JOB_STATS_COMPLETED) <
	    0)
		return connection_error("learn how the copy ended", err);
	(void)virTypedParamsGetString(params, count, VIR_DOMAIN_JOB_ERRMSG, &why);
	if (type != VIR_DOMAIN_JOB_COMPLETED ||
	    virTypedParamsGetBoolean(params, count, VIR_DOMAIN_JOB_SUCCESS, &good) != 1 || !good)
		code = err_set(err,
			       why != NULL && strstr(why, "No space left") != NULL
				       ? ERR_DISK_FULL
				       : ERR_HYPERVISOR_FAILED,
			       "the disk could not be copied: %s",
			       why != NULL ? why : "the server went off meanwhile");
	virTypedParamsFree(params, count);
	return code;
}

int backup_end(virDomainPtr domain, struct err *err)
{
	const int64_t until_ms = clock_mono_ms() + END_MOST_MS;
	AUTO_FREE char *xml = virDomainBackupGetXMLDesc(domain, 0);
	int type = VIR_DOMAIN_JOB_NONE, code = 0;

	if (xml == NULL)
		return virGetLastErrorCode() == VIR_ERR_NO_DOMAIN_BACKUP ||
				       virGetLastErrorCode() == VIR_ERR_OPERATION_INVALID
			       ? 0
			       : connection_error("look for an older copy", err);
	log_info("%s: a copy of its disk that was cut off is ended", virDomainGetName(domain));
	(void)virDomainAbortJob(domain);
	do {
		rest();
		code = ask_job(domain, &type, NULL, err);
	} while (code == 0 && type != VIR_DOMAIN_JOB_NONE && clock_mono_ms() < until_ms);
	if (code == 0 && type != VIR_DOMAIN_JOB_NONE)
		code = err_set(err, ERR_HYPERVISOR_FAILED, "an older copy of the disk goes on");
	return code;
}

static int wait(virDomainPtr domain, const struct backup *backup, struct err *err)
{
	int type = VIR_DOMAIN_JOB_UNBOUNDED, code = 0;

	while (code == 0) {
		unsigned percent = 0;
		rest();
		code = ask_job(domain, &type, &percent, err);
		if (code < 0)
			return code;
		if (type == VIR_DOMAIN_JOB_NONE)
			return judge(domain, err);
		backup->progress(backup->context, percent * IMAGE_STORE_PUSH_PERCENT / 100);
		code = image_store_check_room(backup->images, err);
	}
	return code;
}

int backup_run(virDomainPtr domain, const struct backup *backup, struct err *err)
{
	struct buf xml CLEANUP(buf_done) = {0};
	int code;

	if (xml_write_backup(backup->path, &xml) < 0)
		return err_set(err, -ENOMEM, "no memory for the copy's description");
	if (virDomainBackupBegin(domain, buf_str(&xml), NULL, 0) < 0)
		return connection_error("copy the server's disk", err);
	code = wait(domain, backup, err);
	if (code < 0)
		(void)backup_end(domain, NULL);
	return code;
}
