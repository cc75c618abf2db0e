// Refuse by default, on IPv4 and IPv6, and open only what is wanted.
#include "firststep/packet_filter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "firststep/filter.h"
#include "firststep/item.h"
#include "firststep/run.h"
#include "firststep/unit_file.h"

#define FIREWALLD_MAIN "/etc/firewalld/firewalld.conf"

static void wanted_ports(struct context *context, struct ports *ret)
{
	const uint16_t ssh = context_ssh_port(context);
	static const uint16_t dhcp[] = {68, 546};

	*ret = context->settings.open;
	(void)ports_add(ret, (struct port_range){ssh, ssh, false});
	/* A client of DHCP gets its answers here; nothing else listens. */
	for (size_t i = 0; i < ARRAY_SIZE(dhcp); i++)
		(void)ports_add(ret, (struct port_range){dhcp[i], dhcp[i], true});
}

/* A port that one chain opens is open only when every closed chain of a family opens it. */
static bool all_open(const struct filter *filter, struct port_range range, bool v6)
{
	for (size_t i = 0; i < filter->count; i++) {
		const struct filter_chain *chain = &filter->chains[i];
		if (chain->is_closed && (v6 ? chain->is_v6 : chain->is_v4) &&
		    !ports_cover(&chain->open, range))
			return false;
	}
	return true;
}

static void judge_ports(const struct filter *filter, const struct ports *wanted, const char *source,
			struct verdict *verdict)
{
	for (size_t i = 0; i < filter->count; i++) {
		const struct filter_chain *chain = &filter->chains[i];
		char text[PORTS_TEXT_BYTES];
		if (!chain->is_closed)
			continue;
		ports_format(&chain->open, text);
		verdict_add(verdict, source, "%s: closed, opens %.150s", chain->name,
			    text[0] != '\0' ? text : "nothing");
		if (chain->is_unclear) {
			verdict_add(verdict, source, "%s: %s", chain->name, chain->unclear);
			verdict_doubt(verdict, REASON_FILTER_UNCLEAR);
		}
		for (size_t j = 0; j < chain->open.count; j++) {
			const struct port_range range = chain->open.ranges[j];
			if (ports_cover(wanted, range) ||
			    !((chain->is_v4 && all_open(filter, range, false)) ||
			      (chain->is_v6 && all_open(filter, range, true))))
				continue;
			port_range_format(range, text);
			verdict_add(verdict, source, "not wanted: %.20s", text);
			verdict_fail(verdict, REASON_UNWANTED_PORT);
		}
	}
}

static void judge(struct context *context, const char *text, const char *source,
		  struct verdict *verdict)
{
	struct filter *filter AUTO_FREE = calloc(1, sizeof *filter);
	struct ports wanted;
	bool closed_v4 = false, closed_v6 = false;
	const int code = filter == NULL ? -ENOMEM : filter_parse(text, filter);

	if (code < 0) {
		verdict_unreadable(verdict, source, code);
		return;
	}
	for (size_t i = 0; i < filter->count; i++) {
		closed_v4 |= filter->chains[i].is_closed && filter->chains[i].is_v4;
		closed_v6 |= filter->chains[i].is_closed && filter->chains[i].is_v6;
	}
	if (!closed_v4 || !closed_v6) {
		verdict_add(verdict, source, "IPv4: %s, IPv6: %s", closed_v4 ? "closed" : "open",
			    closed_v6 ? "closed" : "open");
		verdict_fail(verdict, filter->count == 0       ? REASON_NO_FILTER
				      : closed_v4 != closed_v6 ? REASON_FILTER_ONE_FAMILY
							       : REASON_FILTER_OPEN);
	}
	wanted_ports(context, &wanted);
	judge_ports(filter, &wanted, source, verdict);
}

/* What stands between the first two quotes of a line. */
static bool quoted(const char *at, char *out, size_t size)
{
	at += strspn(at, " \t");
	const size_t len = *at == '"' ? strcspn(at + 1, "\"\n") : 0;
	if (len == 0 || len >= size || at[1 + len] != '"')
		return false;
	memcpy(out, at + 1, len);
	out[len] = '\0';
	return true;
}

