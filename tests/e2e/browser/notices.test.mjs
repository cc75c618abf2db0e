// Notices: what everybody reads, what each has read, the strip over a maintenance, and writing them.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const hour_ms = 3600000;
const nasty = "<img src=x onerror=alert(1)><script>alert(2)</script> &amp; {{7*7}}";
const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
const count = (page) => page.locator("nav .count").allTextContents().then((texts) => texts.join());
const iso = (from_now_ms) => new Date(Date.now() + from_now_ms).toISOString();
const maintenance = (from_ms, to_ms, changes = {}) => ({ kind: "maintenance", pinned: true, starts: iso(from_ms), ends: iso(to_ms), ...changes });
const isWide = (page) => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);

useBrowser();

describe("reading", () => {
	test("none is one sentence", async () => {
		await withPage({ at: "/#/notices" }, async (page) => {
			await page.waitForSelector(".empty");
			assert.equal(await page.title(), "お知らせ — Ippo");
			assert.equal(await count(page), "");
		});
	});

	test("each is in the reader's language, and unread until it is marked", async () => {
		const [first, second] = [state.mock.addNotice(), state.mock.addNotice({ pinned: true })];
		await withPage({ at: "/#/notices", language: "en" }, async (page) => {
			await page.waitForSelector("[data-notice]");
			await eventually(() => count(page), "2");
			assert.match(await page.textContent("nav"), /2 unread/);
			assert.deepEqual(await page.locator("[data-notice] h2").allTextContents(), [`Notice ${second.id}`, `Notice ${first.id}`]);
			assert.match(await page.textContent(`[data-notice='${second.id}']`), /Important.*Unread/s);
			assert.equal(await page.locator(`[data-notice='${first.id}'] .notice-body`).innerText(), "A text.\n\nA second one.");
			await page.click(`[data-notice='${first.id}'] [data-do=read]`);
			await eventually(() => count(page), "1");
			assert.equal(await page.locator(`[data-notice='${first.id}'] [data-do=read]`).count(), 0);
			await eventually(() => focused(page), `notice-${first.id}`);
			assert.equal(first.read, true);
			await page.click("#language-button");
			await page.locator("#language-choices button", { hasText: "日本語" }).click();
			await eventually(() => page.locator("[data-notice] h2").last().textContent(), `お知らせ ${first.id}`);
		});
	});

	test("all are read at once, but not one that comes meanwhile", async () => {
		state.mock.addNotice();
		state.mock.addNotice();
		await withPage({ at: "/#/notices" }, async (page) => {
			await page.waitForSelector("#read-all");
			const release = state.mock.hold("PUT", /notices\/read/);
			await page.click("#read-all");
			await eventually(() => state.mock.count("PUT", /notices\/read/), 1);
			state.mock.addNotice();
			release();
			await eventually(() => count(page), "1");
			await eventually(() => focused(page), "heading");
			assert.equal(await page.locator(".mark-unread").count(), 1);
		});
	});

	test("an open panel is told of a new one, of a change, and of one that is gone", async () => {
		await withPage({ at: "/#/servers" }, async (page) => {
			await page.waitForSelector(".empty");
			const notice = state.mock.addNotice();
			await eventually(() => count(page), "1", 1000);
			await page.click("nav a[href='#/notices']");
			await page.waitForSelector("[data-notice]");
			assert.equal(await page.locator("nav a[aria-current=page]").getAttribute("href"), "#/notices");
			notice.title_ja = "変わりました";
			state.mock.emit("notice", { notice: { id: notice.id, change: "edited" } });
			await eventually(() => page.textContent("[data-notice] h2"), "変わりました", 1000);
			state.mock.notices.clear();
			state.mock.emit("notice", { notice: { id: notice.id, change: "withdrawn" } });
			await page.waitForSelector("main .empty");
			assert.equal(await count(page), "");
		});
	});

	test("text is text", async () => {
		state.mock.addNotice({ ...maintenance(-hour_ms, hour_ms), title_ja: nasty, body_ja: `${nasty}\n  ${nasty}` });
		await withPage({ at: "/#/notices" }, async (page) => {
			await page.waitForSelector("[data-notice]");
			assert.equal(await page.textContent("[data-notice] h2"), nasty);
			assert.equal(await page.textContent(".notice-body"), `${nasty}\n  ${nasty}`);
			assert.equal(await page.textContent(".strip a"), nasty);
			assert.equal(await page.locator("main img, main script").count(), 0);
			await page.click("[data-do=edit]");
			await page.waitForSelector("#notice-title-ja");
			await page.click("#look");
			await page.waitForSelector("dialog[open]");
			assert.equal(await page.textContent("dialog h3"), nasty);
			assert.equal(await page.locator("main img, main script").count(), 0);
		});
	});

	test("older ones come when asked for", async () => {
		for (let i = 0; i < 25; i++)
			state.mock.addNotice({ read: true });
		await withPage({ at: "/#/notices" }, async (page) => {
			await page.waitForSelector(".more button");
			assert.equal(await page.locator("[data-notice]").count(), 20);
			await page.click(".more button");
			await eventually(() => page.locator("[data-notice]").count(), 25);
			assert.equal(await page.locator(".more").count(), 0);
		});
	});

	test("what cannot be read or marked says so, and is tried again", async () => {
		state.mock.addNotice();
		state.mock.fail("GET", /notices/, { status: 503, code: "unavailable", message: "" }, Infinity); // asked for more than once at the start
		await withPage({ at: "/#/notices", expected: /503|ERR_/ }, async (page) => {
			await page.waitForSelector("main [role=alert]");
			state.mock.faults = [];
			await page.click("main [role=alert] button", { timeout: 3000 }).catch(() => {}); // unless it has read again by itself
			await page.waitForSelector("[data-notice]");
			const mend = state.mock.cut("PUT", /read/);
			await page.click("[data-do=read]");
			await page.waitForSelector("main [role=alert]");
			mend();
			await page.click("main [role=alert] button");
			await eventually(() => count(page), "");
		});
	});
});

