// Text is pasted into the screen of a guest whose keyboard is Japanese: what arrives, what is refused, and what a stop leaves behind.

import assert from "node:assert/strict";
import { eventually } from "../harness.mjs";
import { chapter, home, patience_ms, stubborn } from "./visit.mjs";

chapter("text for a guest with a Japanese keyboard", async (visit) => {
	const page = await visit.open(home(stubborn, "/console/vnc"));
	const { end } = await visit.get(`/servers/${stubborn.id}/console/text?max=1`);
	const typed = async () => (await visit.get(`/servers/${stubborn.id}/console/text?from=${end}`)).text;
	const paste = async (text) => {
		await page.fill("#paste-text", text);
		await page.click("dialog.paste .primary");
	};
	await page.waitForSelector("#panel-vnc .console-state-open", { timeout: patience_ms });
	await page.locator("#panel-vnc .console-bar button", { hasText: "テキスト貼り付け" }).click();

	await visit.step("what the layout has not is named before the first key", async () => {
		await page.selectOption("#paste-layout", "jp106");
		await paste("aé漢b");
		await page.waitForSelector("#paste-refused");
		assert.deepEqual(await page.locator(".paste-missing code").allTextContents(), ["é (U+00E9)", "漢 (U+6F22)"]);
		assert.equal(await typed(), "");
	});

	await visit.step("a stop ends it, and says how much has arrived", async () => {
		await paste("A".repeat(3000));
		await page.waitForSelector("dialog progress");
		await eventually(async () => Number(await page.locator("dialog progress").getAttribute("value")) > 3, true, patience_ms);
		await page.keyboard.press("Enter");
		const words = await page.locator("dialog [role=alert]:has-text('中止しました')").innerText();
		const sent = Number(/([\d,]+) \/ 3,?000/.exec(words)[1].replace(",", ""));
		assert.ok(sent > 3 && sent < 3000, words);
		await eventually(typed, "A".repeat(sent), patience_ms);
	});

	await visit.step("¥ \\ | _ arrive as they are, with no key left down by the stop", async () => {
		const before = await typed();
		await paste("b\\|_¥|b");
		await page.locator("dialog.paste").waitFor({ state: "detached", timeout: patience_ms });
		// The key ¥ is a backslash on Linux.
		await eventually(typed, `${before}b\\|_\\|b`, patience_ms);
	});
});
