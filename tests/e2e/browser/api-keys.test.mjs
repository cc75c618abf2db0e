// API keys: made, shown once, deleted.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());

useBrowser();

describe("API keys", () => {
	test("one is made by keyboard, its secret is shown once, and it ends when it was chosen to", async () => {
		await withPage({ at: "/#/api-keys" }, async (page) => {
			await page.waitForSelector(".empty");
			assert.equal(await page.title(), "APIキー — Ippo");
			await page.focus("#make-token");
			await page.keyboard.press("Enter");
			await eventually(() => focused(page), "token-name");
			await page.keyboard.type("backup");
			await page.selectOption("#token-scope", "read_write");
			await page.selectOption("#token-term", "30");
			await page.focus("#token-name");
			await page.keyboard.press("Enter");
			await eventually(() => focused(page), "secret-title");
			const [token] = state.mock.tokens.values();
			assert.equal(token.scope, "read_write");
			assert.match(token.expires, /^[0-9-]{10}T[0-9:]{8}Z$/);
			assert.ok(Math.abs(Date.parse(token.expires) - Date.now() - 30 * 864e5) < 60000);
			assert.match(await page.textContent(".copy code"), /^s3cretx+$/);
			await page.locator(".key-form > .buttons .button").click();
			await eventually(() => focused(page), `token-${token.id}`);
			assert.doesNotMatch(await page.content(), /s3cret/);
		});
	});

	test("without an end it has none; a name that is taken is said beside the field", async () => {
		state.mock.addToken("backup");
		await withPage({ at: "/#/api-keys", expected: /409/ }, async (page) => {
			await page.click("#make-token");
			await page.click("form .button.primary");
			await page.waitForSelector("#token-name-problem");
			await page.fill("#token-name", "backup");
			await page.selectOption("#token-term", "0");
			await page.click("form .button.primary");
			await eventually(async () => /同じ名前/.test(await page.textContent("#token-name-problem")), true);
			await page.fill("#token-name", "other");
			await page.click("form .button.primary");
			await page.waitForSelector("#secret-title");
			assert.equal([...state.mock.tokens.values()][1].expires, null);
		});
	});

	test("deleting asks first, and the focus goes to the heading", async () => {
		const token = state.mock.addToken("backup");
		await withPage({ at: "/#/api-keys" }, async (page) => {
			await page.locator(`[data-token="${token.id}"] .destroys`).click();
			await page.waitForSelector("dialog[open]");
			assert.equal(await focused(page), "キャンセル");
			await page.locator("dialog .destroys").click();
			await page.waitForSelector(".empty");
			assert.equal(state.mock.tokens.size, 0);
			await eventually(() => focused(page), "heading");
		});
	});

	for (const role of ["reader", "operator"]) {
		test(`a member in the role ${role} sees them and nothing to change them with`, async () => {
			state.mock.addToken("backup");
			state.mock.role = role;
			await withPage({ at: "/#/api-keys" }, async (page) => {
				await page.waitForSelector("[data-token]");
				assert.equal(await page.locator("main .button").count(), 0);
			});
		});
	}
});
