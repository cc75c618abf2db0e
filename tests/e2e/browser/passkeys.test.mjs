// Passkeys with a device of Chromium's own (WebAuthn.addVirtualAuthenticator): made, used, removed, refused.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const password = "correct horse battery";
const said = (page, pattern) => eventually(async () => pattern.test(await page.textContent("#announcer")), true);
const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
const expected = /401|403|412|422/;

useBrowser();

/** A device whose owner says yes to all; @return {send, id} */
async function plugIn(page, context, options = {}) {
	const wire = await context.newCDPSession(page);
	await wire.send("WebAuthn.enable");
	const { authenticatorId } = await wire.send("WebAuthn.addVirtualAuthenticator", { options: {
		protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
		automaticPresenceSimulation: true, ...options,
	} });
	return { send: (what, more = {}) => wire.send(`WebAuthn.${what}`, { authenticatorId, ...more }) };
}

async function withDevice({ device: kind, at, ...options }, steps) {
	await withPage({ expected, ...options, at: null }, async (page, context) => {
		const device = await plugIn(page, context, kind);
		await page.goto(state.mock.url + at);
		await steps(page, device);
	});
}

async function addOne(page, name) {
	await page.waitForSelector("#passkey-name");
	await page.fill("#passkey-name", name);
	await page.click("#add-passkey");
	await page.locator("[data-passkey]", { hasText: name }).waitFor();
}

describe("the account", () => {
	test("added with a name, listed, and removed after a question", async () => {
		await withDevice({ at: "/#/account" }, async (page, device) => {
			await page.waitForSelector("#passkey-name");
			await page.click("#add-passkey");
			await page.waitForSelector("#passkey-name-problem");
			await addOne(page, "仕事用のノートPC");
			await said(page, /パスキーを追加しました/);
			await eventually(() => focused(page), "passkeys-title");
			const { credentials: [credential] } = await device.send("getCredentials");
			assert.equal(credential.isResidentCredential, true);
			assert.equal(credential.rpId, "localhost");
			assert.match(await page.textContent("[data-passkey]"), /まだ使っていません/);
			// The device says itself that it has one.
			await page.fill("#passkey-name", "another");
			await page.click("#add-passkey");
			await eventually(async () => /すでにパスキーがあります/.test(await page.textContent("#summary-title ~ ul")), true);
			await page.locator("[data-passkey] button").click();
			await page.waitForSelector("dialog[open]");
			assert.equal(await focused(page), "キャンセル");
			await page.locator("dialog .destroys").click();
			await said(page, /パスキーを削除しました/);
			assert.equal(state.mock.passkeys.size, 0);
			assert.equal(await page.locator("[data-passkey]").count(), 0);
		});
	});

	test("a double click makes one", async () => {
		await withDevice({ at: "/#/account" }, async (page) => {
			await page.waitForSelector("#passkey-name");
			await page.fill("#passkey-name", "twice");
			await page.dblclick("#add-passkey");
			await page.waitForSelector("[data-passkey]");
			await page.waitForTimeout(300);
			assert.equal(state.mock.passkeys.size, 1);
		});
	});

	test("a device that asks nobody who they are is refused, with words", async () => {
		await withDevice({ at: "/#/account", device: { hasUserVerification: false, isUserVerified: false }, language: "en" }, async (page) => {
			await page.waitForSelector("#passkey-name");
			await page.fill("#passkey-name", "old key");
			await page.click("#add-passkey");
			await page.waitForSelector("#summary-title");
			assert.equal(await page.inputValue("#passkey-name"), "old key", "nothing typed is lost");
			assert.equal(state.mock.passkeys.size, 0);
		});
	});

	test("ten are enough", async () => {
		for (let count = 0; count < 10; count++)
			state.mock.addPasskey("taro", `key ${count}`);
		await withDevice({ at: "/#/account" }, async (page) => {
			await page.waitForSelector("[data-passkey]");
			assert.equal(await page.locator("[data-passkey]").count(), 10);
			assert.equal(await page.locator("#add-passkey").count(), 0);
		});
	});
});

