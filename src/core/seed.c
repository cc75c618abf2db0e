/*
 * Theory of operation
 *
 * cloud-init (22.4, Debian 12) reads four files from the disc labelled cidata. All structured text
 * is JSON made by jansson from values reduced to printable ASCII: JSON is YAML, so nothing a
 * customer names can become syntax.
 *
 * user-data is a MIME message. First is the customer's part, last our cloud-config. cloud-init
 * merges cloud-config parts in order, by the rules the later part names; ours names "no_replace,
 * recurse, append": what the customer said stays, what they did not say is added, and lists grow.
 * So theirs wins and ours is never dropped whole because they happened to use the same key.
 *
 * The customer's bytes travel as base64 text/plain; cloud-init looks into text/plain itself and
 * finds #cloud-config, #!, #include, ## template: jinja and so on. Two kinds it recognises only at
 * the top level, so they are lifted here: a gzip stream gets its own content type, and a MIME
 * message (also one inside base64 or gzip, as Terraform's cloudinit provider sends it) is nested
 * verbatim, with a boundary of ours that does not occur in it.
 *
 * Between them is a boothook: cloud-init runs it while it reads the parts, whatever modules,
 * lists and keys the others name or leave out. It puts firststep into the server, from the disc
 * itself (no network is needed), and leaves the rest to firststep-report.service, which waits until
 * users and keys are there. A server that has firststep keeps its own. On a disk that was another
 * server's, copied by a snapshot, it makes the machine's id anew.
 *
 * vendor-data is a script that tells the host, through a port only root may write to, that the
 * first boot is over. It waits in the background, as it is itself a part of that boot.
 */
#include "core/seed.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "model/first_choice.h"

#define MIME_SNIFF_BYTES      ((size_t)4096) /* cloud-init looks for MIME-Version so far */
#define MIME_LINE_BYTES       76
#define RESOLV_CONF_MAX_BYTES ((size_t)64 * 1024)
#define GZIP_WINDOW_BITS      (16 + MAX_WBITS)
#define IPV4_GATEWAY          "172.31.1.1"
#define IPV6_GATEWAY          "fe80::1"
#define INTERFACE             "eth0"

static const char *const public_resolvers[] = {"1.1.1.1", "8.8.8.8", "2606:4700:4700::1111"};

static const char vendor_script[] =
	"#!/bin/sh\n"
	"# Tells the host that the first boot is over, so that the seed disc can be destroyed.\n"
	"port=/dev/virtio-ports/org.ippo.report.0\n"
	"[ -e \"$port\" ] || exit 0\n"
	"(\n"
	"\texec </dev/null >/dev/null 2>&1\n"
	"\tcloud-init status --wait || :\n"
	"\t# It says all this itself, once the server is secured.\n"
	"\tsystemctl --quiet is-active firststep-report.service && exit 0\n"
	"\tfor kind in ed25519 ecdsa; do\n"
	"\t\techo \"host-key $(cut -d ' ' -f 1,2 /etc/ssh/ssh_host_${kind}_key.pub)\" >\"$port\"\n"
	"\tdone\n"
	"\techo 'first-step none' >\"$port\"\n"
	"\techo 'first-boot done' >\"$port\"\n"
	") &\n"
	"exit 0\n";

