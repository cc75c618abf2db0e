// What operators decide about customers, and what these see of it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
const sent = (method, pattern) => state.mock.requests.map(([verb, path], i) => [verb, path, state.mock.bodies[i]])
	.filter(([verb, path]) => verb === method && pattern.test(path));

useBrowser();

describe("customers", () => {
	test("are found by name and by state, and a new one is made by keyboard", async () => {
		state.mock.addAccount("aoi", { used: { servers: 3 } });
		state.mock.addAccount("midori", { suspended: true, suspension: { reason: "x", since: "2026-11-26T01:02:03Z" } });
		await withPage({}, async (page) => {
			await page.click(".header nav a[href='#/admin/customers']");
			await page.waitForSelector("[data-customer='2']");
			assert.equal(await page.title(), "顧客 — Ippo");
			assert.equal(await focused(page), "heading");
			assert.match(await page.textContent("[data-customer='2']"), /10 のうち 3/);
			assert.match(await page.textContent("[data-customer='3']"), /利用停止中/);
			await page.selectOption("#status", "suspended");
			await page.focus("#search");
			await page.keyboard.press("Enter");
			await eventually(() => page.locator("[data-customer]").count(), 1);
			await page.focus("#make-customer");
			await page.keyboard.press("Enter");
			await eventually(() => focused(page), "customer-name");
			await page.keyboard.press("Enter");
			await page.waitForSelector("#customer-name-problem");
			await page.fill("#customer-name", "kuro");
			await page.keyboard.press("Enter");
			await eventually(() => page.url().endsWith("#/admin/customers/4"), true);
			await eventually(() => page.title(), "kuro — Ippo");
			assert.equal(await page.locator(".empty").count(), 1);
		});
	});

	test("limits: a mistake stays in the field, an empty field is no limit", async () => {
		state.mock.addAccount("aoi", { used: { servers: 10 } });
		await withPage({ at: "/#/admin/customers/2", language: "en" }, async (page) => {
			await page.waitForSelector("[data-quota=servers]");
			assert.match(await page.textContent("[data-quota=servers]"), /10 of 10\s*limit reached/);
			await page.click("#edit-quotas");
			assert.equal(await page.inputValue("#quota-servers"), "10");
			await page.fill("#quota-servers", "-1");
			await page.keyboard.press("Enter");
			await page.waitForSelector("#quota-servers-problem");
			assert.equal(await page.inputValue("#quota-servers"), "-1");
			await page.fill("#quota-servers", "25");
			await page.fill("#quota-cores", "");
			await page.keyboard.press("Enter");
			await eventually(() => page.textContent("[data-quota=servers] dd").then((text) => text.trim()), "10 of 25");
			assert.match(await page.textContent("[data-quota=cores]"), /no limit/);
			await eventually(() => focused(page), "heading");
		});
	});

	test("what a new customer may have is read, and changed by keyboard", async () => {
		await withPage({ at: "/#/admin/customers" }, async (page) => {
			await page.waitForSelector("[data-default=servers]");
			assert.match(await page.textContent("[data-default=memory_mib] dd"), /128/);
			assert.match(await page.textContent("[data-default=members] dd"), /上限なし/);
			await page.focus("#edit-defaults");
			await page.keyboard.press("Enter");
			await eventually(() => focused(page), "quota-servers");
			assert.equal(await page.inputValue("#quota-members"), "");
			await page.fill("#quota-servers", "0");
			await page.keyboard.press("Enter");
			await page.waitForSelector("#quota-servers-problem");
			await page.fill("#quota-servers", "3");
			await page.fill("#quota-cores", "");
			await page.keyboard.press("Enter");
			await eventually(async () => /3/.test(await page.textContent("[data-default=servers] dd").catch(() => "")), true);
			assert.match(await page.textContent("[data-default=cores] dd"), /上限なし/);
			assert.deepEqual(sent("PUT", /customer_defaults/).map(([, , body]) => JSON.parse(body).quotas.servers), [3]);
		});
	});

	test("a suspension is asked for with a reason, shown with it, and lifted", async () => {
		state.mock.addAccount("aoi");
		await withPage({ at: "/#/admin/customers/2" }, async (page) => {
			await page.click("#suspend");
			await page.waitForSelector("dialog[open]");
			assert.equal(await focused(page), "キャンセル");
			assert.ok(await page.isDisabled("dialog .destroys"));
			await page.keyboard.press("Escape");
			await eventually(() => focused(page), "suspend");
			await page.click("#suspend");
			await page.fill("#suspend-reason", "お支払いがありません");
			await page.click("dialog .destroys");
			await page.waitForSelector("#resume");
			assert.equal(state.mock.accounts.get(2).suspension.reason, "お支払いがありません");
			assert.match(await page.textContent("main"), /理由: お支払いがありません/);
			await page.click("#resume");
			await page.waitForSelector("#suspend");
			assert.equal(state.mock.accounts.get(2).suspended, false);
		});
	});

	test("mail is closed at first, opened for all servers of a customer, and closed again", async () => {
		state.mock.addAccount("aoi");
		await withPage({ at: "/#/admin/customers/2", language: "en" }, async (page) => {
			await page.waitForSelector("#smtp-now:has-text('closed at first')");
			await page.focus("#smtp-change");
			await page.keyboard.press("Enter");
			await page.waitForSelector("#smtp-now:has-text('may send mail')");
			assert.equal(state.mock.accounts.get(2).smtp_open, true);
			await page.click("#smtp-change");
			await page.waitForSelector("#smtp-now:has-text('closed at first')");
			assert.equal(state.mock.accounts.get(2).smtp_open, false);
			assert.deepEqual(sent("PUT", /customers\/2$/).map(([, , body]) => JSON.parse(body)), [{ smtp_open: true }, { smtp_open: false }]);
		});
	});

	test("a server is handed over, and a person deleted by typing the name", async () => {
		state.mock.addAccount("aoi");
		const server = state.mock.addServer("hajime", "running");
		await withPage({ at: "/#/admin/customers/1", expected: /422/ }, async (page) => {
			await page.locator(`[data-server='${server.id}'] .button`).click();
			assert.ok(await page.isDisabled("dialog .destroys"));
			await page.fill("#hand-over-to", "nobody");
			await page.click("dialog .destroys");
			await page.waitForSelector(`[data-server='${server.id}'] .notice`);
			await page.locator(`[data-server='${server.id}'] .key-remove .button`).click();
			await page.fill("#hand-over-to", "aoi");
			await page.click("dialog .destroys");
			await eventually(() => page.locator("[data-server]").count(), 0);
			await page.locator("[data-person='3'] .destroys").first().click();
			await page.fill("#delete-person-name", "hanak");
			assert.ok(await page.isDisabled("dialog .destroys"));
			await page.fill("#delete-person-name", "hanako");
			await page.click("dialog .destroys");
			await eventually(() => page.locator("[data-person]").count(), 1);
			await page.locator("[data-person='2'] .destroys").first().click();
			await page.fill("#delete-person-name", "taro");
			await page.click("dialog .destroys");
			await page.waitForSelector("[data-person='2'] .notice");
			assert.ok(state.mock.members.has(2), "the last owner stays");
		});
	});

	test("a note is kept", async () => {
		state.mock.addAccount("aoi", { note: "電話は午後に" });
		await withPage({ at: "/#/admin/customers/2" }, async (page) => {
			await page.waitForSelector("#note");
			assert.equal(await page.inputValue("#note"), "電話は午後に");
			await page.fill("#note", "<b>x</b>");
			await page.locator("[aria-labelledby=note-title] .button").click();
			await eventually(() => state.mock.accounts.get(2).note, "<b>x</b>");
			await eventually(() => page.inputValue("#note"), "<b>x</b>");
		});
	});

	test("acting for one: a strip says so in every room, and its button ends it", async () => {
		state.mock.addAccount("aoi");
		await withPage({ at: "/#/admin/customers/2" }, async (page) => {
			await page.click("#act-for");
			await page.waitForSelector("#acting");
			assert.match(page.url(), /#\/servers$/);
			assert.match(await page.textContent("#acting"), /aoi の代わりに操作しています/);
			await page.goto(`${state.mock.url}/#/keys`);
			await page.waitForSelector("#acting");
			await page.reload();
			await page.waitForSelector("#acting");
			await page.click("#end-acting");
			await page.locator("#acting").waitFor({ state: "detached" });
			assert.match(page.url(), /#\/admin\/customers\/2$/);
			assert.deepEqual(sent("PUT", /sessions\/current/).map(([, , body]) => JSON.parse(body).customer), [2, 1]);
		});
	});

	test("who is no operator is not led there, and is refused", async () => {
		state.mock.users.set("hanako", { id: 3, name: "hanako", password: "a long enough phrase", operator: false });
		await withPage({ as: "hanako", at: "/#/admin/customers", expected: /403/ }, async (page) => {
			await page.waitForSelector("main .notice.attention");
			assert.equal(await page.locator(".header nav a[href='#/admin/customers']").count(), 0);
			assert.match(await page.textContent("main"), /権限がありません/);
		});
	});
});

describe("the customer's side", () => {
	test("limits stand in the account's room and before the price of a new server", async () => {
		state.mock.addAccount("operator", { id: 1, used: { servers: 2, memory_mib: 2048 } });
		await withPage({ at: "/#/account", language: "en" }, async (page) => {
			await page.waitForSelector("[data-quota=members]");
			assert.match(await page.textContent("[data-quota=memory_mib]"), /2\sGB of 128\sGB/);
			await page.goto(`${state.mock.url}/#/servers/new`);
			await page.waitForSelector("[data-quota=servers]");
			assert.match(await page.textContent("[data-quota=servers]"), /2 of 10/);
			assert.equal(await page.locator("[data-quota=tokens]").count(), 0);
		});
	});

	test("a suspension shows with its reason while one looks, and goes", async () => {
		await withPage({}, async (page) => {
			await page.waitForSelector(".empty");
			state.mock.customer = { id: 1, name: "operator", suspended: true, suspension_reason: "お支払いがありません" };
			state.mock.emit("account", { account: { id: 1 } });
			await page.waitForSelector("#suspended");
			assert.match(await page.textContent("#suspended"), /お支払いがありません/);
			state.mock.customer = null;
			state.mock.emit("account", { account: { id: 1 } });
			await page.locator("#suspended").waitFor({ state: "detached" });
		});
	});
});
