// A packet filter and a zone made by the panel on a real Ippo with a server "hajime".
//
//   IPPO_URL         https://localhost:8443, the service's url setting
//   IPPO_INVITATION  a one-time link

import assert from "node:assert/strict";
import test from "node:test";
import { startBrowser, watch } from "./browser.mjs";
import { eventually } from "./harness.mjs";

const env = (name) => {
	assert.ok(process.env[name], `${name} is not set; the head of network-real.mjs says what is needed`);
	return process.env[name];
};

test("a packet filter and a zone, on a real Ippo", async (t) => {
	const origin = new URL(env("IPPO_URL")).origin;
	const key = env("IPPO_INVITATION").split("/").at(-1);
	const browser = await startBrowser();
	t.after(() => browser.close());
	const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: "en-GB" });
	const page = await context.newPage();
	page.setDefaultTimeout(60000);
	const problems = await watch(page, origin);

	await page.goto(`${origin}/#/invitation/${key}`);
	await page.fill("#name", "networker");
	await page.fill("#password", "a phrase made by the test");
	await page.click("button.primary");
	await page.waitForURL(/#\/servers/);

	await t.test("a filter lets SSH and HTTPS in, and is in force for a server", async () => {
		await page.goto(`${origin}/#/firewalls`);
		await page.click("#make-firewall");
		await page.fill("#firewall-name", "web");
		await page.click("#firewall-save");
		await page.waitForSelector("[data-rule='0']");
		await page.click("#edit-rules");
		await page.click("[data-template=https]");
		await page.click("#rules-save");
		await page.waitForSelector("[data-difference='firewalls.added']");
		await page.click("#rules-save");
		await page.waitForSelector("[data-rule='1']");
		await page.selectOption("#apply-to", { label: "hajime" });
		await page.click("#apply");
		await page.waitForSelector("[data-target=hajime]");
		await page.click("[data-target=hajime] a");
		await page.waitForURL(/#\/servers\/\d+/);
		await page.goto(`${page.url().split("/filter")[0]}/filter`);
		await page.fill("#test-address", "203.0.113.5");
		await page.click("#test-ask");
		await page.waitForSelector("#test-verdict strong");
		assert.match(await page.textContent("#test-verdict"), /web/);
	});

	await t.test("a zone's records are made and changed, it is signed, it goes back", async () => {
		await page.goto(`${origin}/#/zones`);
		await page.click("#make-zone");
		await page.fill("#zone-name", "panel.example");
		await page.selectOption("#zone-server", { label: "hajime" });
		await page.check("#zone-mailless");
		await page.click("#zone-save");
		await page.click("[data-zone] h2 a");
		await page.waitForSelector("text=ns1.example.net.");
		const fill = async (values) => {
			await page.fill("#rrset-values", values);
			await page.click("#rrset-save");
		};
		await page.waitForSelector("[data-rrset='@/MX']:has-text('0 .')");
		await page.waitForSelector("[data-rrset='www/AAAA']");
		await page.click("#add-rrset");
		await page.fill("#rrset-name", "shop");
		await fill("192.0.2.256");
		await page.waitForSelector("#rrset-values-problem");
		await fill("192.0.2.1\n192.0.2.2");
		await page.waitForSelector("[data-rrset='shop/A']");
		await page.click("#add-rrset");
		await page.fill("#rrset-name", "text");
		await page.selectOption("#rrset-type", "TXT");
		await fill("v=spf1 \"x\" -all");
		await page.waitForSelector("[data-rrset='text/TXT']:has-text('v=spf1')");
		await page.click("[data-rrset='www/A'] [data-do=change]");
		await fill("192.0.2.3");
		await page.waitForSelector("[data-rrset='www/A']:has-text('192.0.2.3')");
		await page.click("#sign");
		await page.waitForSelector(".copies code >> text=/^\\d+ 13 \\d/");
		await page.click("[data-rrset='text/TXT'] [data-do=delete]");
		await page.click("dialog .destroys");
		await eventually(() => page.locator("[data-rrset='text/TXT']").count(), 0);
		await page.locator("[data-version] [data-do=back]").first().click();
		await page.click("dialog .destroys");
		await page.waitForSelector("[data-rrset='text/TXT']");
		const [saved] = await Promise.all([page.waitForEvent("download"), page.click("#export")]);
		assert.equal(saved.suggestedFilename(), "panel.example.zone");
	});
	assert.deepEqual(problems.filter((problem) => !/422/.test(problem)), []);
});