/* Behind the lines that say what was chosen. Run at each boot, does something at the first. */
static const char boothook[] =
	"state=/var/lib/firststep\n"
	"unit=firststep-report.service\n"
	"[ \"$(cat $state/instance 2>/dev/null)\" != \"$instance\" ] || exit 0\n"
	"command -v systemctl >/dev/null || exit 0\n"
	"# The disk was another server's: what names a machine is made anew.\n"
	"was=$(cat $state/instance 2>/dev/null || true)\n"
	"if [ -n \"$was\" ] && [ \"${was%-*}\" != \"${instance%-*}\" ]; then\n"
	"\trm -f /etc/machine-id /var/lib/systemd/random-seed\n"
	"\t[ -L /var/lib/dbus/machine-id ] || rm -f /var/lib/dbus/machine-id\n"
	"\tsystemd-machine-id-setup\n"
	"fi\n"
	"mkdir -p -m 700 $state\n"
	"if [ ! -e /usr/lib/systemd/system/$unit ] && [ ! -e /lib/systemd/system/$unit ]; then\n"
	"\tdisc=$(mktemp -d) && mount -o ro -t iso9660 LABEL=cidata \"$disc\" || exit 1\n"
	"\ttar -C / -xzf \"$disc/firststep.tar.gz\" --no-same-owner\n"
	"\tumount \"$disc\" && rmdir \"$disc\"\n"
	"\tif command -v restorecon >/dev/null; then\n"
	"\t\trestorecon -R /usr/sbin/firststep /usr/lib/systemd/system /usr/share/firststep\n"
	"\tfi\n"
	"\tsystemctl daemon-reload\n"
	"fi\n"
	"if [ -n \"$settings\" ]; then\n"
	"\t# A firststep from before there was this choice would refuse all of them.\n"
	"\tgrep -q no_reboot /usr/sbin/firststep ||\n"
	"\t\tsettings=$(printf '%s\\n' \"$settings\" | grep -v '^updates = ')\n"
	"\t# What the image itself says stays; what another server's owner chose does not.\n"
	"\town=$([ -e $state/instance ] || cat /etc/firststep.conf 2>/dev/null)\n"
	"\tprintf '%s\\n' \"$own\" \"$settings\" >/etc/firststep.conf\n"
	"fi\n"
	"echo \"$port\" >$state/first-boot\n"
	"echo \"$instance\" >$state/instance\n"
	"systemctl restart --no-block $unit\n";

/* The customer's bytes after looking into base64 and gzip. */
enum user_data_kind { USER_DATA_NONE, USER_DATA_PLAIN, USER_DATA_GZIP, USER_DATA_MIME };

struct user_data {
	enum user_data_kind kind;
	struct buf bytes;
};

/* printable() - @text without anything that is not printable ASCII (tabs and line ends become
 * spaces). NULL on no memory. */
static json_t *printable(const char *text)
{
	struct buf clean CLEANUP(buf_done) = {0};

	for (const char *at = text; *at; at++) {
		unsigned char c = (unsigned char)*at;

		if (c >= ' ' && c < 0x7f)
			(void)buf_putc(&clean, (char)c);
		else if (c == '\t' || c == '\n' || c == '\r')
			(void)buf_putc(&clean, ' ');
	}
	return clean.error ? NULL : json_string(buf_str(&clean));
}

/* dump() - @root (reference taken over) as text; NULL on no memory, also when building failed. */
static char *dump(json_t *root)
{
	char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;

	json_decref(root);
	return text;
}

static void instance_id(const struct seed_input *input, struct buf *out)
{
	char uuid[UUID_TEXT_BYTES];

	format_uuid(input->uuid, uuid);
	(void)buf_printf(out, "%s-%" PRIu32, uuid, input->generation);
}

static char *meta_data(const struct seed_input *input)
{
	struct buf id CLEANUP(buf_done) = {0};
	json_t *root = json_object();
	json_t *keys = json_array();
	int r = 0;

	instance_id(input, &id);
	r |= json_object_set_new(root, "instance-id", json_string(buf_str(&id)));
	r |= json_object_set_new(root, "local-hostname", printable(input->hostname));
	for (size_t i = 0; i < input->key_count; i++)
		r |= json_array_append_new(keys, printable(input->keys[i]));
	r |= json_object_set_new(root, "public-keys", keys);
	if (r || id.error) {
		json_decref(root);
		return NULL;
	}
	return dump(root);
}

static json_t *resolver_list(const struct seed_input *input)
{
	json_t *list = json_array();
	char text[IP_TEXT_BYTES];
	size_t usable = 0;

	for (size_t i = 0; i < input->resolver_count; i++) {
		const struct ip *ip = &input->resolvers[i];

		if (ip->family == 4 ? !input->ipv4.family : !input->ipv6.family)
			continue;
		ip_format(ip, text);
		(void)json_array_append_new(list, json_string(text));
		usable++;
	}
	for (size_t i = 0; !usable && i < ARRAY_SIZE(public_resolvers); i++) {
		bool v6 = strchr(public_resolvers[i], ':') != NULL;

		if (v6 ? input->ipv6.family : input->ipv4.family)
			(void)json_array_append_new(list, json_string(public_resolvers[i]));
	}
	return list;
}

