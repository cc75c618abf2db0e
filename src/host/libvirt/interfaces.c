#include "host/libvirt/interfaces.h"

#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "host/libvirt/connection.h"
#include "host/libvirt/xml.h"
#include "host/network/segment.h"

#define CARDS_MAX      8
#define DETACH_POLLS   20
#define DETACH_POLL_US 100000
#define MAC_ATTRIBUTE  "<mac address='"

struct cards {
	uint8_t macs[CARDS_MAX][MAC_BYTES];
	size_t count;
};

/* The definition as libvirt writes it: no text of a customer's is in it but escaped. */
static int list_cards(virDomainPtr domain, struct cards *ret, struct err *err)
{
	AUTO_FREE char *xml = virDomainGetXMLDesc(domain, 0);
	const char *at = xml;

	ret->count = 0;
	if (xml == NULL)
		return connection_error("look at the server's cards", err);
	while (ret->count < CARDS_MAX && (at = strstr(at, MAC_ATTRIBUTE)) != NULL) {
		char text[MAC_TEXT_BYTES];
		at += strlen(MAC_ATTRIBUTE);
		(void)snprintf(text, sizeof text, "%.*s", (int)sizeof text - 1, at);
		if (parse_mac(text, ret->macs[ret->count]) == 0)
			ret->count++;
	}
	return 0;
}

static bool has(const struct cards *cards, const uint8_t mac[MAC_BYTES])
{
	for (size_t i = 0; i < cards->count; i++)
		if (memcmp(cards->macs[i], mac, MAC_BYTES) == 0)
			return true;
	return false;
}

static bool is_wanted(const struct host_domain *wanted, const uint8_t mac[MAC_BYTES])
{
	bool found = memcmp(wanted->mac, mac, MAC_BYTES) == 0;

	for (size_t i = 0; i < wanted->card_count; i++)
		found |= memcmp(wanted->cards[i].mac, mac, MAC_BYTES) == 0;
	return found;
}

static void pull_out(virDomainPtr domain, const uint8_t mac[MAC_BYTES])
{
	struct buf xml CLEANUP(buf_done) = {0};
	struct cards now = {0};

	if (xml_write_card(mac, NULL, &xml) < 0)
		return;
	if (virDomainDetachDeviceFlags(domain, buf_str(&xml), VIR_DOMAIN_AFFECT_LIVE) < 0) {
		log_info("%s: a card goes with the next start: %s", virDomainGetName(domain),
			 virGetLastErrorMessage());
		return;
	}
	for (int i = 0; i < DETACH_POLLS; i++) {
		if (list_cards(domain, &now, NULL) < 0 || !has(&now, mac))
			return;
		(void)usleep(DETACH_POLL_US);
	}
	log_info("%s: its guest keeps a card whose wire goes", virDomainGetName(domain));
}

static int plug_in(virDomainPtr domain, const struct host_card *card, const char *instance,
		   struct err *err)
{
	struct buf xml CLEANUP(buf_done) = {0};
	char tap[SEGMENT_NAME_BYTES];

	if (segment_port_name(instance, card->port_id, tap) < 0 ||
	    xml_write_card(card->mac, tap, &xml) < 0)
		return err_set(err, ERR_INVALID_INPUT, "a card that cannot be described");
	return virDomainAttachDeviceFlags(domain, buf_str(&xml), VIR_DOMAIN_AFFECT_LIVE) < 0
		       ? connection_error("plug a card in", err)
		       : 0;
}

int interfaces_follow(virDomainPtr domain, const struct host_domain *wanted, const char *instance,
		      struct err *err)
{
	struct cards running = {0};
	int code;

	if (virDomainIsActive(domain) != 1)
		return 0;
	if ((code = list_cards(domain, &running, err)) < 0)
		return code;
	for (size_t i = 0; i < running.count; i++)
		if (!is_wanted(wanted, running.macs[i]))
			pull_out(domain, running.macs[i]);
	for (size_t i = 0; code == 0 && i < wanted->card_count; i++)
		if (!has(&running, wanted->cards[i].mac))
			code = plug_in(domain, &wanted->cards[i], instance, err);
	return code;
}
