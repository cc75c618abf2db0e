// The graphs of a server: ranges, gaps, the table, and colours that follow the light.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { columnsOf } from "../../../panel/lib/measurements.js";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const at = (server, range = "") => `/#/servers/${server.id}/graphs${range}`;
const pixels = (page, id) => page.evaluate((graph) => {
	const canvas = document.querySelector(`[data-graph=${graph}] canvas`);
	return canvas.toDataURL();
}, id);

useBrowser();

describe("graphs", () => {
	test("a gap is a gap, and no line crosses it", () => {
		const found = { step_s: 60, series: { a: { values: [[60, "1"], [120, "2.5"], [300, "0"]] }, b: { values: [[120, "7"]] } } };
		assert.deepEqual(columnsOf(found, ["a", "b"]), [[60, 120, 180, 300], [1, 2.5, null, 0], [null, 7, null, null]]);
		assert.deepEqual(columnsOf(found, ["none"]), [[], []]);
	});

	test("four graphs with names; a table with the same numbers; a range is part of the address", async () => {
		const server = state.mock.addServer("hajime", "running");
		await withPage({ at: at(server) }, async (page) => {
			await page.waitForSelector(".graph canvas");
			assert.equal(await page.locator(".graph canvas").count(), 4);
			assert.equal(await page.title(), "リソース情報: hajime — Ippo");
			for (const id of ["cpu", "memory", "disk", "network"]) {
				const picture = page.locator(`[data-graph=${id}] [role=img]`);
				assert.equal(await picture.getAttribute("tabindex"), "0");
				assert.match(await picture.getAttribute("aria-label"), /最新 .+、最大 /);
			}
			await page.locator("[data-graph=disk] button").click();
			const table = page.locator("[data-graph=disk] table");
			assert.equal(await table.locator("thead th").count(), 3);
			assert.equal(await table.locator("tbody tr").count(), 51, "50 points and one gap");
			assert.equal(await table.locator("tbody td:has-text('測定なし')").count(), 2);
			await page.locator("[data-graph=disk] button").click();
			assert.equal(await table.count(), 0);
			await page.locator(".graph-bar a").nth(3).click();
			await eventually(() => page.locator(".graph-bar a[aria-current]").textContent(), "1か月");
			assert.match(page.url(), /graphs\/month$/);
			await eventually(() => state.mock.count("GET", /metrics/), 2);
			const [, last] = state.mock.requests.filter(([, place]) => place.includes("metrics")).at(-1);
			const asked = new URL(last, state.mock.url).searchParams;
			assert.equal(Date.parse(asked.get("end")) - Date.parse(asked.get("start")), 31 * 86400e3);
			await page.reload();
			await eventually(() => page.locator(".graph-bar a[aria-current]").textContent(), "1か月");
		});
	});

	test("the colours follow the light", async () => {
		const server = state.mock.addServer("hajime", "running");
		await withPage({ at: at(server) }, async (page) => {
			await page.waitForSelector("[data-graph=cpu] canvas");
			const light = await pixels(page, "cpu");
			await page.emulateMedia({ colorScheme: "dark" });
			await eventually(async () => await pixels(page, "cpu") !== light, true);
		});
	});

	test("nothing measured, and what cannot be read", async () => {
		const server = state.mock.addServer("hajime");
		state.mock.metricsGap = null;
		state.mock.fail("GET", /metrics/, { status: 503, code: "unavailable", message: "core is not running" });
		await withPage({ at: at(server, "/year"), language: "en", expected: /503/ }, async (page) => {
			await page.click("[role=alert] button");
			await page.waitForSelector("[data-graph=network] .hint");
			assert.equal(await page.locator("canvas").count(), 0);
			assert.equal(await page.locator(".graph .hint").count(), 4);
		});
	});
});
