// One's own account: the password, and where one is signed in.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const present = "correct horse battery";
const fresh = "battery staple horse";
const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
const said = (page, pattern) => eventually(async () => pattern.test(await page.textContent("#announcer")), true);

useBrowser();

describe("the account", () => {
	test("a new password signs out everywhere else, and this page goes on", async () => {
		const elsewhere = state.mock.session("taro").value;
		await withPage({ at: "/#/servers" }, async (page) => {
			await page.click("#account-button");
			await page.locator("#account-choices button", { hasText: "アカウント" }).click();
			await page.waitForSelector("#present");
			assert.equal(await page.title(), "アカウント — Ippo");
			await page.fill("#present", present);
			await page.fill("#fresh", fresh);
			await page.keyboard.press("Enter");
			await said(page, /パスワードを変更しました/);
			assert.equal(state.mock.users.get("taro").password, fresh);
			assert.equal(state.mock.sessions.has(elsewhere), false);
			assert.equal(await page.inputValue("#present") + await page.inputValue("#fresh"), "");
			await eventually(() => focused(page), "heading");
			await eventually(() => page.locator("[data-session]").count(), 1);
			await page.goto(`${state.mock.url}/#/servers`);
			await page.waitForSelector(".empty");
		});
	});

	test("what is wrong stands beside the field, and what was typed is kept", async () => {
		await withPage({ at: "/#/account", language: "en", expected: /422/ }, async (page) => {
			await page.waitForSelector("#present");
			await page.locator("[aria-labelledby=password-title] .button.primary").click();
			await page.waitForSelector("#present-problem");
			await page.waitForSelector("#fresh-problem");
			await page.fill("#present", "not the one");
			await page.fill("#fresh", fresh);
			await page.locator("[aria-labelledby=password-title] .button.primary").click();
			await eventually(async () => /is wrong/.test(await page.textContent("#present-problem")), true);
			assert.equal(await page.inputValue("#fresh"), fresh);
			await page.fill("#present", present);
			await page.fill("#fresh", "my password is long");
			await page.locator("[aria-labelledby=password-title] .button.primary").click();
			await eventually(async () => /cannot be used/.test(await page.textContent("#fresh-problem")), true);
			assert.equal(state.mock.users.get("taro").password, present);
		});
	});

	test("where one is signed in: one is ended, then all others after a question", async () => {
		const ended = state.mock.session("taro").value;
		state.mock.sessionFacts.get(ended).client = "curl/8.0";
		const others = [state.mock.session("taro").value, state.mock.session("taro").value];
		await withPage({ at: "/#/account" }, async (page) => {
			await eventually(() => page.locator("[data-session]").count(), 4);
			await page.waitForSelector("h3:has-text('Chrome（Linux）')");
			await page.locator("[data-session]", { hasText: "curl" }).locator("button").click();
			await eventually(() => page.locator("[data-session]").count(), 3);
			assert.equal(state.mock.sessions.has(ended), false);
			await page.locator(".button", { hasText: "ほかの端末をすべて" }).first().click();
			await page.waitForSelector("dialog[open]");
			assert.equal(await focused(page), "キャンセル");
			await page.locator("dialog .destroys").click();
			await eventually(() => page.locator("[data-session]").count(), 1);
			assert.ok(others.every((value) => !state.mock.sessions.has(value)));
			assert.equal(await page.locator("[data-session] button").count(), 0);
			await said(page, /すべてログアウトさせました/);
		});
	});
});