/* All of the network is on the link: nobody there passes anything on. */
static json_t *private_interface(const struct private_port *port, const char *name)
{
	struct ip address = port->ip;
	char mac[MAC_TEXT_BYTES];
	char text[IP_TEXT_BYTES];
	json_t *addresses = json_array();

	format_mac(port->mac, mac);
	address.prefix = port->range.prefix;
	ip_format_prefix(&address, text);
	(void)json_array_append_new(addresses, json_string(text));
	for (size_t i = 0; i < port->alias_count; i++) {
		ip_format_prefix(&port->aliases[i], text);
		(void)json_array_append_new(addresses, json_string(text));
	}
	return json_pack("{s:{s:s},s:s,s:b,s:b,s:b,s:o}", "match", "macaddress", mac, "set-name",
			 name, "dhcp4", 0, "dhcp6", 0, "accept-ra", 0, "addresses", addresses);
}

static char *network_config(const struct seed_input *input)
{
	char mac[MAC_TEXT_BYTES];
	char text[IP_TEXT_BYTES];
	json_t *addresses = json_array();
	json_t *routes = json_array();

	format_mac(input->mac, mac);
	if (input->ipv4.family) {
		ip_format_prefix(&input->ipv4, text);
		(void)json_array_append_new(addresses, json_string(text));
		(void)json_array_append_new(routes, json_pack("{s:s,s:s,s:b}", "to", "0.0.0.0/0",
							      "via", IPV4_GATEWAY, "on-link", 1));
	}
	if (input->ipv6.family) {
		struct ip address = input->ipv6;

		address.bytes[15] |= 1;
		ip_format_prefix(&address, text);
		(void)json_array_append_new(addresses, json_string(text));
		(void)json_array_append_new(routes, json_pack("{s:s,s:s,s:b}", "to", "::/0", "via",
							      IPV6_GATEWAY, "on-link", 1));
	}
	json_t *root =
		json_pack("{s:i,s:{s:{s:{s:s},s:s,s:b,s:b,s:b,s:o,s:o,s:{s:o}}}}", "version", 2,
			  "ethernets", INTERFACE, "match", "macaddress", mac, "set-name", INTERFACE,
			  "dhcp4", 0, "dhcp6", 0, "accept-ra", 0, "addresses", addresses, "routes",
			  routes, "nameservers", "addresses", resolver_list(input));
	for (size_t i = 0, number = 1; root && i < input->port_count; i++) {
		char name[sizeof(INTERFACE) + 20];

		if (input->ports[i].leaving)
			continue;
		(void)snprintf(name, sizeof(name), "eth%zu", number++);
		if (json_object_set_new(json_object_get(root, "ethernets"), name,
					private_interface(&input->ports[i], name))) {
			json_decref(root);
			return NULL;
		}
	}
	return dump(root);
}

static char *cloud_config(const struct seed_input *input)
{
	json_t *root = json_pack("{s:s,s:b,s:b,s:s}", "merge_how",
				 "dict(no_replace,recurse_list)+list(append)+str()", "ssh_pwauth",
				 0, "disable_root", 1, "manage_etc_hosts", "localhost");
	int r = root ? 0 : -1;

	if (input->user && input->user[0])
		r |= json_object_set_new(root, "user",
					 json_pack("{s:o}", "name", printable(input->user)));
	if (input->root_hash && input->root_hash[0])
		r |= json_object_set_new(root, "chpasswd",
					 json_pack("{s:b,s:[{s:s,s:o,s:s}]}", "expire", 1, "users",
						   "name", "root", "password",
						   printable(input->root_hash), "type", "hash"));
	if (r) {
		json_decref(root);
		return NULL;
	}
	return dump(root);
}

static void append_base64(struct buf *out, const void *data, size_t bytes)
{
	const uint8_t *at = data;

	while (bytes) {
		char line[MIME_LINE_BYTES + 1];
		size_t chunk = MIME_LINE_BYTES / 4 * 3;

		if (chunk > bytes)
			chunk = bytes;
		(void)sodium_bin2base64(line, sizeof(line), at, chunk,
					sodium_base64_VARIANT_ORIGINAL);
		(void)buf_puts(out, line);
		(void)buf_putc(out, '\n');
		at += chunk;
		bytes -= chunk;
	}
}