/* The text of nftables.conf with its includes of one more file each. */
static int read_rules(const struct tree *tree, const char *path, unsigned depth, struct buf *out)
{
	struct buf text CLEANUP(buf_done) = {0};
	int code = tree_read(tree, path, &text);

	if (code < 0)
		return code;
	for (const char *at = buf_str(&text); code == 0 && *at != '\0';) {
		const size_t len = strcspn(at, "\n");
		const char *word = at + strspn(at, " \t");
		char inner[256];
		if (strncmp(word, "include", 7) == 0 && depth < 4 &&
		    quoted(word + 7, inner, sizeof inner)) {
			char *slash = strrchr(inner, '/');
			struct tree_names names CLEANUP(tree_names_done) = {0};
			if (slash == NULL)
				code = -EINVAL;
			else if (strpbrk(slash, "*?[") == NULL)
				code = read_rules(tree, inner, depth + 1, out);
			else {
				*slash = '\0';
				(void)tree_list(tree, inner, slash + 1, &names);
				for (size_t i = 0; code == 0 && i < names.count; i++) {
					char full[600];
					(void)snprintf(full, sizeof full, "%s/%s", inner,
						       names.names[i]);
					code = read_rules(tree, full, depth + 1, out);
				}
			}
		} else {
			(void)buf_append(out, at, len);
			(void)buf_putc(out, '\n');
		}
		at += len + (at[len] == '\n');
	}
	return code < 0 ? code : out->error;
}

static void check_nftables(struct context *context, struct verdict *verdict)
{
	struct buf files CLEANUP(buf_done) = {.max = 4 * TREE_FILE_MAX_BYTES};
	struct buf live CLEANUP(buf_done) = {0};
	static const char *const argv[] = {"nft", "list", "ruleset", NULL};
	char path[320];
	int status = 0;
	int code = read_rules(&context->tree, FILTER_MAIN, 0, &files);
	const bool is_enabled =
		unit_is_enabled(&context->tree, "nftables.service", path, sizeof path);

	if (code == -ENOENT) {
		verdict_add(verdict, FILTER_MAIN, "not there");
		verdict_fail(verdict, REASON_NO_FILTER);
		return;
	}
	if (code < 0) {
		verdict_unreadable(verdict, FILTER_MAIN, code);
		return;
	}
	verdict_add(verdict, is_enabled ? path : "/etc/systemd/system",
		    is_enabled ? "nftables is enabled" : "nftables is not enabled");
	if (!is_enabled)
		verdict_fail(verdict, REASON_NO_FILTER);
	judge(context, buf_str(&files), FILTER_MAIN, verdict);
	if (!context->tree.is_live)
		return;
	code = run_capture(argv, RUN_CHECK_MS, &live, &status);
	if (code < 0 || status != 0)
		verdict_unreadable(verdict, "nft list ruleset", code < 0 ? code : -EPERM);
	else
		judge(context, buf_str(&live), "nft list ruleset", verdict);
}

static int read_xml(const struct tree *tree, const char *kind, const char *name, char *path,
		    size_t size, struct zone *ret, bool *ret_rich)
{
	static const char *const folders[] = {"/etc/firewalld", "/usr/lib/firewalld"};
	int code = -ENOENT;

	for (size_t i = 0; code == -ENOENT && i < ARRAY_SIZE(folders); i++) {
		struct buf text CLEANUP(buf_done) = {0};
		(void)snprintf(path, size, "%s/%s/%s.xml", folders[i], kind, name);
		code = tree_read(tree, path, &text);
		if (code == 0)
			code = zone_parse(buf_str(&text), ret, ret_rich);
	}
	return code;
}

/* "public" unless DefaultZone says otherwise. A name with a slash is none. */
static void default_zone(const struct tree *tree, char *out, size_t size)
{
	struct buf text CLEANUP(buf_done) = {0};

	(void)snprintf(out, size, "public");
	if (tree_read(tree, FIREWALLD_MAIN, &text) < 0)
		return;
	for (const char *at = buf_str(&text); *at != '\0';) {
		const size_t len = strcspn(at, "\n");
		if (strncmp(at, "DefaultZone=", 12) == 0 && len > 12 &&
		    memchr(at, '/', len) == NULL)
			(void)snprintf(out, size, "%.*s",
				       (int)(len - 12 < size ? len - 12 : size - 1), at + 12);
		at += len + (at[len] == '\n');
	}
}

