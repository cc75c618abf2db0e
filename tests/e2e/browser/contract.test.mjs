// 契約・料金: what it costs stands before anything that costs, and what was charged can be read and taken along.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const focused = (page) => page.evaluate(() => document.activeElement.id);
const asked = (page) => page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name).filter((name) => name.includes("/contract") && name.includes("/v1/")));

useBrowser();

describe("what it costs is said before", () => {
	test("a new server: what is charged now and next, of the plan that is chosen, before the button", async () => {
		await withPage({ at: "/#/servers/new" }, async (page) => {
			await page.waitForSelector("[data-quote='1g']");
			assert.match(await page.textContent(".create-cost"), /月額 [¥￥]980.*今回の請求.*[¥￥]980.*1か月分 [¥￥]980.*次回請求.*[¥￥]980 2026\/12\/20.*作成した日と同じ日に/s);
			const answer = state.mock.hold("GET", /\/contract\/quote/);
			await page.check("#plan input[value='3']");
			await eventually(() => page.locator(".quote").count(), 0); // never the price of the plan before
			answer();
			await page.waitForSelector("[data-quote='4g']");
			assert.match(await page.textContent(".quote"), /今回の請求[¥￥]7,980初期費用 [¥￥]4,0001か月分 [¥￥]3,980次回請求[¥￥]3,980/);
			const [price, button] = await page.evaluate(() => [".quote", ".create-cost button"].map((each) => document.querySelector(each).getBoundingClientRect().y));
			assert.ok(price < button);
		});
	});

	test("a price that cannot be asked is said, and asked for again", async () => {
		state.mock.fail("GET", /\/contract\/quote/, { status: 503, code: "unavailable" });
		await withPage({ at: "/#/servers/new", expected: /503/ }, async (page) => {
			await page.waitForSelector(".create-cost [role=alert]");
			await page.click(".create-cost [role=alert] button");
			await page.waitForSelector("[data-quote='1g']");
		});
	});

	test("a larger plan: only of a server that is off, with its difference before the button, and once", async () => {
		const server = state.mock.addServer("hajime", "running");
		await withPage({ at: `/#/servers/${server.id}/settings` }, async (page) => {
			await page.waitForSelector("#upgrade:not([aria-disabled])");
			assert.match(await page.textContent("[aria-labelledby=contract-title]"), /次回請求[¥￥]980 2026\/12\/20/);
			assert.match(await page.textContent("#upgrade-about"), /先にシャットダウン/);
			await page.click("#upgrade");
			await page.waitForSelector("dialog[open]");
			assert.match(await page.textContent(".dialog-obstacle"), /先にシャットダウン/);
			assert.ok(await page.isDisabled("dialog .primary"));
			state.mock.setStatus(server, "off");
			await eventually(async () => /選んでください/.test(await page.textContent(".dialog-obstacle")), true);
			assert.ok(await page.isDisabled("#upgrade-plan input[value='1']"), "its own plan");
			await page.check("#upgrade-plan input[value='2']");
			await page.waitForSelector("dialog [data-quote='2g']");
			assert.match(await page.textContent("dialog .quote"), /今回の請求[¥￥]383プラン変更の差額 23\/30日分 [¥￥]383次回請求[¥￥]1,480/);
			await page.check("#upgrade-disk");
			const release = state.mock.hold("POST", /change_type/);
			await page.dblclick("dialog .primary");
			await page.waitForSelector("#upgrade[aria-disabled]");
			await page.click("#upgrade", { force: true });
			assert.equal(await page.locator("dialog").count(), 0, "not asked once more while it is on its way");
			release();
			await eventually(() => state.mock.count("POST", /change_type/), 1);
			assert.deepEqual(JSON.parse(state.mock.bodies.findLast((body) => body.includes("upgrade_disk"))), { server_type: 2, upgrade_disk: true });
			await eventually(async () => /2g.*100.GB.*[¥￥]1,480/s.test(await page.textContent("[aria-labelledby=contract-title]")), true);
			await eventually(() => focused(page), "upgrade");
		});
	});

	test("a refused change says why, and a reader cannot ask for one", async () => {
		const server = state.mock.addServer("hajime");
		await withPage({ at: `/#/servers/${server.id}/settings`, expected: /403/ }, async (page) => {
			await page.waitForSelector("#upgrade:not([aria-disabled])");
			await page.click("#upgrade");
			await page.check("#upgrade-plan input[value='3']");
			await page.waitForSelector("dialog [data-quote]");
			state.mock.fail("POST", /change_type/, { status: 403, code: "resource_limit_exceeded", message: "no room" });
			await page.click("dialog .primary");
			await page.waitForSelector("[aria-labelledby=contract-title] [role=alert] code");
			assert.match(await page.textContent("[aria-labelledby=contract-title] [role=alert]"), /resource_limit_exceeded/);
		});
		state.mock.role = "reader";
		await withPage({ at: `/#/servers/${server.id}/settings` }, async (page) => {
			await page.waitForSelector("#next-charge time");
			assert.equal(await page.locator("#upgrade, #delete, #lock").count(), 0);
		});
	});

	test("a server's home says its price and its next charge", async () => {
		const server = state.mock.addServer("hajime");
		await withPage({ at: `/#/servers/${server.id}`, language: "en" }, async (page) => {
			await page.waitForSelector("#next-charge time");
			assert.match(await page.textContent("#next-charge"), /[¥￥]980 20 Dec 2026/);
			assert.match(await page.getAttribute("#next-charge time", "title"), /^2026-12-20T00:00:00/);
		});
	});
});