/* unbase64() - when all of @in is one base64 text, its bytes are put into @out. */
static bool unbase64(const struct buf *in, struct buf *out)
{
	size_t most = in->len / 4 * 3;
	size_t got = 0;

	if (!most || buf_reserve(out, most))
		return false;
	if (sodium_base642bin(out->data, most, (const char *)in->data, in->len, "\r\n", &got, NULL,
			      sodium_base64_VARIANT_ORIGINAL))
		return false;
	out->len = got;
	out->data[got] = '\0';
	return got > 0;
}

static bool is_gzip(const struct buf *in)
{
	return in->len > 2 && in->data[0] == 0x1f && in->data[1] == 0x8b;
}

/* gunzip() - 0, ERR_INVALID_INPUT or -ENOMEM. */
static int gunzip(const struct buf *in, struct buf *out, struct err *err)
{
	z_stream stream = {0};
	uint8_t piece[4096];
	int r = Z_OK;

	if (inflateInit2(&stream, GZIP_WINDOW_BITS) != Z_OK)
		return err_set(err, -ENOMEM, "out of memory");
	stream.next_in = in->data;
	stream.avail_in = (uInt)in->len;
	while (r == Z_OK) {
		stream.next_out = piece;
		stream.avail_out = sizeof(piece);
		r = inflate(&stream, Z_NO_FLUSH);
		if (r != Z_OK && r != Z_STREAM_END)
			break;
		if (out->len + (sizeof(piece) - stream.avail_out) > SEED_USER_DATA_MAX_UNPACKED) {
			r = Z_MEM_ERROR;
			break;
		}
		if (buf_append(out, piece, sizeof(piece) - stream.avail_out))
			break;
	}
	(void)inflateEnd(&stream);
	if (out->error)
		return err_set(err, out->error, "out of memory");
	if (r == Z_MEM_ERROR)
		return err_set(err, ERR_INVALID_INPUT,
			       "user_data unpacks to more than %zu KiB; make it smaller",
			       SEED_USER_DATA_MAX_UNPACKED / 1024);
	if (r != Z_STREAM_END)
		return err_set(err, ERR_INVALID_INPUT,
			       "user_data is a damaged gzip stream; pack it again");
	return 0;
}

/* mime_start() - where a MIME message begins in @in (after a mbox "From " line), or SIZE_MAX. */
static size_t mime_start(const struct buf *in)
{
	size_t sniff = in->len < MIME_SNIFF_BYTES ? in->len : MIME_SNIFF_BYTES;
	const char *text = (const char *)in->data;
	size_t start = 0;
	size_t at;
	bool found = false;

	for (size_t i = 0; !found && i + 13 <= sniff; i++)
		found = strncasecmp(text + i, "mime-version:", 13) == 0;
	if (!found)
		return SIZE_MAX;
	if (in->len > 5 && memcmp(text, "From ", 5) == 0) {
		const char *end = memchr(text, '\n', in->len);

		start = end ? (size_t)(end - text) + 1 : 0;
	}
	for (at = start; at < in->len && (isalnum((unsigned char)text[at]) || text[at] == '-');
	     at++)
		;
	return at > start && at < in->len && text[at] == ':' ? start : SIZE_MAX;
}

/* take_mime() - @in, whose mime_start() is known to be found. */
static int take_mime(const struct buf *in, struct user_data *ret, struct err *err)
{
	size_t start = mime_start(in);

	if (!parse_utf8(in->data, in->len))
		return err_set(
			err, ERR_INVALID_INPUT,
			"user_data is a MIME message which is not UTF-8; encode its parts as "
			"base64");
	if (buf_append(&ret->bytes, in->data + start, in->len - start))
		return err_set(err, -ENOMEM, "out of memory");
	ret->kind = USER_DATA_MIME;
	return 0;
}

static void user_data_done(struct user_data *data)
{
	buf_done(&data->bytes);
}

