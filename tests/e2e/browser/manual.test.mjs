// The manual: read without signing in, searched, in both languages, at every width.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { describe, test } from "node:test";
import { eventually, panel, state, useBrowser, withPage } from "./harness.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const contents = (language) => JSON.parse(readFileSync(path.join(panel, `manual/${language}/contents.json`), "utf8"));
const topics = (language) => contents(language).groups.flatMap((group) => group.topics);
const focused = (page) => page.evaluate(() => document.activeElement.id);
const widest = (page) => page.evaluate(() => document.documentElement.scrollWidth);
const results = (page) => page.locator(".manual-result").count();

async function check(page, what) {
	await page.evaluate(axe);
	const { violations, passes } = await page.evaluate(() => window.axe.run(document, { rules: { "target-size": { enabled: true } } }));
	assert.ok(passes.length > 10, `${what}: axe looked at the page`);
	assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`), [], what);
}

useBrowser();

describe("manual", () => {
	test("is read without signing in, from the sign-in on, and nothing is asked of the API", async () => {
		await withPage({ as: null, at: "/#/sign-in" }, async (page) => {
			await page.click(".help a");
			await page.waitForSelector(".manual-text");
			assert.match(page.url(), /#\/manual\/sign-in$/);
			assert.equal(await page.title(), "招待、ログイン、パスワードを忘れたとき — Ippo");
			assert.equal(await focused(page), "heading");
			await page.click(".header nav a");
			await page.waitForSelector(".manual-topics");
			assert.equal(await page.locator(".manual-topics li").count(), topics("ja").length);
			assert.equal(await page.locator(".header nav a[aria-current=page]").count(), 1);
			assert.equal(state.mock.count("GET", /./), 0);
		});
	});

	test("is read signed in, and each room leads to its topic", async () => {
		const server = state.mock.addServer("hajime", "running");
		const rooms = {
			"/servers": "servers", [`/servers/${server.id}`]: "servers", [`/servers/${server.id}/graphs`]: "graphs", [`/servers/${server.id}/first-step`]: "first-step", [`/servers/${server.id}/console`]: "console",
			"/keys": "ssh-keys", "/api-keys": "api-keys", "/history": "history", "/people": "people", "/notices": "notices", "/contact": "contact", "/alerts": "alerts", "/zones": "zones", "/firewalls": "firewalls", [`/servers/${server.id}/filter`]: "firewalls",
			"/servers/new": "create", [`/servers/${server.id}/backups`]: "backups", [`/servers/${server.id}/reinstall`]: "reinstall", [`/servers/${server.id}/history`]: "history", "/account": "account",
			"/admin/outbox": "outbox", "/admin/name-servers": "name-servers", "/admin/images": "images", "/admin/customers": "customers", "/admin/customers/1": "customers",
		};
		await withPage({}, async (page) => {
			for (const [room, topic] of Object.entries(rooms)) {
				await page.goto(`${state.mock.url}/#${room}`);
				await page.waitForSelector(`.help a[href="#/manual/${topic}"]`);
			}
			await page.click(".help a");
			await page.waitForSelector(".manual-text");
			assert.match(page.url(), /#\/manual\/customers$/);
			assert.equal(await page.locator(".header nav a").count(), 10);
		});
	});

	test("a first load fetches nothing of it", async () => {
		await withPage({ at: null }, async (page) => {
			const asked = [];
			page.on("request", (request) => asked.push(request.url()));
			await page.goto(state.mock.url);
			await page.waitForSelector(".empty");
			assert.deepEqual(asked.filter((url) => /\/manual/.test(url)), []);
		});
	});

	test("every topic is shown in both languages, and its links lead to rooms and topics that are there", async () => {
		for (const language of ["ja", "en"]) {
			await withPage({ as: null, language }, async (page) => {
				for (const { name, title } of topics(language)) {
					await page.goto(`${state.mock.url}/#/manual/${name}`);
					await page.waitForSelector(`h1:has-text(${JSON.stringify(title)})`);
					await page.waitForSelector(".manual-text h2");
					for (const href of await page.locator(".manual-text a[href^='#/manual/']").evaluateAll((links) => links.map((link) => link.getAttribute("href"))))
						assert.ok(topics(language).some((topic) => topic.name === href.split("/")[2]), href);
				}
			});
		}
	});

	test("Japanese is found without word boundaries, whatever its width, and the words are marked where they stand", async () => {
		await withPage({ as: null, at: "/#/manual" }, async (page) => {
			await page.fill("#manual-search", "ユーザーモード");
			await page.waitForSelector(".manual-result");
			assert.match(await page.locator(".manual-result h3").first().textContent(), /シングルユーザーモード/);
			const full = await results(page);
			await page.fill("#manual-search", "ﾕｰｻﾞｰﾓｰﾄﾞ");
			await eventually(() => results(page), full);
			await page.fill("#manual-search", "ｎｆｔａｂｌｅｓ　ＩＰｖ６");
			await page.waitForSelector(".manual-result mark:has-text('nftables')");
			assert.match(await page.locator(".manual-result").first().textContent(), /はじめの一歩/);
			await page.fill("#manual-search", "存在しない言葉");
			await page.waitForSelector("h2:has-text('見つかりませんでした')");
			assert.equal(await results(page), 0);
			await page.waitForFunction(() => document.getElementById("announcer").textContent.includes("見つかりませんでした"));
		});
	});

	test("a result leads to its place, and back to the results", async () => {
		await withPage({ as: null, language: "en", at: "/#/manual" }, async (page) => {
			await page.fill("#manual-search", "three seconds MENU");
			await page.waitForSelector(".manual-result");
			await page.locator(".manual-result a", { hasText: "Single-user mode" }).first().click();
			await page.waitForSelector("#at-single-user-mode:focus");
			assert.match(page.url(), /#\/manual\/recovery\/single-user-mode$/);
			assert.ok(await page.locator("#at-single-user-mode").evaluate((heading) => heading.getBoundingClientRect().top < innerHeight));
			await page.goBack();
			await page.waitForSelector(".manual-result");
			assert.equal(await page.inputValue("#manual-search"), "three seconds MENU");
		});
	});

	test("the language changes in place: topic and address stay", async () => {
		await withPage({ as: null, at: "/#/manual/recovery/single-user-mode" }, async (page) => {
			await page.waitForSelector("#at-single-user-mode:has-text('シングルユーザーモード')");
			await page.click("#language-button");
			await page.click("#language-choices button[lang=en]");
			await page.waitForSelector("#at-single-user-mode:has-text('Single-user mode')");
			assert.match(page.url(), /#\/manual\/recovery\/single-user-mode$/);
			assert.equal(await page.title(), "When you cannot log in — Ippo");
			assert.equal(await page.getAttribute(".manual-text", "lang"), "en");
		});
	});

	test("code is copied as it is", async () => {
		await withPage({ as: null, at: "/#/manual/first-step" }, async (page, context) => {
			await context.grantPermissions(["clipboard-read", "clipboard-write"]);
			const block = page.locator(".copy-block", { hasText: "table inet filter" });
			await block.locator("button").click();
			await block.locator("button:has-text('コピーしました')").waitFor();
			const text = await page.evaluate(() => navigator.clipboard.readText());
			assert.match(text, /^sudo apt install nftables netbase\nsudo tee \/etc\/nftables\.conf >\/dev\/null <<'EOT'\n/);
			assert.match(text, /\n\t\ttcp dport 22 accept\n/);
			assert.match(text, /\nEOT$/);
		});
	});

	test("a topic that is not there says so, and is not asked for; one that cannot be fetched is on request", async () => {
		await withPage({ as: null, at: "/#/manual/nothing", expected: /Failed to load|ERR_FAILED/ }, async (page) => {
			const asked = [];
			page.on("request", (request) => asked.push(request.url()));
			await page.waitForSelector("a.button[href='#/manual']");
			assert.deepEqual(asked.filter((url) => /nothing/.test(url)), []);
			await page.route("**/manual/ja/vps.json", (route) => route.abort());
			await page.goto(`${state.mock.url}/#/manual/vps`);
			await page.waitForSelector("[role=alert] button");
			await page.unroute("**/manual/ja/vps.json");
			await page.click("[role=alert] button");
			await page.waitForSelector(".manual-text");
		});
	});

	test("what a hostile file would say stays text: nodes that are not known, addresses that run", async () => {
		await withPage({ as: null, at: null }, async (page) => {
			const body = [["p", {}, "あ"], ["script", {}, "window.ran = 1"], ["p", {}, ["a", { href: "javascript:window.ran = 1" }, "ここ"]], ["p", {}, "<img src=x onerror='window.ran = 1'>"]];
			await page.route("**/manual/ja/vps.json", (route) => route.fulfill({ json: { title: "題", body } }));
			await page.goto(`${state.mock.url}/#/manual/vps`);
			await page.waitForSelector(".manual-text:has-text('ここ')");
			assert.equal(await page.locator(".manual-text :is(a, script, img)").count(), 0);
			assert.equal(await page.evaluate(() => window.ran), undefined);
		});
	});

	for (const language of ["ja", "en"]) {
		test(`nothing scrolls sideways at 360 and 320 pixels, in ${language}`, async () => {
			for (const width of [360, 320]) {
				await withPage({ as: null, language, width, height: 640, at: "/#/manual" }, async (page) => {
					await page.waitForSelector("#manual-search");
					for (const { name } of topics(language)) {
						await page.goto(`${state.mock.url}/#/manual/${name}`);
						await page.waitForSelector(`.manual-text`);
						await eventually(() => page.evaluate(() => location.hash), `#/manual/${name}`);
						assert.equal(await widest(page), width, `${name} ${language} ${width}`);
					}
					await page.goto(`${state.mock.url}/#/manual`);
					await page.fill("#manual-search", "ssh");
					await page.waitForSelector(".manual-result");
					assert.equal(await widest(page), width, `search ${language} ${width}`);
				});
			}
		});

		for (const scheme of ["light", "dark"]) {
			test(`axe finds nothing in ${language}, ${scheme}`, async () => {
				for (const width of [1280, 360]) {
					await withPage({ as: null, language, scheme, width, at: "/#/manual" }, async (page) => {
						await page.waitForSelector(".manual-topics");
						await check(page, `contents ${width}`);
						await page.fill("#manual-search", "ssh");
						await page.waitForSelector(".manual-result");
						await check(page, `results ${width}`);
						await page.fill("#manual-search", "xyzzy");
						await page.waitForFunction(() => document.querySelectorAll(".manual-result").length === 0);
						await check(page, `no results ${width}`);
						await page.goto(`${state.mock.url}/#/manual/first-step`);
						await page.waitForSelector(".manual-text blockquote");
						await check(page, `topic ${width}`);
						await page.goto(`${state.mock.url}/#/manual/nothing`);
						await page.waitForSelector("a.button[href='#/manual']");
						await check(page, `no such topic ${width}`);
					});
				}
			});
		}
	}
});
