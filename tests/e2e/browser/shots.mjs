// Pictures of every page for somebody to look at, outside of the tree:
//
//   IPPO_BUILD=…/build node shots.mjs FOLDER [WORD …]     only pages whose name has one of the words
//
// Each page at 1280 and 360 pixels, light and dark, in both languages.

import { mkdirSync } from "node:fs";
import path from "node:path";
import { startBrowser } from "./browser.mjs";
import { panel } from "./harness.mjs";
import { Mock } from "./mock.mjs";

const [folder, ...words] = process.argv.slice(2);
if (!folder) {
	console.error("shots.mjs: name a folder");
	process.exit(2);
}
mkdirSync(folder, { recursive: true });
const mock = await new Mock(panel).listen();
const browser = await startBrowser();

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
	const firewall = mock.addFirewall("web", [], {});
	const zone = mock.addZone("example.jp");
	const thread = mock.addThread("接続できません", "SSHで入れません。");
	mock.keys.set(900, { id: 900, name: "home", public_key: "ssh-ed25519 AAAA", fingerprint: "aa:bb", created: "2026-11-20T01:02:03Z", labels: {} });
	mock.addLine("server.poweron", { resource: { type: "server", id: server.id, name: "hajime" } });
	mock.addLine("host.update", { resource: { type: "host", id: 1, name: "host1" } });
	mock.addCharge(server, "initial", 2000);
	mock.addCharge(server, "month", 980);
	mock.addCharge(off, "upgrade", 383, { days: 23 });
	mock.consoles.serial(server).say("Debian GNU/Linux 12 hajime ttyS0\r\n\r\nhajime login: ");
	const at = `/servers/${server.id}`;
	return {
		servers: "/servers", "servers-none-found": "/servers?search=nothing", "servers-found": "/servers?search=a", create: "/servers/new", home: at, "home-off": `/servers/${off.id}`, settings: `${at}/settings`,
		reinstall: `${at}/reinstall`, filter: `${at}/filter`, "server-history": `${at}/history`, "first-step": `${at}/first-step`, graphs: `${at}/graphs`,
		console: `${at}/console`, keys: "/keys", "api-keys": "/api-keys", history: "/history", people: "/people", alerts: "/alerts", firewalls: "/firewalls",
		firewall: `/firewalls/${firewall.id}`, "floating-ips": "/floating-ips", zones: "/zones", zone: `/zones/${zone.id}`, contract: "/contract", notices: "/notices", contact: `/contact/${thread.id}`,
		manual: "/manual", "manual-contract": "/manual/contract", customers: "/admin/customers", customer: "/admin/customers/1", hosts: "/admin/hosts", images: "/admin/images",
		outbox: "/admin/outbox", account: "/account", "sign-in": "/sign-in", invitation: "/invitation/KEY-1", "forgot-password": "/forgot-password",
	};
}

const outside = ["sign-in", "invitation", "forgot-password"];
const pages = furnish();
try {
	for (const language of ["ja", "en"])
		for (const scheme of ["light", "dark"])
			for (const width of [1280, 360])
				for (const [name, address] of Object.entries(pages)) {
					if (words.length > 0 && !words.some((word) => `${name}-${language}-${scheme}-${width}`.includes(word)))
						continue;
					const context = await browser.newContext({ locale: language === "ja" ? "ja-JP" : "en-GB", colorScheme: scheme, viewport: { width, height: 800 }, timezoneId: "Asia/Tokyo", reducedMotion: "reduce" });
					if (!outside.includes(name)) {
						await context.addCookies([mock.session("taro")]);
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