static void judge_zone(struct context *context, const struct zone *zone, bool is_rich,
		       const char *source, struct verdict *verdict)
{
	struct ports wanted, open = zone->open;
	struct zone *service AUTO_FREE = calloc(1, sizeof *service);
	char path[320], text[PORTS_TEXT_BYTES];

	if (strcmp(zone->target, "ACCEPT") == 0) {
		verdict_add(verdict, source, "target ACCEPT");
		verdict_fail(verdict, REASON_FILTER_OPEN);
	}
	if (is_rich) {
		verdict_add(verdict, source, "has rules beside services and ports");
		verdict_doubt(verdict, REASON_FILTER_UNCLEAR);
	}
	for (size_t i = 0; service != NULL && i < zone->service_count; i++) {
		bool rich = false;
		if (strchr(zone->services[i], '/') != NULL ||
		    read_xml(&context->tree, "services", zone->services[i], path, sizeof path,
			     service, &rich) < 0) {
			/* The name alone says it for these. */
			const bool is_ssh = strcmp(zone->services[i], "ssh") == 0;
			if (is_ssh)
				(void)ports_add(&open, (struct port_range){22, 22, false});
			else if (strcmp(zone->services[i], "dhcpv6-client") != 0) {
				verdict_add(verdict, source, "service %s: not known",
					    zone->services[i]);
				verdict_doubt(verdict, REASON_FILTER_UNCLEAR);
			}
			continue;
		}
		for (size_t j = 0; j < service->open.count; j++)
			(void)ports_add(&open, service->open.ranges[j]);
	}
	wanted_ports(context, &wanted);
	ports_format(&open, text);
	verdict_add(verdict, source, "opens %.150s", text[0] != '\0' ? text : "nothing");
	for (size_t i = 0; i < open.count; i++) {
		if (ports_cover(&wanted, open.ranges[i]))
			continue;
		port_range_format(open.ranges[i], text);
		verdict_add(verdict, source, "not wanted: %.20s", text);
		verdict_fail(verdict, REASON_UNWANTED_PORT);
	}
}

static void check_firewalld(struct context *context, struct verdict *verdict)
{
	struct zone *zone AUTO_FREE = calloc(1, sizeof *zone);
	char name[64], path[320];
	bool is_rich = false;

	if (!unit_is_enabled(&context->tree, "firewalld.service", path, sizeof path)) {
		verdict_add(verdict, "/etc/systemd/system", "firewalld is not enabled");
		verdict_fail(verdict, REASON_NO_FILTER);
		return;
	}
	verdict_add(verdict, path, "firewalld is enabled");
	default_zone(&context->tree, name, sizeof name);
	const int code = zone == NULL ? -ENOMEM
				      : read_xml(&context->tree, "zones", name, path, sizeof path,
						 zone, &is_rich);
	if (code < 0) {
		verdict_unreadable(verdict, path, code);
		return;
	}
	judge_zone(context, zone, is_rich, path, verdict);
}

static bool uses_firewalld(struct context *context)
{
	char path[320];

	return unit_is_enabled(&context->tree, "firewalld.service", path, sizeof path) ||
	       (context->family == FAMILY_RHEL &&
		!unit_is_enabled(&context->tree, "nftables.service", path, sizeof path));
}

/* ufw keeps its rules in a form of its own, and loads them as iptables' rules. */
static bool uses_ufw(struct context *context)
{
	struct buf text CLEANUP(buf_done) = {0};

	return tree_read(&context->tree, "/etc/ufw/ufw.conf", &text) == 0 &&
	       strstr(buf_str(&text), "\nENABLED=yes") != NULL;
}

