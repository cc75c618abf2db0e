// People and their passwords: the link for a new one.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const fresh = "battery staple horse";
const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());

useBrowser();

describe("a link for a new password", () => {
	test("says whose it is, sets it, signs in, and signs out everywhere else", async () => {
		const old = state.mock.session("taro").value;
		await withPage({ as: null, at: "/#/new-password/RESET-1" }, async (page) => {
			await page.waitForSelector("#password");
			assert.equal(await page.title(), "新しいパスワード — Ippo");
			assert.match(await page.textContent("main"), /taro/);
			await page.fill("#password", fresh);
			await page.keyboard.press("Enter");
			await page.waitForSelector(".empty");
			assert.match(page.url(), /#\/servers$/);
			assert.equal(state.mock.users.get("taro").password, fresh);
			assert.equal(state.mock.sessions.has(old), false);
			await eventually(() => focused(page), "heading");
			await eventually(async () => /新しいパスワードを設定しました/.test(await page.textContent("#announcer")), true);
			await page.goBack();
			assert.doesNotMatch(page.url(), /RESET-1/);
		});
	});

	test("mistakes stand beside the field, and what was typed is kept", async () => {
		await withPage({ as: null, language: "en", at: "/#/new-password/RESET-1", expected: /422|ERR_/ }, async (page) => {
			await page.waitForSelector("#password");
			for (const [text, problem] of [["short", /12/], ["my password is long", /cannot be used/]]) {
				await page.fill("#password", text);
				await page.click("button.primary");
				await eventually(async () => problem.test(await page.textContent("main .field")
					.then((words) => words.replace(/At least 12.*safest\./, ""))), true);
				await eventually(() => page.evaluate(() => document.activeElement.getAttribute("aria-labelledby")), "summary-title");
				assert.equal(await page.inputValue("#password"), text);
			}
			const mend = state.mock.cut("POST", /redeem/);
			await page.fill("#password", fresh);
			await page.click("button.primary");
			await eventually(async () => /That did not work/.test(await page.textContent("main")), true);
			mend();
			assert.equal(await page.inputValue("#password"), fresh);
			await page.click("button.primary");
			await page.waitForSelector(".empty");
		});
	});

	test("one that is used leads to the sign-in; so does one that is used up meanwhile", async () => {
		await withPage({ as: null, at: "/#/new-password/USED", expected: /404/ }, async (page) => {
			await page.waitForSelector("a.button");
			assert.equal(await page.textContent("#heading"), "このリンクは使えません");
			await page.goto(`${state.mock.url}/#/new-password/RESET-1`);
			await page.waitForSelector("#password");
			state.mock.passwordResets.clear();
			await page.fill("#password", fresh);
			await page.click("button.primary");
			await page.waitForSelector("a.button");
			await page.click("a.button");
			await page.waitForSelector("#name");
		});
	});

	test("whoever is signed in as somebody else is told that this changes", async () => {
		state.mock.users.set("hanako", { id: 3, name: "hanako", password: fresh, operator: false });
		await withPage({ as: "hanako", at: "/#/new-password/RESET-1" }, async (page) => {
			await page.waitForSelector("main .notice");
			assert.match(await page.textContent("main .notice"), /hanako.*taro/);
			await page.fill("#password", fresh);
			await page.click("button.primary");
			await eventually(async () => /taro/.test(await page.textContent("#account-button")), true);
		});
	});
});

describe("members", () => {
	test("an owner changes a role; the last owner stays one", async () => {
		await withPage({ at: "/#/people", expected: /422/ }, async (page) => {
			await page.waitForSelector("[data-member='3']");
			assert.equal(await page.title(), "メンバー — Ippo");
			await page.selectOption("#role-3", "operator");
			await page.locator("[data-member='3'] form .button").click();
			await eventually(() => state.mock.members.get(3).role, "operator");
			await eventually(async () => /hanako の権限/.test(await page.textContent("#announcer")), true);
			await page.selectOption("#role-2", "reader");
			await page.locator("[data-member='2'] form .button").click();
			await eventually(async () => /オーナーが1人は必要です/.test(await page.textContent("[data-member='2']")), true);
			assert.equal(state.mock.members.get(2).role, "owner");
			assert.equal(await page.locator("[data-member='2'] .destroys").count(), 0, "nobody sends themselves away here");
		});
	});

	test("sending somebody away asks first and says what ends", async () => {
		await withPage({ at: "/#/people" }, async (page) => {
			await page.locator("[data-member='3'] .destroys").click();
			await page.waitForSelector("dialog[open]");
			assert.match(await page.textContent("dialog"), /APIキーも使えなくなります/);
			assert.equal(await focused(page), "キャンセル");
			await page.locator("dialog .destroys").click();
			await eventually(() => page.locator("[data-member]").count(), 1);
			assert.equal(state.mock.members.has(3), false);
			await eventually(() => focused(page), "heading");
		});
	});

	test("inviting: the link is shown once, and can be taken back", async () => {
		await withPage({ at: "/#/people" }, async (page) => {
			await page.click("#invite");
			await eventually(() => focused(page), "invited-role");
			await page.selectOption("#invited-role", "operator");
			await page.fill("#invited-name", "Sora");
			await page.keyboard.press("Enter");
			await page.waitForSelector("#link-title");
			const [invitation] = state.mock.invited.values();
			assert.deepEqual([invitation.role, invitation.name], ["operator", "sora"]);
			assert.match(await page.textContent(".copy code"), /#\/invitation\/KEY-/);
			await page.locator(".notice .button").last().click();
			await eventually(() => focused(page), "invite");
			assert.equal(await page.locator(".copy").count(), 0);
			await page.locator("[data-invitation] button").click();
			await page.locator("dialog .destroys").click();
			await eventually(() => page.locator("[data-invitation]").count(), 0);
			assert.equal(state.mock.invited.size, 0);
		});
	});

	test("who may not change sees who is there, and nothing to change them with", async () => {
		state.mock.users.get("taro").operator = false;
		state.mock.role = "reader";
		await withPage({ at: "/#/people" }, async (page) => {
			await page.waitForSelector("[data-member='3']");
			assert.equal(await page.locator("main button, main select").count(), 0);
		});
	});
});

describe("several accounts", () => {
	test("somebody who is signed in joins, and goes back by the menu; another tab follows", async () => {
		state.mock.invitations.set("JOIN-1", { operator: false, role: "reader", name: "", customer: { id: 7, name: "fuji" }, expires: new Date(Date.now() + 864e5).toISOString() });
		await withPage({ at: "/#/invitation/JOIN-1" }, async (page, context) => {
			const other = await context.newPage();
			await other.goto(`${state.mock.url}/#/servers`);
			await other.waitForSelector(".empty");
			await page.waitForSelector("#join-title");
			assert.match(await page.textContent("main"), /fuji/);
			await page.locator(".notice .button.primary").click();
			await page.waitForSelector(".empty");
			assert.equal(state.mock.customer.id, 7);
			assert.match(page.url(), /#\/servers$/);
			const asked = () => state.mock.count("GET", /^\/v1\/servers/);
			const before = asked();
			await page.click("#account-button");
			assert.equal(await page.locator("#account-choices [aria-pressed=true]").textContent(), "fuji");
			await page.locator("#account-choices button", { hasText: "operator" }).click();
			await eventually(() => state.mock.customer.id, 1);
			await eventually(() => asked() >= before + 2, true);
			await other.click("#account-button");
			await eventually(() => other.locator("#account-choices [aria-pressed=true]").textContent(), "operator");
		});
	});

	test("an invitation proposes a name; a member of the account is told so", async () => {
		state.mock.invitations.set("JOIN-2", { operator: false, role: "reader", name: "sora", customer: { id: 1, name: "operator" }, expires: new Date(Date.now() + 864e5).toISOString() });
		await withPage({ at: "/#/invitation/JOIN-2", expected: /409/ }, async (page) => {
			await page.waitForSelector("#join-title");
			assert.equal(await page.inputValue("#name"), "sora");
			await page.locator(".notice .button.primary").click();
			await eventually(async () => /すでに/.test(await page.textContent("main")), true);
		});
	});
});