static int look_into(const void *data, size_t bytes, struct user_data *ret, struct err *err)
{
	struct buf given CLEANUP(buf_done) = {0};
	struct buf decoded CLEANUP(buf_done) = {0};
	struct buf unpacked CLEANUP(buf_done) = {0};
	const struct buf *in = &given;
	int r;

	if (bytes > SEED_USER_DATA_MAX_BYTES)
		return err_set(err, ERR_INVALID_INPUT,
			       "user_data has %zu bytes, at most %zu are possible", bytes,
			       SEED_USER_DATA_MAX_BYTES);
	if (!bytes)
		return 0;
	if (buf_append(&given, data, bytes))
		return err_set(err, -ENOMEM, "out of memory");
	/* A word can look like base64: it is only taken as such when something known is inside. */
	if (unbase64(&given, &decoded) &&
	    (decoded.data[0] == '#' || is_gzip(&decoded) || mime_start(&decoded) != SIZE_MAX))
		in = &decoded;
	if (is_gzip(in)) {
		r = gunzip(in, &unpacked, err);
		if (r)
			return r;
		if (unpacked.len && mime_start(&unpacked) != SIZE_MAX)
			return take_mime(&unpacked, ret, err);
		ret->kind = USER_DATA_GZIP;
	} else if (mime_start(in) != SIZE_MAX) {
		return take_mime(in, ret, err);
	} else {
		ret->kind = USER_DATA_PLAIN;
	}
	if (buf_append(&ret->bytes, in->data, in->len))
		return err_set(err, -ENOMEM, "out of memory");
	return 0;
}

int seed_check_user_data(const void *data, size_t bytes, struct err *err)
{
	struct user_data user_data CLEANUP(user_data_done) = {0};

	return look_into(data, bytes, &user_data, err);
}

static void mime_head(struct buf *out, const char *boundary)
{
	(void)buf_printf(out,
			 "Content-Type: multipart/mixed; boundary=\"%s\"\nMIME-Version: 1.0\n\n",
			 boundary);
}

static void first_step_part(const struct seed_input *input, const char *boundary, const char *id,
			    struct buf *out)
{
	const struct seed_first_step *chosen = &input->first_step;
	const char *updates = first_choice_updates_name((enum first_choice_updates)chosen->updates);
	struct buf settings CLEANUP(buf_done) = {0};

	if (chosen->open_ports != NULL && chosen->open_ports[0] != '\0')
		(void)buf_printf(&settings, "open = %s\n", chosen->open_ports);
	if (chosen->log_days != 0)
		(void)buf_printf(&settings, "log_days = %" PRIu32 "\n", chosen->log_days);
	if (updates != NULL)
		(void)buf_printf(&settings, "updates = %s\n", updates);
	if (settings.len > 0)
		settings.data[--settings.len] = '\0';
	(void)buf_printf(out,
			 "--%s\nContent-Type: text/cloud-boothook; charset=\"us-ascii\"\n"
			 "MIME-Version: 1.0\n"
			 "Content-Disposition: attachment; filename=\"ippo-first-step\"\n\n"
			 "#cloud-boothook\n#!/bin/sh\n"
			 "# Puts firststep into this server; firststep(1).\n"
			 "instance='%s'\nport='",
			 boundary, id);
	if (chosen->ssh_port != 0)
		(void)buf_printf(out, "%u", (unsigned)chosen->ssh_port);
	(void)buf_printf(out, "'\nsettings='%s'\n%s\n", buf_str(&settings), boothook);
	if (settings.error)
		out->error = settings.error;
}

static int user_data_document(const struct seed_input *input, const struct user_data *theirs,
			      const char *ours, struct buf *out)
{
	struct buf boundary CLEANUP(buf_done) = {0};
	struct buf id CLEANUP(buf_done) = {0};

	instance_id(input, &id);
	for (unsigned n = 0;; n++) {
		buf_clear(&boundary);
		(void)buf_printf(&boundary, "ippo-%s-%u", buf_str(&id), n);
		if (boundary.error || theirs->kind != USER_DATA_MIME ||
		    !memmem(theirs->bytes.data, theirs->bytes.len, boundary.data, boundary.len))
			break;
	}
	mime_head(out, buf_str(&boundary));
	switch (theirs->kind) {
	case USER_DATA_NONE:
		break;
	case USER_DATA_PLAIN:
	case USER_DATA_GZIP:
		(void)buf_printf(out,
				 "--%s\nContent-Type: %s\nMIME-Version: 1.0\n"
				 "Content-Transfer-Encoding: base64\n\n",
				 buf_str(&boundary),
				 theirs->kind == USER_DATA_GZIP ? "application/gzip"
								: "text/plain; charset=\"utf-8\"");
		append_base64(out, theirs->bytes.data, theirs->bytes.len);
		break;
	case USER_DATA_MIME:
		(void)buf_printf(out, "--%s\n", buf_str(&boundary));
		(void)buf_append(out, theirs->bytes.data, theirs->bytes.len);
		(void)buf_putc(out, '\n');
		break;
	}
	first_step_part(input, buf_str(&boundary), buf_str(&id), out);
	(void)buf_printf(out,
			 "--%s\nContent-Type: text/cloud-config; charset=\"us-ascii\"\n"
			 "MIME-Version: 1.0\n"
			 "Content-Disposition: attachment; filename=\"ippo.cfg\"\n\n"
			 "#cloud-config\n%s\n",
			 buf_str(&boundary), ours);
	(void)buf_printf(out, "--%s--\n", buf_str(&boundary));
	return boundary.error || id.error ? -ENOMEM : out->error;
}

