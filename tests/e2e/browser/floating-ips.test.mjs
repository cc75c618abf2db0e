// Floating IPs: reserving one, what the system inside must be told, the move that says what it does, giving back.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

useBrowser();

describe("floating IPs", () => {
	test("none is a sentence and a button; a reader has no button", async () => {
		await withPage({ at: "/#/floating-ips", language: "en" }, async (page) => {
			await page.waitForSelector(".empty #make-floating");
			assert.equal(await page.title(), "Floating IPs — Ippo");
		});
		state.mock.role = "reader";
		state.mock.addFloatingIp("203.0.113.7");
		await withPage({ at: "/#/floating-ips" }, async (page) => {
			await page.waitForSelector("[data-floating]");
			assert.equal(await page.locator("#make-floating, [data-do]").count(), 0);
		});
	});

	test("one is reserved for a server, and the commands for inside have its address", async () => {
		const server = state.mock.addServer("hajime");
		state.mock.addFloatingIp("203.0.113.7", { name: "taken" });
		await withPage({ at: "/#/floating-ips", expected: /409/ }, async (page) => {
			await page.click("#make-floating");
			await page.fill("#floating-name", "taken");
			await page.selectOption("#floating-server", { label: "hajime" });
			await page.click("#floating-save");
			await page.waitForSelector("#floating-name-problem");
			await page.fill("#floating-name", "web");
			await page.click("#floating-save");
			const text = await page.locator("[data-floating]", { hasText: "web" }).innerText();
			assert.match(text, /203\.0\.113\.9.*hajime.*sudo ip addr add 203\.0\.113\.9\/32 dev eth0.*- 203\.0\.113\.9\/32/s);
			assert.equal([...state.mock.floatingIps.values()].at(-1).server, server.id);
		});
	});

	test("a move says what will happen first; Escape leaves everything as it was", async () => {
		const { mock } = state;
		const from = mock.addServer("hajime");
		const to = mock.addServer("tsugi");
		const ip = mock.addFloatingIp("2001:db8:7::/64", { server: from.id });
		await withPage({ at: "/#/floating-ips", language: "en" }, async (page) => {
			await page.click("[data-do=move]");
			assert.equal(await page.isDisabled("dialog .primary"), true);
			assert.deepEqual(await page.locator("#move-server option").allInnerTexts(), ["Choose one", "tsugi"]);
			await page.selectOption("#move-server", { label: "tsugi" });
			assert.match(await page.innerText("#move-happens"), /answers at hajime now.*at tsugi alone.*must have the address/s);
			await page.keyboard.press("Escape");
			assert.equal(ip.server, from.id);
			await page.click("[data-do=move]");
			await page.selectOption("#move-server", { label: "tsugi" });
			await page.click("dialog .primary");
			await eventually(() => ip.server, to.id);
			await page.waitForSelector(`[data-floating] a[href='#/servers/${to.id}']`);
			assert.match(await page.innerText("[data-floating]"), /2001:db8:7::1\/128/);
			await page.click("[data-do=release]");
			await page.click("dialog .destroys");
			await eventually(() => ip.server, null);
		});
	});

	test("giving back needs the name typed", async () => {
		const ip = state.mock.addFloatingIp("203.0.113.7", { name: "web" });
		await withPage({ at: "/#/floating-ips" }, async (page) => {
			await page.click("[data-do=delete]");
			assert.equal(await page.isDisabled("dialog .destroys"), true);
			await page.fill("#delete-floating-name", "web");
			await page.click("dialog .destroys");
			await eventually(() => state.mock.floatingIps.has(ip.id), false);
			await page.waitForSelector(".empty");
		});
	});
});