describe("a one-time link", () => {
	const invited = { as: null, at: "/#/invitation/KEY-1" };

	test("an invitation is taken with a name and a passkey, and the last passkey stays until there is a password", async () => {
		await withDevice(invited, async (page, device) => {
			await page.click("#use-passkey");
			await page.waitForSelector("#name-problem");
			assert.equal(await page.locator("#password-problem").count(), 0, "no password is asked for");
			await page.fill("#name", "hanako");
			await page.dblclick("#use-passkey");
			await page.waitForSelector(".empty");
			assert.equal(state.mock.users.get("hanako").password, null);
			const { credentials } = await device.send("getCredentials");
			assert.deepEqual(credentials.map(({ userName }) => userName), ["hanako"]);
			await page.goto(`${state.mock.url}/#/account`);
			await page.waitForSelector("[data-passkey]");
			assert.match(await page.textContent("[data-passkey] h3"), /Chrome/);
			assert.equal(await page.locator("#present").count(), 0);
			await page.locator("[data-passkey] button").click();
			await page.locator("dialog .destroys").click();
			await eventually(async () => /先に、別のパスキーを追加するか/.test(await page.textContent("[role=alert]")), true);
			await page.fill("#fresh", "a long enough phrase");
			await page.locator("form:has(#fresh) button.primary").click();
			await said(page, /パスワードを設定しました/);
			await page.waitForSelector("#present");
			await page.locator("[data-passkey] button").click();
			await page.locator("dialog .destroys").click();
			await said(page, /パスキーを削除しました/);
		});
	});

	test("what is refused has words, and nothing typed is lost", async () => {
		await withDevice({ ...invited, device: { hasUserVerification: false, isUserVerified: false }, expected: /409|422/ }, async (page) => {
			await page.fill("#name", "taro");
			await page.click("#use-passkey");
			await page.waitForSelector("#name-problem");
			await page.fill("#name", "hanako");
			await page.click("#use-passkey");
			await eventually(async () => /パスキーが使われませんでした|PIN/.test(await page.textContent("main")), true);
			assert.equal(await page.inputValue("#name"), "hanako");
			assert.equal(state.mock.users.has("hanako"), false);
		});
	});

	test("at an IP address the button is off, and a password does", async () => {
		const bare = state.mock.url.replace("localhost", "127.0.0.1");
		await withPage({ as: null, at: null, expected: /elsewhere: http:\/\/127/ }, async (page) => {
			await page.goto(`${bare}/#/invitation/KEY-1`);
			await page.waitForSelector("#use-passkey[aria-disabled=true]");
			assert.match(await page.textContent("#passkey-obstacle"), /IPアドレス/);
			await page.fill("#name", "hanako");
			await page.click("#use-passkey", { force: true });
			await page.fill("#password", "a long enough phrase");
			await page.click("button.primary");
			await page.waitForSelector(".empty");
			assert.equal(state.mock.challenges.size, 0);
		});
	});

	test("a reset link takes a passkey, after the code of the second step, and the device is asked once", async () => {
		state.mock.addTwoStep();
		await withDevice({ as: null, at: "/#/new-password/RESET-1" }, async (page, device) => {
			await page.click("#use-passkey");
			await page.waitForSelector("#code");
			await eventually(() => focused(page), "code");
			await page.fill("#code", "654321");
			await page.click("#use-passkey");
			await page.waitForSelector("#code-problem");
			await page.fill("#code", "123456");
			await page.click("#use-passkey");
			await page.waitForSelector(".empty");
			assert.equal(state.mock.users.get("taro").password, null);
			assert.equal(state.mock.count("POST", /redeem\/passkey\/challenge/), 1);
			assert.equal((await device.send("getCredentials")).credentials.length, 1);
		});
	});

	test("a proof is asked of the passkey alone", async () => {
		await withDevice(invited, async (page) => {
			await page.fill("#name", "hanako");
			await page.click("#use-passkey");
			await page.waitForSelector(".empty");
			await page.goto(`${state.mock.url}/#/account`);
			await page.waitForSelector("[data-passkey]");
			state.mock.addPasskey("hanako", "of another device");
			await page.reload();
			await page.locator("[data-passkey]", { hasText: "of another device" }).waitFor();
			state.mock.stale = true;
			await page.locator("[data-passkey]", { hasText: "of another device" }).locator("button").click();
			await page.locator("dialog .destroys").click();
			await page.waitForSelector("#prove-by-passkey");
			await eventually(() => page.evaluate(() => document.activeElement.id), "prove-by-passkey");
			assert.equal(await page.locator("#proof-password").count(), 0);
			await page.click("#prove-by-passkey");
			await said(page, /パスキーを削除しました/);
		});
	});
});