static void check(struct context *context, struct verdict *verdict)
{
	if (uses_firewalld(context)) {
		check_firewalld(context, verdict);
	} else if (uses_ufw(context)) {
		verdict_add(verdict, "/etc/ufw/ufw.conf", "ENABLED=yes");
		verdict_doubt(verdict, REASON_FILTER_UNCLEAR);
	} else {
		check_nftables(context, verdict);
	}
}

static const char *const *missing(struct context *context)
{
	static const char *const nftables[] = {"nftables", NULL};
	static const char *const firewalld[] = {"firewalld", NULL};
	const struct tree *tree = &context->tree;

	if (context->family == FAMILY_RHEL)
		return tree_has(tree, "/usr/lib/systemd/system/firewalld.service") ||
				       tree_has(tree, "/usr/sbin/nft")
			       ? NULL
			       : firewalld;
	return context->family != FAMILY_DEBIAN || uses_firewalld(context) || uses_ufw(context) ||
			       tree_has(tree, "/usr/sbin/nft")
		       ? NULL
		       : nftables;
}

/* "tcp dport { 22, 80 } accept" for one protocol; nothing without ports. */
static void write_ports(const struct ports *ports, bool udp, struct buf *out)
{
	bool any = false;

	for (size_t i = 0; i < ports->count; i++) {
		const struct port_range range = ports->ranges[i];
		if (range.is_udp != udp)
			continue;
		(void)buf_printf(out,
				 any   ? ", %u"
				 : udp ? "\t\tudp dport { %u"
				       : "\t\ttcp dport { %u",
				 range.first);
		if (range.last != range.first)
			(void)buf_printf(out, "-%u", range.last);
		any = true;
	}
	if (any)
		(void)buf_puts(out, " } accept\n");
}

static void write_table(const struct ports *open, struct buf *out)
{
	/* Naming the table before deleting it: the deletion then never fails, and nft does both and
	 * the new table in one transaction. */
	(void)buf_puts(out,
		       "# firststep: refuses what nobody asked for. Changes here are lost: "
		       "firststep allow, ssh-port.\n"
		       "table inet firststep\n"
		       "delete table inet firststep\n"
		       "table inet firststep {\n"
		       "\tchain input {\n"
		       "\t\ttype filter hook input priority filter; policy drop;\n"
		       "\t\tct state established,related accept\n"
		       "\t\tct state invalid drop\n"
		       "\t\tiif \"lo\" accept\n"
		       "\t\ticmp type { echo-request, destination-unreachable, time-exceeded, "
		       "parameter-problem } accept\n"
		       "\t\ticmpv6 type { echo-request, destination-unreachable, packet-too-big, "
		       "time-exceeded, parameter-problem, nd-router-advert, nd-neighbor-solicit, "
		       "nd-neighbor-advert, mld-listener-query } accept\n"
		       "\t\tudp sport 67 udp dport 68 accept\n"
		       "\t\tip6 saddr fe80::/10 udp dport 546 accept\n");
	write_ports(open, false, out);
	write_ports(open, true, out);
	(void)buf_puts(out, "\t}\n}\n");
}

static int plan_main(struct plan *plan, struct err *err)
{
	struct buf text CLEANUP(buf_done) = {0};
	static const char line[] = "include \"" FILTER_FILE "\"\n";
	int code = tree_read(plan->tree, FILTER_MAIN, &text);

	if (code < 0 && code != -ENOENT)
		return err_set(err, code, "%s: %s", FILTER_MAIN, strerror(-code));
	if (strstr(buf_str(&text), line) != NULL)
		return 0;
	if (code == -ENOENT)
		(void)buf_puts(&text, "#!/usr/sbin/nft -f\n");
	else if (text.len > 0 && buf_str(&text)[text.len - 1] != '\n')
		(void)buf_putc(&text, '\n');
	(void)buf_puts(&text, line);
	return plan_write(plan, FILTER_MAIN, &text, 0755, err);
}

