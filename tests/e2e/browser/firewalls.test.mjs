// Packet filters: making one, its rules and their difference, a trial, where it is in force, the test of a packet.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const everybody = ["0.0.0.0/0", "::/0"];
const ssh = { port: "22", source_ips: everybody, description: "SSH" };
const sent = () => JSON.parse(state.mock.bodies.filter((body) => body.includes("rules")).at(-1));
const isWide = (page) => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);

useBrowser();

describe("packet filters", () => {
	test("none teaches; one is made with SSH let in, by a double click once", async () => {
		const { mock } = state;
		await withPage({ at: "/#/firewalls" }, async (page) => {
			await page.click(".empty #make-firewall");
			await page.click("#firewall-save");
			await page.waitForSelector(".field-problem");
			await page.fill("#firewall-name", "web");
			mock.delay_ms = 100;
			await page.dblclick("#firewall-save");
			await page.waitForSelector("[data-rule='0']");
			assert.equal(mock.count("POST", /firewalls$/), 1);
			assert.equal([...mock.firewalls.values()][0].rules[0].port, "22");
		});
	});

	test("rules from templates; the difference comes first; a database for everybody asks again", async () => {
		const { mock } = state;
		const firewall = mock.addFirewall("web", [ssh]);
		await withPage({ at: `/#/firewalls/${firewall.id}`, width: 360 }, async (page) => {
			await page.click("#edit-rules");
			await page.click("#rules-save");
			await page.waitForSelector(".notice li:has-text('変更点がありません')");
			await page.click("[data-template=https]");
			await page.click("[data-template=database]");
			await page.click("#rules-save");
			await page.waitForSelector("#rule-2-addresses-problem");
			await page.fill("#rule-2-addresses", "0.0.0.0/0");
			await page.click("#rules-save");
			await page.waitForSelector("[data-difference='firewalls.added']");
			assert.equal(await page.locator("[data-difference] li").count(), 2);
			assert.equal(mock.count("POST", /set_rules/), 0);
			assert.equal(await isWide(page), false);
			await page.click("#rules-save");
			await page.waitForSelector("dialog[open]");
			assert.equal(mock.count("POST", /set_rules/), 0);
			await page.click("dialog .destroys");
			await page.waitForSelector("[data-rule='2']");
			assert.equal(mock.count("POST", /set_rules/), 1);
			assert.equal(sent().trial, true);
			assert.deepEqual(sent().rules[1], { direction: "in", protocol: "tcp", port: "443", source_ips: everybody, description: "HTTPS" });
		});
	});

	test("a change that takes SSH away says so before it is made, with the port that its servers have", async () => {
		const { mock } = state;
		const server = mock.addServer("hajime", "running");
		server.ippo = { ...server.ippo, ssh_port: 10022 };
		const other = { port: "10022", source_ips: ["203.0.113.5/32"] };
		const firewall = mock.addFirewall("web", [ssh, other, { port: "443", source_ips: everybody }], { applied_to: [{ type: "server", server: { id: server.id } }] });
		await withPage({ at: `/#/firewalls/${firewall.id}`, width: 360 }, async (page) => {
			const look = async (steps) => {
				await page.click("#edit-rules");
				await steps();
				await page.click("#rules-save");
				await page.waitForSelector("[data-difference]");
				const said = await page.locator("#closes-ssh").allTextContents();
				await page.click("#rules-form .buttons:last-child button:last-child");
				return said;
			};
			const remove = (number) => page.locator(`#rule-${number}-port`).locator("xpath=ancestor::fieldset").getByRole("button").last().click();
			assert.deepEqual(await look(() => remove(2)), [], "HTTPS alone");
			assert.match((await look(() => remove(0))).join(), /ポート 22\D/);
			assert.match((await look(() => remove(1))).join(), /ポート 10022\D/);
			assert.match((await look(() => page.fill("#rule-0-addresses", "203.0.113.5"))).join(), /ポート 22/, "narrower is another rule");
			assert.deepEqual(await look(() => page.fill("#rule-0-port", "1-65535")), [], "wider is none that closes");
			assert.equal(mock.count("POST", /set_rules/), 0);
		});
	});

	test("a trial counts down, outlives a reload, and is confirmed or taken back", async () => {
		const { mock } = state;
		const firewall = mock.addFirewall("web", []);
		mock.tryFirewall(firewall, [{ ...ssh, direction: "in", protocol: "tcp", destination_ips: [] }]);
		await withPage({ at: `/#/firewalls/${firewall.id}`, language: "en" }, async (page) => {
			const left = async () => Number(/(\d+) second/.exec(await page.textContent("[role=timer]"))[1]);
			await page.waitForSelector("[data-trial]");
			const first = await left();
			assert.ok(first > 40 && first <= 60, String(first));
			await eventually(async () => await left() < first, true);
			await page.reload();
			await page.waitForSelector("[data-trial]");
			assert.equal(await page.locator("#edit-rules").count(), 0);
			await page.click("#trial-revert");
			await page.waitForSelector("[data-rule='0']");
			assert.equal(await page.locator("[data-trial]").count(), 0);
			mock.tryFirewall(firewall, []);
			await page.reload();
			await page.click("#trial-confirm");
			await page.waitForSelector("#trial-ended:has-text('was confirmed')");
			assert.equal(firewall.rules.length, 1);
			mock.tryFirewall(firewall, [], 8000);
			await page.reload();
			await page.waitForSelector("[data-trial]");
			await page.waitForSelector("#trial-ended:has-text('went back by itself')");
			assert.equal(await page.locator("[data-trial]").count(), 0);
			assert.equal(firewall.rules.length, 0);
		});
	});

	test("applied to a server and a label, taken off, deleted by its name", async () => {
		const { mock } = state;
		const server = mock.addServer("hajime", "running");
		const firewall = mock.addFirewall("web", [ssh]);
		await withPage({ at: `/#/firewalls/${firewall.id}` }, async (page) => {
			await page.selectOption("#apply-to", String(server.id));
			await page.click("#apply");
			await page.waitForSelector("[data-target=hajime]");
			await eventually(() => page.locator("[data-rule='0'] td").last().innerText(), "1,200");
			await page.selectOption("#apply-to", "label");
			await page.fill("#apply-label", "env=prod");
			await page.click("#apply");
			await page.waitForSelector("[data-target='env=prod']");
			for (let left = 1; left >= 0; left--) {
				await page.locator("[data-do=take-off]").first().click();
				await eventually(() => page.locator("[data-target]").count(), left);
			}
			await page.click("#delete-firewall");
			assert.equal(await page.locator("dialog .destroys").isDisabled(), true);
			await page.fill("#delete-name", "web");
			await page.click("dialog .destroys");
			await page.waitForSelector(".empty");
			assert.equal(mock.firewalls.size, 0);
		});
	});

	test("a server's room: its filters, what was refused, and whether a packet would reach it", async () => {
		const { mock } = state;
		const server = mock.addServer("hajime", "running");
		mock.addFirewall("web", [ssh, { port: "443", source_ips: ["203.0.113.5/32"] }], { applied_to: [{ type: "server", server: { id: server.id } }] });
		mock.refused = [{ kind: "in", protocol: "tcp", address: "198.51.100.9", port: 23, count: 7, first: "2026-11-20T01:02:03Z", last: "2026-11-20T01:12:03Z" }];
		await withPage({ at: `/#/servers/${server.id}/filter`, width: 360 }, async (page) => {
			await page.waitForSelector("[data-refused='0']:has-text('198.51.100.9')");
			assert.equal(await isWide(page), false);
			await page.click("#test-ask");
			await page.waitForSelector("#test-address-problem");
			await page.fill("#test-address", "203.0.113.5");
			await page.click("#test-ask");
			await page.waitForSelector("#test-verdict:has-text('届きます。')");
			assert.match(await page.textContent("#test-verdict"), /web のルール2/);
			await page.fill("#test-address", "203.0.113.6");
			await page.click("#test-ask");
			await page.waitForSelector("#test-verdict:has-text('届きません。')");
		});
	});

	test("a server's room counts by rule, tells what was dropped, and has the trial with its way out", async () => {
		const { mock } = state;
		const server = mock.addServer("hajime", "running");
		const firewall = mock.addFirewall("web", [ssh, { port: "443", source_ips: everybody }], { applied_to: [{ type: "server", server: { id: server.id } }] });
		const counted = (kind, packets) => ({ kind, firewall: null, rule: null, packets, bytes: 0 });
		mock.stopped = [counted("in", 12), counted("crowd", 3456), counted("rate_in", 7), counted("rate_out", 8), counted("too_many", 912), counted("smtp", 0)];
		await withPage({ at: `/#/servers/${server.id}/filter`, language: "en", width: 360, expected: /409/ }, async (page) => {
			await eventually(() => page.locator("[data-rule='1'] td").last().innerText(), "1,201");
			assert.equal(await page.innerText("[data-stopped=crowd] dd"), "3,456");
			assert.equal(await page.locator("[data-stopped]").count(), 5);
			assert.match(await page.innerText("[data-stopped=too_many]"), /Too many connections\s+912/);
			assert.equal(await isWide(page), false);
			mock.tryFirewall(firewall, []);
			await page.click("#refresh");
			await page.waitForSelector("[data-trial] [role=timer]");
			assert.equal(await page.locator("[data-trial] a").getAttribute("href"), `#/firewalls/${firewall.id}`);
			mock.old_connections = 3; // the browser's, from before
			await page.click("#trial-confirm");
			await page.waitForSelector("#trial-ended:has-text('was confirmed')");
			assert.equal(await page.locator("[data-trial]").count(), 0);
			assert.equal(mock.count("POST", /confirm/), 4);
			assert.equal(firewall.rules.length, 2);
			mock.tryFirewall(firewall, [], 8000);
			await page.reload();
			await page.waitForSelector("[data-trial]");
			await page.waitForSelector("#trial-ended:has-text('went back by itself')");
		});
	});

	test("an address that confirms by a connection is named with the change; the page follows what it does", async () => {
		const { mock } = state;
		const server = mock.addServer("hajime", "running");
		const firewall = mock.addFirewall("web", [ssh], { applied_to: [{ type: "server", server: { id: server.id } }] });
		await withPage({ at: `/#/firewalls/${firewall.id}`, language: "en" }, async (page) => {
			await page.click("#edit-rules");
			await page.click("[data-template=https]");
			await page.click("#rules-save");
			await page.waitForSelector("[data-difference]");
			assert.equal(await page.locator("#confirm-from").count(), 0, "nothing of SSH goes away");
			await page.click("text=Back to the rules");
			await page.fill("#rule-0-addresses", "198.51.100.0/24");
			await page.click("#rules-save");
			await page.fill("#confirm-from", " 198.51.100.7 ");
			await page.click("#rules-save");
			await page.waitForSelector("[data-rule='1']");
			assert.equal(sent().confirm_from, "198.51.100.7");
			mock.tryFirewall(firewall, [ssh], 60000, { confirm_from: "198.51.100.7" });
			await page.reload();
			await page.waitForSelector("#trial-from:has-text('198.51.100.7')");
			await eventually(() => mock.count("GET", /firewalls\/\d+$/) > 3, true);
			firewall.ippo.trial = null; // somebody has come in
			await page.waitForSelector("#trial-ended:has-text('was confirmed')", { timeout: 20000 });
			mock.tryFirewall(firewall, [{ ...firewall.rules[0] }], 60000, { confirm_from: "198.51.100.7" });
			await page.reload();
			await page.waitForSelector("#trial-from");
			await eventually(() => mock.count("GET", /firewalls\/\d+$/) > 8, true);
			Object.assign(firewall, { rules: firewall.before, ippo: { trial: null } });
			await page.waitForSelector("#trial-ended:has-text('taken back')", { timeout: 20000 });
		});
	});

	test("a filter gets another name; one that is taken says so", async () => {
		const { mock } = state;
		mock.addFirewall("mail", [ssh]);
		const firewall = mock.addFirewall("web", [ssh]);
		await withPage({ at: `/#/firewalls/${firewall.id}`, language: "en", expected: /409/ }, async (page) => {
			await page.fill("#firewall-name", "");
			await page.click("#firewall-rename");
			await page.waitForSelector("#firewall-name-problem");
			await page.fill("#firewall-name", "mail");
			await page.click("#firewall-rename");
			await page.waitForSelector("#firewall-name-problem:has-text('There is a packet filter of this name')");
			await page.fill("#firewall-name", "shop");
			await page.press("#firewall-name", "Enter");
			await page.waitForSelector("h1:has-text('shop')");
			assert.equal(firewall.name, "shop");
		});
	});

	test("the test asks for what goes out, too", async () => {
		const { mock } = state;
		const firewall = mock.addFirewall("web", [ssh]);
		await withPage({ at: `/#/firewalls/${firewall.id}`, language: "en" }, async (page) => {
			await page.selectOption("#test-direction", "out");
			await page.waitForSelector("label:has-text('To address')");
			await page.fill("#test-address", "203.0.113.5");
			await page.click("#test-ask");
			await page.waitForSelector("#test-verdict:has-text('It gets out.')");
			firewall.rules.push({ ...firewall.rules[0], direction: "out", port: "53", source_ips: [], destination_ips: ["203.0.113.9/32"] });
			await page.click("#test-ask");
			await page.waitForSelector("#test-verdict:has-text('It does not get out.')");
			await page.fill("#test-address", "203.0.113.9");
			await page.fill("#test-port", "53");
			await page.click("#test-ask");
			await page.waitForSelector("#test-verdict:has-text('By rule 2 of web')");
			await page.selectOption("#test-direction", "in");
			await page.click("#test-ask");
			await page.waitForSelector("#test-verdict:has-text('It does not get in.')");
		});
	});

	test("templates: SSH where its servers have it, mail and DNS whole", async () => {
		const { mock } = state;
		const server = mock.addServer("hajime", "running");
		server.ippo = { ...server.ippo, ssh_port: 10022 };
		const firewall = mock.addFirewall("web", [], { applied_to: [{ type: "server", server: { id: server.id } }] });
		await withPage({ at: `/#/firewalls/${firewall.id}`, language: "en" }, async (page) => {
			await page.click("#edit-rules");
			for (const name of ["ssh", "mail", "dns"])
				await page.click(`[data-template=${name}]`);
			await page.click("#rules-save");
			await page.waitForSelector("[data-difference]");
			await page.click("#rules-save");
			await page.waitForSelector("[data-rule='6']");
			assert.deepEqual(sent().rules.map(({ protocol, port }) => `${port}/${protocol}`), ["10022/tcp", "25/tcp", "465/tcp", "587/tcp", "993/tcp", "53/udp", "53/tcp"]);
		});
	});

	test("by keyboard alone: rules are added, written, removed and applied, and their table is read out by heads and a name", async () => {
		const { mock } = state;
		const firewall = mock.addFirewall("web", [ssh]);
		await withPage({ at: `/#/firewalls/${firewall.id}`, language: "en" }, async (page) => {
			const table = page.getByRole("group", { name: "Rules", exact: true });
			await table.waitFor();
			await table.focus(); // it may have to be scrolled
			assert.deepEqual(await table.getByRole("columnheader").allInnerTexts(), ["Direction", "Port", "Addresses of the other side", "Description", "Connections begun"]);
			assert.match(await page.innerText("main"), /neighbour discovery, and word that a packet was too big/);
			const press = async (selector) => {
				await page.focus(selector);
				await page.keyboard.press("Enter");
			};
			const type = async (selector, text) => {
				await page.focus(selector);
				await page.keyboard.type(text);
			};
			await press("#edit-rules");
			await page.waitForSelector("#rule-0-port");
			await press("[data-template=empty]");
			await type("#rule-1-port", "8443");
			await page.keyboard.press("Tab");
			assert.equal(await page.evaluate(() => document.activeElement.id), "rule-1-addresses");
			await page.keyboard.type("203.0.113.5");
			assert.deepEqual(await page.getByRole("group", { name: "Rule 2" }).getByRole("textbox").count(), 3);
			await press("#rules-save");
			await page.waitForSelector("[data-difference]");
			assert.match(await page.innerText("[data-difference]"), /8443\/tcp 203\.0\.113\.5/);
			await press("#rules-save");
			await eventually(() => firewall.rules.length, 2);
			await page.waitForSelector("[data-rule='1']");
			assert.deepEqual(firewall.rules[1].source_ips, ["203.0.113.5/32"]);
		});
	});

	test("a reader sees all of it and changes nothing", async () => {
		state.mock.role = "reader";
		const firewall = state.mock.addFirewall("<b>web</b>", [ssh]);
		await withPage({ at: `/#/firewalls/${firewall.id}` }, async (page) => {
			await page.waitForSelector("[data-rule='0']");
			assert.equal(await page.textContent("h1"), "<b>web</b>");
			assert.equal(await page.locator("#edit-rules, #apply, #delete-firewall").count(), 0);
		});
	});
});
