// Primary IPs: reserving, keeping, the reverse name, taking and giving while a server is off, giving back; all by keyboard.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const without = { public_net: { ipv4: null, ipv6: null, floating_ips: [], firewalls: [] } };

useBrowser();

describe("primary IPs", () => {
	test("none is a sentence and a button; a reader changes nothing", async () => {
		await withPage({ at: "/#/primary-ips", language: "en" }, async (page) => {
			await page.waitForSelector(".empty #make-primary");
			assert.equal(await page.title(), "Primary IPs — Ippo");
			assert.equal(await page.locator(".group-tabs a[aria-current=page]").innerText(), "Primary IPs");
		});
		state.mock.role = "reader";
		state.mock.addPrimaryIp("203.0.113.8");
		await withPage({ at: "/#/primary-ips" }, async (page) => {
			await page.waitForSelector("[data-primary]");
			assert.equal(await page.locator("#make-primary, [data-do]").count(), 0);
		});
	});

	test("one is reserved, by the keyboard alone; a name that is taken says so", async () => {
		state.mock.addPrimaryIp("203.0.113.7", { name: "taken" });
		await withPage({ at: "/#/primary-ips", expected: /409/ }, async (page) => {
			await page.focus("#make-primary");
			await page.keyboard.press("Enter");
			await eventually(() => page.evaluate(() => document.activeElement.id), "primary-name");
			await page.keyboard.type("taken");
			await page.keyboard.press("Enter");
			await page.waitForSelector("#primary-name-problem");
			await page.fill("#primary-name", "kept");
			await page.press("#primary-name", "Enter");
			await page.waitForSelector("[data-primary]:has-text('203.0.113.8')");
			await eventually(() => page.evaluate(() => document.activeElement.id), "heading");
		});
	});

	test("kept or let go, and its reverse name", async () => {
		const { mock } = state;
		const server = mock.addServer("hajime", "running");
		const ip = mock.addPrimaryIp("2001:db8:8::/64", { assignee_id: server.id });
		await withPage({ at: "/#/primary-ips", language: "en", width: 360, expected: /422/ }, async (page) => {
			await page.waitForSelector("[data-auto]:has-text('It goes with it')");
			assert.equal(await page.locator("[data-do=release], [data-do=give], [data-do=delete]").count(), 0, "its server is on");
			await page.click("[data-do=auto]");
			await page.waitForSelector("[data-auto]:has-text('It stays yours')");
			assert.equal(ip.auto_delete, false);
			await page.click("[data-do=auto]");
			await page.waitForSelector("[data-auto]:has-text('It goes with it')");
			await page.click("[data-do=reverse]");
			await page.fill(`#reverse-${ip.id}`, "no name");
			await page.press(`#reverse-${ip.id}`, "Enter");
			await page.waitForSelector(`#reverse-${ip.id}-problem`);
			await page.fill(`#reverse-${ip.id}`, "www.example.org");
			await page.press(`#reverse-${ip.id}`, "Enter");
			await page.waitForSelector("[data-primary] code:has-text('www.example.org')");
			assert.deepEqual(ip.dns_ptr, [{ ip: "2001:db8:8::1", dns_ptr: "www.example.org" }]);
			assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
		});
	});

	test("taken from a server that is off, given to one that has none, given back by its name", async () => {
		const { mock } = state;
		const from = mock.addServer("hajime", "off");
		mock.addServer("ugoku", "running", without);
		mock.addServer("motsu", "off");
		const to = mock.addServer("tsugi", "off", without);
		const ip = mock.addPrimaryIp("203.0.113.8", { assignee_id: from.id, name: "kept" });
		await withPage({ at: "/#/primary-ips", language: "en" }, async (page) => {
			await page.click("[data-do=release]");
			await page.keyboard.press("Escape");
			assert.equal(ip.assignee_id, from.id);
			await page.click("[data-do=release]");
			await page.click("dialog .destroys");
			await page.waitForSelector("[data-do=give]");
			assert.equal(ip.assignee_id, null);
			await page.click("[data-do=give]");
			assert.deepEqual(await page.locator("#give-server option").allInnerTexts(), ["Choose one", "tsugi"]);
			assert.equal(await page.isDisabled("dialog .primary"), true);
			await page.selectOption("#give-server", { label: "tsugi" });
			await page.click("dialog .primary");
			await page.waitForSelector(`[data-primary] a[href='#/servers/${to.id}']`);
			await page.click("[data-do=release]");
			await page.click("dialog .destroys");
			await page.click("[data-do=delete]");
			assert.equal(await page.locator("dialog .destroys").isDisabled(), true);
			await page.fill("#delete-primary-name", "kept");
			await page.click("dialog .destroys");
			await page.waitForSelector(".empty");
			assert.equal(mock.primaryIps.size, 0);
		});
	});
});
