// The journey of a first visitor on a real Ippo with a real guest: invitation → password → live list
// → start → shut down → force stop → sign out → sign in again.
//
//   IPPO_URL         https://localhost:8443
//   IPPO_INVITATION  the one-time link, or its key
//   IPPO_SERVER      name of a server that may be started and stopped; it is left as it was found
//   IPPO_START_S     how long a start may take [180]
//   IPPO_SHUTDOWN_S  how long the guest may take to shut down before it is forced [120]

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import test from "node:test";
import { ofTheMachine, startBrowser, watch } from "./browser.mjs";
import { eventually } from "./harness.mjs";

const env = (name) => {
	assert.ok(process.env[name], `${name} is not set; the head of real.mjs says what is needed`);
	return process.env[name];
};
const seconds = (name, otherwise) => Number(process.env[name] ?? otherwise) * 1000;

test("the first visit, on a real Ippo with a real guest", async (t) => {
	const origin = new URL(env("IPPO_URL")).origin;
	const key = env("IPPO_INVITATION").split("/").at(-1);
	const serverName = env("IPPO_SERVER");
	const start_ms = seconds("IPPO_START_S", 180);
	const shutdown_ms = seconds("IPPO_SHUTDOWN_S", 120);
	const person = `visitor-${Date.now().toString(36)}`;
	const phrase = `a phrase made at ${Date.now()} by the test`;

	const browser = await startBrowser();
	t.after(() => browser.close());
	const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: "ja-JP", viewport: { width: 1280, height: 800 } });
	const page = await context.newPage();
	const problems = await watch(page, origin);
	const card = (tab = page) => tab.locator(".server", { has: tab.getByRole("heading", { name: serverName, exact: true }) });
	const state = (name, tab) => card(tab).locator(`.state-${name}`);
	const button = (verb) => card().locator(`[data-verb=${verb}]`);
	const reload = async () => {
		let before;
		do {
			before = problems.length;
			await page.reload();
		} while (problems.slice(before).some((problem) => ofTheMachine.test(problem)));
	};
	let foundRunning = false;

	await t.test("the page comes with a strict policy, compressed, in at most 150 KiB", async () => {
		const wire = await context.newCDPSession(page);
		let bytes = 0;
		await wire.send("Network.enable");
		wire.on("Network.loadingFinished", ({ encodedDataLength }) => { bytes += encodedDataLength; });
		const response = await page.goto(`${origin}/#/invitation/${key}`);
		await page.waitForSelector("#password");
		const policy = response.headers()["content-security-policy"] ?? "";
		assert.match(policy, /script-src 'self'(;|$)/);
		assert.match(policy, /style-src 'self'(;|$)/);
		assert.doesNotMatch(policy, /unsafe|\*/);
		assert.ok(bytes > 10000 && bytes <= 150 * 1024, `${bytes} bytes`);
		await wire.detach();
	});

	await t.test("the invitation makes a user who is signed in by a guarded cookie", async () => {
		await page.fill("#name", person);
		await page.fill("#password", phrase);
		await page.click("button.primary");
		await card().waitFor();
		assert.match(page.url(), /#\/servers$/);
		const cookie = (await context.cookies(origin)).find(({ name }) => name === "__Host-ippo");
		assert.ok(cookie, "the cookie __Host-ippo is there");
		assert.deepEqual([cookie.httpOnly, cookie.secure, cookie.sameSite, cookie.path], [true, true, "Strict", "/"]);
		assert.equal(await page.evaluate(() => document.cookie), "", "and no script sees it");
	});

	const settled = async (patience_ms) => {
		await card().locator(".state-running, .state-off").waitFor({ timeout: patience_ms });
		return (await state("running").count()) > 0;
	};

	/** Presses a button and proves that it says "in progress" within 100 ms. */
	const pressPending = async (verb) => {
		const took_ms = await button(verb).evaluate((element) => new Promise((resolve) => {
			const box = element.closest(".server");
			const start = performance.now();
			new MutationObserver(() => {
				if (box.querySelector(".state-busy"))
					resolve(performance.now() - start);
			}).observe(box, { subtree: true, childList: true, attributes: true });
			element.click();
		}));
		assert.ok(took_ms < 100, `pending after ${took_ms} ms`);
	};

	const noFailure = async () => {
		const failures = await card().locator(".action-failure").allTextContents();
		assert.deepEqual(failures, []);
	};

	const startIt = async () => {
		await pressPending("poweron");
		await state("running").waitFor({ timeout: start_ms });
		await noFailure();
	};

	const forceIt = async () => {
		await button("poweroff").click();
		await page.waitForSelector("dialog[open]");
		await page.click("dialog .destroys");
		await state("off").waitFor({ timeout: 60000 });
		await noFailure();
	};

	await t.test("a stopped server starts, and another tab sees it within a second", async () => {
		foundRunning = await settled(start_ms);
		if (foundRunning)
			await forceIt();
		assert.match(await card().textContent(), /停止中は外から攻撃されません/);
		const other = await context.newPage();
		await other.goto(`${origin}/#/servers`);
		await state("off", other).waitFor();
		await startIt();
		const from = performance.now();
		await state("running", other).waitFor({ timeout: 5000 });
		assert.ok(performance.now() - from < 1000);
		await other.close();
		assert.match(await card().locator(".action-line").first().textContent(), /起動\s*成功\s*[\d.]+(秒|分)/);
		assert.match(await card().locator(".copy code").textContent(), /^ssh \S+@[0-9a-f.:]+$/);
	});

	await t.test("its consoles: what was said before is there, keys arrive, a reload comes back, the screen is a tab away", async () => {
		const tickets = [];
		page.on("request", (request) => request.url().endsWith("/request_console") && tickets.push(request.postData()));
		const said = () => page.evaluate(() => document.querySelector(".xterm-rows").innerText.replaceAll("\u00a0", " "));
		const open = (kind) => page.waitForSelector(`#panel-${kind} .console-state-open`, { timeout: 60000 });
		await card().getByText("コンソールを開く").click();
		await open("serial");
		await eventually(async () => /\S/.test(await said()), true);
		await page.locator(".serial-screen textarea").focus();
		await page.keyboard.press("Enter");
		await page.keyboard.type("echo ippo-$((1+1))-arrived");
		await page.keyboard.press("Enter");
		await eventually(async () => /arrived/.test(await said()), true, 60000);
		assert.equal(tickets.length, 1);

		// The cookie of that console brings a reload back; no second ticket is made.
		await reload();
		await open("serial");
		await eventually(async () => /arrived/.test(await said()), true, 60000);
		assert.equal(tickets.length, 1);

		await page.getByRole("tab", { name: "VNCコンソール" }).click();
		await open("vnc");
		assert.ok((await page.locator("#panel-vnc canvas").evaluate((canvas) => canvas.width)) > 0);
		if (process.env.IPPO_SCREENSHOTS)
			await page.screenshot({ path: `${process.env.IPPO_SCREENSHOTS}/vnc.png` });
		await page.getByRole("tab", { name: "シリアルコンソール" }).click();
		if (process.env.IPPO_SCREENSHOTS)
			await page.screenshot({ path: `${process.env.IPPO_SCREENSHOTS}/serial.png` });
		await page.goto(`${origin}/#/servers`);
		await card().waitFor();
	});

	await t.test("it shuts down; force stop is at hand all the while", async () => {
		await pressPending("shutdown");
		assert.equal(await button("poweroff").getAttribute("aria-disabled"), null);
		const done = await state("off").waitFor({ timeout: shutdown_ms }).then(() => true, () => false);
		if (!done) {
			t.diagnostic("the guest did not shut down by itself and was forced");
			await forceIt();
		}
		await noFailure();
	});

	await t.test("it starts again and is stopped by force, after a question", async () => {
		await startIt();
		await forceIt();
		assert.match(await card().locator(".action-line").first().textContent(), /強制停止\s*成功/);
	});

	await t.test("the last action survives a reload; the language changes in place", async () => {
		await reload();
		await card().locator(".action-line:has-text('強制停止')").first().waitFor();
		await page.click("#language-button");
		await page.click("#language-choices button[lang=en]");
		await card().locator(".action-line:has-text('Force stop')").first().waitFor();
		await page.click("#language-button");
		await page.click("#language-choices button[lang=ja]");
		await page.waitForSelector("h1:text-is('サーバー一覧')");
	});

	const axe = async () => {
		await page.evaluate(readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
		const violations = await page.evaluate(async () =>
			(await window.axe.run(document, { rules: { "target-size": { enabled: true } } })).violations.map(({ id }) => id));
		assert.deepEqual(violations, []);
	};

	await t.test("its home, its graphs and the history show what was done and measured", async () => {
		await axe();
		await card().getByRole("link", { name: serverName, exact: true }).click();
		await page.waitForSelector("#information-title");
		assert.match(await page.locator("main").textContent(), /強制停止\s*成功/);
		await page.waitForFunction(() => /円|￥|¥|€|EUR|JPY/.test(document.querySelector("[aria-labelledby=information-title]").textContent));
		await axe();
		await page.click(".room-tabs a[href$='/graphs']");
		// How much was measured by now depends on how long the guest has run.
		await page.locator("[data-graph=cpu] :is(canvas, .hint)").first().waitFor();
		assert.equal(await page.locator("[data-graph]").count(), 4);
		await axe();
		await page.click("nav a[href='#/history']");
		await page.locator("[data-line]", { hasText: "強制停止" }).first().waitFor();
		assert.match(await page.locator("[data-line]", { hasText: "強制停止" }).first().textContent(), new RegExp(person));
		await axe();
		await page.goto(`${origin}/#/servers`);
		await card().waitFor();
	});

	await t.test("by keyboard alone: a server is created with a key made here, its console is used and left, it is deleted", async () => {
		const made = `keys-${Date.now().toString(36)}`;
		const at = (selector) => page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector);
		const tabTo = async (selector, key = "Tab") => {
			for (let n = 0; n < 120 && !await at(selector); n++)
				await page.keyboard.press(key);
			assert.ok(await at(selector), `${key} leads to ${selector}`);
		};
		const press = async (selector, key) => {
			await tabTo(selector, key);
			await page.keyboard.press("Enter");
		};
		/** Radio buttons are one stop; the arrows choose. */
		const choose = async (group, words) => {
			await tabTo(`#${group} input`);
			const chosen = () => page.evaluate(() => document.activeElement.closest("label").innerText);
			for (let n = 0; n < 10 && !(await chosen()).includes(words); n++)
				await page.keyboard.press("ArrowDown");
			assert.ok((await chosen()).includes(words), words);
		};
		await page.focus("#heading");
		await press("main a[href='#/servers/new']");
		await page.waitForSelector(".create");
		await choose("image", "tiny");
		await choose("plan", "tiny");
		await choose("way", "ここで新しい鍵を作る");
		await tabTo("#key-name");
		await page.keyboard.press("Control+A");
		await page.keyboard.type(made);
		await tabTo("#server-name");
		await page.keyboard.type(made);
		await press(".create-cost button");
		await page.waitForSelector("dialog[open]");
		await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
		await press("dialog .primary");
		await page.waitForSelector("[data-home] .home-start [data-verb=poweron]", { timeout: start_ms });
		assert.equal(await page.textContent("h1"), made);
		await axe();
		await press("a[href$='/console']");
		await press("main [data-verb=poweron]");
		await page.waitForSelector("#panel-serial .console-state-open", { timeout: start_ms });
		const said = () => page.evaluate(() => document.querySelector(".xterm-rows")?.innerText.replaceAll("\u00a0", " ") ?? "");
		await eventually(async () => /tiny is up/.test(await said()), true, start_ms);
		await tabTo(".serial-screen textarea");
		await page.keyboard.press("Enter");
		await page.keyboard.type("echo by-$((40+2))-keys");
		await page.keyboard.press("Enter");
		await eventually(async () => /by-42-keys/.test(await said()), true, 60000);
		await page.keyboard.press("Control+Alt+Shift");
		assert.ok(!await at(".serial-screen textarea"));
		await press(".crumbs a[href^='#/servers/']", "Shift+Tab");
		await page.waitForSelector("[data-home]");
		// It told its host key where the network does not reach.
		await page.locator("[data-client] code", { hasText: "ssh-ed25519" }).waitFor({ timeout: start_ms });
		await press(".room-tabs a[href$='/settings']");
		await page.waitForSelector("[data-settings]");
		await press("#delete");
		await page.waitForSelector("dialog[open]");
		await tabTo("#delete-name");
		await page.keyboard.type(made);
		await press("dialog .destroys");
		await page.waitForSelector(".notice a[href='#/servers']", { timeout: 60000 });
		await page.goto(`${origin}/#/servers`);
		await card().waitFor();
	});

	await t.test("signing out ends the session; the password signs in again", async () => {
		const before = (await context.cookies(origin)).find(({ name }) => name === "__Host-ippo").value;
		await page.click("#account-button");
		await page.locator("#account-choices button").last().click();
		await page.waitForSelector("h1:text-is('ログイン')");
		const refused = await context.request.get(`${origin}/v1/me`, { headers: { Cookie: `__Host-ippo=${before}` } });
		assert.equal(refused.status(), 401, "the old cookie opens nothing");
		await page.fill("#name", person);
		await page.fill("#password", phrase);
		await page.press("#password", "Enter");
		await card().waitFor();
		await eventually(() => page.textContent("#account-button .menu-shown"), person);
	});

	await t.test("the server is left as it was found", async () => {
		await settled(start_ms);
		if (foundRunning)
			await startIt();
	});

	await t.test("nothing happened on the way that must not", () => {
		assert.deepEqual(problems.filter((problem) => !ofTheMachine.test(problem)), []);
	});

	await t.test("the link works once", async () => {
		const late = await browser.newContext({ ignoreHTTPSErrors: true, locale: "ja-JP" });
		const tab = await late.newPage();
		await tab.goto(`${origin}/#/invitation/${key}`);
		await tab.waitForSelector("h1:text-is('この招待は使えません')");
		await late.close();
	});
});