static char *vendor_data(void)
{
	struct buf out CLEANUP(buf_done) = {0};

	mime_head(&out, "ippo-vendor");
	(void)buf_printf(&out,
			 "--ippo-vendor\nContent-Type: text/x-shellscript; charset=\"us-ascii\"\n"
			 "MIME-Version: 1.0\n"
			 "Content-Disposition: attachment; filename=\"ippo-report\"\n\n"
			 "%s\n--ippo-vendor--\n",
			 vendor_script);
	return buf_steal(&out);
}

int seed_build(const struct seed_input *input, struct host_seed *ret, struct err *err)
{
	struct host_seed seed CLEANUP(host_seed_done) = {0};
	struct user_data theirs CLEANUP(user_data_done) = {0};
	struct buf document CLEANUP(buf_done) = {0};
	char *ours AUTO_FREE = NULL;
	size_t total;
	int r;

	r = look_into(input->user_data, input->user_data_bytes, &theirs, err);
	if (r)
		return r;
	ours = cloud_config(input);
	if (!ours || user_data_document(input, &theirs, ours, &document))
		return err_set(err, -ENOMEM, "out of memory");
	memcpy(seed.uuid, input->uuid, sizeof(seed.uuid));
	seed.meta_data = meta_data(input);
	seed.network_config = network_config(input);
	seed.vendor_data = vendor_data();
	seed.user_data_bytes = document.len;
	seed.user_data = buf_steal(&document);
	if (!seed.meta_data || !seed.network_config || !seed.vendor_data || !seed.user_data)
		return err_set(err, -ENOMEM, "out of memory");
	total = strlen(seed.meta_data) + strlen(seed.network_config) + strlen(seed.vendor_data) +
		seed.user_data_bytes;
	if (total > HOST_SEED_MAX_BYTES)
		return err_set(err, ERR_TOO_LARGE,
			       "user_data and SSH keys together have %zu bytes, at most %zu fit",
			       total, HOST_SEED_MAX_BYTES);
	*ret = seed;
	memset(&seed, 0, sizeof(seed));
	return 0;
}

static bool reachable(const struct ip *ip)
{
	static const uint8_t loopback6[16] = {[15] = 1};
	static const uint8_t none[16] = {0};

	if (ip->family == 4)
		return ip->bytes[0] != 127 && ip->bytes[0] != 0 &&
		       !(ip->bytes[0] == 169 && ip->bytes[1] == 254);
	return memcmp(ip->bytes, loopback6, 16) != 0 && memcmp(ip->bytes, none, 16) != 0 &&
	       !(ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80);
}

size_t seed_read_resolvers(const char *path, struct ip ret[SEED_MAX_RESOLVERS])
{
	struct buf file CLEANUP(buf_done) = {0};
	size_t count = 0;
	char *rest = NULL;

	if (fd_read_file(AT_FDCWD, path, RESOLV_CONF_MAX_BYTES, &file) || !file.len)
		return 0;
	for (char *line = strtok_r((char *)file.data, "\n", &rest);
	     line && count < SEED_MAX_RESOLVERS; line = strtok_r(NULL, "\n", &rest)) {
		char *words = NULL;
		const char *key = strtok_r(line, " \t\r", &words);
		const char *value = key ? strtok_r(NULL, " \t\r", &words) : NULL;
		struct ip ip;

		if (value && strcmp(key, "nameserver") == 0 && ip_parse(value, &ip) == 0 &&
		    reachable(&ip))
			ret[count++] = ip;
	}
	return count;
}
