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
			mock.tryFirewall(firewall, [], 2000);
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
