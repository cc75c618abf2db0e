// A passkey of Chromium's own device on a real Ippo: added, used at the door and as a proof, and removed.
//
//   IPPO_URL         https://localhost:8443, the service's url setting
//   IPPO_INVITATION  a one-time link
//   IPPO_SECOND      another one

import assert from "node:assert/strict";
import test from "node:test";
import { chromium } from "playwright-core";
import { flags, watch } from "./browser.mjs";

const env = (name) => {
	assert.ok(process.env[name], `${name} is not set; the head of passkeys-real.mjs says what is needed`);
	return process.env[name];
};

test("a passkey, on a real Ippo", async (t) => {
	const origin = new URL(env("IPPO_URL")).origin;
	const key = env("IPPO_INVITATION").split("/").at(-1);
	// Chromium has passkeys for no page whose certificate it doubts, so this one it must not doubt.
	const browser = await chromium.launch({
		executablePath: process.env.IPPO_CHROMIUM ?? "/usr/bin/chromium",
		args: [...flags.filter((flag) => flag !== "--headless"), "--ignore-certificate-errors"],
	});
	t.after(() => browser.close());
	const context = await browser.newContext({ locale: "en-GB" });
	const page = await context.newPage();
	const problems = await watch(page, origin);
	const wire = await context.newCDPSession(page);
	await wire.send("WebAuthn.enable");
	const { authenticatorId } = await wire.send("WebAuthn.addVirtualAuthenticator", { options: {
		protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
		automaticPresenceSimulation: true,
	} });

	await page.goto(`${origin}/#/invitation/${key}`);
	await page.fill("#name", "holder");
	await page.fill("#password", "a phrase made by the test");
	await page.click("button.primary");
	await page.waitForURL(/#\/servers/);
	await page.goto(`${origin}/#/account`);
	await page.waitForSelector("#passkey-name");
	await page.fill("#passkey-name", "of the test");
	await page.click("#add-passkey");
	await page.waitForSelector("[data-passkey]");
	const { credentials: [credential] } = await wire.send("WebAuthn.getCredentials", { authenticatorId });
	assert.deepEqual([credential.rpId, credential.isResidentCredential], [new URL(origin).hostname, true]);

	await context.clearCookies();
	await page.evaluate(() => localStorage.clear());
	await page.goto(`${origin}/#/sign-in`);
	await page.reload();
	await page.click("#use-passkey");
	await page.waitForURL(/#\/servers/);
	const cookie = (await context.cookies(origin)).find(({ name }) => name === "__Host-ippo");
	assert.deepEqual([cookie.httpOnly, cookie.secure, cookie.sameSite], [true, true, "Strict"]);
	const proved = await page.evaluate(async () => {
		const { showToProve } = await import("/lib/passkeys.js");
		await showToProve();
		return "proved";
	}).catch((error) => String(error));
	assert.equal(proved, "proved");

	await page.goto(`${origin}/#/account`);
	await page.locator("[data-passkey] button").click();
	await page.locator("dialog .destroys").click();
	await page.locator("[data-passkey]").waitFor({ state: "detached" });
	// What was on its way when the cookie went is told that nobody is signed in.
	assert.deepEqual(problems.filter((problem) => !/status of 401/.test(problem)), []);

	// The device still has it; the service has not.
	await context.clearCookies();
	await page.goto(`${origin}/#/sign-in`);
	await page.evaluate(() => localStorage.clear());
	await page.reload();
	await page.click("#use-passkey");
	await page.waitForSelector("#summary-title");
	assert.match(await page.textContent("main"), /lets nobody in/);

	// Somebody else comes with a passkey alone, comes back with it, and cannot lock themselves out.
	await wire.send("WebAuthn.clearCredentials", { authenticatorId });
	await page.goto(`${origin}/#/invitation/${env("IPPO_SECOND").split("/").at(-1)}`);
	await page.fill("#name", "bare");
	await page.click("#use-passkey");
	await page.waitForURL(/#\/servers/);
	await context.clearCookies();
	await page.evaluate(() => localStorage.clear());
	await page.goto(`${origin}/#/sign-in`);
	await page.reload();
	await page.click("#use-passkey");
	await page.waitForURL(/#\/servers/);
	await page.goto(`${origin}/#/account`);
	await page.locator("[data-passkey] button").click();
	await page.locator("dialog .destroys").click();
	await page.waitForSelector("[role=alert]");
	assert.match(await page.textContent("[role=alert]"), /only way in/);
	await page.fill("#fresh", "a phrase made by the test");
	await page.locator("form:has(#fresh) button.primary").click();
	await page.waitForSelector("#present");
	await page.locator("[data-passkey] button").click();
	await page.locator("dialog .destroys").click();
	await page.locator("[data-passkey]").waitFor({ state: "detached" });
});
