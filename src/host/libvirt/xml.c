#include "host/libvirt/xml.h"

#include <errno.h>
#include <libxml/xmlwriter.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/ip.h"
#include "host/network/plumb.h"
#include "host/network/segment.h"

/* libxml2 takes text as unsigned. */
#define TEXT        (const xmlChar *)
#define DISK_TARGET "vda"

static void element(xmlTextWriterPtr xml, const char *name, const char *text)
{
	(void)xmlTextWriterWriteElement(xml, TEXT name, TEXT text);
}

/* An element with attributes: name, value, …, NULL. Left open. */
static void open_element(xmlTextWriterPtr xml, const char *name, ...)
{
	const char *key;
	va_list args;

	(void)xmlTextWriterStartElement(xml, TEXT name);
	va_start(args, name);
	while ((key = va_arg(args, const char *)) != NULL)
		(void)xmlTextWriterWriteAttribute(xml, TEXT key, TEXT va_arg(args, const char *));
	va_end(args);
}

static void close_element(xmlTextWriterPtr xml)
{
	(void)xmlTextWriterEndElement(xml);
}

#define EMPTY(...)                                                                                 \
	do {                                                                                       \
		open_element(xml, __VA_ARGS__, NULL);                                              \
		close_element(xml);                                                                \
	} while (0)

/*
 * The image below is shared by servers of many customers, so no QEMU process may own it: left to
 * itself, libvirt would hand it to QEMU's user, who could then write it. Root's and readable is
 * enough. Said here, it is also not searched for in the overlay's header, which a broken-out QEMU
 * could have written.
 */
static void write_backing(xmlTextWriterPtr xml, const char *image_path)
{
	if (image_path == NULL) {
		EMPTY("backingStore");
		return;
	}
	open_element(xml, "backingStore", "type", "file", NULL);
	EMPTY("format", "type", "qcow2");
	open_element(xml, "source", "file", image_path, NULL);
	EMPTY("seclabel", "model", "dac", "relabel", "no");
	close_element(xml);
	EMPTY("backingStore");
	close_element(xml);
}

static void write_disk(xmlTextWriterPtr xml, const char *path, const char *image_path)
{
	open_element(xml, "disk", "type", "file", "device", "disk", NULL);
	EMPTY("driver", "name", "qemu", "type", "qcow2", "discard", "unmap");
	EMPTY("source", "file", path);
	write_backing(xml, image_path);
	EMPTY("target", "dev", DISK_TARGET, "bus", "virtio");
	close_element(xml);
}

static void write_seed(xmlTextWriterPtr xml, const char *path)
{
	open_element(xml, "disk", "type", "file", "device", "disk", NULL);
	EMPTY("driver", "name", "qemu", "type", "raw");
	EMPTY("source", "file", path);
	EMPTY("target", "dev", "vdb", "bus", "virtio");
	EMPTY("readonly");
	close_element(xml);
}

/* Shared by servers of many customers as what disks are overlays of, hence the same label. */
static void write_rescue_disk(xmlTextWriterPtr xml, const char *path)
{
	open_element(xml, "disk", "type", "file", "device", "disk", NULL);
	EMPTY("driver", "name", "qemu", "type", "qcow2");
	open_element(xml, "source", "file", path, NULL);
	EMPTY("seclabel", "model", "dac", "relabel", "no");
	close_element(xml);
	EMPTY("backingStore");
	EMPTY("target", "dev", "vdr", "bus", "virtio");
	EMPTY("readonly");
	EMPTY("boot", "order", "1");
	close_element(xml);
}

static void write_channel(xmlTextWriterPtr xml, const char *name)
{
	open_element(xml, "channel", "type", "unix", NULL);
	EMPTY("target", "type", "virtio", "name", name);
	close_element(xml);
}

