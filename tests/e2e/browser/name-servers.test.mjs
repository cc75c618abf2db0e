// Further name servers: made known with a configuration to put there, whether each follows, another key, removed; zones that name others.

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const isWide = (page) => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
const said = (page, text) => page.waitForSelector(`[aria-live]:has-text('${text}')`, { state: "attached" });

useBrowser();

test("one is added: mistakes at their fields, then the configuration with the key, once", async () => {
	await withPage({ at: "/#/admin/customers", width: 360, expected: /422/ }, async (page) => {
		await page.click("#admin-rooms-button");
		await page.click("#admin-rooms-choices button:has-text('追加のネームサーバー')");
		await page.waitForSelector(".empty");
		await page.click("#add-name-server");
		await page.click("#server-save");
		await page.waitForSelector("#server-name-problem");
		await page.fill("#server-name", "ns3.example.net");
		await page.fill("#server-address", "ns3");
		await page.fill("#server-port", "0");
		await page.click("#server-save");
		await page.waitForSelector("#server-port-problem");
		await page.fill("#server-port", "5353");
		await page.click("#server-save");
		await page.waitForSelector("#server-address-problem");
		await page.fill("#server-address", "2001:db8::54");
		await page.selectOption("#server-format", "bind");
		await page.fill("#server-primary", "192.0.2.53");
		await page.click("#server-save");
		await page.waitForSelector("#config");
		assert.deepEqual(JSON.parse(state.mock.bodies.filter((body) => body.includes("format")).at(-1)), { name: "ns3.example.net", address: "2001:db8::54", port: 5353, format: "bind", primary: "192.0.2.53" });
		assert.match(await page.innerText("#config"), /named\.conf.*1回だけ.*# of bind\s+secret: SECRET/s);
		assert.equal(await isWide(page), false);
		const [download] = await Promise.all([page.waitForEvent("download"), page.click("#config-save")]);
		assert.equal(download.suggestedFilename(), "named.conf");
		await page.click("#config-close");
		assert.equal(await page.locator("#config").count(), 0);
		await page.waitForSelector("[data-name-server] [data-state=current]:has-text('最新')");
		assert.match(await page.innerText("[data-name-server]"), /ns3\.example\.net.*2001:db8::54.*5353.*new\.example.*シリアル 7/s);
		assert.equal(await isWide(page), false);
	});
});

test("one that is behind or silent says why, and is asked again", async () => {
	const { mock } = state;
	mock.addNameServer("ns3.example.net");
	mock.nameServerState = { status: "silent", zone: "new.example", serial: null, expected: 7, reason: "the name server does not answer" };
	await withPage({ at: "/#/admin/name-servers", language: "en" }, async (page) => {
		await page.waitForSelector("[data-state=silent]");
		assert.match(await page.innerText("[data-name-server]"), /Does not answer.*new\.example.*the name server does not answer/s);
		mock.nameServerState = { status: "behind", zone: "new.example", serial: 5, expected: 7, reason: null };
		await page.click("[data-do=look]");
		await page.waitForSelector("[data-state=behind]:has-text('Behind')");
		assert.match(await page.innerText("[data-name-server]"), /serial 5, here 7/);
	});
});

test("its configuration again without the key, another key after a question, and away", async () => {
	const { mock } = state;
	const server = mock.addNameServer("ns3.example.net");
	await withPage({ at: "/#/admin/name-servers", language: "en" }, async (page) => {
		await page.selectOption(`#format-${server.id}`, "nsd");
		await page.click("[data-do=config]");
		await page.waitForSelector("#config:has-text('# of nsd')");
		assert.match(await page.innerText("#config"), /not in it.*have to be added there.*\(hidden\)/s);
		await page.click("[data-do=renew]");
		await page.keyboard.press("Escape");
		assert.equal(mock.count("POST", /renew_key/), 0);
		await page.click("[data-do=renew]");
		await page.click("dialog[open] .destroys");
		await page.waitForSelector("#config:has-text('ANOTHER')");
		await page.click("[data-do=remove]");
		await page.click("dialog[open] .destroys");
		await said(page, "was removed");
		await page.waitForSelector(".empty");
		assert.equal(mock.nameServers.size, 0);
	});
});

test("zones that name others are counted, and follow in one step", async () => {
	state.mock.zoneCounts = { total: 9, outdated: 3, elsewhere: 2, protected: 1 };
	await withPage({ at: "/#/admin/name-servers", language: "en" }, async (page) => {
		await page.waitForSelector("#zones-outdated[data-outdated='3']");
		assert.match(await page.innerText("#zones"), /3 of 9.*1 more.*2 zones name other servers/s);
		await page.click("#update-zones");
		await page.click("dialog[open] .destroys");
		await said(page, "3 zones were updated");
		await page.waitForSelector("#zones-outdated[data-outdated='0']");
		await eventually(() => page.locator("#update-zones").count(), 0);
	});
});

test("nobody but operators", async () => {
	state.mock.users.set("hanako", { id: 3, name: "hanako", password: "a long enough phrase", operator: false });
	await withPage({ as: "hanako", at: "/#/admin/name-servers", expected: /403/ }, async (page) => {
		await page.waitForSelector("main [role=alert]");
		assert.equal(await page.locator("[data-name-server], #add-name-server").count(), 0);
	});
});
