// axe finds nothing on any route, in either language, in either light, with dialogs and menus open.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { describe, test } from "node:test";
import { card, state, useBrowser, withPage } from "./harness.mjs";

const pictures = process.env.IPPO_PICTURES; // a folder: what is looked at is photographed as well
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

useBrowser();

let taken = 0;
if (pictures)
	mkdirSync(pictures, { recursive: true });

async function photograph(page, what) {
	const look = await page.evaluate(() => `${document.documentElement.lang}-${matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"}-${innerWidth}`);
	const name = `${String(++taken).padStart(4, "0")}-${what.replaceAll(/\W+/g, "-")}-${look}.png`;
	await page.screenshot({ path: path.join(pictures, name), fullPage: await page.locator("dialog[open]").count() === 0 });
}

async function check(page, what) {
	if (pictures)
		await photograph(page, what);
	await page.evaluate(axe);
	const { violations, passes } = await page.evaluate(() => window.axe.run(document, {
		rules: { "target-size": { enabled: true } },
	}));
	assert.ok(passes.length > 10, `${what}: axe looked at the page`);
	assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`), [], what);
}

function furnish() {
	const { mock } = state;
	mock.action_ms = 0;
	const running = mock.addServer("hajime", "running");
	const failed = mock.addServer("failed");
	const busy = mock.addServer("busy", "running");
	mock.addServer("unknown", "unknown");
	mock.endAction(mock.addAction(running, "start_server"));
	mock.endAction(mock.addAction(failed, "start_server"), { code: "disk_full", message: "no space left" });
	mock.addAction(busy, "shutdown_server", { progress: 40, ippo: { step: "shutdown", undoing: false } });
	return running;
}

for (const language of ["ja", "en"]) {
	for (const scheme of ["light", "dark"]) {
		// What a narrow screen changes, it changes in every language and light: two of the four show it.
		for (const width of (language === "ja") === (scheme === "light") ? [1280, 320] : [1280]) {
			describe(`${language} ${scheme} ${width}`, () => {
				const look = { language, scheme, width };

				test("sign-in, plain and with mistakes", async () => {
					await withPage({ ...look, as: null, at: "/#/sign-in" }, async (page) => {
						await page.waitForSelector("#password");
						await check(page, "plain");
						await page.click("button.primary");
						await page.waitForSelector("#summary-title");
						await check(page, "mistakes");
					});
				});

				test("invitation, plain, with mistakes, and used", async () => {
					await withPage({ ...look, as: null, at: "/#/invitation/KEY-1", expected: /404/ }, async (page) => {
						await page.waitForSelector("#password");
						await check(page, "plain");
						await page.click("button.primary");
						await page.waitForSelector("#summary-title");
						await check(page, "mistakes");
						await page.goto(`${state.mock.url}/#/invitation/USED`);
						await page.waitForSelector("a.button");
						await check(page, "used");
					});
				});

				test("passkeys: signing in without one, the list, mistakes, the question, the proof", async () => {
					await withPage({ ...look, as: null, at: "/#/sign-in", expected: /./ }, async (page) => {
						await page.goto(`${state.mock.url.replace("localhost", "127.0.0.1")}/#/sign-in`);
						await page.waitForSelector("#passkey-obstacle");
						await check(page, "sign-in at an IP address");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
					});
					state.mock.addPasskey("taro", "仕事用のノートPC".repeat(5));
					state.mock.stale = true;
					await withPage({ ...look, at: "/#/account", expected: /403/ }, async (page) => {
						await page.waitForSelector("[data-passkey]");
						await page.click("#add-passkey");
						await page.waitForSelector("#passkey-name-problem");
						await check(page, "the list, and mistakes");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.locator("[data-passkey] button").click();
						await page.waitForSelector("dialog[open]");
						await check(page, "the question");
						await page.locator("dialog .destroys").click();
						await page.waitForSelector("#prove-by-passkey");
						await check(page, "the proof");
					});
				});

				test("new password, plain, with mistakes, and used", async () => {
					await withPage({ ...look, as: null, at: "/#/new-password/RESET-1", expected: /404/ }, async (page) => {
						await page.waitForSelector("#password");
						await check(page, "plain");
						await page.click("button.primary");
						await page.waitForSelector("#summary-title");
						await check(page, "mistakes");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.goto(`${state.mock.url}/#/new-password/USED`);
						await page.waitForSelector("a.button");
						await check(page, "used");
					});
				});

				test("a forgotten password, with mistakes, and sent; a mail address confirmed, and its link used", async () => {
					await withPage({ ...look, as: null, at: "/#/forgot-password", expected: /404/ }, async (page) => {
						await page.click("button.primary");
						await page.waitForSelector("#summary-title");
						await check(page, "mistakes");
						await page.fill("#name", "taro");
						await page.click("button.primary");
						await page.locator("#name").waitFor({ state: "detached" });
						await check(page, "sent");
						await page.goto(`${state.mock.url}/#/confirm-mail/MAIL-1`);
						await page.waitForSelector("button.primary");
						await check(page, "link");
						await page.click("button.primary");
						await page.locator("button.primary").waitFor({ state: "detached" });
						await check(page, "confirmed");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
					});
				});

				test("API keys: none, the form, mistakes, the secret, the list, the dialog", async () => {
					await withPage({ ...look, at: "/#/api-keys" }, async (page) => {
						await page.waitForSelector(".empty");
						await check(page, "none");
						await page.click("#make-token");
						await page.click("form .button.primary");
						await page.waitForSelector("#summary-title");
						await check(page, "mistakes");
						await page.fill("#token-name", "backup");
						await page.click("form .button.primary");
						await page.waitForSelector("#secret-title");
						await check(page, "secret and list");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.locator("[data-token] .destroys").click();
						await page.waitForSelector("dialog[open]");
						await check(page, "deleting");
					});
				});

				test("history: none, lines, details, a check, a mistake", async () => {
					await withPage({ ...look, at: "/#/history", expected: /422/ }, async (page) => {
						await page.waitForSelector(".empty");
						await check(page, "none");
						state.mock.addLine("server.poweron", { resource: { type: "server", id: 7, name: "a".repeat(63) } });
						state.mock.addLine("session.fail", { result: "refused", error: "unauthorized", peer: "2001:db8:1111:2222:3333:4444:5555:6666" });
						await page.click("form .button.primary");
						await page.waitForSelector("[data-line]");
						await page.locator("[data-line] summary").first().click();
						await page.click("#verify-history");
						await page.waitForSelector("#verification");
						await check(page, "lines");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.fill("#history-customer", "nobody");
						await page.keyboard.press("Enter");
						await page.waitForSelector("#history-customer-problem");
						await check(page, "a mistake");
					});
				});

				test("account: the form, with mistakes, a question", async () => {
					state.mock.session("taro");
					await withPage({ ...look, at: "/#/account" }, async (page) => {
						await page.waitForSelector("[data-session] button");
						await check(page, "plain");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.waitForSelector("#address");
						await page.locator("[aria-labelledby=password-title] .button.primary").click();
						await page.waitForSelector("#summary-title");
						await check(page, "mistakes");
						await page.locator("section > .buttons .button").last().click();
						await page.waitForSelector("dialog[open]");
						await check(page, "a question");
					});
				});

				test("customers: none, the list, mistakes, one of them, its forms and questions, acting, suspended", async () => {
					const busy = state.mock.addAccount("株式会社はじめの一歩".repeat(3), { used: { servers: 10, cores: 20 }, suspended: true,
						suspension: { reason: "十月分のお支払いがありません", since: "2026-11-26T01:02:03Z" } });
					state.mock.addServer("hajime", "running");
					await withPage({ ...look, at: "/#/admin/customers" }, async (page) => {
						const narrow = async () => assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.waitForSelector("[data-customer]");
						await page.click("#make-customer");
						await page.locator(".key-form .button.primary").click();
						await page.waitForSelector("#summary-title");
						await check(page, "the list, and mistakes");
						await narrow();
						await page.fill("#search", "nobody");
						await page.keyboard.press("Enter");
						await page.waitForSelector(".empty");
						await check(page, "none");
						await page.goto(`${state.mock.url}/#/admin/customers/${busy.id}`);
						await page.waitForSelector("#resume");
						await page.click("#edit-quotas");
						await page.fill("#quota-servers", "x");
						await page.locator(".group form .button.primary").click();
						await page.waitForSelector("#quota-servers-problem");
						await check(page, "a suspended one, and mistakes");
						await narrow();
						await page.goto(`${state.mock.url}/#/admin/customers/1`);
						for (const button of ["#suspend", "[data-server] .button", "[data-person] .button"]) {
							await page.locator(button).first().click();
							await page.waitForSelector("dialog[open]");
							await check(page, `the question of ${button}`);
							await narrow();
							await page.keyboard.press("Escape");
							await page.locator("dialog").waitFor({ state: "detached" });
						}
						await page.goto(`${state.mock.url}/#/admin/customers/${busy.id}`);
						await page.click("#act-for");
						await page.waitForSelector("#acting");
						await check(page, "acting");
						await narrow();
					});
				});

				test("images: fresh, old, unknown", async () => {
					Object.assign(state.mock.images[1], { built: null, created: "2026-01-01T00:00:00Z", updates: { ...state.mock.images[1].updates,
						reason: "archive_unreachable", unknown_since: "2026-11-27T01:02:03Z", message: "Could not connect to archive.example.org:80" } });
					await withPage({ ...look, at: "/#/admin/images" }, async (page) => {
						await page.waitForSelector("[data-do=check]");
						await check(page, "the list");
					});
				});

				test("further name servers: none, the form, a configuration, the list, a question", async () => {
					await withPage({ ...look, at: "/#/admin/name-servers" }, async (page) => {
						await page.waitForSelector(".empty");
						state.mock.zoneCounts = { total: 9, outdated: 3, elsewhere: 1, protected: 1 };
						await page.click("#add-name-server");
						await page.click("#server-save");
						await page.waitForSelector("#server-name-problem");
						await check(page, "mistakes");
						await page.fill("#server-name", "ns3.example.net");
						await page.fill("#server-address", "192.0.2.54");
						await page.click("#server-save");
						await page.waitForSelector("#config");
						await page.waitForSelector("[data-state]");
						await check(page, "a configuration and the list");
						await page.click("#update-zones");
						await page.waitForSelector("dialog[open]");
						await check(page, "a question");
					});
				});

				test("mails and webhooks: none, the list, a question", async () => {
					await withPage({ ...look, at: "/#/admin/outbox" }, async (page) => {
						await page.waitForSelector(".empty");
						await check(page, "none");
						state.mock.addMessage();
						state.mock.addMessage({ kind: "webhook", recipient: `https://example.com/${"x".repeat(200)}`, status: "waiting", next_attempt: "2026-11-27T01:02:03Z" });
						state.mock.addMessage({ status: "sent", error: null });
						await page.click("#outbox-again");
						await page.waitForSelector("[data-do=discard]");
						await check(page, "the list");
						await page.locator("[data-do=discard]").first().click();
						await page.waitForSelector("dialog[open]");
						await check(page, "a question");
					});
				});

				test("alerts: none, the form, mistakes, open, past, rules, a question", async () => {
					await withPage({ ...look, at: "/#/alerts" }, async (page) => {
						await page.waitForSelector(".empty");
						await check(page, "none");
						await page.click("#make-rule");
						await page.fill("#alert-minutes", "x");
						await page.click("#alert-save");
						await page.waitForSelector(".field-problem");
						await check(page, "mistakes");
						await page.selectOption("#alert-what", "stopped_itself");
						await check(page, "a stop");
						const server = furnish();
						state.mock.addAlertRule({ mail: true });
						state.mock.addAlertRule({ label_selector: "env=prod", webhook_url: "https://example.com/hook/with/a/long/path/to/be/wrapped" });
						state.mock.addAlert(server, { status: "ended", ended: "2026-11-20T03:00:00Z", reason: "not_measured" });
						state.mock.addAlert(server);
						await page.reload();
						await page.waitForSelector("[data-rule]");
						await page.waitForSelector("[data-alert]");
						await check(page, "lists");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.locator("[data-do=delete]").first().click();
						await page.waitForSelector("dialog[open]");
						await check(page, "deleting");
						await page.keyboard.press("Escape");
						await page.goto(`${state.mock.url}/#/servers/${server.id}`);
						await page.waitForSelector(".alert-mark");
						await check(page, "home");
					});
				});

				test("packet filters: none, the form, mistakes, difference, a question, a trial, a server's own", async () => {
					await withPage({ ...look, at: "/#/firewalls" }, async (page) => {
						const narrow = async () => assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.waitForSelector(".empty");
						await check(page, "none");
						await page.click("#make-firewall");
						await page.click("#firewall-save");
						await page.waitForSelector(".field-problem");
						await check(page, "mistakes");
						const server = furnish();
						const rules = [{ port: "22", source_ips: ["0.0.0.0/0", "::/0"], description: "SSH" }];
						const firewall = state.mock.addFirewall("web", rules, { applied_to: [{ type: "server", server: { id: server.id } }, { type: "label_selector", label_selector: { selector: "env=prod" }, applied_to_resources: [] }] });
						await page.reload();
						await page.waitForSelector("[data-firewall]");
						await check(page, "list");
						await page.goto(`${state.mock.url}/#/firewalls/${firewall.id}`);
						await page.click("#edit-rules");
						await page.click("[data-template=database]");
						await page.click("#rules-save");
						await page.waitForSelector(".field-problem");
						await check(page, "the rules' form");
						await narrow();
						await page.fill("#rule-1-addresses", "0.0.0.0/0");
						await page.click("#rules-save");
						await page.waitForSelector("[data-difference]");
						await check(page, "the difference");
						await page.click("#rules-save");
						await page.waitForSelector("dialog[open]");
						await check(page, "a database for everybody");
						await page.keyboard.press("Escape");
						state.mock.tryFirewall(firewall, firewall.rules);
						await page.reload();
						await page.waitForSelector("[data-trial]");
						await check(page, "a trial");
						await narrow();
						state.mock.refused = [{ kind: "in", protocol: "tcp", address: "2001:db8:1:2:3:4:5:6", port: 23, count: 7, first: "2026-11-20T01:02:03Z", last: "2026-11-20T01:12:03Z" }];
						await page.goto(`${state.mock.url}/#/servers/${server.id}/filter`);
						await page.waitForSelector("[data-refused]");
						await page.fill("#test-address", "203.0.113.5");
						await page.click("#test-ask");
						await page.waitForSelector("#test-verdict strong");
						await check(page, "a server's own");
						await narrow();
					});
				});

				test("primary IPs: none, the form, the list, a reverse name, giving one to a server", async () => {
					await withPage({ ...look, at: "/#/primary-ips" }, async (page) => {
						await page.waitForSelector(".empty");
						await check(page, "none");
						await page.click("#make-primary");
						await check(page, "form");
						const server = state.mock.addServer("hajime", "running");
						state.mock.addServer("tsugi", "off", { public_net: { ipv4: null, ipv6: null, floating_ips: [], firewalls: [] } });
						state.mock.addPrimaryIp("203.0.113.8", { assignee_id: server.id, name: "long-name-".repeat(12) });
						state.mock.addPrimaryIp("2001:db8:8::/64");
						await page.reload();
						await page.waitForSelector("[data-primary]");
						await check(page, "list");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.locator("[data-do=reverse]").first().click();
						await check(page, "reverse name");
						await page.locator("[data-do=give]").click();
						await check(page, "giving");
					});
				});

				test("floating IPs: none, the form, the list, a move and its question", async () => {
					await withPage({ ...look, at: "/#/floating-ips" }, async (page) => {
						await page.waitForSelector(".empty");
						await check(page, "none");
						await page.click("#make-floating");
						await check(page, "form");
						const server = state.mock.addServer("hajime");
						state.mock.addServer("tsugi");
						state.mock.addFloatingIp("203.0.113.7", { server: server.id, name: "long-name-".repeat(12) });
						state.mock.addFloatingIp("2001:db8:7::/64");
						await page.reload();
						await page.waitForSelector("[data-floating] pre");
						await check(page, "list");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.locator("[data-do=move]").first().click();
						await page.selectOption("#move-server", { label: "tsugi" });
						await page.waitForSelector("#move-happens p");
						await check(page, "moving");
					});
				});

				test("private networks: none, the form, the list, joining, a question", async () => {
					await withPage({ ...look, at: "/#/networks" }, async (page) => {
						await page.waitForSelector(".empty");
						await check(page, "none");
						await page.click("#make-network");
						await page.fill("#network-name", "");
						await page.click("#network-save");
						await page.waitForSelector("#network-name-problem");
						await check(page, "mistakes");
						const server = state.mock.addServer("hajime");
						state.mock.addServer("tsugi");
						state.mock.addNetwork("long-name-".repeat(12), [server]);
						await page.reload();
						await page.waitForSelector("[data-member] dl");
						await page.click("[data-member] summary");
						await check(page, "list");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.click("[data-do=join]");
						await page.waitForSelector("#join-server");
						await check(page, "joining");
						await page.click("[data-do=leave]");
						await page.waitForSelector("dialog");
						await check(page, "question");
						await page.keyboard.press("Escape");
						for (const what of ["subnet", "name", "range", "aliases"])
							await page.click(`[id^=${what}-][id$=-change]`);
						await page.fill("input[id^=aliases-]", "everything");
						await page.press("input[id^=aliases-]", "Enter");
						await page.waitForSelector("[id^=aliases-][id$=-problem]");
						await check(page, "changes");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.click("[data-do=delete]");
						await page.waitForSelector("dialog li");
						await check(page, "deleting");
					});
				});

				test("zones: none, mistakes, the list, a question", async () => {
					await withPage({ ...look, at: "/#/zones" }, async (page) => {
						await page.waitForSelector(".empty");
						await check(page, "none");
						await page.click("#make-zone");
						await page.click("#zone-save");
						await page.waitForSelector(".field-problem");
						await page.click("summary");
						await check(page, "mistakes");
						const zone = state.mock.addZone("日本.example", { dnssec: { enabled: true, ds: [`12345 13 2 ${"0C".repeat(32)}`] } });
						state.mock.addRrset(zone, "@", "TXT", [`"${"x".repeat(200)}"`]);
						state.mock.addZone(`${"long".repeat(14)}.example`, { status: "error", status_reason: "the name server does not answer" });
						state.mock.addZone("new.example", { status: "updating" });
						await page.reload();
						await page.waitForSelector("[data-zone]");
						await check(page, "list");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.locator("[data-do=delete]").first().click();
						await page.waitForSelector("dialog[open]");
						await check(page, "deleting");
						await page.keyboard.press("Escape");
						await page.goto(`${state.mock.url}/#/zones/${zone.id}`);
						await page.waitForSelector("[data-rrset]");
						await page.click("#add-rrset");
						await page.click("#rrset-save");
						await page.waitForSelector(".field-problem");
						await check(page, "room");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.selectOption("#rrset-type", "TLSA");
						await page.click("#rrset-save");
						await page.waitForSelector("#rrset-0-data-problem");
						await page.click("#rrset-add-value");
						await check(page, "parts");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						const fetched = state.mock.addZone("fetched.example", { mode: "secondary", transferred: "2026-11-20T01:02:03Z", expires: "2026-12-04T01:02:03Z",
							primary_nameservers: [{ address: "2001:db8:1:2:3:4:5:6", port: 5353, tsig_algorithm: "hmac-sha256", tsig_key: null, tsig_name: "_transfer.fetched.example." }] });
						state.mock.addRrset(fetched, "www", "TXT", [`"${"x".repeat(200)}"`], 300);
						for (let number = 0; number < 60; number++)
							state.mock.addRrset(fetched, `h${number}`, "A", ["192.0.2.1"], 300);
						state.mock.primaryState = { status: "refused", serial: null, reason: "it does not accept the key" };
						await page.goto(`${state.mock.url}/#/zones/${fetched.id}`);
						await page.waitForSelector("[data-state=refused]");
						await page.waitForSelector("#more-held");
						await page.click("#change-primaries");
						await page.selectOption("#zone-tsig", "hmac-sha256");
						await page.fill("#zone-primaries", "");
						await page.click("#primaries-save");
						await page.waitForSelector("#zone-tsig-key-problem");
						await check(page, "secondary");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
					});
				});

				test("notices: none, the form, mistakes, the preview, list and strip, a question", async () => {
					await withPage({ ...look, at: "/#/notices" }, async (page) => {
						await page.waitForSelector(".empty");
						await check(page, "none");
						const window = { kind: "maintenance", pinned: true, starts: new Date(Date.now() - 36e5).toISOString(), ends: new Date(Date.now() + 36e5).toISOString() };
						state.mock.addNotice({ read: true, edited: new Date().toISOString() });
						state.mock.addNotice(window);
						await page.waitForSelector(".strip");
						await check(page, "list and strip");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.locator("[data-do=withdraw]").first().click();
						await page.waitForSelector("dialog[open]");
						await check(page, "withdrawing");
						await page.keyboard.press("Escape");
						await page.locator("[data-do=edit]").first().click();
						await page.waitForSelector("#notice-starts");
						await page.fill("#notice-title-ja", "");
						await page.click("#look");
						await page.waitForSelector("#summary-title");
						await check(page, "mistakes");
						await page.fill("#notice-title-ja", "保守");
						await page.click("#look");
						await page.waitForSelector("dialog[open]");
						await check(page, "preview");
					});
				});

				test("contact: none, the form, mistakes, the list, a thread, none such", async () => {
					await withPage({ ...look, at: "/#/contact", expected: /404/ }, async (page) => {
						await page.waitForSelector("main .empty");
						await check(page, "none");
						await page.click("#ask");
						await page.click("form .primary");
						await page.waitForSelector("#summary-title");
						await check(page, "mistakes");
						await page.locator("form .button").last().click();
						const thread = state.mock.addThread("接続できません", "SSHで入れません。");
						state.mock.addThread("済み", "ありがとう");
						await page.waitForSelector("[data-thread]");
						await check(page, "list");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						state.mock.say(thread, "taro", "ポートは10022です。", true);
						await page.evaluate((id) => { location.hash = `#/contact/${id}`; }, thread.id);
						await page.waitForSelector(".message-operator");
						await check(page, "thread");
						await page.evaluate(() => { location.hash = "#/contact/999"; });
						await page.waitForSelector("main .empty");
						await check(page, "none such");
					});
				});

				test("two-step: signing in, setting it up, codes, on, its question, the proof", async () => {
					await withPage({ ...look, as: null, at: "/#/sign-in", expected: /403|422/ }, async (page) => {
						state.mock.addTwoStep();
						await page.fill("#name", "taro");
						await page.fill("#password", "correct horse battery");
						await page.click("button.primary");
						await page.waitForSelector("#code");
						await page.click("button.primary");
						await page.waitForSelector("#code-problem");
						await check(page, "sign-in");
					});
					state.mock.twoSteps.clear();
					state.mock.stale = true;
					await withPage({ ...look, at: "/#/account", expected: /403|422/ }, async (page) => {
						await page.click("#begin-two-step");
						await page.waitForSelector("dialog[open]");
						await check(page, "proof");
						await page.click("dialog .primary");
						await page.waitForSelector("#proof-password-problem");
						await check(page, "proof with mistakes");
						await page.fill("#proof-password", "correct horse battery");
						await page.keyboard.press("Enter");
						await page.waitForSelector("canvas.qr");
						await check(page, "setting it up");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.fill("#code", "123456");
						await page.keyboard.press("Enter");
						await page.waitForSelector(".recovery");
						await check(page, "codes");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.locator(".key-form .primary").last().click();
						await page.locator(".key-form .destroys").click();
						await page.waitForSelector("dialog[open]");
						await check(page, "switching it off");
						await page.keyboard.press("Escape");
						state.mock.stale = true;
						await page.locator(".key-form > .buttons .button").first().click();
						await page.fill("#proof-password", "correct horse battery");
						await page.keyboard.press("Enter");
						await page.waitForSelector("dialog #code");
						await check(page, "proof with a code");
					});
				});

				test("keys: none, both forms, mistakes, the list, dialogs", async () => {
					await withPage({ ...look, at: "/#/keys" }, async (page) => {
						await page.waitForSelector(".empty");
						await check(page, "none");
						await page.locator(".empty .button").nth(1).click();
						await page.click("form .button.primary");
						await page.waitForSelector("#summary-title");
						await check(page, "mistakes");
						await page.locator("form .button").nth(1).click();
						await page.click(".empty .button.primary");
						await page.fill("#key-name", "note");
						await page.click("form .button.primary");
						await page.waitForSelector("dialog[open]");
						await page.keyboard.press("Escape");
						await page.waitForSelector("dialog .dialog-obstacle");
						await check(page, "a key to be saved");
						await page.locator("dialog .save-key-files .button").first().click();
						await page.waitForSelector("dialog [role=status] code");
						await check(page, "a key that is saved");
						await page.locator("dialog .button.primary").click();
						await check(page, "list");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.locator("[data-key] .destroys").click();
						await page.waitForSelector("dialog[open]");
						await check(page, "removing");
					});
				});

				test("home: running, with forms and dialogs, locked, stopped, deleted", async () => {
					const server = state.mock.addServer("hajime", "running");
					state.mock.endAction(state.mock.addAction(server, "start_server"));
					await withPage({ ...look, at: `/#/servers/${server.id}` }, async (page) => {
						await page.waitForSelector("[data-action]");
						await check(page, "running");
						await page.click("#change-reverse-IPv4");
						await check(page, "forms");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						state.mock.setStatus(server, "off");
						await page.waitForSelector(".home-start");
						await check(page, "locked and stopped");
						state.mock.removeServer(server);
						await page.waitForSelector(".notice a.button");
						await check(page, "deleted");
					});
				});

				test("settings: forms, the larger plan, deleting, locked", async () => {
					const server = state.mock.addServer("hajime");
					await withPage({ ...look, at: `/#/servers/${server.id}/settings` }, async (page) => {
						await page.waitForSelector("#upgrade:not([aria-disabled])");
						await page.click("#rename");
						await page.fill("#server-name", "-");
						await page.keyboard.press("Enter");
						await page.waitForSelector("#server-name-problem");
						await check(page, "forms");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.click("#upgrade");
						await page.check("#upgrade-plan input[value='2']");
						await page.waitForSelector("dialog [data-quote]");
						await check(page, "a larger plan");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.keyboard.press("Escape");
						await page.click("#delete");
						await page.waitForSelector("dialog[open]");
						await check(page, "deleting");
						await page.keyboard.press("Escape");
						await page.click("#lock");
						await page.waitForSelector("#delete:disabled");
						await check(page, "locked");
					});
				});

				test("the contract: nothing, sums and a statement; a long list that is searched", async () => {
					await withPage({ ...look, at: "/#/contract" }, async (page) => {
						await page.waitForSelector(".empty");
						await check(page, "nothing");
						for (const name of ["one", "two", "three", "four", "five", "six"])
							state.mock.addServer(name, "off", { labels: { env: "prod" } });
						state.mock.addCharge([...state.mock.servers.values()][0], "month", 980);
						await page.reload();
						await page.waitForSelector("tfoot");
						await check(page, "sums and a statement");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.goto(`${state.mock.url}/#/servers?search=env`);
						await page.waitForSelector("#search-count:not(:empty)");
						await check(page, "found");
						await page.fill("#server-search", "nothing");
						await page.waitForSelector("[data-search=none]");
						await check(page, "not found");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
					});
				});

				test("hosts: as they are, the reason, in maintenance, and what customers see of it", async () => {
					await withPage({ ...look, at: "/#/admin/hosts" }, async (page) => {
						await page.waitForSelector("#begin-maintenance");
						await check(page, "as it is");
						await page.click("#begin-maintenance");
						await page.waitForSelector("#maintenance-reason:focus");
						await page.keyboard.press("Enter");
						await page.waitForSelector("#maintenance-reason-problem");
						await check(page, "mistakes");
						await page.fill("#maintenance-reason", "memory ".repeat(17));
						await page.keyboard.press("Enter");
						await page.waitForSelector("#end-maintenance");
						await check(page, "in maintenance");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.click("#end-maintenance");
						await page.waitForSelector("dialog[open]");
						await check(page, "the question");
						await page.goto(`${state.mock.url}/#/servers/new`);
						await page.waitForSelector("[data-maintenance]");
						await check(page, "what customers see");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
					});
				});

				test("creating a server: choices, mistakes, the key and the password that are shown once", async () => {
					state.mock.addNetwork("long-name-".repeat(12));
					await withPage({ ...look, at: "/#/servers/new", expected: /409/ }, async (page) => {
						await page.waitForSelector(".create");
						await page.check("#image input[value='2']");
						await page.check("#networks input");
						await page.waitForSelector("[id^=network-ip-]");
						await page.click(".further summary");
						await check(page, "choices");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.click(".create-cost button");
						await page.waitForSelector("#summary-title");
						await check(page, "mistakes");
						await page.fill("#server-name", "hajime");
						await page.click(".create-cost button");
						await page.waitForSelector("dialog[open]");
						await check(page, "the key");
						await page.locator("dialog .destroys").click();
						await page.check("#way input[value='password']");
						await page.click(".create-cost button");
						await page.waitForSelector("dialog[open] .copy");
						await check(page, "the password");
					});
				});

				test("reinstalling: the kept disk, the choice and the question", async () => {
					const server = state.mock.addServer("hajime", "running");
					server.ippo.kept_disk = { image: server.image, disk_size: 50, user: "debian", ssh_port: 22, created: "2026-11-24T01:02:03Z", expires: "2026-12-01T01:02:03Z" };
					await withPage({ ...look, at: `/#/servers/${server.id}/reinstall` }, async (page) => {
						await page.waitForSelector(".reinstall");
						await page.click(".further summary");
						await check(page, "the choice");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.click(".reinstall .destroys");
						await page.waitForSelector("dialog[open]");
						await check(page, "the question");
					});
				});

				test("backups: none, some of them, and the questions", async () => {
					const { mock } = state;
					const server = mock.addServer("hajime", "running");
					await withPage({ ...look, at: `/#/servers/${server.id}/backups` }, async (page) => {
						await page.waitForSelector("#first");
						await page.waitForSelector("#backup-price strong");
						await check(page, "none");
						server.backup_window = "18-22";
						const making = mock.addMade(server, { status: "creating", image_size: null, description: "作成中" });
						mock.addMade(server, { description: "アップグレードの前".repeat(6), protection: { delete: true } });
						mock.addMade(server, { type: "backup", bound_to: server.id, description: "" });
						mock.addAction(server, "create_image", { progress: 40, resources: [{ id: server.id, type: "server" }, { id: making.id, type: "image" }] });
						mock.emit("server", { server });
						await page.waitForSelector("[data-progress='40']");
						await page.waitForSelector("[data-backup=on]");
						await check(page, "some");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						for (const action of mock.actions.values())
							mock.endAction(action);
						await page.click("[data-do=restore]:enabled");
						await page.waitForSelector("dialog[open]");
						await check(page, "going back");
						await page.keyboard.press("Escape");
						await page.click("[data-do=delete]:enabled");
						await page.waitForSelector("dialog[open]");
						await check(page, "deleting");
						await page.keyboard.press("Escape");
						await page.click("#backup-off");
						await page.waitForSelector("dialog[open]");
						await check(page, "switching off");
					});
				});

				test("a server's history, and how to connect by each program", async () => {
					const server = state.mock.addServer("hajime", "running");
					state.mock.addLine("server.poweron", { resource: { type: "server", id: server.id, name: "hajime" } });
					await withPage({ ...look, at: `/#/servers/${server.id}/history` }, async (page) => {
						await page.waitForSelector("[data-line]");
						await check(page, "history");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.goto(`${state.mock.url}/#/servers/${server.id}`);
						for (const name of ["scp", "Tera Term", "PuTTY", "WinSCP"]) {
							await page.click(`button:text-is("${name}")`);
							await check(page, name);
							assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						}
					});
				});

				test("graphs: pictures, a table, nothing measured", async () => {
					const server = state.mock.addServer("hajime", "running");
					await withPage({ ...look, at: `/#/servers/${server.id}/graphs` }, async (page) => {
						await page.waitForSelector(".graph canvas");
						await page.locator("[data-graph=network] button").click();
						await check(page, "pictures and a table");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						state.mock.metricsGap = null;
						await page.locator(".graph-bar a").last().click();
						await page.waitForSelector(".graph .hint");
						await check(page, "nothing measured");
					});
				});

				test("the first step: proven, failed, closed", async () => {
					const server = state.mock.addServer("hajime", "running");
					server.ippo.first_step.inbound = "closed";
					await withPage({ ...look, at: `/#/servers/${server.id}/first-step` }, async (page) => {
						await page.waitForSelector(".first-step-item");
						await check(page, "the list");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
						await page.click("#open-inbound");
						await page.waitForSelector("dialog[open]");
						await check(page, "opening it");
					});
				});

				test("the list of first things", async () => {
					state.mock.addServer("hajime", "running");
					await withPage({ ...look, first: true }, async (page) => {
						await page.waitForSelector(".first .copy");
						await check(page, "first things");
						assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing to scroll sideways");
					});
				});

				test("servers: none, in every state, dialog, menus, lost connection", async () => {
					await withPage({ ...look, expected: /503|ERR_/ }, async (page) => {
						await page.waitForSelector(".empty");
						await check(page, "none");
						const server = furnish();
						await card(page, server).waitFor();
						await check(page, "states");
						for (const menu of ["language", "theme", "account"]) {
							await page.click(`#${menu}-button`);
							await page.waitForSelector(`#${menu}-choices`);
							await check(page, `${menu} menu`);
							await page.keyboard.press("Escape");
						}
						await card(page, server).locator("[data-verb=poweroff]").click();
						await page.waitForSelector("dialog[open]");
						await check(page, "dialog");
						state.mock.setStatus(server, "off");
						await page.waitForSelector("dialog .dialog-obstacle");
						await check(page, "dialog with an obstacle");
						await page.keyboard.press("Escape");
						state.mock.setEvents(false);
						await page.waitForSelector(".banner");
						await check(page, "lost connection");
						await page.goto(`${state.mock.url}/#/nowhere`);
						await page.waitForSelector("a.button");
						await check(page, "nowhere");
					});
				});
			});
		}
	}
}