describe("契約・料金", () => {
	test("nothing is one sentence and one button", async () => {
		await withPage({ at: "/#/contract" }, async (page) => {
			await page.waitForSelector(".empty");
			assert.equal(await page.locator(".empty p").count(), 1);
			assert.equal(await page.locator(".empty a.button").count(), 1);
		});
	});

	test("what there is, each month's sum, the next charge, the statement, and the months before", async () => {
		const first = state.mock.addServer("hajime", "running");
		state.mock.addServer("tsugi");
		state.mock.addCharge(first, "initial", 2000);
		state.mock.addCharge(first, "month", 980);
		state.mock.addCharge(first, "upgrade", 383, { days: 23 });
		state.mock.addCharge(first, "month", 450, { month: "2026-10" });
		await withPage({ at: "/" }, async (page) => {
			await page.click("header a[href='#/contract']");
			await page.waitForSelector("#statement-title ~ .contract-table");
			assert.match(await page.textContent("#contract-monthly"), /^[¥￥]1,960$/);
			assert.match(await page.textContent("#contract-next"), /[¥￥]1,960 2026\/12\/20/);
			assert.equal(await page.locator("[data-item]").count(), 2);
			assert.match(await page.textContent("[data-item]"), /hajime1g2026\/11\/20[¥￥]980[¥￥]980 2026\/12\/20/);
			assert.match(await page.textContent("[aria-labelledby=statement-title] tbody"), /初期費用[¥￥]2,000.*1か月分[¥￥]980.*差額 23\/30日分[¥￥]383/s);
			assert.match(await page.textContent("[aria-labelledby=statement-title] tfoot"), /ここまでの合計[¥￥]3,363/);
			await page.selectOption("#month", "2026-10");
			await eventually(async () => /合計[¥￥]450/.test(await page.locator("[aria-labelledby=statement-title] tfoot").textContent().catch(() => "")), true);
			assert.equal(await page.getAttribute("a[download]", "href"), "/v1/contract/charges?month=2026-10&format=csv");
			await page.selectOption("#month", "2026-09");
			await page.waitForSelector("[aria-labelledby=statement-title] .hint");
			assert.equal(await page.locator("a[download]").count(), 0);
			await page.click("[data-item] a");
			await page.waitForSelector("[data-settings]");
		});
	});

	test("the other way of months is said in its own words", async () => {
		state.mock.addServer("hajime");
		state.mock.terms = { period: "calendar_month", utc_offset: "+09:00" };
		for (const [language, words] of [["ja", /毎月1日に/], ["en", /first of each month/]]) {
			await withPage({ at: "/#/contract", language }, async (page) => {
				await page.waitForSelector("#sums-title");
				assert.match(await page.textContent("[aria-labelledby=sums-title]"), words);
			});
		}
	});

	test("a failure is said and tried again", async () => {
		state.mock.addServer("hajime");
		state.mock.fail("GET", /\/v1\/contract$/, { status: 503, code: "unavailable" });
		await withPage({ at: "/#/contract", expected: /503/ }, async (page) => {
			await page.waitForSelector("main [role=alert]");
			await page.click("main [role=alert] button");
			await page.waitForSelector("#contract-monthly");
		});
	});

	test("operators see it of a customer, and ask for nothing of their own", async () => {
		state.mock.addAccount("kokyaku", { id: 2 });
		state.mock.addServer("hajime");
		await withPage({ at: "/#/admin/customers/2" }, async (page) => {
			await page.waitForSelector("#contract-monthly");
			assert.match(await page.textContent("#contract-monthly"), /[¥￥]980/);
			const paths = (await asked(page)).map((address) => new URL(address).pathname);
			assert.ok(paths.length > 0 && paths.every((each) => each.startsWith("/v1/customers/2/contract")), paths.join());
		});
	});
});
