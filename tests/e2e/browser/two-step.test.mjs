// Two-step verification: signing in with it, setting it up, and showing once more who one is.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const password = "correct horse battery";
const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
const said = (page, pattern) => eventually(async () => pattern.test(await page.textContent("#announcer")), true);
const expected = /403|422/;
const door = { as: null, at: "/#/sign-in", expected };

useBrowser();

async function fillIn(page) {
	state.mock.addTwoStep();
	await page.fill("#name", "taro");
	await page.fill("#password", password);
	await page.keyboard.press("Enter");
	await page.waitForSelector("#code");
	await eventually(() => focused(page), "code");
}

describe("signing in", () => {
	test("the code is asked for after the password, and taken with blanks in it", async () => {
		await withPage(door, async (page) => {
			await page.waitForSelector("#name");
			assert.equal(await page.locator("#code").count(), 0);
			await fillIn(page);
			const field = page.locator("#code");
			assert.equal(await field.getAttribute("autocomplete"), "one-time-code");
			assert.equal(await field.getAttribute("inputmode"), "numeric");
			await page.keyboard.press("Enter");
			await page.waitForSelector("#code-problem");
			await page.fill("#code", "654321");
			await page.keyboard.press("Enter");
			await eventually(async () => /コードが違うか/.test(await page.textContent("#code-problem")), true);
			assert.equal(await page.inputValue("#password"), password, "nothing typed is lost");
			await page.fill("#code", " １２３ 456 ");
			await page.keyboard.press("Enter");
			await page.waitForSelector(".empty");
		});
	});

	test("a recovery code does as well, with a keyboard that has its letters", async () => {
		await withPage({ ...door, language: "en" }, async (page) => {
			await fillIn(page);
			await page.locator("button", { hasText: "Use a recovery code" }).click();
			assert.equal(await page.locator("#code").getAttribute("inputmode"), "text");
			await eventually(() => focused(page), "code");
			await page.fill("#code", "a2a2-a2a2-a2a2-a2a2");
			await page.keyboard.press("Enter");
			await page.waitForSelector(".empty");
			assert.equal(state.mock.twoSteps.get("taro").codes.size, 9);
		});
	});

	test("a wrong password says the same whether a code is needed or not", async () => {
		await withPage({ ...door, expected: /401/ }, async (page) => {
			state.mock.addTwoStep();
			await page.fill("#name", "taro");
			await page.fill("#password", "not the right one");
			await page.keyboard.press("Enter");
			await page.waitForSelector("#name-problem");
			assert.equal(await page.locator("#code").count(), 0);
		});
	});

	test("a link for a new password asks for it, too", async () => {
		await withPage({ ...door, at: "/#/new-password/RESET-1" }, async (page) => {
			state.mock.addTwoStep();
			await page.fill("#password", "staple battery horse");
			await page.keyboard.press("Enter");
			await page.waitForSelector("#code");
			assert.equal(state.mock.users.get("taro").password, password);
			await page.fill("#code", "123456");
			await page.keyboard.press("Enter");
			await page.waitForSelector(".empty");
			assert.equal(state.mock.users.get("taro").password, "staple battery horse");
		});
	});
});

