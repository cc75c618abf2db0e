// Power: what a click shows and when, in this tab and another; a start that fails; a guest that knows of no power button.

import assert from "node:assert/strict";
import { readdirSync, renameSync } from "node:fs";
import path from "node:path";
import { eventually } from "../harness.mjs";
import { assertTogether, card, chapter, home, origin, patience_ms, stateOf, stubborn, tiny, told, watchState } from "./visit.mjs";

/**
 * How long after a click the card says that it is under way, and how long this page takes to show anything at all. Both until it
 * stands in the page: when the next frame is painted is for the machine to say, which runs guests beside it.
 */
async function pressTwice(page, { id }, verb) {
	await page.bringToFront(); // a page behind another is drawn once a second
	return page.evaluate(async ({ server, name }) => {
		const element = document.querySelector(`[data-server="${server}"]`);
		const shown = (root, isThere, work) => new Promise((resolve) => {
			const start = performance.now();
			const look = new MutationObserver(() => {
				if (isThere()) {
					look.disconnect();
					resolve(performance.now() - start);
				}
			});
			look.observe(root, { subtree: true, childList: true, attributes: true });
			work();
		});
		const language = document.querySelector("#language-button");
		const baseline_ms = await shown(document.body, () => language.getAttribute("aria-expanded") === "true", () => language.click());
		language.click();
		const button = element.querySelector(`[data-verb=${name}]`);
		const took_ms = await shown(element, () => element.querySelector(".state-busy"), () => {
			button.click();
			button.click();
		});
		return { took_ms, baseline_ms };
	}, { server: id, name: verb });
}

function assertPrompt({ took_ms, baseline_ms }) {
	assert.ok(took_ms < Math.max(100, 5 * baseline_ms), `pending after ${took_ms} ms, where a menu takes ${baseline_ms} ms`);
}

chapter("the power of guests", async (visit) => {
	const { page } = visit;
	const other = await visit.open("/#/servers");
	await card(other, tiny).waitFor();
	const here = await watchState(page, tiny);
	const there = await watchState(other, tiny);

	await visit.step("a guest shuts down: pending at once, and off in another tab with no reload", async () => {
		await stateOf(page, tiny, "running").waitFor();
		const before = (await visit.actionsOf(tiny, "shutdown_server")).length;
		assertPrompt(await pressTwice(page, tiny, "shutdown"));
		await stateOf(page, tiny, "off").waitFor({ timeout: patience_ms });
		await assertTogether("off", here, there);
		assert.equal((await visit.actionsOf(tiny, "shutdown_server")).length, before + 1, "two clicks, one action");
	});

	await visit.step("a start that fails never looks like a running server, and its failure stays and says what to do", async () => {
		const disks = readdirSync(told.volumes).filter((name) => name.includes(tiny.disk)).map((name) => path.join(told.volumes, name));
		assert.equal(disks.length, 1);
		await stateOf(page, tiny, "off").waitFor({ timeout: patience_ms });
		const states = await watchState(page, tiny);
		const aside = `${disks[0]}.aside`;
		renameSync(disks[0], aside);
		try {
			await card(page, tiny).locator("[data-verb=poweron]").click();
			await card(page, tiny).locator(".action-failure").waitFor({ timeout: patience_ms });
		} finally {
			renameSync(aside, disks[0]);
		}
		await stateOf(page, tiny, "off").waitFor();
		assert.deepEqual(await states.seen(), ["off", "busy", "off"]);
		const [, title, next] = /^\s*(起動: 失敗)[^]*?\n+([^\n]{8,})/.exec(await card(page, tiny).locator(".action-failure").innerText()) ?? [];
		assert.ok(title && next, "what failed, and what to do next");
		await page.reload();
		await card(page, tiny).locator(".action-failure").waitFor();
	});

	await visit.step("a double click starts it once; the other tab follows, the end is said once, the failure is still there", async () => {
		await page.evaluate(() => {
			window.said = [];
			new MutationObserver(() => {
				const { textContent } = document.getElementById("announcer");
				if (textContent)
					window.said.push(textContent);
			}).observe(document.getElementById("announcer"), { childList: true });
		});
		const before = (await visit.actionsOf(tiny, "start_server")).length;
		const mine = await watchState(page, tiny);
		const theirs = await watchState(other, tiny);
		assertPrompt(await pressTwice(page, tiny, "poweron"));
		await stateOf(page, tiny, "running").waitFor({ timeout: patience_ms });
		await assertTogether("running", mine, theirs);
		assert.deepEqual(await mine.seen(), ["off", "busy", "running"]);
		assert.equal((await visit.actionsOf(tiny, "start_server")).length, before + 1);
		await eventually(() => page.evaluate(() => window.said.filter((words) => words.includes("起動")).length), 1);
		await card(page, tiny).locator(".action-failure button").click();
		await eventually(() => card(page, tiny).locator(".action-failure").count(), 0);
	});

	await visit.step("a guest that knows of no power button: step and time, over a reload, with force stop at hand", async () => {
		const line = card(page, stubborn).locator(".action-line", { hasText: "シャットダウン" });
		const seconds = async () => {
			const [, minutes, rest] = /(?:(\d+)\s*分)?\s*(\d+)\s*秒/.exec(await line.innerText()) ?? [];
			return Number(minutes ?? 0) * 60 + Number(rest);
		};
		await card(page, stubborn).locator("[data-verb=shutdown]").click();
		await line.filter({ hasText: "手順: サーバーの応答待ち" }).waitFor();
		await eventually(async () => (await seconds()) >= 2, true, patience_ms);
		const before = await seconds();
		await page.reload();
		await line.filter({ hasText: "手順: サーバーの応答待ち" }).waitFor();
		assert.ok((await seconds()) >= before);
		const stop = card(page, stubborn).locator("[data-verb=poweroff]");
		assert.equal(await stop.getAttribute("aria-disabled"), null);
		await stop.click();
		await page.click("dialog .destroys");
		await stateOf(page, stubborn, "off").waitFor({ timeout: patience_ms });
		await eventually(() => card(other, stubborn).locator(".state-off").count(), 1);
	});

	await visit.step("what was done to it stays in its history, with how it ended", async () => {
		await page.goto(origin + home(stubborn, "/history"));
		const line = (words) => page.locator("[data-line]", { hasText: words }).first();
		await line("シャットダウン").waitFor();
		assert.match(await line("強制停止").innerText(), new RegExp(`${visit.person}[^]*成功`));
		await page.goto(origin + home(tiny, "/history"));
		await page.locator("[data-line]", { hasText: "起動" }).filter({ hasText: "失敗" }).first().waitFor();
	});
});
