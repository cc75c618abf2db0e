// From nothing to a server, into its console and out of it, and to its end: by keyboard alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

useBrowser();

test("create, console, delete by keyboard alone", async () => {
	state.mock.keys.set(900, { id: 900, name: "home", public_key: "ssh-ed25519 AAAA", fingerprint: "aa:bb", created: "2026-11-20T01:02:03Z", labels: {} });
	await withPage({}, async (page) => {
		const press = (key) => page.keyboard.press(key);
		const isOn = (selector) => page.evaluate((wanted) => document.activeElement.matches(wanted), selector);
		/** Tab, as often as it takes; whatever has the focus on the way must be seen to have it. */
		const tabTo = async (selector) => {
			for (let i = 0; i < 80; i++) {
				await press("Tab");
				const seen = await page.evaluate(() => {
					const { width, height } = document.activeElement.getBoundingClientRect();
					const { outlineStyle, boxShadow } = getComputedStyle(document.activeElement);
					return document.activeElement === document.body || document.activeElement.closest(".serial-screen") !== null
						|| (width > 0 && height > 0 && (outlineStyle !== "none" || boxShadow !== "none"));
				});
				assert.ok(seen, `the focus is seen: ${await page.evaluate(() => document.activeElement.outerHTML.slice(0, 200))}`);
				if (await isOn(selector))
					return;
			}
			assert.fail(`Tab never came to ${selector}`);
		};
		const inRoom = async (selector) => {
			await page.waitForSelector(selector);
			await eventually(() => isOn("#heading"), true);
		};

		await page.waitForSelector(".empty a.button");
		await tabTo(".empty a.button");
		await press("Enter");
		await inRoom(".create");
		await tabTo("#server-name");
		await page.keyboard.type("hajime");
		await tabTo(".create-cost button");
		await press("Enter");
		await inRoom("[data-home]");
		const [server] = state.mock.servers.values();
		assert.equal(server.name, "hajime");
		const serial = state.mock.consoles.serial(server);
		serial.say("login: ");

		await tabTo(".home-start [data-verb=poweron]");
		await press("Enter");
		await page.waitForSelector("[data-home] .state-running");
		await tabTo(`a[href="#/servers/${server.id}/console"]`);
		await press("Enter");
		await page.waitForSelector("#panel-serial .console-state-open");
		await tabTo(".serial-screen textarea");
		await page.keyboard.type("root");
		await eventually(() => serial.received.toString(), "root");
		for (const key of ["Control", "Alt", "Shift"])
			await page.keyboard.down(key);
		for (const key of ["Shift", "Alt", "Control"])
			await page.keyboard.up(key);
		assert.ok(await isOn("#tab-serial"));

		for (let i = 0; i < 20 && !(await isOn(`a[href="#/servers/${server.id}"]`)); i++)
			await press("Shift+Tab");
		await press("Enter");
		await inRoom("[data-home]");
		await tabTo("a[href$='/settings']");
		await press("Enter");
		await inRoom("[data-settings]");
		await tabTo("#delete");
		await press("Enter");
		await page.waitForSelector("dialog[open]");
		await tabTo("#delete-name");
		await page.keyboard.type("hajime");
		await tabTo("dialog .destroys");
		await press("Enter");
		await page.waitForSelector("main:has-text('このサーバーは削除されました')");
		assert.equal(state.mock.servers.size, 0);
	});
});