describe("the account", () => {
	test("set up with a picture or by hand, confirmed, and its codes are kept", async () => {
		await withPage({ at: "/#/account", expected }, async (page) => {
			await page.click("#begin-two-step");
			await page.waitForSelector("canvas.qr");
			// As wide as a QR code is in modules, with the light edge that cameras need.
			await eventually(() => page.evaluate(() => (document.querySelector("canvas").width - 8 - 17) % 4), 0);
			assert.deepEqual(await page.evaluate(() => [...document.querySelector("canvas").getContext("2d").getImageData(0, 0, 1, 1).data]), [255, 255, 255, 255]);
			assert.match(await page.textContent(".key-form .copy code"), /^ABCD EFGH/);
			assert.match(await page.locator("a[href^='otpauth://']").getAttribute("href"), /secret=ABCDEFGH/);
			await page.fill("#code", "000000");
			await page.keyboard.press("Enter");
			await page.waitForSelector("#code-problem");
			await page.fill("#code", "123 456");
			await page.keyboard.press("Enter");
			await page.waitForSelector(".recovery");
			await said(page, /有効にしました/);
			await eventually(() => focused(page), "回復コード");
			assert.equal(await page.locator(".recovery .word").count(), 10);
			const [download] = await Promise.all([page.waitForEvent("download"), page.locator("button", { hasText: "ファイルに保存" }).click()]);
			const saved = readFileSync(await download.path(), "utf8");
			assert.match(saved, /^([a-z2-9]{4}(-[a-z2-9]{4}){3}\n){10}$/);
			await page.locator("button", { hasText: "控えました" }).click();
			await page.waitForSelector(".key-form .destroys");
			assert.doesNotMatch(await page.textContent("main"), /a2a2/);
			await eventually(() => focused(page), "two-step-title");
		});
	});

	test("given up before it is confirmed, nothing is on", async () => {
		await withPage({ at: "/#/account" }, async (page) => {
			await page.click("#begin-two-step");
			await page.waitForSelector("#code");
			await page.locator(".key-form .button", { hasText: "キャンセル" }).click();
			await page.waitForSelector("#begin-two-step");
			assert.equal(state.mock.twoSteps.get("taro").since, null);
		});
	});

	test("other codes, and off after a question", async () => {
		await withPage({ at: "/", expected }, async (page) => {
			state.mock.addTwoStep();
			await page.goto(`${state.mock.url}/#/account`);
			await page.locator("button", { hasText: "作り直す" }).click();
			await page.waitForSelector(".recovery");
			assert.match(await page.textContent(".recovery"), /a3a3-a3a3/);
			await page.locator("button", { hasText: "控えました" }).click();
			await page.locator(".key-form .destroys").click();
			await page.waitForSelector("dialog[open]");
			assert.equal(await focused(page), "キャンセル");
			await page.locator("dialog .destroys").click();
			await page.waitForSelector("#begin-two-step");
			assert.equal(state.mock.twoSteps.has("taro"), false);
		});
	});
});

describe("showing once more who one is", () => {
	async function makeToken(page) {
		await page.waitForSelector(".empty");
		await page.click("#make-token");
		await page.fill("#token-name", "backup");
		await page.selectOption("#token-scope", "read_write");
		state.mock.stale = true;
		await page.click("form .button.primary");
		await page.waitForSelector("dialog[open]");
	}

	test("the request goes on by itself, with what was typed", async () => {
		await withPage({ at: "/#/api-keys", expected }, async (page) => {
			await makeToken(page);
			await eventually(() => focused(page), "proof-password");
			await page.keyboard.press("Enter");
			await page.waitForSelector("#proof-password-problem");
			await page.fill("#proof-password", "not the right one");
			await page.keyboard.press("Enter");
			await eventually(async () => /違います/.test(await page.textContent("#proof-password-problem")), true);
			await page.fill("#proof-password", password);
			await page.keyboard.press("Enter");
			await page.waitForSelector("#secret-title");
			assert.equal(await page.locator("dialog").count(), 0);
			assert.deepEqual([...state.mock.tokens.values()].map(({ name, scope }) => [name, scope]), [["backup", "read_write"]]);
		});
	});

	test("with a code where signing in takes one", async () => {
		await withPage({ at: "/#/api-keys", expected }, async (page) => {
			state.mock.addTwoStep();
			await makeToken(page);
			await page.fill("#proof-password", password);
			await page.keyboard.press("Enter");
			await page.waitForSelector("dialog #code");
			await eventually(() => focused(page), "code");
			assert.equal(await page.inputValue("#proof-password"), password);
			await page.fill("#code", "123456");
			await page.keyboard.press("Enter");
			await page.waitForSelector("#secret-title");
		});
	});

	test("refused, nothing has changed and nothing typed is lost", async () => {
		await withPage({ at: "/#/api-keys", expected }, async (page) => {
			await makeToken(page);
			await page.keyboard.press("Escape");
			await page.waitForSelector("#summary-title");
			assert.equal(await page.locator("dialog").count(), 0);
			assert.equal(await page.inputValue("#token-name"), "backup");
			assert.equal(state.mock.tokens.size, 0);
			await page.click("form .button.primary");
			await page.fill("#proof-password", password);
			await page.keyboard.press("Enter");
			await page.waitForSelector("#secret-title");
		});
	});

	test("signed out meanwhile, the dialog goes with the room", async () => {
		await withPage({ at: "/#/api-keys", expected: /401|403/ }, async (page) => {
			await makeToken(page);
			state.mock.sessions.clear();
			await page.fill("#proof-password", password);
			await page.keyboard.press("Enter");
			await page.waitForSelector("#name");
			assert.equal(await page.locator("dialog").count(), 0);
		});
	});
});
