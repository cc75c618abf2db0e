// What operators do in the panel on a real Ippo, and what the customer's own browser shows of it meanwhile.
//
//   IPPO_URL         https://localhost:8443, the service's url setting
//   IPPO_INVITATION  a one-time link for an operator
//
// One message waits in the outbox that its receiver has refused, and there is a plan "1g" and an image "tiny".

import assert from "node:assert/strict";
import test from "node:test";
import { startBrowser, watch } from "./browser.mjs";
import { eventually } from "./harness.mjs";

const env = (name) => {
	assert.ok(process.env[name], `${name} is not set; the head of admin-real.mjs says what is needed`);
	return process.env[name];
};
const phrase = "a phrase made by the test";
const picture = Buffer.concat([Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"), Buffer.alloc(64)]);

async function sitDown(browser, origin) {
	const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: "en-GB", acceptDownloads: true });
	const page = await context.newPage();
	page.setDefaultTimeout(60000);
	return { page, problems: await watch(page, origin) };
}

async function come(page, link, name) {
	await page.goto(link);
	await page.fill("#name", name);
	await page.fill("#password", phrase);
	await page.click("button.primary");
	await page.waitForURL(/#\/servers/);
}

test("the rooms of operators, on a real Ippo", async (t) => {
	const origin = new URL(env("IPPO_URL")).origin;
	const browser = await startBrowser();
	t.after(() => browser.close());
	const operator = await sitDown(browser, origin);
	const customer = await sitDown(browser, origin);
	const { page } = operator;
	const text = (where, room = page) => room.textContent(where);
	const customersPage = async (name) => {
		await page.goto(`${origin}/#/admin/customers`);
		await page.waitForSelector("#customers-count");
		await page.locator("[data-customer] a", { hasText: name }).click();
		await page.waitForURL(/#\/admin\/customers\/\d+$/);
		await page.waitForSelector("#act-for");
	};
	const makeCustomer = async (name) => {
		await page.goto(`${origin}/#/admin/customers`);
		await page.click("#make-customer");
		await page.fill("#customer-name", name);
		await page.keyboard.press("Enter");
		await page.waitForURL(/#\/admin\/customers\/\d+$/);
		await page.waitForSelector("#invite-owner");
	};
	const inviteOwner = async () => {
		await page.click("#invite-owner");
		await page.waitForSelector("#invited-link");
		return (await text(".notice.attention code")).trim();
	};
	await come(page, env("IPPO_INVITATION"), "mori");

	await t.test("what new customers may have is set, and one begins with it", async () => {
		await page.click(".header nav a[href='#/admin/customers']");
		await page.click("#edit-defaults");
		await page.fill("#quota-tokens", "7");
		await page.fill("#quota-members", "");
		await page.keyboard.press("Enter");
		await eventually(async () => /^7$/.test((await text("[data-default=tokens] dd").catch(() => "")).trim()), true);
		await makeCustomer("aoi");
		assert.match(await text("[data-quota=tokens]"), /0 of 7/);
		assert.match(await text("[data-quota=members]"), /no limit/);
		await page.click("#edit-quotas");
		await page.fill("#quota-servers", "1");
		await page.keyboard.press("Enter");
		await eventually(async () => /0 of 1/.test(await text("[data-quota=servers]").catch(() => "")), true);
		await page.fill("#note", "Calls in the afternoon");
		await page.click("section[aria-labelledby=note-title] button");
		await eventually(async () => /saved/.test(await text("#announcer")), true);
	});

	await t.test("an owner is invited, comes, and makes a server within the limit", async () => {
		await come(customer.page, await inviteOwner(), "aoi");
		const made = await customer.page.evaluate(async () => {
			const { post } = await import("/lib/api.js");
			const wish = (name) => post("/v1/servers", { name, server_type: "1g", image: "tiny", start_after_create: true }).then(() => "made", ({ code }) => code);
			return [await wish("hajime"), await wish("second")];
		});
		assert.deepEqual(made, ["made", "resource_limit_exceeded"]);
		await customer.page.goto(`${origin}/#/servers`);
		await customer.page.waitForSelector("[data-server] .state-running");
		await customersPage("aoi");
		assert.match(await text("[data-quota=servers]"), /1 of 1\s*limit reached/);
		assert.match(await text("[data-server]"), /hajime/);
	});

	await t.test("a suspension stops the server under the customer's eyes, and is lifted again", async () => {
		await page.click("#suspend");
		await page.fill("#suspend-reason", "unpaid since September");
		await page.click("dialog .destroys");
		await page.waitForSelector("#resume");
		await eventually(async () => /unpaid since September/.test(await text("body", customer.page)), true);
		await customer.page.waitForSelector("[data-server] .state-off");
		await page.click("#resume");
		await page.waitForSelector("#suspend");
		await eventually(async () => /unpaid since September/.test(await text("body", customer.page)), false);
		await customer.page.waitForSelector("[data-server] .state-running");
	});

	await t.test("a notice is written in both languages, seen by the customer at once, read and withdrawn", async () => {
		await page.goto(`${origin}/#/notices`);
		await page.click("#write");
		await page.fill("#notice-title-ja", "保守のお知らせ");
		await page.fill("#notice-body-ja", "夜に作業します。");
		await page.fill("#notice-title-en", "Maintenance tonight");
		await page.fill("#notice-body-en", "We work at night.");
		await page.click("#look");
		await page.click("dialog .primary");
		await page.locator("[data-notice]", { hasText: "Maintenance tonight" }).waitFor();
		await eventually(async () => /1/.test(await text(".header nav a[href='#/notices']", customer.page)), true);
		await customer.page.goto(`${origin}/#/notices`);
		await customer.page.locator("[data-notice].unread", { hasText: "Maintenance tonight" }).locator("[data-do=read]").click();
		await customer.page.locator("[data-notice].unread").waitFor({ state: "detached" });
		await page.click("[data-notice] [data-do=withdraw]");
		await page.click("dialog .destroys");
		await page.locator("[data-notice]").waitFor({ state: "detached" });
		await customer.page.locator("[data-notice]").waitFor({ state: "detached" });
	});

	await t.test("a question with a picture is answered with a file, and closed", async () => {
		await customer.page.goto(`${origin}/#/contact`);
		await customer.page.click("#ask");
		await customer.page.fill("#contact-subject", "The screen is dark");
		await customer.page.fill("#contact-text", "See the picture.");
		await customer.page.setInputFiles("#contact-files", [{ name: "screen.png", mimeType: "image/png", buffer: picture }]);
		await customer.page.waitForSelector("[data-file]");
		await customer.page.locator("form:has(#contact-text) button.primary").click();
		await customer.page.waitForSelector("[data-message]");
		await page.goto(`${origin}/#/contact`);
		await page.locator("[data-thread] a", { hasText: "The screen is dark" }).click();
		await page.waitForSelector("[data-attachment]");
		const [saved] = await Promise.all([page.waitForEvent("download"), page.click("[data-attachment] a")]);
		assert.equal(saved.suggestedFilename(), "screen.png");
		await page.fill("#contact-text", "Press a key.");
		await page.setInputFiles("#contact-files", [{ name: "how.txt", mimeType: "text/plain", buffer: Buffer.from("any key\n") }]);
		await page.waitForSelector("[data-file='how.txt']");
		await page.locator("form:has(#contact-text) button.primary").click();
		await page.locator("[data-message]", { hasText: "Press a key." }).waitFor();
		await customer.page.locator("[data-message]", { hasText: "Press a key." }).locator("[data-attachment]").waitFor();
		await page.click("#close-thread");
		await page.locator("#close-thread").waitFor({ state: "detached" });
	});

	await t.test("a refused mail is found, and discarded", async () => {
		await page.goto(`${origin}/#/admin/outbox`);
		await page.selectOption("#outbox-status", "failed");
		await page.locator("[data-outbox]", { hasText: "gone@example.com" }).waitFor();
		assert.match(await text(".outbox-error"), /no such mailbox/);
		await page.click("[data-outbox] [data-do=discard]");
		await page.click("dialog .destroys");
		await page.locator("[data-outbox]", { hasText: "gone@example.com" }).locator("text=discarded by an operator").waitFor();
	});

	await t.test("an operator works for the customer, who sees that", async () => {
		await customersPage("aoi");
		await page.click("#edit-quotas");
		await page.fill("#quota-servers", "4");
		await page.keyboard.press("Enter");
		await eventually(async () => /1 of 4/.test(await text("[data-quota=servers]").catch(() => "")), true);
		await page.click("#act-for");
		await page.waitForURL(/#\/servers$/);
		await page.waitForSelector("[data-server]");
		await page.click("#end-acting");
		await page.waitForSelector("#end-acting", { state: "detached" });
		await customer.page.goto(`${origin}/#/history`);
		await eventually(async () => /mori/.test(await text("main", customer.page)), true);
	});

	await t.test("a server is handed over, and a person deleted by their name", async () => {
		await makeCustomer("midori");
		await customersPage("aoi");
		await page.locator("[data-server] button").click();
		await page.fill("#hand-over-to", "midori");
		await page.click("dialog .destroys");
		await page.locator("[data-server]").waitFor({ state: "detached" });
		await customer.page.goto(`${origin}/#/servers`);
		await customer.page.waitForSelector(".empty");
		const haru = await sitDown(browser, origin);
		await come(haru.page, await inviteOwner(), "haru");
		await customersPage("aoi");
		await page.locator("[data-person]", { hasText: "haru" }).locator("button").click();
		await page.fill("dialog input", "haru");
		await page.click("dialog .destroys");
		await page.locator("[data-person]", { hasText: "haru" }).waitFor({ state: "detached" });
		await haru.page.waitForURL(/#\/sign-in/);
		haru.problems.length = 0; // of one who was signed out under way
	});
	// What is refused or stops is told by the browser as well.
	const told = /status of (401|403|422)/;
	assert.deepEqual([...operator.problems, ...customer.problems].filter((problem) => !told.test(problem)), []);
});
