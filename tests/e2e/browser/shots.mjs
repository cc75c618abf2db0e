// Pictures of every page for somebody to look at, outside of the tree:
//
//   IPPO_BUILD=…/build node shots.mjs FOLDER [PATTERN …]     only pages whose name has one of the patterns
//
// Each page at 1280 and 360 pixels, light and dark, in both languages: "home-ja-dark-360.png". Forms with
// mistakes and open dialogs are photographed by axe.test.mjs, which makes them all: IPPO_PICTURES=FOLDER.

import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { startBrowser } from "./browser.mjs";
import { panel } from "./harness.mjs";
import { Mock } from "./mock.mjs";

const [folder, ...patterns] = process.argv.slice(2);
if (!folder) {
	console.error("shots.mjs: name a folder");
	process.exit(2);
}
mkdirSync(folder, { recursive: true });
const mock = await new Mock(panel).listen();
const browser = await startBrowser();

/** A service in use; the address of each page. */
function furnish() {
	mock.reset();
	mock.action_ms = 0;
	const server = mock.addServer("hajime", "running", { labels: { env: "prod" } });
	const off = mock.addServer("tsugi", "off");
	const failed = mock.addServer("failed");
	for (const name of ["blog", "mail", "shop", "test-1"])
		mock.addServer(name, name === "mail" ? "running" : "off");
	mock.endAction(mock.addAction(server, "start_server"));
	mock.endAction(mock.addAction(failed, "start_server"), { code: "disk_full", message: "no space left" });
	mock.addAction(mock.addServer("busy", "running"), "shutdown_server", { progress: 40, ippo: { step: "shutdown", undoing: false } });
	off.ippo.kept_disk = { image: off.image, disk_size: 50, user: "debian", ssh_port: 22, created: "2026-11-24T01:02:03Z", expires: "2026-12-01T01:02:03Z" };

	const world = ["0.0.0.0/0", "::/0"];
	const rules = [{ port: "22", source_ips: ["203.0.113.0/24"], description: "SSH" }, { port: "80", source_ips: world, description: "HTTP" }, { port: "443", source_ips: world }];
	const firewall = mock.addFirewall("web", rules, { applied_to: [{ type: "server", server: { id: server.id } }, { type: "label_selector", label_selector: { selector: "env=prod" }, applied_to_resources: [] }] });
	mock.addFirewall("mail", []);
	mock.refused = [{ kind: "in", protocol: "tcp", address: "2001:db8:1:2:3:4:5:6", port: 23, count: 7, first: "2026-11-20T01:02:03Z", last: "2026-11-20T01:12:03Z" }];
	mock.addNetwork("内部", [server, off]);
	mock.addNetwork("backup");
	mock.addPrimaryIp("203.0.113.8", { assignee_id: server.id, name: "web" });
	mock.addPrimaryIp("2001:db8:8::/64");
	mock.addFloatingIp("203.0.113.7", { server: server.id, name: "お店" });
	mock.addFloatingIp("2001:db8:7::/64");
	const zone = mock.addZone("はじめ.example", { record_count: 4, dnssec: { enabled: true, ds: [`12345 13 2 ${"0C".repeat(32)}`] } });
	mock.addRrset(zone, "@", "A", ["203.0.113.8"]);
	mock.addRrset(zone, "@", "MX", ["10 mail.example.jp."]);
	mock.addRrset(zone, "www", "AAAA", ["2001:db8:8::1", "2001:db8:8::2"], 300);
	mock.addRrset(zone, "_dmarc", "TXT", [`"v=DMARC1; p=quarantine; rua=mailto:postmaster@example.jp"`]);
	mock.addZone("example.jp", { status: "updating" });
	const fetched = mock.addZone("fetched.example", { mode: "secondary", transferred: "2026-11-20T01:02:03Z", expires: "2026-12-04T01:02:03Z", primary_nameservers: [{ address: "192.0.2.53", port: 53 }] });

	mock.keys.set(900, { id: 900, name: "home", public_key: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA${"I".repeat(40)} home`, fingerprint: "b7:2f:30:a0:2f:6c:58:6c:21:04:58:61:ba:06:3b:2f", created: "2026-11-20T01:02:03Z", labels: {} });
	mock.addToken("backup", "read", "2027-01-01T00:00:00Z");
	mock.addToken("terraform", "read_write");
	mock.addLine("server.poweron", { resource: { type: "server", id: server.id, name: "hajime" } });
	mock.addLine("server.create", { resource: { type: "server", id: off.id, name: "tsugi" }, details: { image: "debian-12" } });
	mock.addLine("session.fail", { result: "refused", error: "unauthorized", peer: "2001:db8:1111:2222:3333:4444:5555:6666" });
	mock.addLine("host.update", { resource: { type: "host", id: 1, name: "host1" }, operator: true });
	mock.addAlertRule({ mail: true });
	mock.addAlertRule({ kind: "stopped_itself", server: off.id, webhook_url: "https://example.com/hook" });
	mock.addAlert(off, { status: "ended", ended: "2026-11-20T03:00:00Z", reason: "not_measured" });
	mock.addAlert(server);
	mock.addCharge(server, "initial", 2000);
	mock.addCharge(server, "month", 980);
	mock.addCharge(off, "upgrade", 383, { days: 23 });
	mock.addNotice({ title_ja: "パネルが新しくなりました", title_en: "A new panel" });
	mock.addNotice({ kind: "maintenance", pinned: true, title_ja: "ホストサーバーの保守", title_en: "Maintenance of a host", starts: new Date(Date.now() + 864e5).toISOString(), ends: new Date(Date.now() + 864e5 + 72e5).toISOString() });
	const thread = mock.addThread("接続できません", "SSHで入れません。");
	mock.say(thread, "support", "ポートは22です。鍵を確かめてください。", true);
	mock.addThread("請求について", "領収書はありますか。");
	mock.addMessage();
	mock.addMessage({ kind: "webhook", recipient: "https://example.com/hook/with/a/long/path", status: "waiting", next_attempt: "2026-11-27T01:02:03Z" });
	mock.addMessage({ status: "sent", error: null });
	mock.addNameServer("ns3.example.net");
	mock.zoneCounts = { total: 9, outdated: 3, elsewhere: 1, protected: 1 };
	mock.addAccount("株式会社はじめ", { used: { servers: 10, cores: 20, memory_mib: 20480, addresses: 4 }, suspended: true, suspension: { reason: "十月分のお支払いがありません", since: "2026-11-26T01:02:03Z" } });
	mock.addAccount("hanako", { used: { servers: 2 } });
	mock.consoles.serial(server).say("Debian GNU/Linux 12 hajime ttyS0\r\n\r\nhajime login: ");
	const at = `/servers/${server.id}`;
	return {
		servers: "/servers", "servers-none-found": "/servers?search=nothing", "servers-found": "/servers?search=a", create: "/servers/new",
		home: at, "home-off": `/servers/${off.id}`, "home-failed": `/servers/${failed.id}`, settings: `${at}/settings`, backups: `${at}/backups`, reinstall: `${at}/reinstall`, "reinstall-kept": `/servers/${off.id}/reinstall`,
		"server-filter": `${at}/filter`, "server-history": `${at}/history`, "first-step": `${at}/first-step`, graphs: `${at}/graphs`, console: `${at}/console`, "console-off": `/servers/${off.id}/console`,
		keys: "/keys", "api-keys": "/api-keys", history: "/history", people: "/people", alerts: "/alerts", firewalls: "/firewalls", firewall: `/firewalls/${firewall.id}`,
		"floating-ips": "/floating-ips", "primary-ips": "/primary-ips", networks: "/networks", zones: "/zones", zone: `/zones/${zone.id}`, "zone-secondary": `/zones/${fetched.id}`,
		contract: "/contract", notices: "/notices", "contact-list": "/contact", contact: `/contact/${thread.id}`, manual: "/manual", "manual-topic": "/manual/contract", account: "/account",
		customers: "/admin/customers", customer: "/admin/customers/2", hosts: "/admin/hosts", images: "/admin/images", "name-servers": "/admin/name-servers", outbox: "/admin/outbox", nowhere: "/nowhere",
		"sign-in": "/sign-in", invitation: "/invitation/KEY-1", "forgot-password": "/forgot-password", "confirm-mail": "/confirm-mail/MAIL-1", "new-password": "/new-password/RESET-1",
	};
}

const outside = ["sign-in", "invitation", "forgot-password", "confirm-mail", "new-password"];
const pages = furnish();
const session = mock.session("taro");
const missing = [...readFileSync(path.join(panel, "lib/router.js"), "utf8").matchAll(/\{ name: "([a-z-]+)", pattern: /g)].map(([, name]) => name).filter((name) => !pages[name]);
const isWanted = (name) => patterns.length === 0 || patterns.some((pattern) => new RegExp(pattern).test(name));
try {
	if (missing.length > 0)
		throw new Error(`no address is given for ${missing.join(", ")}`);
	for (const language of ["ja", "en"])
		for (const scheme of ["light", "dark"])
			for (const width of [1280, 360])
				for (const [name, address] of Object.entries(pages)) {
					if (!isWanted(`${name}-${language}-${scheme}-${width}`))
						continue;
					const context = await browser.newContext({ locale: language === "ja" ? "ja-JP" : "en-GB", colorScheme: scheme, viewport: { width, height: 800 }, timezoneId: "Asia/Tokyo", reducedMotion: "reduce" });
					if (!outside.includes(name)) {
						await context.addCookies([session]);
						await context.addInitScript(() => { localStorage.setItem("ippo.session", "yes"); localStorage.setItem("ippo.first", "done"); });
					}
					const page = await context.newPage();
					page.on("pageerror", (error) => console.error(name, String(error), error.stack));
					page.on("console", (message) => message.type() === "error" && console.error(name, message.text(), message.location().url));
					await page.goto(`${mock.url}/#${address}`);
					await page.waitForFunction(() => document.getElementById("heading") && !document.querySelector("main .waiting"), null, { timeout: 15000 }).catch(() => console.error(name, "still waits"));
					await page.screenshot({ path: path.join(folder, `${name}-${language}-${scheme}-${width}.png`), fullPage: true });
					await context.close();
				}
} finally {
	await browser.close();
	await mock.close();
}
