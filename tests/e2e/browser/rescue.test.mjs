// The rescue system of a server: asked for in the settings, said until it is over.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const at = (server) => `/#/servers/${server.id}`;

useBrowser();

describe("the rescue system", () => {
	test("asked for after a question, said above, and taken back", async () => {
		const server = state.mock.addServer("hajime", "running");
		await withPage({ at: `${at(server)}/settings` }, async (page) => {
			await page.click("#rescue");
			await page.waitForSelector("dialog[open]");
			assert.match(await page.textContent("dialog"), /今は何も変わりません/);
			await page.keyboard.press("Escape");
			assert.equal(state.mock.count("POST", /enable_rescue/), 0);
			await page.click("#rescue");
			await page.locator("dialog .buttons button").last().click();
			await page.waitForSelector("[data-rescue=next]");
			assert.match(await page.textContent("[data-rescue=next]"), /再起動すると/);
			assert.equal(state.mock.count("POST", /enable_rescue/), 1);
			await page.click("#rescue");
			await eventually(() => page.locator("[data-rescue]").count(), 0);
			assert.equal(state.mock.count("POST", /disable_rescue/), 1);
		});
	});

	test("while it runs one logs in as root, and its own fingerprint is shown", async () => {
		const server = state.mock.addServer("hajime", "running");
		server.ippo.rescue = { running: true, host_keys: [{ ...server.ippo.host_keys[0], fingerprint: "SHA256:anotherOneThatIsOfTheRescueSystem" }] };
		await withPage({ at: at(server), language: "en" }, async (page) => {
			await page.waitForSelector("[data-rescue=running]");
			assert.match(await page.textContent(".connect"), /ssh root@/);
			assert.match(await page.textContent(".connect"), /SHA256:anotherOne/);
			state.mock.emit("server", { server: Object.assign(server, { ippo: { ...server.ippo, rescue: { running: false, host_keys: [] } } }) });
			await eventually(async () => /ssh debian@/.test(await page.textContent(".connect")), true);
			assert.equal(await page.locator("[data-rescue]").count(), 0);
		});
	});

	test("without one on this service, or without a key, it says so", async () => {
		const server = state.mock.addServer("hajime");
		await withPage({ at: `${at(server)}/settings`, expected: /422/ }, async (page) => {
			for (const [code, words] of [["unsupported_error", /レスキューシステムがありません/], ["invalid_input", /公開鍵なしで/]]) {
				state.mock.rescueRefusal = code;
				await page.click("#rescue");
				await page.locator("dialog .buttons button").last().click();
				await eventually(async () => words.test(await page.textContent("[role=alert]").catch(() => "")), true);
			}
			assert.equal(await page.locator("[data-rescue]").count(), 0);
		});
	});
});
