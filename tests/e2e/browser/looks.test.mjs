// How pages look, where it has been wrong before: what pictures of them show, asked of the layout.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

useBrowser();

const box = (page, selector) => page.locator(selector).first().boundingBox();
const focused = (page) => page.evaluate(() => document.activeElement.id);

/** Somebody with something to read, so that the header is as full as it gets. */
function busy() {
	const server = state.mock.addServer("hajime", "running");
	state.mock.addNotice();
	state.mock.addAlert(server, { rule: state.mock.addAlertRule().id });
	return server;
}

describe("the header", () => {
	for (const language of ["ja", "en"]) {
		test(`one line at 1280, with everything that is counted: ${language}`, async () => {
			busy();
			await withPage({ language }, async (page) => {
				await page.waitForSelector(".header nav .count-alerts");
				assert.ok((await box(page, ".header")).height < 72);
				assert.ok(await page.isHidden("#all-rooms"));
			});
		});

		test(`one line and a menu at 360, closed by a choice: ${language}`, async () => {
			busy();
			await withPage({ language, width: 360 }, async (page) => {
				await page.waitForSelector("#all-rooms .count");
				assert.equal(await page.textContent("#all-rooms .count"), "2");
				assert.ok((await box(page, ".header")).height < 72);
				assert.ok(await page.isHidden("#rooms"));
				await page.focus("#all-rooms");
				await page.keyboard.press("Enter");
				assert.equal(await page.getAttribute("#all-rooms", "aria-expanded"), "true");
				await page.keyboard.press("Tab");
				assert.equal(await page.evaluate(() => document.activeElement.getAttribute("href")), "#/servers", "the rooms follow");
				await page.click("#rooms a[href='#/contract']");
				await eventually(() => focused(page), "heading");
				assert.ok(await page.isHidden("#rooms"));
			});
		});
	}
});

describe("wide screens", () => {
	for (const language of ["ja", "en"]) {
		test(`a server's rooms stand in one line, and the history's results within theirs: ${language}`, async () => {
			const server = busy();
			state.mock.addLine("server.poweron", { resource: { type: "server", id: server.id, name: "hajime" } });
			await withPage({ language, at: `/#/servers/${server.id}/history` }, async (page) => {
				await page.waitForSelector("[data-line]");
				const tabs = await page.locator(".room-tabs li").evaluateAll((items) => items.map((item) => item.getBoundingClientRect().y));
				assert.ok(tabs.length >= 8 && tabs.every((y) => y === tabs[0]), tabs.join());
				const [line, result] = [await box(page, ".history-line"), await box(page, ".history-result")];
				assert.ok(result.x + result.width <= line.x + line.width);
			});
		});
	}
});

describe("narrow screens", () => {
	test("a fact keeps its distance from its name", async () => {
		state.mock.addAccount("hanako");
		await withPage({ language: "en", at: "/#/admin/customers", width: 360 }, async (page) => {
			await page.waitForSelector("[data-customer] .facts");
			const gaps = await page.locator(".facts > div").evaluateAll((facts) => facts.map((fact) => {
				const range = document.createRange();
				range.selectNodeContents(fact.querySelector("dt"));
				return fact.querySelector("dd").getBoundingClientRect().x - range.getBoundingClientRect().right;
			}));
			assert.ok(gaps.length > 0 && gaps.every((gap) => gap >= 4), gaps.join());
		});
	});

	test("the rooms of a group are a menu with the whole name", async () => {
		await withPage({ at: "/#/networks", width: 360 }, async (page) => {
			await page.waitForSelector("#network-rooms-button");
			const shown = page.locator("#network-rooms-button .menu-shown");
			assert.equal(await shown.textContent(), "プライベートネットワーク");
			assert.ok(await shown.evaluate((element) => element.scrollWidth <= element.clientWidth), "nothing is cut off");
			await page.click("#network-rooms-button");
			await page.click("#network-rooms-choices button >> nth=0");
			await page.waitForFunction(() => location.hash === "#/firewalls");
			await eventually(() => page.textContent("#network-rooms-button .menu-shown"), "パケットフィルター");
		});
	});

	test("the search has whole words, in either language", async () => {
		for (const name of ["one", "two", "three", "four", "five", "six"])
			state.mock.addServer(name);
		for (const language of ["ja", "en"]) {
			await withPage({ language, width: 360 }, async (page) => {
				await page.waitForSelector("#server-search");
				for (const label of await page.locator(".server-search label").all())
					assert.ok(await label.evaluate((element) => element.scrollWidth <= element.clientWidth && element.clientHeight < 40), await label.textContent());
				assert.ok((await box(page, ".server-search select")).width > 100);
			});
		}
	});

	test("no cell of the contract is a column of letters", async () => {
		const server = state.mock.addServer("hajime", "running");
		state.mock.addCharge(server, "upgrade", 383, { days: 23 });
		await withPage({ at: "/#/contract", width: 360 }, async (page) => {
			await page.waitForSelector("tfoot");
			for (const cell of await page.locator(".contract-table :is(th, td):visible").all()) {
				const { height } = await cell.boundingBox();
				assert.ok(height < 120, `${await cell.textContent()}: ${height}`);
			}
			const statement = page.locator("[aria-labelledby=statement-title] .graph-table");
			assert.ok(await statement.evaluate((element) => element.scrollWidth <= element.clientWidth), "all of it is in sight");
			assert.match(await statement.innerText(), /hajime \(1g\)/);
		});
	});
});

test("a page that is loaded has no ring around its heading; one that is entered by keyboard has the focus there", async () => {
	await withPage({ at: "/#/manual" }, async (page) => {
		await page.waitForSelector(".manual-topics");
		assert.equal(await focused(page), "");
		await page.focus(".manual-topics a");
		await page.keyboard.press("Enter");
		await eventually(() => focused(page), "heading");
	});
});

test("a dialog looks the same wherever it is asked, with room between its words and its fields", async () => {
	const server = state.mock.addServer("hajime", "running");
	state.mock.addPasskey("taro", "phone");
	const measure = (page) => page.evaluate(() => {
		const buttons = document.querySelector("dialog > .buttons");
		return [getComputedStyle(document.querySelector("dialog h2")).fontSize, buttons.getBoundingClientRect().y - buttons.previousElementSibling.getBoundingClientRect().bottom].join(" ");
	});
	await withPage({ at: "/#/account", width: 360 }, async (page) => {
		await page.locator("[data-passkey] button").click();
		const inside = await measure(page);
		await page.keyboard.press("Escape");
		await page.goto(`${state.mock.url}/#/admin/customers/1`);
		await page.click("#suspend");
		assert.equal(await measure(page), inside);
		const [words, label] = [await box(page, "dialog > div > p"), await box(page, "dialog label")];
		assert.ok(label.y - words.y - words.height >= 16);
		await page.keyboard.press("Escape");
		await page.goto(`${state.mock.url}/#/servers/${server.id}/settings`);
		await page.click("#delete");
		assert.equal(await measure(page), inside);
	});
});

test("what is made in a room does not touch what was made", async () => {
	const server = state.mock.addServer("hajime");
	state.mock.addNetwork("inside", [server]);
	await withPage({ at: "/#/networks" }, async (page) => {
		await page.waitForSelector("[data-member]");
		const [button, list] = [await box(page, "#make-network"), await box(page, "ul.servers")];
		assert.ok(list.y - button.y - button.height >= 8);
	});
});
