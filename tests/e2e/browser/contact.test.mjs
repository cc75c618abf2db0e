// Contact: a question, its answer, closing; everybody's for operators.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const nasty = "<img src=x onerror=alert(1)><script>alert(2)</script> &amp; {{7*7}}";
const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
const texts = (page) => page.locator("[data-message] .notice-body").allTextContents();
const asCustomer = () => { state.mock.users.get("taro").operator = false; };
const isWide = (page) => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);

useBrowser();

describe("a customer", () => {
	test("asks: mistakes beside the fields, what was typed is kept, then the thread", async () => {
		asCustomer();
		await withPage({ at: "/#/contact", expected: /422|429|ERR_/ }, async (page) => {
			await page.waitForSelector("main .empty");
			assert.equal(await page.title(), "お問い合わせ — Ippo");
			await page.click("#ask");
			await eventually(() => focused(page), "contact-subject");
			await page.click("form .primary");
			await page.waitForSelector("#summary-title");
			assert.equal(await page.locator(".field-problem").count(), 2);
			await page.fill("#contact-subject", "接続できません");
			await page.fill("#contact-text", "SSHで\n\n入れません");
			state.mock.fail("POST", /contact/, { status: 429, code: "rate_limit_exceeded", message: "too many" });
			await page.click("form .primary");
			await eventually(async () => /1日に書ける数/.test(await page.textContent("main")), true);
			state.mock.fail("POST", /contact/, { status: 422, code: "invalid_input", message: "", details: { fields: [{ name: "text", messages: ["no"] }] } });
			await page.click("form .primary");
			await page.waitForSelector("#contact-text-problem");
			const mend = state.mock.cut("POST", /contact/);
			await page.click("form .primary");
			await eventually(async () => /入力はそのまま残っています/.test(await page.textContent("main")), true);
			mend();
			await page.locator("form .primary").dblclick();
			await page.waitForSelector("[data-message]");
			assert.equal(state.mock.threads.size, 1);
			const [thread] = state.mock.threads.values();
			assert.match(page.url(), new RegExp(`#/contact/${thread.id}$`));
			assert.deepEqual([thread.subject, thread.all[0].text], ["接続できません", "SSHで\n\n入れません"]);
			assert.equal(await page.textContent("#heading"), "接続できません");
			assert.equal(await page.locator("nav a[aria-current=page]").getAttribute("href"), "#/contact");
		});
	});

	test("sees the answer as it comes, while writing on; closes, and opens again by writing", async () => {
		asCustomer();
		const thread = state.mock.addThread("接続", "入れません");
		await withPage({ at: `/#/contact/${thread.id}` }, async (page) => {
			await page.waitForSelector("[data-message]");
			await page.fill("#contact-text", "もう一つ");
			state.mock.say(thread, "", "ポートは10022です", true);
			await eventually(() => page.locator("[data-message]").count(), 2, 1000);
			assert.match(await page.locator("[data-message]").last().textContent(), /管理者.*ポートは10022です/s);
			assert.match(await page.textContent(".heading-about"), /返信あり/);
			assert.equal(await page.inputValue("#contact-text"), "もう一つ");
			await page.click("form .primary");
			await eventually(async () => (await texts(page)).at(-1), "もう一つ");
			assert.equal(await page.inputValue("#contact-text"), "");
			await eventually(() => focused(page), "heading");
			await page.click("#close-thread");
			await eventually(() => page.textContent(".heading-about"), "終了");
			assert.equal(await page.locator("#close-thread").count(), 0);
			await page.fill("#contact-text", "やはり");
			await page.click("form .primary");
			await eventually(() => thread.state, "open");
			await page.waitForSelector("#close-thread");
			await page.click("main a[href='#/contact']");
			await page.waitForSelector(`[data-thread='${thread.id}']`);
		});
	});

	test("text is text; a thread that is not there says so", async () => {
		asCustomer();
		const thread = state.mock.addThread(nasty, `${nasty}\n  ${nasty}`);
		await withPage({ at: "/#/contact", expected: /404/ }, async (page) => {
			await page.waitForSelector("[data-thread]");
			assert.equal(await page.textContent("[data-thread] a"), nasty);
			await page.click("[data-thread] a");
			await page.waitForSelector("[data-message]");
			assert.equal(await page.textContent("#heading"), nasty);
			assert.deepEqual(await texts(page), [`${nasty}\n  ${nasty}`]);
			assert.equal(await page.locator("main img, main script").count(), 0);
			await page.evaluate(() => { location.hash = "#/contact/999"; });
			await page.waitForSelector("main .empty");
			assert.equal(thread.all.length, 1);
		});
	});

	test("what cannot be read is tried again", async () => {
		asCustomer();
		state.mock.addThread("接続", "入れません");
		const mend = state.mock.cut("GET", /contact/);
		await withPage({ at: "/#/contact", expected: /ERR_/ }, async (page) => {
			await page.waitForSelector("main [role=alert]");
			mend();
			await page.click("main [role=alert] button");
			await page.waitForSelector("[data-thread]");
		});
	});
});

describe("an operator", () => {
	test("sees what waits first, whose it is, and answers", async () => {
		const done = state.mock.addThread("済み", "ありがとう", { state: "closed" });
		const waiting = state.mock.addThread("接続", "入れません");
		await withPage({ at: "/#/contact", language: "en" }, async (page) => {
			await page.waitForSelector("[data-thread]");
			assert.deepEqual(await page.locator("[data-thread]").evaluateAll((all) => all.map((one) => Number(one.dataset.thread))), [waiting.id]);
			assert.match(await page.textContent("[data-thread]"), /Waits for an answer.*hanako/s);
			await page.selectOption("#contact-state", "");
			await page.waitForSelector(`[data-thread='${done.id}']`);
			await page.click(`[data-thread='${waiting.id}'] a`);
			await page.waitForSelector("[data-message]");
			await page.fill("#contact-text", "Port 10022.");
			await page.click("form .primary");
			await eventually(() => page.locator(".message-operator").count(), 1);
			assert.match(await page.textContent(".message-operator"), /Operator.*taro/s);
			assert.equal(waiting.state, "answered");
		});
	});

	test("is told of a new one; older ones come when asked for", async () => {
		for (let i = 0; i < 26; i++)
			state.mock.addThread(`${i}`, "x");
		await withPage({ at: "/#/contact" }, async (page) => {
			await page.waitForSelector(".more button");
			assert.equal(await page.locator("[data-thread]").count(), 25);
			await page.click(".more button");
			await eventually(() => page.locator("[data-thread]").count(), 26);
			const thread = state.mock.addThread("新しい", "x");
			await page.waitForSelector(`[data-thread='${thread.id}']`);
		});
	});
});

for (const width of [360, 320]) {
	test(`nothing to scroll sideways at ${width}`, async () => {
		const thread = state.mock.addThread("W".repeat(120), "x".repeat(500));
		state.mock.say(thread, "W".repeat(64), "漢".repeat(500), true);
		for (const language of ["ja", "en"]) {
			await withPage({ at: "/#/contact", width, language }, async (page) => {
				await page.selectOption("#contact-state", "");
				await page.waitForSelector("[data-thread]");
				assert.equal(await isWide(page), false, `${language} list`);
				await page.click("#ask");
				await page.waitForSelector("#contact-subject");
				assert.equal(await isWide(page), false, `${language} form`);
				await page.click("[data-thread] a");
				await page.waitForSelector("[data-message]");
				assert.equal(await isWide(page), false, `${language} thread`);
			});
		}
	});
}
