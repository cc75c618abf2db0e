// ホストサーバー: what a machine has, and its maintenance, which whoever wants a server is told of first.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const focused = (page) => page.evaluate(() => document.activeElement.id);
const reason = "メモリを増設しています。18時に終わります。";

useBrowser();

describe("hosts", () => {
	test("what one has, what servers take of it, its software and when it was last seen", async () => {
		await withPage({ at: "/#/admin/hosts" }, async (page) => {
			await page.waitForSelector("[data-host]");
			const said = await page.textContent("[data-host]");
			assert.match(said, /応答しています.*12台、うち稼働中 9台.*16個.*64.GB のうち 12.GB.*2,000.GB のうち 500.GB.*QEMU 7\.2\.0, libvirt 9\.0\.0.*kvm/s);
			assert.equal(await page.locator("[data-host] time").count(), 1);
			assert.match(await page.textContent("header nav [aria-current=page]"), /管理/);
		});
	});

	test("one that does not answer, and was never seen", async () => {
		Object.assign(state.mock.host, { status: "down", last_seen: null, hypervisor: "", virtualization: "unknown" });
		await withPage({ at: "/#/admin/hosts", language: "en" }, async (page) => {
			await page.waitForSelector("[data-host]");
			assert.match(await page.textContent("[data-host]"), /Does not answer.*Not yet/s);
		});
	});

	test("maintenance begins with a reason, and ends after a question", async () => {
		await withPage({ at: "/#/admin/hosts" }, async (page) => {
			await page.click("#begin-maintenance");
			await eventually(() => focused(page), "maintenance-reason");
			await page.keyboard.press("Enter");
			await page.waitForSelector("#maintenance-reason-problem");
			assert.equal(state.mock.host.maintenance, null);
			await page.fill("#maintenance-reason", reason);
			await page.keyboard.press("Enter");
			await page.waitForSelector("#end-maintenance");
			assert.equal(state.mock.host.maintenance.reason, reason);
			assert.match(await page.textContent("[data-host]"), /保守モード.*18時に終わります/s);
			await page.click("#end-maintenance");
			await page.waitForSelector("dialog[open]");
			await page.keyboard.press("Escape");
			assert.ok(state.mock.host.maintenance);
			await page.click("#end-maintenance");
			await page.click("dialog .primary");
			await page.waitForSelector("#begin-maintenance");
			assert.equal(state.mock.host.maintenance, null);
		});
	});

	test("a reason that is too long is refused beside its field, and stays there", async () => {
		await withPage({ at: "/#/admin/hosts", expected: /422/ }, async (page) => {
			await page.click("#begin-maintenance");
			await page.evaluate(() => document.getElementById("maintenance-reason").removeAttribute("maxlength"));
			await page.fill("#maintenance-reason", "長".repeat(134));
			await page.keyboard.press("Enter");
			await page.waitForSelector("#maintenance-reason-problem");
			assert.equal((await page.inputValue("#maintenance-reason")).length, 134);
			assert.equal(state.mock.host.maintenance, null);
		});
	});

	test("whoever wants a server is told before anything is filled in, and cannot send it", async () => {
		state.mock.host.maintenance = { reason, since: new Date().toISOString() };
		await withPage({ at: "/#/servers/new" }, async (page) => {
			await page.waitForSelector("[data-maintenance]");
			assert.match(await page.textContent("[data-maintenance]"), /新しいサーバーを作れません.*18時に終わります.*そのまま使えます/s);
			assert.ok(await page.isDisabled(".create-cost button"));
			assert.match(await page.textContent("#create-obstacle"), /18時に終わります/);
		});
	});

	test("maintenance that began meanwhile is told when it is sent, and what was typed stays", async () => {
		state.mock.keys.set(900, { id: 900, name: "home", public_key: "ssh-ed25519 AAAA", fingerprint: "aa:bb", created: "2026-11-20T01:02:03Z", labels: {} });
		await withPage({ at: "/#/servers/new", expected: /503/ }, async (page) => {
			await page.waitForSelector("[data-quote]");
			await page.fill("#server-name", "hajime");
			state.mock.host.maintenance = { reason, since: new Date().toISOString() };
			await page.click(".create-cost button");
			await page.waitForSelector("#summary-title");
			assert.match(await page.textContent("main .notice.attention"), /新しいサーバーを作れません.*18時に終わります/s);
			assert.equal(await page.inputValue("#server-name"), "hajime");
		});
	});
});
