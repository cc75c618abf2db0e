// The first step of a guest that reports: what it says itself and what was seen from outside, each with its time; a further check.

import assert from "node:assert/strict";
import { eventually } from "../harness.mjs";
import { chapter, home, patience_ms, tiny } from "./visit.mjs";

chapter("the evidence of a guest that reports", async (visit) => {
	const page = await visit.open(home(tiny, "/first-step"));
	const side = (item, index) => page.locator(`[data-item=${item}] dd`).nth(index);
	const times = (item) => page.locator(`[data-item=${item}] dd time`).evaluateAll((all) => all.map(({ dateTime }) => Date.parse(dateTime)));

	await visit.step("one line an item, proven from inside and outside", async () => {
		for (const item of ["root-ssh", "key-only", "ssh-port", "packet-filter"]) {
			await page.locator(`[data-item=${item}][data-verdict=pass]`).waitFor({ timeout: patience_ms });
			for (const index of [0, 1]) {
				assert.match(await side(item, index).innerText(), /問題ありません/, item);
				assert.ok(await side(item, index).locator("li code").count() > 0, `${item} has evidence`);
			}
		}
		const passed = await page.locator(".first-step-item[data-verdict=pass]").count();
		const items = await page.locator(".first-step-item").count();
		assert.ok(passed >= 10, `${passed} of ${items}`);
		await eventually(() => page.locator(".room-tabs a[aria-current]").innerText(), `はじめの一歩 ${passed}/${items}`);
		assert.match(await page.locator(".hint", { hasText: "firststep" }).last().innerText(), /firststep \S+/);
	});

	await visit.step("what is missing says what to do", async () => {
		const monitoring = page.locator("[data-item=monitoring]");
		assert.equal(await monitoring.getAttribute("data-verdict"), "fail");
		assert.match(await monitoring.innerText(), /通知の条件を作ってください/);
	});

	await visit.step("once more: its steps are shown, and the evidence is newer afterwards", async () => {
		const before = await times("root-ssh");
		assert.equal(before.length, 2);
		await page.click("#check-again");
		await page.locator("[role=status]", { hasText: "サーバーを確認しています" }).waitFor();
		await page.waitForFunction(() => document.querySelector("#check-again").getAttribute("aria-disabled") === null, null, { timeout: patience_ms });
		await eventually(async () => (await times("root-ssh")).every((time, index) => time > before[index]), true, patience_ms);
	});
});
