#include "host/libvirt/ports.h"

#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "host/libvirt/xml.h"

static const char *const ports[] = {XML_AGENT_PORT, XML_ASK_PORT};

int ports_check(virDomainPtr domain, struct err *err)
{
	AUTO_FREE char *xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);

	return xml != NULL && xml_has_port(xml, XML_AGENT_PORT)
		       ? 0
		       : err_set(err, ERR_AGENT_OFF,
				 "the guest agent of this server is switched off");
}

static void add(virDomainPtr domain, const char *port)
{
	struct buf xml CLEANUP(buf_done) = {0};

	if (xml_write_port(port, &xml) < 0 ||
	    virDomainAttachDeviceFlags(domain, buf_str(&xml), VIR_DOMAIN_AFFECT_LIVE) < 0)
		log_info("%s: %s comes with the next start: %s", virDomainGetName(domain), port,
			 virGetLastErrorMessage());
}

/* With the element as it runs, by which libvirt knows it. */
static void take_away(virDomainPtr domain, const char *running, const char *port)
{
	AUTO_FREE char *xml = xml_copy_port(running, port);

	if (xml == NULL || virDomainDetachDeviceFlags(domain, xml, VIR_DOMAIN_AFFECT_LIVE) < 0)
		log_info("%s: %s goes with the next start: %s", virDomainGetName(domain), port,
			 virGetLastErrorMessage());
}

void ports_follow(virDomainPtr domain)
{
	AUTO_FREE char *defined = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
	AUTO_FREE char *running =
		virDomainIsActive(domain) == 1 ? virDomainGetXMLDesc(domain, 0) : NULL;

	if (defined == NULL || running == NULL)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		const bool wanted = xml_has_port(defined, ports[i]);
		if (wanted == xml_has_port(running, ports[i]))
			continue;
		if (wanted)
			add(domain, ports[i]);
		else
			take_away(domain, running, ports[i]);
	}
}
