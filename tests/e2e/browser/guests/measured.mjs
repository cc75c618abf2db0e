// What was measured of a guest and what was done to it, after all the other chapters.

import assert from "node:assert/strict";
import { eventually } from "../harness.mjs";
import { chapter, home, origin, patience_ms, tiny } from "./visit.mjs";

chapter("what is known of a guest afterwards", async (visit) => {
	const { page } = visit;

	await visit.step("graphs have its numbers, in words and as a table", async () => {
		await page.goto(origin + home(tiny, "/graphs"));
		await page.waitForSelector("[data-graph=network]");
		await eventually(async () => {
			if (await page.locator(".graph canvas").count() === 4)
				return 4;
			await page.locator(".graph-bar button").click();
			await page.waitForTimeout(1000);
			return page.locator(".graph canvas").count();
		}, 4, patience_ms);
		for (const id of ["cpu", "memory", "disk", "network"])
			assert.match(await page.locator(`[data-graph=${id}] [role=img]`).getAttribute("aria-label"), /最新 .+、最大 /);
		// A guest that runs has memory: 256 MB were given to it.
		await page.locator("[data-graph=memory] .graph-top button").click();
		const cells = await page.locator("[data-graph=memory] tbody td").allTextContents();
		assert.ok(cells.some((cell) => /^[1-9][\d.,]*\s*(MB|メガバイト)/.test(cell)), cells.join());
		await page.locator("[data-graph=memory] [role=img]").focus();
	});

	await visit.step("its history has every change of the other chapters, who made it and how it ended", async () => {
		const { history } = await visit.get(`/history?per_page=50&server=${tiny.id}`);
		const found = new Set(history.map(({ what, result }) => `${what} ${result}`));
		for (const line of ["server.create success", "server.shutdown success", "server.poweron success", "server.poweron error", "server.update success"])
			assert.ok(found.has(line), `${line} of ${[...found].join()}`);
		await page.goto(origin + home(tiny, "/history"));
		await page.locator("[data-line]", { hasText: "サーバーの作成" }).or(page.getByRole("button", { name: /さらに|続き/ })).first().waitFor();
	});
});
