// What is kept of a server: a backup each day and its price, snapshots as they come, going back, a new server, protection, the end.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

useBrowser();

const at = (server) => `/#/servers/${server.id}/backups`;

describe("backups", () => {
	test("the room stands between the others; nothing there is a sentence and a button", async () => {
		const server = state.mock.addServer("hajime", "running");
		await withPage({ at: at(server), language: "en" }, async (page) => {
			await page.waitForSelector(".empty #first");
			assert.equal(await page.title(), "Backups: hajime — Ippo");
			const tabs = await page.locator(".room-tabs li").allInnerTexts();
			assert.deepEqual(tabs.slice(-4), ["Backups", "Reinstall OS", "History", "Settings"]);
			await page.click("#first");
			assert.equal(await page.evaluate(() => document.activeElement.id), "description");
			assert.match(await page.innerText("[aria-labelledby=make-title]"), /at one instant, without stopping the server.*power cut/s);
		});
	});

	test("the price stands before the button; on, other hours, and off after a question", async () => {
		const { mock } = state;
		const server = mock.addServer("hajime", "running");
		await withPage({ at: at(server), language: "en" }, async (page) => {
			await page.waitForSelector("#backup-price strong");
			assert.match(await page.innerText("#backup-price"), /¥196 a month, besides the plan\. For the rest of this month, ¥98 are charged now\./);
			assert.equal(await page.getAttribute("[data-backup]", "data-backup"), "off");
			assert.equal(await page.locator("#backup-window option").count(), 6);
			await page.selectOption("#backup-window", "02-06");
			await page.click("#backup-on");
			await page.waitForSelector("[data-backup=on]");
			assert.equal(server.backup_window, "02-06");
			assert.equal(await page.isDisabled("#backup-move"), true);
			await page.selectOption("#backup-window", "14-18");
			await page.click("#backup-move");
			await eventually(() => server.backup_window, "14-18");
			mock.addMade(server, { type: "backup", bound_to: server.id, description: "of the night" });
			await page.reload();
			await page.waitForSelector("[data-image]");
			await page.click("#backup-off");
			assert.match(await page.innerText("dialog[open]"), /All its backups are deleted/);
			await page.click("dialog[open] .destroys");
			await page.waitForSelector("[data-backup=off]");
			await page.waitForSelector(".empty");
			assert.equal(server.backup_window, null);
		});
	});

	test("a snapshot shows how far it is, by itself, and then what it is", async () => {
		const { mock } = state;
		mock.action_ms = 1500;
		const server = mock.addServer("hajime", "running");
		await withPage({ at: at(server), language: "en" }, async (page) => {
			await page.fill("#description", "before the upgrade");
			await page.click("#make");
			await page.waitForSelector("[data-progress='40']");
			assert.match(await page.innerText("[data-image]"), /before the upgrade.*Being made, 40%.*Snapshot/s);
			assert.equal(await page.isDisabled("#make"), true, "one thing at a time");
			assert.equal(await page.inputValue("#description"), "");
			await page.waitForSelector("[data-image] >> text=Ready");
			assert.match(await page.innerText("[data-image]"), /1\.3\sGB/);
			await eventually(() => page.isEnabled("#make"), true);
		});
	});

	test("one too many is said, and what was typed stays", async () => {
		const { mock } = state;
		mock.snapshots = 0;
		const server = mock.addServer("hajime");
		await withPage({ at: at(server), language: "en", expected: /403/ }, async (page) => {
			await page.fill("#description", "kept words");
			await page.click("#make");
			await page.waitForSelector("#summary-title");
			assert.match(await page.innerText("form"), /as many snapshots as it may have/);
			assert.equal(await page.inputValue("#description"), "kept words");
		});
	});

	test("going back asks for the name; a lock and a smaller disk forbid it", async () => {
		const { mock } = state;
		mock.action_ms = 0;
		const server = mock.addServer("hajime", "running");
		const image = mock.addMade(server, { description: "good state" });
		const large = mock.addMade(server, { description: "of a larger disk", disk_size: 80 });
		await withPage({ at: at(server), language: "en" }, async (page) => {
			assert.equal(await page.isDisabled(`[data-image='${large.id}'] [data-do=restore]`), true);
			await page.click(`[data-image='${image.id}'] [data-do=restore]`);
			assert.match(await page.innerText("dialog[open]"), /All data on the present disk are lost.*fingerprint changes/s);
			assert.equal(await page.isDisabled("dialog[open] .destroys"), true);
			await page.fill("dialog[open] input", "hajim");
			assert.equal(await page.isDisabled("dialog[open] .destroys"), true);
			await page.fill("dialog[open] input", "hajime");
			await page.click("dialog[open] .destroys");
			await eventually(() => [...mock.actions.values()].some(({ command }) => command === "rebuild_server"), true);
			server.protection = { delete: true, rebuild: true };
			mock.emit("server", { server });
			await eventually(() => page.isEnabled(`[data-image='${image.id}'] [data-do=restore]`), true);
			await page.click(`[data-image='${image.id}'] [data-do=restore]`);
			await page.fill("dialog[open] input", "hajime");
			await eventually(() => page.isDisabled("dialog[open] .destroys"), true);
			assert.match(await page.innerText("dialog[open]"), /delete lock is on/);
		});
	});

	test("a new server is made from it", async () => {
		const { mock } = state;
		const server = mock.addServer("hajime");
		const image = mock.addMade(server, { description: "good state" });
		await withPage({ at: at(server), language: "en" }, async (page) => {
			await page.click("[data-do=new]");
			await page.waitForSelector(`#image input[value='${image.id}']`);
			await eventually(() => page.isChecked(`#image input[value='${image.id}']`), true);
			// Of the others no snapshot is offered, and where none was asked for, none.
			assert.equal(await page.locator("#image input").count(), 3);
			await page.goto(`${mock.url}/#/keys`);
			await page.goto(`${mock.url}/#/servers/new`);
			await page.waitForSelector("#image input");
			assert.equal(await page.locator("#image input").count(), 2);
		});
	});

	test("what is protected cannot be deleted; what is deleted is gone", async () => {
		const { mock } = state;
		const server = mock.addServer("hajime");
		const image = mock.addMade(server, { description: "good state" });
		await withPage({ at: at(server), language: "en" }, async (page) => {
			await page.click("[data-do=protect]");
			await page.waitForSelector("[data-do=protect][aria-pressed=true]");
			assert.equal(await page.isDisabled("[data-do=delete]"), true);
			assert.match(await page.innerText("[data-image]"), /Take the protection off before deleting it/);
			await page.click("[data-do=protect]");
			await page.waitForSelector("[data-do=protect][aria-pressed=false]");
			await page.click("[data-do=delete]");
			assert.match(await page.innerText("dialog[open]"), /lost for good/);
			await page.keyboard.press("Escape");
			assert.ok(mock.images.includes(image));
			await page.click("[data-do=delete]");
			await page.click("dialog[open] .destroys");
			await page.waitForSelector(".empty");
			assert.ok(!mock.images.includes(image));
		});
	});

	test("readers see, and cannot", async () => {
		const { mock } = state;
		mock.role = "reader";
		const server = mock.addServer("hajime", "running");
		mock.addMade(server, { description: "good state" });
		await withPage({ at: at(server) }, async (page) => {
			await page.waitForSelector("[data-image]");
			assert.equal(await page.locator("#make, [data-do]").count(), 0);
			assert.equal(await page.isDisabled("#backup-on"), true);
		});
	});
});