describe("the strip", () => {
	test("stands on top of every room before and during a pinned maintenance, and then goes by itself", async () => {
		state.mock.addNotice({ ...maintenance(-2 * hour_ms, -hour_ms), title_ja: "過ぎた" });
		state.mock.addNotice({ ...maintenance(hour_ms, 2 * hour_ms), title_ja: "留めない", pinned: false });
		state.mock.addNotice({ pinned: true, title_ja: "普通" });
		await withPage({ at: "/#/keys" }, async (page) => {
			await page.waitForSelector("main .empty");
			const soon = state.mock.addNotice({ ...maintenance(3000, 8000), title_ja: "まもなく" });
			await page.waitForSelector(".strip");
			assert.equal(await page.locator(".strip p").count(), 1);
			assert.match(await page.textContent(".strip"), /保守の予定.*まもなく/s);
			await eventually(async () => /保守作業中/.test(await page.textContent(".strip")), true);
			await page.click(".strip a");
			await page.waitForSelector(`[data-notice='${soon.id}']`);
			await eventually(() => page.locator(".strip").count(), 0, 10000);
			await page.evaluate(() => { location.hash = "#/servers"; });
			state.mock.addNotice(maintenance(hour_ms, 2 * hour_ms));
			await page.waitForSelector(".strip");
		});
	});

	test("is not for who is not signed in, and nothing of it stays after signing out", async () => {
		state.mock.addNotice(maintenance(-hour_ms, hour_ms));
		await withPage({ at: "/#/servers" }, async (page) => {
			await page.waitForSelector(".strip");
			await page.click("#account-button");
			await page.locator("#account-choices button", { hasText: "ログアウト" }).click();
			await page.waitForSelector("#password");
			assert.equal(await page.locator(".strip").count(), 0);
			assert.equal(state.mock.count("GET", /notices/) > 0, true);
		});
		const asked = state.mock.count("GET", /notices/);
		await withPage({ as: null }, async (page) => {
			await page.waitForSelector("#password");
			assert.equal(state.mock.count("GET", /notices/), asked);
		});
	});
});