static void write_cpu(xmlTextWriterPtr xml, bool kvm)
{
	if (kvm) {
		EMPTY("cpu", "mode", "host-passthrough", "migratable", "on");
		return;
	}
	open_element(xml, "cpu", "mode", "custom", "match", "exact", "check", "none", NULL);
	open_element(xml, "model", "fallback", "allow", NULL);
	(void)xmlTextWriterWriteString(xml, TEXT "Nehalem");
	close_element(xml);
	close_element(xml);
}

/* The tap is there already, and stays. */
static void write_card(xmlTextWriterPtr xml, const uint8_t mac[MAC_BYTES], const char *tap)
{
	char text[MAC_TEXT_BYTES];

	format_mac(mac, text);
	open_element(xml, "interface", "type", "ethernet", NULL);
	EMPTY("mac", "address", text);
	if (tap != NULL)
		EMPTY("target", "dev", tap, "managed", "no");
	EMPTY("model", "type", "virtio");
	close_element(xml);
}

static void write_cards(xmlTextWriterPtr xml, const struct xml_domain *input)
{
	char tap[SEGMENT_NAME_BYTES];

	for (size_t i = 0; i < input->domain->card_count; i++)
		if (segment_port_name(input->instance, input->domain->cards[i].port_id, tap) == 0)
			write_card(xml, input->domain->cards[i].mac, tap);
}

static void write_devices(xmlTextWriterPtr xml, const struct xml_domain *input)
{
	char mac[MAC_TEXT_BYTES];

	format_mac(input->domain->mac, mac);
	open_element(xml, "devices", NULL);
	write_disk(xml, input->disk_path, input->image_path);
	if (input->seed_path != NULL)
		write_seed(xml, input->seed_path);
	if (input->rescue_path != NULL)
		write_rescue_disk(xml, input->rescue_path);
	open_element(xml, "interface", "type", "ethernet", NULL);
	EMPTY("mac", "address", mac);
	EMPTY("target", "dev", input->tap, "managed", "yes");
	EMPTY("model", "type", "virtio");
	close_element(xml);
	write_cards(xml, input);
	open_element(xml, "serial", "type", "pty", NULL);
	EMPTY("log", "file", input->console_log, "append", "off");
	EMPTY("target", "port", "0");
	close_element(xml);
	open_element(xml, "console", "type", "pty", NULL);
	EMPTY("target", "type", "serial", "port", "0");
	close_element(xml);
	if (!input->domain->no_agent)
		write_channel(xml, XML_AGENT_PORT);
	write_channel(xml, "org.ippo.report.0");
	if (!input->domain->no_agent)
		write_channel(xml, XML_ASK_PORT);
	open_element(xml, "graphics", "type", "vnc", NULL);
	EMPTY("listen", "type", "none");
	close_element(xml);
	open_element(xml, "video", NULL);
	EMPTY("model", "type", "vga");
	close_element(xml);
	open_element(xml, "rng", "model", "virtio", NULL);
	open_element(xml, "backend", "model", "random", NULL);
	(void)xmlTextWriterWriteString(xml, TEXT "/dev/urandom");
	close_element(xml);
	close_element(xml);
	/* The guest says every so many seconds what of its memory it uses. */
	open_element(xml, "memballoon", "model", "virtio", NULL);
	EMPTY("stats", "period", "30");
	close_element(xml);
	EMPTY("controller", "type", "usb", "model", "none");
	close_element(xml);
}

/* As virt-install chooses for every guest: no HPET, and ticks that came late are made up for. */
static void write_clock(xmlTextWriterPtr xml)
{
	open_element(xml, "clock", "offset", "utc", NULL);
	EMPTY("timer", "name", "rtc", "tickpolicy", "catchup");
	EMPTY("timer", "name", "pit", "tickpolicy", "delay");
	EMPTY("timer", "name", "hpet", "present", "no");
	close_element(xml);
}

/*
 * The seed disc goes after the first boot, and a guest that then found no trace of a seed would
 * take itself for another machine and forget its network. So the same instance id that is in the
 * seed's meta-data stays readable in the SMBIOS serial number, where cloud-init's NoCloud data
 * source looks for it. It is no secret.
 */
