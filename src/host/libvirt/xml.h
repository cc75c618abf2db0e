// Domain definitions, written by libxml2 so that no name can become markup.
#pragma once

#include "base/buf.h"
#include "host/driver.h"

/* The two ports through which the host has something done inside a guest. */
#define XML_AGENT_PORT "org.qemu.guest_agent.0"
#define XML_ASK_PORT   "org.ippo.ask.0"

struct xml_domain {
	const struct host_domain *domain;
	const char *instance;
	bool kvm;
	const char *disk_path;
	const char *image_path;  /* what the disk is an overlay of; NULL: it is whole */
	const char *seed_path;   /* NULL: no seed disc */
	const char *rescue_path; /* of the rescue system's image, which boots instead; NULL: none */
	const char *tap;
	const char *console_log; /* where virtlogd keeps the serial port's output */
};

/** xml_write_domain() - 0, -ENOMEM. */
int xml_write_domain(const struct xml_domain *input, struct buf *out);

/** xml_write_seed() - the <disk> element alone, as it is detached. */
int xml_write_seed(const char *seed_path, struct buf *out);

/** xml_write_backup() - a <domainbackup> that copies the disk to @path. */
int xml_write_backup(const char *path, struct buf *out);

/** xml_write_card() - the <interface> element of a private network's port alone; @tap NULL: as it
 * is detached. */
int xml_write_card(const uint8_t mac[MAC_BYTES], const char *tap, struct buf *out);

/** xml_write_port() - the <channel> element of one port alone, as it is attached and detached. */
int xml_write_port(const char *name, struct buf *out);
/** xml_has_port() - whether a definition, as libvirt writes it, has that port. */
bool xml_has_port(const char *definition, const char *name);
/** xml_copy_port() - that port's element of it, malloc'd; NULL without one, or without memory. */
char *xml_copy_port(const char *definition, const char *name);