describe("writing", () => {
	const fill = async (page) => {
		await page.fill("#notice-title-ja", "回線の保守");
		await page.fill("#notice-body-ja", "一行目\n\n三行目");
		await page.fill("#notice-title-en", "Maintenance");
		await page.fill("#notice-body-en", "First\n\nThird");
	};

	test("is for operators alone", async () => {
		state.mock.users.get("taro").operator = false;
		state.mock.addNotice();
		await withPage({ at: "/#/notices" }, async (page) => {
			await page.waitForSelector("[data-notice]");
			assert.deepEqual(await page.locator("main button").evaluateAll((buttons) => buttons.map((button) => button.id || button.dataset.do)), ["read-all", "read"]);
		});
	});

	test("one for later: only operators see it, it can be moved, and appears by itself", async () => {
		await withPage({ at: "/#/notices" }, async (page) => {
			await page.click("#write");
			await fill(page);
			await page.fill("#notice-publish-at", "2020-01-02T03:00");
			await page.click("#look");
			await page.waitForSelector("#notice-publish-at-problem");
			await page.fill("#notice-publish-at", "2030-01-02T03:00");
			await page.click("#look");
			assert.match(await page.textContent("dialog"), /公開日時: 2030\/01\/02 3:00/);
			await page.click("dialog .primary");
			await page.waitForSelector(".scheduled [data-notice]");
			const [notice] = state.mock.notices.values();
			assert.equal(notice.published, "2030-01-01T18:00:00Z");
			assert.match(await page.textContent(".scheduled"), /公開予定.*回線の保守/s);
			assert.equal(await count(page), "");
			assert.equal(await page.locator("[data-do=read], .mark-unread").count(), 0);
			await page.click("[data-do=edit]");
			assert.equal(await page.inputValue("#notice-publish-at"), "2030-01-02T03:00");
			assert.equal(await page.locator("#notice-tell").count(), 0);
			await page.fill("#notice-publish-at", "2030-01-02T04:00");
			await page.click("#look");
			await page.click("dialog .primary");
			await eventually(() => notice.published, "2030-01-01T19:00:00Z");
			notice.published = new Date().toISOString();
			state.mock.emit("notice", { notice: { id: notice.id, change: "published" } });
			await eventually(() => page.locator(".scheduled").count(), 0);
			await eventually(() => count(page), "1");
		});
	});

	test("one for later is published now when its time is taken out", async () => {
		const notice = state.mock.addNotice({ published: iso(hour_ms) });
		await withPage({ at: "/#/notices", language: "en" }, async (page) => {
			await page.click("[data-do=edit]");
			await page.fill("#notice-publish-at", "");
			await page.click("#look");
			assert.equal(await page.textContent("dialog .primary"), "Publish");
			await page.click("dialog .primary");
			await eventually(() => page.locator(".scheduled").count(), 0);
			assert.ok(Date.parse(notice.published) <= Date.now());
			await eventually(() => count(page), "1");
		});
		state.mock.users.get("taro").operator = false;
		notice.published = iso(hour_ms);
		const asked = state.mock.count("GET", /status=scheduled/);
		await withPage({ at: "/#/notices" }, async (page) => {
			await page.waitForSelector("main .empty");
			assert.equal(state.mock.count("GET", /status=scheduled/), asked, "a customer's page does not ask");
		});
	});

	test("a maintenance: mistakes, a look at it, going back, publishing", async () => {
		await withPage({ at: "/#/notices" }, async (page) => {
			await page.click("#write");
			await eventually(() => focused(page), "notice-kind");
			assert.equal(await page.locator("#notice-starts").count(), 0);
			await page.selectOption("#notice-kind", "maintenance");
			await page.click("#look");
			await page.waitForSelector("#summary-title");
			assert.equal(await page.locator(".field-problem").count(), 6);
			await fill(page);
			await page.fill("#notice-starts", "2030-01-02T03:00");
			await page.fill("#notice-ends", "2030-01-02T02:00");
			await page.check("#notice-pinned");
			await page.click("#look");
			await eventually(() => page.locator(".field-problem").count(), 1);
			assert.equal(await page.locator("dialog").count(), 0);
			await page.fill("#notice-ends", "2030-01-02T05:00");
			await page.click("#look");
			await page.waitForSelector("dialog[open]");
			assert.match(await page.textContent("dialog"), /一行目\n\n三行目.*First\n\nThird/s);
			assert.equal(await focused(page), "書き直す");
			await page.keyboard.press("Escape");
			await page.waitForSelector("dialog", { state: "detached" });
			assert.equal(await page.inputValue("#notice-body-en"), "First\n\nThird");
			assert.equal(state.mock.notices.size, 0);
			await page.click("#look");
			await page.locator("dialog .primary").dblclick();
			await page.waitForSelector("[data-notice]");
			assert.equal(state.mock.notices.size, 1);
			const [notice] = state.mock.notices.values();
			assert.deepEqual([notice.kind, notice.pinned, notice.starts, notice.ends], ["maintenance", true, "2030-01-01T18:00:00Z", "2030-01-01T20:00:00Z"]);
			assert.deepEqual([notice.title_ja, notice.body_en], ["回線の保守", "First\n\nThird"]);
			await page.waitForSelector(".strip");
			await eventually(() => focused(page), "heading");
			await eventually(() => page.textContent("#announcer"), "お知らせを公開しました。");
		});
	});

	test("a change: what is there is in the form, and everybody is told again on request", async () => {
		const notice = state.mock.addNotice({ ...maintenance(hour_ms, 2 * hour_ms), starts: "2030-01-01T18:00:00+00:00", ends: "2030-01-01T20:00:00+00:00", read: true });
		await withPage({ at: "/#/notices" }, async (page) => {
			await page.click("[data-do=edit]");
			await page.waitForSelector("#notice-starts");
			assert.deepEqual([await page.inputValue("#notice-starts"), await page.inputValue("#notice-title-en"), await page.isChecked("#notice-pinned")],
				["2030-01-02T03:00", notice.title_en, true]);
			await page.selectOption("#notice-kind", "ordinary");
			await page.check("#notice-tell");
			await page.click("#look");
			await page.locator("dialog .primary").click();
			await eventually(() => count(page), "1");
			assert.deepEqual([notice.kind, notice.starts, notice.read], ["ordinary", null, false]);
			assert.match(await page.textContent("[data-notice]"), /変更:/);
		});
	});

	test("what the service refuses stands beside its field; what is lost on the way is kept", async () => {
		await withPage({ at: "/#/notices", expected: /422|404|ERR_/ }, async (page) => {
			await page.click("#write");
			await fill(page);
			state.mock.fail("POST", /notices/, { status: 422, code: "invalid_input", message: "no", details: { fields: [{ name: "body_en", messages: ["must be plain text"] }] } });
			await page.click("#look");
			await page.locator("dialog .primary").click();
			await page.waitForSelector("#notice-body-en-problem");
			assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-labelledby")), "summary-title");
			const mend = state.mock.cut("POST", /notices/);
			await page.click("#look");
			await page.locator("dialog .primary").click();
			await eventually(async () => /入力はそのまま残っています/.test(await page.textContent("main")), true);
			mend();
			assert.equal(await page.inputValue("#notice-body-ja"), "一行目\n\n三行目");
			await page.locator(".notice-form .button", { hasText: "キャンセル" }).click();
			await eventually(() => focused(page), "write");
		});
	});

	test("withdrawing asks first; one that is gone already is no failure", async () => {
		const [first, second] = [state.mock.addNotice(), state.mock.addNotice()];
		await withPage({ at: "/#/notices", expected: /404/ }, async (page) => {
			await page.click(`[data-notice='${first.id}'] [data-do=withdraw]`);
			await page.waitForSelector("dialog[open]");
			assert.equal(await focused(page), "キャンセル");
			await page.locator("dialog .destroys").click();
			await eventually(() => page.locator("[data-notice]").count(), 1);
			await eventually(() => focused(page), "heading");
			state.mock.notices.delete(second.id);
			await page.click("[data-do=withdraw]");
			await page.locator("dialog .destroys").click();
			await page.waitForSelector("main .empty");
			assert.equal(await page.locator("main [role=alert]").count(), 0);
		});
	});
});

for (const width of [360, 320]) {
	test(`nothing to scroll sideways at ${width}`, async () => {
		state.mock.addNotice({ ...maintenance(hour_ms, 2 * hour_ms), title_ja: "あ".repeat(120), title_en: "W".repeat(120), body_ja: "漢".repeat(500), body_en: "x".repeat(500) });
		for (const language of ["ja", "en"]) {
			await withPage({ at: "/#/notices", width, language }, async (page) => {
				await page.waitForSelector("[data-notice]");
				assert.equal(await isWide(page), false, `${language} list`);
				await page.click("[data-do=edit]");
				await page.waitForSelector("#notice-starts");
				assert.equal(await isWide(page), false, `${language} form`);
				await page.click("#look");
				await page.waitForSelector("dialog[open]");
				assert.equal(await isWide(page), false, `${language} preview`);
				assert.equal(await page.locator("dialog").evaluate((dialog) => dialog.scrollWidth > dialog.clientWidth), false, `${language} preview inside`);
			});
		}
	});
}