static void write_identity(xmlTextWriterPtr xml, const struct host_domain *domain, const char *uuid)
{
	char serial[UUID_TEXT_BYTES + 48];

	(void)snprintf(serial, sizeof serial, "ds=nocloud;i=%s-%u", uuid, domain->generation);
	open_element(xml, "sysinfo", "type", "smbios", NULL);
	open_element(xml, "system", NULL);
	open_element(xml, "entry", "name", "serial", NULL);
	(void)xmlTextWriterWriteString(xml, TEXT serial);
	close_element(xml);
	close_element(xml);
	close_element(xml);
}

/* "WORD ADDRESS/PREFIX GATEWAY", as the server's own first boot is told. */
static void print_address(struct buf *out, const struct ip *ip, const char *gateway)
{
	char text[IP_TEXT_BYTES];
	struct ip address = *ip;

	if (ip->family == 0)
		return;
	if (ip->family == 6)
		address.bytes[15] |= 1;
	ip_format(&address, text);
	(void)buf_printf(out, "address %s/%u %s\n", text, ip->prefix, gateway);
}

/*
 * What the rescue system has to know: lines that its kernel shows as a file of QEMU's fw_cfg. They
 * are a part of the definition and go with it: nothing else has to be made and taken away again.
 */
static void write_rescue(xmlTextWriterPtr xml, const struct host_domain *domain)
{
	const struct host_rescue *rescue = &domain->rescue;
	struct buf text CLEANUP(buf_done) = {0};
	const char *at = rescue->keys;

	(void)buf_printf(&text, "name %s\nport %u\n", domain->name, rescue->ssh_port);
	print_address(&text, &rescue->ipv4, PLUMB_GATEWAY_IPV4);
	print_address(&text, &rescue->ipv6, PLUMB_GATEWAY_IPV6);
	while (*at != '\0') {
		const size_t bytes = strcspn(at, "\n");
		if (bytes > 0)
			(void)buf_printf(&text, "key %.*s\n", (int)bytes, at);
		at += bytes + (at[bytes] == '\n');
	}
	open_element(xml, "sysinfo", "type", "fwcfg", NULL);
	open_element(xml, "entry", "name", "opt/org.ippo/rescue", NULL);
	(void)xmlTextWriterWriteString(xml, TEXT buf_str(&text));
	close_element(xml);
	close_element(xml);
}

static void write_domain(xmlTextWriterPtr xml, const struct xml_domain *input)
{
	const struct host_domain *domain = input->domain;
	char name[32], uuid[UUID_TEXT_BYTES], number[24];

	(void)snprintf(name, sizeof name, "%s-%llu", input->instance,
		       (unsigned long long)domain->server_id);
	format_uuid(domain->uuid, uuid);
	open_element(xml, "domain", "type", input->kvm ? "kvm" : "qemu", NULL);
	element(xml, "name", name);
	element(xml, "uuid", uuid);
	element(xml, "title", domain->name);
	(void)snprintf(number, sizeof number, "%llu", (unsigned long long)domain->memory_mib);
	open_element(xml, "memory", "unit", "MiB", NULL);
	(void)xmlTextWriterWriteString(xml, TEXT number);
	close_element(xml);
	(void)snprintf(number, sizeof number, "%u", domain->vcpus);
	element(xml, "vcpu", number);
	open_element(xml, "os", NULL);
	open_element(xml, "type", "arch", "x86_64", "machine", "pc", NULL);
	(void)xmlTextWriterWriteString(xml, TEXT "hvm");
	close_element(xml);
	/* One that boots by the order of its devices has no such list. */
	if (input->rescue_path == NULL)
		EMPTY("boot", "dev", "hd");
	EMPTY("smbios", "mode", "sysinfo");
	close_element(xml);
	write_identity(xml, domain, uuid);
	if (input->rescue_path != NULL)
		write_rescue(xml, domain);
	open_element(xml, "features", NULL);
	EMPTY("acpi");
	EMPTY("apic");
	close_element(xml);
	write_cpu(xml, input->kvm);
	write_clock(xml);
	element(xml, "on_poweroff", "destroy");
	/* The boot after the rescue system's is another one, and that takes another definition. */
	element(xml, "on_reboot", input->rescue_path != NULL ? "destroy" : "restart");
	element(xml, "on_crash", "destroy");
	write_devices(xml, input);
	close_element(xml);
}

