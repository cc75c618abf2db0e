// Mail: the address in the account room, the link that confirms it, and a forgotten password.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
const said = (page, pattern) => eventually(async () => pattern.test(await page.textContent("#announcer")), true);
const part = (page) => page.locator("[aria-labelledby=mail-title]");
const widest = (page) => page.evaluate(() => document.documentElement.scrollWidth);

useBrowser();

describe("the mail address", () => {
	test("is set, waits, is confirmed without being signed in, and is removed", async () => {
		await withPage({ at: "/#/account" }, async (page) => {
			await part(page).locator("dd", { hasText: "なし" }).waitFor();
			await page.fill("#address", " taro@example.com ");
			await part(page).locator(".button.primary").dblclick();
			await said(page, /確認メールを送りました/);
			assert.equal(state.mock.count("PUT", /me\/mail/), 1);
			assert.deepEqual(state.mock.mail.users.get("taro"), { wanted: "taro@example.com", language: "ja" });
			assert.equal(await focused(page), "heading");
			assert.equal(await page.inputValue("#address"), "");
			await part(page).locator("dd", { hasText: "taro@example.com" }).waitFor();
			await part(page).getByText("リンクを開くと").waitFor();
		});
		await withPage({ as: null, at: "/#/confirm-mail/MAIL-1", expected: /404/ }, async (page) => {
			await page.waitForSelector("button.primary");
			assert.equal(state.mock.mail.keys.size, 1, "not by itself: programs open links too");
			await page.locator("button.primary").dblclick();
			await page.getByText("taro@example.com に届きます").waitFor();
			await eventually(() => focused(page), "heading");
			await page.goto(`${state.mock.url}/#/confirm-mail/OLD`);
			await page.locator("button.primary").click();
			await page.getByText("すでに使われたか").waitFor();
		});
		await withPage({ at: "/#/account", language: "en" }, async (page) => {
			await part(page).locator("button", { hasText: "Remove" }).click();
			await page.waitForSelector("dialog[open]");
			assert.equal(await focused(page), "Cancel");
			await page.locator("dialog .destroys").click();
			await said(page, /is removed/);
			assert.equal(state.mock.mail.users.size, 0);
			await part(page).locator("dd", { hasText: "None" }).waitFor();
		});
	});

	test("what is wrong stands beside the field, and what was typed is kept", async () => {
		await withPage({ at: "/#/account", language: "en", expected: /422/ }, async (page) => {
			await part(page).locator(".button.primary").click();
			await eventually(async () => /Enter a mail/.test(await page.textContent("#address-problem")), true);
			await page.fill("#address", "nobody");
			await page.keyboard.press("Enter");
			await eventually(async () => /no mail address/.test(await page.textContent("#address-problem")), true);
			assert.equal(state.mock.count("PUT", /me\/mail/), 0);
			await page.fill("#address", "UPPER@example.com");
			await page.keyboard.press("Enter");
			await eventually(() => state.mock.count("PUT", /me\/mail/), 1);
			await eventually(async () => /no mail address/.test(await page.textContent("#address-problem")), true);
			assert.equal(await page.inputValue("#address"), "UPPER@example.com");
			await eventually(() => page.evaluate(() => document.activeElement.getAttribute("aria-labelledby")), "summary-title");
		});
	});

	test("where mail is not set up there is nothing to fill in", async () => {
		state.mock.mail.available = false;
		await withPage({ at: "/#/account" }, async (page) => {
			await part(page).getByText("メールを送る設定になっていません").waitFor();
			assert.equal(await page.locator("#address").count(), 0);
		});
	});

	test("an old proof is asked for again", async () => {
		state.mock.stale = true;
		await withPage({ at: "/#/account", expected: /403/ }, async (page) => {
			await page.fill("#address", "taro@example.com");
			await page.keyboard.press("Enter");
			await page.fill("#proof-password", "correct horse battery");
			await page.locator("dialog .button.primary").click();
			await said(page, /確認メールを送りました/);
		});
	});
});

describe("a forgotten password", () => {
	test("from the sign-in; the same words whoever it is", async () => {
		await withPage({ as: null, at: "/#/sign-in", width: 360 }, async (page) => {
			await page.locator("a", { hasText: "パスワードを忘れた場合" }).click();
			await page.waitForSelector("h1:has-text('パスワードを忘れた場合')");
			assert.equal(await widest(page), 360);
			await page.locator("button.primary").click();
			await page.waitForSelector("#name-problem");
			await page.fill("#name", "nobody");
			await page.locator("button.primary").dblclick();
			await page.waitForSelector("h1:has-text('メールを確認してください')");
			assert.equal(state.mock.count("POST", /password_resets\/request/), 1);
			await eventually(() => focused(page), "heading");
			assert.equal(await widest(page), 360);
			await page.locator("a.button").click();
			await page.waitForSelector("#password");
		});
	});

	test("where mail is not set up it says so", async () => {
		state.mock.mail.available = false;
		await withPage({ as: null, at: "/#/forgot-password", language: "en", expected: /412/ }, async (page) => {
			await page.fill("#name", "taro");
			await page.keyboard.press("Enter");
			await page.locator(".notice", { hasText: "not set up to send mail" }).waitFor();
			assert.equal(await page.inputValue("#name"), "taro");
		});
	});
});
