// A lock, a fresh system, and the end of a guest: what asks first, and what the service refuses by itself.

import assert from "node:assert/strict";
import { eventually } from "../harness.mjs";
import { chapter, home, origin, patience_ms, ssh, stubborn, tiny } from "./visit.mjs";

const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());

/** The dialog that wants a name: harmless focus, nothing but the exact name, Tab inside, Esc and the focus back. */
async function asksForName(page, { name }, { button, field, loses }) {
	await button.focus();
	await page.keyboard.press("Enter");
	await page.waitForSelector("dialog[open]");
	assert.equal(await focused(page), "キャンセル");
	assert.match(await page.textContent("dialog"), loses);
	for (const typed of ["", name.slice(0, -1), name.toUpperCase(), `${name} `]) {
		await page.fill(field, typed);
		assert.ok(await page.isDisabled("dialog .destroys"), JSON.stringify(typed));
	}
	for (let presses = 0; presses < 6; presses++) {
		await page.keyboard.press("Tab");
		assert.ok(await page.evaluate(() => document.activeElement.closest("dialog") !== null));
	}
	await page.keyboard.press("Escape");
	await eventually(() => page.locator("dialog").count(), 0);
	await eventually(() => button.evaluate((element) => element === document.activeElement), true);
}

chapter("the end of a guest", async (visit) => {
	const { page } = visit;
	const command = `ssh debian@${tiny.address}`;

	await visit.step("a lock: the reason is visible, in another tab as well, and the service refuses", async () => {
		const other = await visit.open(home(tiny, "/reinstall"));
		await page.goto(origin + home(tiny, "/settings"));
		const isLocked = () => page.locator("#delete").evaluate((button) => button.disabled); // not what only waits for an answer
		await page.click("#lock");
		await eventually(isLocked, true);
		assert.match(await page.textContent("#delete-about"), /削除ロックがオン/);
		await other.waitForSelector("#reinstall-obstacle:has-text('削除ロックがオン')");
		assert.ok(await other.isDisabled("form.reinstall .destroys"));
		assert.equal((await visit.ask("DELETE", `/servers/${tiny.id}`)).code, "protected");
		assert.equal((await visit.ask("POST", `/servers/${tiny.id}/actions/rebuild`, { image: tiny.image })).code, "protected");
		await page.click("#lock");
		await eventually(isLocked, false);
		await other.close();
	});

	await visit.step("a fresh system: asked for by its name, step by step over a reload, with another host key", async () => {
		const keyOf = async () => (await visit.get(`/servers/${tiny.id}`)).server.ippo.host_keys[0]?.fingerprint;
		const before = await keyOf();
		await page.goto(origin + home(tiny, "/reinstall"));
		const button = page.locator("form.reinstall .destroys");
		await button.waitFor();
		await page.locator(`#image input[value="${tiny.image}"]`).check();
		await asksForName(page, tiny, { button, field: "#reinstall-name", loses: /すべてのデータを失います/ });
		await button.click();
		await page.fill("#reinstall-name", tiny.name);
		await page.click("dialog .destroys");
		await page.waitForSelector("[data-home]");
		await page.locator(".action-line", { hasText: "OS再インストール" }).first().waitFor();
		await page.reload();
		await page.locator(".action-line", { hasText: "OS再インストール" }).first().waitFor();
		await page.locator(".action-line.ended", { hasText: "成功" }).waitFor({ timeout: patience_ms });
		await eventually(async () => ![undefined, before].includes(await keyOf()), true, patience_ms);
		const after = await keyOf();
		await page.locator("[aria-labelledby=connect-title]", { hasText: after }).waitFor({ timeout: patience_ms });
		assert.equal((await page.locator("[aria-labelledby=connect-title]").innerText()).includes(before), false);
		await eventually(async () => (await ssh(command, "true", { timeout_s: 3 })).ok, true, patience_ms);
	});

	await visit.step("deleted by its name, in every tab", async () => {
		const other = await visit.open("/#/servers");
		await other.locator(`[data-server="${tiny.id}"]`).waitFor();
		await page.goto(origin + home(tiny, "/settings"));
		await page.waitForSelector("#delete");
		await asksForName(page, tiny, { button: page.locator("#delete"), field: "#delete-name", loses: /すべてのデータ/ });
		await page.click("#delete");
		await page.fill("#delete-name", tiny.name);
		await page.click("dialog .destroys");
		await page.waitForSelector("main:has-text('このサーバーは削除されました')", { timeout: patience_ms });
		await eventually(() => other.locator(`[data-server="${tiny.id}"]`).count(), 0, patience_ms);
		assert.equal(await other.locator(`[data-server="${stubborn.id}"]`).count(), 1);
		assert.equal((await ssh(command, "true", { timeout_s: 3 })).ok, false);
		await page.goto(`${origin}/#/history`);
		await page.locator("[data-line]", { hasText: "サーバーの削除" }).filter({ hasText: tiny.name }).filter({ hasText: visit.person }).first().waitFor();
	});
}, /status of 423/);
