// Private networks: making one, putting a server in and what its system must be told, taking it out, deleting.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

useBrowser();

describe("private networks", () => {
	test("none is a sentence and a button; a reader sees who is in one, and has no button", async () => {
		await withPage({ at: "/#/networks", language: "en" }, async (page) => {
			await page.waitForSelector(".empty #make-network");
			assert.equal(await page.title(), "Private networks — Ippo");
		});
		const { mock } = state;
		mock.role = "reader";
		mock.addNetwork("inside", [mock.addServer("hajime")]);
		await withPage({ at: "/#/networks" }, async (page) => {
			await page.waitForSelector("[data-member] dl");
			assert.equal(await page.locator("#make-network, [data-do]").count(), 0);
		});
	});

	test("one is made; a name that is taken is said beside the field", async () => {
		state.mock.addNetwork("taken");
		await withPage({ at: "/#/networks", expected: /409/ }, async (page) => {
			await page.click("#make-network");
			await page.click("#network-save");
			await page.waitForSelector("#network-name-problem");
			await page.fill("#network-name", "taken");
			await page.click("#network-save");
			await eventually(async () => (await page.locator("#network-name-problem").count()) > 0 && state.mock.networks.size, 1);
			await page.fill("#network-name", "inside");
			await page.fill("#network-range", "192.168.0.0/16");
			await page.click("#network-save");
			await page.waitForSelector("[data-network] >> text=192.168.0.0/16");
			assert.equal([...state.mock.networks.values()].at(-1).name, "inside");
		});
	});

	test("a server is put in, and the commands for inside have its address and card", async () => {
		const { mock } = state;
		const first = mock.addServer("hajime");
		mock.addServer("tsugi");
		mock.addNetwork("inside", [first]);
		await withPage({ at: "/#/networks", expected: /422/, language: "en" }, async (page) => {
			await page.click("[data-do=join]");
			await page.click("#join-save");
			await page.waitForSelector("[role=group] >> text=Choose a server.");
			assert.deepEqual(await page.locator("#join-server option").allInnerTexts(), ["Choose one", "tsugi"]);
			await page.selectOption("#join-server", { label: "tsugi" });
			await page.fill("#join-ip", "10.0.0.2");
			await page.click("#join-save");
			await page.waitForSelector("#join-ip-problem");
			await page.fill("#join-ip", "10.0.0.77");
			await page.click("#join-save");
			const member = page.locator("[data-member]", { hasText: "tsugi" });
			await member.locator("summary").click();
			assert.match(await member.innerText(), /10\.0\.0\.77.*02:00:00:00:00:02.*awk '\/02:00:00:00:00:02\/.*ip addr add 10\.0\.0\.77\/16.*macaddress: "02:00:00:00:00:02".*- 10\.0\.0\.77\/16/s);
		});
	});

	test("taking one out asks first; Escape leaves everything as it was", async () => {
		const { mock } = state;
		const server = mock.addServer("hajime");
		const network = mock.addNetwork("inside", [server]);
		await withPage({ at: "/#/networks" }, async (page) => {
			await page.click("[data-do=leave]");
			await page.waitForSelector("dialog");
			await page.keyboard.press("Escape");
			assert.deepEqual(network.servers, [server.id]);
			await page.click("[data-do=leave]");
			await page.click("dialog .destroys");
			await eventually(() => network.servers.length, 0);
			await page.waitForSelector("[data-member]", { state: "detached" });
		});
	});

	test("deleting needs an empty network, and its name typed", async () => {
		const { mock } = state;
		const server = mock.addServer("hajime");
		const used = mock.addNetwork("used", [server]);
		const network = mock.addNetwork("empty");
		await withPage({ at: "/#/networks", language: "en" }, async (page) => {
			await page.click(`[data-network="${used.id}"] [data-do=delete]`);
			await page.fill("#delete-network-name", "used");
			assert.equal(await page.isDisabled("dialog .destroys"), true);
			assert.match(await page.innerText("dialog"), /Servers are in it/);
			await page.keyboard.press("Escape");
			await page.click(`[data-network="${network.id}"] [data-do=delete]`);
			assert.equal(await page.isDisabled("dialog .destroys"), true);
			await page.fill("#delete-network-name", "empty");
			await page.click("dialog .destroys");
			await eventually(() => mock.networks.has(network.id), false);
		});
	});

	test("a server's network tab has its places in them", async () => {
		const { mock } = state;
		const server = mock.addServer("hajime");
		const network = mock.addNetwork("inside", [server]);
		await withPage({ at: `/#/servers/${server.id}/filter` }, async (page) => {
			await page.waitForSelector(`[data-port="${network.id}"]`);
			assert.match(await page.innerText(`[data-port="${network.id}"]`), /inside.*10\.0\.0\.2.*02:00:00:00:00:01/s);
		});
	});
});