static void write_zone(const struct ports *open, struct buf *out)
{
	(void)buf_puts(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<zone>\n"
			    "  <short>firststep</short>\n"
			    "  <service name=\"dhcpv6-client\"/>\n");
	for (size_t i = 0; i < open->count; i++) {
		const struct port_range range = open->ranges[i];
		(void)buf_printf(out, "  <port protocol=\"%s\" port=\"%u",
				 range.is_udp ? "udp" : "tcp", range.first);
		if (range.last != range.first)
			(void)buf_printf(out, "-%u", range.last);
		(void)buf_puts(out, "\"/>\n");
	}
	(void)buf_puts(out, "</zone>\n");
}

int packet_filter_plan_ports(struct context *context, struct plan *plan, uint16_t first,
			     uint16_t second, struct err *err)
{
	struct ports open = {0};
	struct buf text CLEANUP(buf_done) = {0};
	char name[64], path[128];

	for (size_t i = 0; i < 2; i++) {
		const uint16_t port = i == 0 ? first : second;
		if (port != 0)
			(void)ports_add(&open, (struct port_range){port, port, false});
	}
	for (size_t i = 0; i < context->settings.open.count; i++)
		if (ports_add(&open, context->settings.open.ranges[i]) < 0)
			return err_set(err, -E2BIG, "more than %d ports", PORTS_MAX);
	if (uses_firewalld(context)) {
		default_zone(&context->tree, name, sizeof name);
		(void)snprintf(path, sizeof path, "/etc/firewalld/zones/%s.xml", name);
		write_zone(&open, &text);
		const int code = plan_write(plan, path, &text, 0644, err);
		return code < 0 ? code
				: plan_enable(plan, "firewalld.service", "multi-user.target", err);
	}
	if (uses_ufw(context))
		return err_set(err, ERR_UNSUPPORTED, "%s",
			       context->is_japanese
				       ? "ufw が有効です。ufw で設定を続けるか、先に ufw disable を"
					 "実行してください"
				       : "ufw is on: go on with ufw, or switch it off first (ufw "
					 "disable)");
	write_table(&open, &text);
	int code = plan_write(plan, FILTER_FILE, &text, 0644, err);
	if (code == 0)
		code = plan_main(plan, err);
	return code < 0 ? code : plan_enable(plan, "nftables.service", "sysinit.target", err);
}

static int plan(struct context *context, struct plan *changes, struct err *err)
{
	const struct sshd_config *files;
	const struct sshd_setting *at = NULL;
	const uint16_t port = context_ssh_port(context);
	uint16_t second = 0;

	/* While a port is moved sshd has two: neither is closed here. */
	if (context_sshd(context, &files) == 0)
		while ((at = sshd_config_next(files, "port", at)) != NULL) {
			uint64_t other;
			if (parse_u64(at->value, 1, 65535, &other) == 0 && other != port)
				second = (uint16_t)other;
		}
	return packet_filter_plan_ports(context, changes, port, second, err);
}

int packet_filter_check(struct err *err)
{
	static const char *const argv[] = {"nft", "-c", "-f", FILTER_MAIN, NULL};

	return run_checked(argv, 10000, err);
}

int packet_filter_apply(struct context *context, struct err *err)
{
	static const char *const load[] = {"nft", "-f", FILTER_FILE, NULL};
	static const char *const enable[] = {"systemctl", "daemon-reload", NULL};
	static const char *const firewalld[] = {"systemctl", "reload-or-restart", "firewalld",
						NULL};

	if (uses_firewalld(context))
		return run_service(firewalld, err);
	const int code = run_checked(load, 10000, err);
	return code < 0 ? code : run_service(enable, err);
}

int packet_filter_undo(struct context *context, struct err *err)
{
	static const char *const gone[] = {"nft", "delete", "table", "inet", "firststep", NULL};
	struct buf out CLEANUP(buf_done) = {0};
	int status;

	if (uses_firewalld(context) || tree_has(&context->tree, FILTER_FILE))
		return packet_filter_apply(context, err);
	/* No such table: it is gone already. */
	(void)run_capture(gone, 10000, &out, &status);
	return 0;
}

const struct item item_packet_filter = {
	.id = "packet-filter",
	.en = "The packet filter refuses what nobody asked for",
	.ja = "パケットフィルターが不要な通信を拒む",
	.check = check,
	.missing = missing,
	.plan = plan,
	.apply = packet_filter_apply,
};
