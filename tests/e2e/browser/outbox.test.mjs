// Mails and webhooks on their way, for operators.

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const nasty = "<img src=x onerror=alert(1)>{{7*7}}";
const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
const shown = (page) => page.locator("[data-outbox]").evaluateAll((all) => all.map((one) => Number(one.dataset.outbox)));
const isWide = (page) => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);

useBrowser();

test("from the customers to what failed; tried again, discarded", async () => {
	const { mock } = state;
	const failed = mock.addMessage(), waiting = mock.addMessage({ kind: "webhook", recipient: "https://example.com/hook", status: "waiting", attempts: 2, next_attempt: "2026-11-27T01:02:03Z", error: "timed out" });
	const sent = mock.addMessage({ status: "sent", error: null });
	await withPage({ at: "/#/admin/customers" }, async (page) => {
		await page.click(".room-tabs a[href='#/admin/outbox']");
		await page.waitForSelector("[data-outbox]");
		assert.equal(await page.title(), "メールとWebhook — Ippo");
		assert.equal(await page.locator(".header nav a[aria-current=page]").getAttribute("href"), "#/admin/customers");
		assert.deepEqual(await shown(page), [sent.id, waiting.id, failed.id]);
		assert.match(await page.textContent(`[data-outbox='${waiting.id}']`), /example\.com\/hook.*送信待ち.*Webhook.*試行回数2次の送信.*timed out/s);
		assert.equal(await page.locator(`[data-outbox='${sent.id}'] button`).count(), 0);
		assert.equal(await page.locator(`[data-outbox='${waiting.id}'] [data-do=retry]`).count(), 0);
		await page.selectOption("#outbox-status", "failed");
		await eventually(async () => (await shown(page)).join(), String(failed.id));
		await page.click("[data-do=retry]");
		await page.waitForSelector(".empty");
		assert.equal(failed.status, "waiting");
		await eventually(() => focused(page), "heading");
		await page.selectOption("#outbox-status", "");
		await page.click(`[data-outbox='${waiting.id}'] [data-do=discard]`);
		assert.equal(await focused(page), "キャンセル");
		await page.keyboard.press("Escape");
		assert.equal(mock.count("DELETE", /outbox/), 0);
		await page.click(`[data-outbox='${waiting.id}'] [data-do=discard]`);
		await page.locator("dialog button").last().click();
		await eventually(() => waiting.status, "failed");
		await page.waitForSelector(`[data-outbox='${waiting.id}']:has-text('discarded')`);
	});
});

test("one that was sent meanwhile is no failure; what cannot be reached is tried again", async () => {
	const { mock } = state;
	const message = mock.addMessage();
	await withPage({ at: "/#/admin/outbox", language: "en", expected: /422|ERR_/ }, async (page) => {
		await page.waitForSelector("[data-do=retry]");
		const mend = mock.cut("POST", /retry/);
		await page.click("[data-do=retry]");
		await page.waitForSelector("[data-outbox] [role=alert]");
		mend();
		message.status = "sent";
		await page.click("[data-outbox] [role=alert] button");
		await page.waitForSelector("[data-outbox]:has-text('Sent')");
		assert.equal(await page.locator("[data-outbox] button").count(), 0);
	});
});

test("none; mail that is not set up; older ones; nobody but operators", async () => {
	const { mock } = state;
	mock.mailAvailable = false;
	await withPage({ at: "/#/admin/outbox", language: "en" }, async (page) => {
		await page.waitForSelector(".empty");
		assert.match(await page.textContent("#no-mail"), /not set up/);
		mock.mailAvailable = true;
		for (let i = 0; i < 51; i++)
			mock.addMessage();
		await page.click("#outbox-again");
		await page.waitForSelector(".more button");
		assert.equal((await shown(page)).length, 50);
		await page.click(".more button");
		await eventually(async () => (await shown(page)).length, 51);
	});
	mock.users.set("hanako", { id: 3, name: "hanako", password: "a long enough phrase", operator: false });
	await withPage({ as: "hanako", at: "/#/admin/outbox", expected: /403/ }, async (page) => {
		await page.waitForSelector("main [role=alert]");
		assert.equal(await page.locator("[data-outbox]").count(), 0);
	});
});

for (const width of [360, 320]) {
	test(`text is text, and nothing to scroll sideways at ${width}`, async () => {
		state.mock.addMessage({ kind: "webhook", recipient: `https://example.com/${"W".repeat(300)}`, subject: nasty, error: nasty + "x".repeat(200) });
		for (const language of ["ja", "en"]) {
			await withPage({ at: "/#/admin/outbox", width, language }, async (page) => {
				await page.waitForSelector("[data-outbox]");
				assert.equal(await isWide(page), false, language);
				assert.ok(await page.isVisible("#admin-rooms-button"));
				assert.match(await page.textContent("[data-outbox]"), /<img src=x onerror/);
				assert.equal(await page.locator("main img").count(), 0);
			});
		}
	});
}