describe("signing in", () => {
	test("without a name or a password, even where a code would be asked for", async () => {
		await withDevice({ at: "/#/account" }, async (page) => {
			await addOne(page, "phone");
			state.mock.addTwoStep();
			state.mock.sessions.clear();
			await page.goto(`${state.mock.url}/#/servers`);
			await page.reload();
			await page.waitForSelector("#use-passkey");
			await page.click("#use-passkey");
			await page.waitForSelector(".empty");
			assert.deepEqual([...state.mock.sessions.values()].map(({ name }) => name), ["taro"]);
			await page.goto(`${state.mock.url}/#/account`);
			await page.waitForSelector("[data-passkey] time");
			assert.doesNotMatch(await page.textContent("[data-passkey]"), /まだ使っていません/);
		});
	});

	test("what is refused has words, and the password still does", async () => {
		await withDevice({ at: "/#/account" }, async (page) => {
			await addOne(page, "phone");
			state.mock.passkeys.clear();
			state.mock.sessions.clear();
			await page.reload();
			await page.click("#use-passkey");
			await eventually(async () => /ログインできません。パスワードで/.test(await page.textContent("#summary-title ~ ul")), true);
			assert.match(await focused(page), /./);
			state.mock.refusePasskeys(422, "passkey_counter");
			await page.click("#use-passkey");
			await eventually(async () => /複製された/.test(await page.textContent("#summary-title ~ ul")), true);
			await page.fill("#name", "taro");
			await page.fill("#password", password);
			await page.keyboard.press("Enter");
			await page.waitForSelector("#passkeys-title, .empty");
		});
	});

	test("without a passkey on the device it says so", async () => {
		await withDevice({ as: null, at: "/#/sign-in" }, async (page) => {
			await page.click("#use-passkey");
			await eventually(async () => /パスキーが使われませんでした/.test(await page.textContent("#summary-title ~ ul")), true);
		});
	});

	test("at an IP address the button is off, and says why", async () => {
		const bare = state.mock.url.replace("localhost", "127.0.0.1");
		await withPage({ as: null, at: null, expected: /elsewhere: http:\/\/127/ }, async (page) => {
			await page.goto(`${bare}/#/sign-in`);
			await page.waitForSelector("#use-passkey[aria-disabled=true]");
			assert.match(await page.textContent("#passkey-obstacle"), /IPアドレス/);
			await page.click("#use-passkey", { force: true });
			await page.fill("#name", "taro");
			await page.fill("#password", password);
			await page.keyboard.press("Enter");
			await page.waitForSelector(".empty");
			assert.equal(state.mock.challenges.size, 0);
			await page.goto(`${bare}/#/account`);
			await page.waitForSelector(".passkey-obstacle");
			assert.equal(await page.locator("#add-passkey").count(), 0);
		});
	});
});

describe("showing once more who one is", () => {
	test("with a passkey instead of the password", async () => {
		await withDevice({ at: "/#/account" }, async (page) => {
			await addOne(page, "phone");
			state.mock.stale = true;
			await page.locator("[data-passkey] button").click();
			await page.locator("dialog .destroys").click();
			await page.waitForSelector("#prove-by-passkey");
			await page.click("#prove-by-passkey");
			await said(page, /パスキーを削除しました/);
			assert.equal(state.mock.passkeys.size, 0);
		});
	});

	test("who has none is not offered it", async () => {
		await withDevice({ at: "/#/account" }, async (page) => {
			await page.waitForSelector("#passkey-name");
			await page.fill("#passkey-name", "phone");
			state.mock.stale = true;
			await page.click("#add-passkey");
			await page.waitForSelector("#proof-password");
			await page.waitForTimeout(300);
			assert.equal(await page.locator("#prove-by-passkey").count(), 0);
			await page.fill("#proof-password", password);
			await page.keyboard.press("Enter");
			await page.waitForSelector("[data-passkey]");
		});
	});
});
