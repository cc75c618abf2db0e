// The operation history: lines, filters, older ones, the file, and whether it is whole.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const lines = (page) => page.locator("[data-line]").count();
const lastRequest = () => state.mock.requests.filter(([, path]) => path.startsWith("/v1/history")).at(-1)[1];

useBrowser();

describe("the operation history", () => {
	test("says who did what, from where, and how it went; a name it does not know stands for itself", async () => {
		state.mock.addLine("server.poweron", { resource: { type: "server", id: 7, name: "hajime" }, operator: true });
		state.mock.addLine("moon.rise", { actor: { kind: "token", id: 3, name: "backup" }, result: "refused", error: "forbidden", details: { why: "<b>bold</b>" } });
		state.mock.addLine("session.fail", { actor: { kind: "nobody", id: null, name: "" }, result: "refused" });
		await withPage({ at: "/#/servers" }, async (page) => {
			await page.click("nav a[href='#/history']");
			await page.waitForSelector("[data-line='1']");
			assert.equal(await page.title(), "操作履歴 — Ippo");
			const words = async (id) => (await page.locator(`[data-line='${id}']`).innerText()).replace(/\s+/g, " ");
			assert.match(await words(1), /起動 hajime taro （管理者として） 192\.0\.2\.7 成功/);
			assert.match(await words(2), /moon\.rise APIキー backup/);
			assert.match(await words(3), /ログイン失敗 ログインしていない人/);
			await page.locator("[data-line='2'] summary").click();
			assert.match(await words(2), /forbidden.*<b>bold<\/b>/, "text is shown as text");
			assert.equal(await page.locator("[data-line]").first().getAttribute("data-line"), "3", "newest first");
		});
	});

	test("filters ask the service: subject, server, result, person, and days as the reader has them", async () => {
		const server = state.mock.addServer("hajime");
		state.mock.addLine("server.poweron", { time: "2026-11-20T15:30:00Z", resource: { type: "server", id: server.id, name: "hajime" } });
		state.mock.addLine("server.poweroff", { time: "2026-11-20T14:30:00Z", result: "error" });
		state.mock.addLine("session.create", { time: "2026-11-22T14:30:00Z", actor: { kind: "session", id: 9, name: "jiro" } });
		await withPage({ at: "/#/history" }, async (page) => {
			await eventually(() => lines(page), 3);
			await page.selectOption("#history-what", "server");
			await page.click("form .button.primary");
			await eventually(() => lines(page), 2);
			await page.selectOption("#history-result", "error");
			await page.click("form .button.primary");
			await eventually(() => lines(page), 1);
			await page.locator("form .button").last().click();
			await eventually(() => lines(page), 3);
			assert.equal(await page.inputValue("#history-what"), "");
			await page.selectOption("#history-server", String(server.id));
			await page.click("form .button.primary");
			await eventually(() => lines(page), 1);
			await page.locator("form .button").last().click();
			await page.fill("#history-actor", "jiro");
			await page.keyboard.press("Enter");
			await eventually(() => lines(page), 1);
			await page.locator("form .button").last().click();
			await page.fill("#history-from", "2026-11-21");
			await page.fill("#history-to", "2026-11-21");
			await page.click("form .button.primary");
			await eventually(() => lines(page), 1);
			const query = new URL(lastRequest(), state.mock.url).searchParams;
			assert.equal(query.get("from"), "2026-11-20T15:00:00.000Z", "midnight in Tokyo");
			assert.equal(query.get("to"), "2026-11-21T15:00:00.000Z", "the whole day");
			const file = new URL(await page.getAttribute("a[download]", "href"), state.mock.url);
			assert.equal(file.searchParams.get("format"), "csv");
			assert.equal(file.searchParams.get("from"), "2026-11-20T15:00:00.000Z");
			await page.fill("#history-actor", "nobody-at-all");
			await page.keyboard.press("Enter");
			await page.waitForSelector(".empty");
		});
	});

	test("older ones come on request, and none twice while lines are added", async () => {
		for (let i = 0; i < 70; i++)
			state.mock.addLine("server.poweron");
		await withPage({ at: "/#/history" }, async (page) => {
			await eventually(() => lines(page), 50);
			state.mock.addLine("server.poweroff");
			await page.click("#more-history");
			await eventually(() => lines(page), 70);
			assert.equal(await page.locator("#more-history").count(), 0);
			const ids = await page.locator("[data-line]").evaluateAll((all) => all.map((element) => element.dataset.line));
			assert.equal(new Set(ids).size, 70);
		});
	});

	test("a failure says so, and is tried again; an account that is not there is said beside its field", async () => {
		state.mock.addLine("server.poweron");
		state.mock.fail("GET", /history/, { status: 503, code: "unavailable" });
		await withPage({ at: "/#/history", expected: /503|422/ }, async (page) => {
			await page.click("[role=alert] button");
			await eventually(() => lines(page), 1);
			await page.fill("#history-customer", "nobody");
			await page.keyboard.press("Enter");
			await page.waitForSelector("#history-customer-problem");
			assert.equal(await page.inputValue("#history-customer"), "nobody");
		});
	});

	test("operators can check that it is whole; others have no button for it", async () => {
		state.mock.addLine("server.poweron");
		await withPage({ at: "/#/history" }, async (page) => {
			await page.click("#verify-history");
			await eventually(async () => /1 件を確かめました/.test(await page.textContent("#verification")), true);
			state.mock.historyProblems = [{ problem: "missing", first: 4, last: 6 }];
			await page.click("#verify-history");
			await eventually(async () => /4 から 6 までが欠けて/.test(await page.textContent("#verification")), true);
		});
		state.mock.users.get("taro").operator = false;
		await withPage({ at: "/#/history" }, async (page) => {
			await eventually(() => lines(page), 1);
			assert.equal(await page.locator("#verify-history").count(), 0);
			assert.equal(await page.locator("#history-customer").count(), 0);
		});
	});

	test("no field of the filter reaches over its neighbour", async () => {
		for (const [language, width] of [["ja", 1280], ["en", 1280], ["ja", 360], ["en", 360]]) {
			await withPage({ at: "/#/history", language, width }, async (page) => {
				await page.waitForSelector(".empty");
				const over = await page.evaluate(() => [...document.querySelectorAll(".history-filter :is(input, select)")]
					.filter((field) => field.getBoundingClientRect().right > field.closest(".field").getBoundingClientRect().right + 1)
					.map((field) => field.id));
				assert.deepEqual(over, [], `${language} ${width}`);
			});
		}
	});

	test("nobody has done anything yet", async () => {
		await withPage({ at: "/#/history" }, async (page) => {
			await page.waitForSelector(".empty");
		});
	});

	test("a server has its own: only its lines, older ones, and as a file", async () => {
		const server = state.mock.addServer("hajime", "running");
		const about = { resource: { type: "server", id: server.id, name: "hajime" } };
		for (let n = 0; n < 60; n++)
			state.mock.addLine("server.poweron", about);
		state.mock.addLine("session.create");
		await withPage({ at: `/#/servers/${server.id}` }, async (page) => {
			await page.locator(".room-tabs a[href$='/history']").click();
			await eventually(() => lines(page), 50);
			assert.equal(await page.title(), "hajime の履歴 — Ippo");
			await page.click("#more-history");
			await eventually(() => lines(page), 60);
			const file = new URL(await page.getAttribute("a[download]", "href"), state.mock.url).searchParams;
			assert.equal(file.get("server"), String(server.id));
			assert.equal(file.get("format"), "csv");
			state.mock.removeServer(server);
			await page.waitForSelector(".notice a.button");
		});
	});

	test("where it is narrow a menu leads to a server's rooms, by keyboard as well", async () => {
		const server = state.mock.addServer("hajime", "running");
		await withPage({ at: `/#/servers/${server.id}`, width: 360 }, async (page) => {
			await page.waitForSelector("#rooms-button");
			assert.ok(await page.locator(".room-tabs a").first().isHidden());
			await page.focus("#rooms-button");
			await page.keyboard.press("Enter");
			await page.locator("#rooms-choices button:has-text('履歴')").press("Enter");
			await page.waitForSelector(".empty");
			assert.match(page.url(), /history$/);
			await page.goBack();
			const reach = await page.locator(".home-reach").boundingBox();
			assert.ok(reach.y + reach.height <= 800 && reach.y > 600, "power and the console are in reach");
		});
	});
});