/* Appends what was written, and frees both. */
static int finish(xmlBufferPtr buffer, xmlTextWriterPtr xml, struct buf *out)
{
	int code = -ENOMEM;

	if (xml != NULL) {
		(void)xmlTextWriterEndDocument(xml);
		xmlFreeTextWriter(xml);
		code = buf_append(out, xmlBufferContent(buffer), (size_t)xmlBufferLength(buffer));
	}
	if (buffer != NULL)
		xmlBufferFree(buffer);
	return code;
}

static xmlTextWriterPtr begin(xmlBufferPtr *ret)
{
	xmlTextWriterPtr xml;

	*ret = xmlBufferCreate();
	xml = *ret != NULL ? xmlNewTextWriterMemory(*ret, 0) : NULL;
	if (xml != NULL)
		(void)xmlTextWriterSetIndent(xml, 1);
	return xml;
}

int xml_write_domain(const struct xml_domain *input, struct buf *out)
{
	xmlBufferPtr buffer;
	xmlTextWriterPtr xml = begin(&buffer);

	if (xml != NULL)
		write_domain(xml, input);
	return finish(buffer, xml, out);
}

int xml_write_seed(const char *seed_path, struct buf *out)
{
	xmlBufferPtr buffer;
	xmlTextWriterPtr xml = begin(&buffer);

	if (xml != NULL)
		write_seed(xml, seed_path);
	return finish(buffer, xml, out);
}

/* Disks that are not named are left out. */
int xml_write_backup(const char *path, struct buf *out)
{
	xmlBufferPtr buffer;
	xmlTextWriterPtr xml = begin(&buffer);

	if (xml != NULL) {
		open_element(xml, "domainbackup", "mode", "push", NULL);
		open_element(xml, "disks", NULL);
		open_element(xml, "disk", "name", DISK_TARGET, "backup", "yes", "type", "file",
			     NULL);
		EMPTY("driver", "type", "qcow2");
		EMPTY("target", "file", path);
		close_element(xml);
		close_element(xml);
		close_element(xml);
	}
	return finish(buffer, xml, out);
}

int xml_write_card(const uint8_t mac[MAC_BYTES], const char *tap, struct buf *out)
{
	xmlBufferPtr buffer;
	xmlTextWriterPtr xml = begin(&buffer);

	if (xml != NULL)
		write_card(xml, mac, tap);
	return finish(buffer, xml, out);
}

int xml_write_port(const char *name, struct buf *out)
{
	xmlBufferPtr buffer;
	xmlTextWriterPtr xml = begin(&buffer);

	if (xml != NULL)
		write_channel(xml, name);
	return finish(buffer, xml, out);
}

/* No text of a customer's is in a definition but as libvirt has escaped it. */
static const char *find_port(const char *definition, const char *name)
{
	char attribute[96];

	(void)snprintf(attribute, sizeof attribute, "name='%s'", name);
	return strstr(definition, attribute);
}

bool xml_has_port(const char *definition, const char *name)
{
	return find_port(definition, name) != NULL;
}

char *xml_copy_port(const char *definition, const char *name)
{
	static const char head[] = "<channel ", tail[] = "</channel>";
	const char *port = find_port(definition, name), *begin_at = NULL;
	const char *end_at = port != NULL ? strstr(port, tail) : NULL;

	for (const char *at = definition;
	     port != NULL && (at = strstr(at, head)) != NULL && at < port; at++)
		begin_at = at;
	return begin_at != NULL && end_at != NULL
		       ? strndup(begin_at, (size_t)(end_at - begin_at) + sizeof tail - 1)
		       : NULL;
}
