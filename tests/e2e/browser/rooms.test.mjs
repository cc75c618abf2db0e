// Each room, as a person uses it, on the mock.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { card, eventually, state, useBrowser, withPage } from "./harness.mjs";
import { mockPassword } from "./mock.mjs";

const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
const widest = (page) => page.evaluate(() => document.documentElement.scrollWidth);
const phrase = "a long enough phrase";

useBrowser();

describe("invitation", () => {
	test("name and password, then signed in; the link's key leaves the history", async () => {
		await withPage({ as: null, at: "/#/invitation/KEY-1" }, async (page) => {
			await page.fill("#name", "hanako");
			await page.fill("#password", phrase);
			assert.equal(await page.getAttribute("#password", "type"), "password");
			await page.click("button[aria-controls=password]");
			assert.equal(await page.getAttribute("#password", "type"), "text");
			await page.click("button.primary");
			await page.waitForSelector(".empty");
			assert.match(page.url(), /#\/servers$/);
			assert.equal(await page.title(), "サーバー一覧 — Ippo");
			assert.equal(await focused(page), "heading");
			await page.reload();
			await page.waitForSelector(".empty");
			assert.equal(await page.textContent("#account-button .menu-shown"), "hanako");
			await page.goBack().catch(() => {});
			assert.doesNotMatch(page.url(), /KEY-1/);
		});
	});

	test("mistakes stand in a summary that takes the focus, and beside each field", async () => {
		await withPage({ as: null, at: "/#/invitation/KEY-1" }, async (page) => {
			await page.fill("#name", "はなこ");
			await page.fill("#password", "short");
			await page.click("button.primary");
			await eventually(() => page.evaluate(() => document.activeElement.getAttribute("aria-labelledby")), "summary-title");
			for (const field of ["name", "password"]) {
				const beside = await page.textContent(`#${field}-problem span`);
				assert.equal(await page.locator(".notice li", { hasText: beside }).count(), 1);
				assert.equal(await page.getAttribute(`#${field}`, "aria-invalid"), "true");
				assert.match(await page.getAttribute(`#${field}`, "aria-describedby"), new RegExp(`${field}-problem`));
			}
			await page.locator(".notice li a").nth(1).click();
			assert.equal(await focused(page), "password");
			assert.equal(await page.inputValue("#name"), "はなこ");
			assert.equal(state.mock.count("POST", /redeem/), 0);
		});
	});

	test("what the service refuses stands at its field", async () => {
		await withPage({ as: null, at: "/#/invitation/KEY-1", expected: /4(09|22)/ }, async (page) => {
			await page.fill("#name", "taro");
			await page.fill("#password", phrase);
			await page.click("button.primary");
			await page.waitForSelector("#name-problem");
			await page.fill("#name", "hanako");
			await page.fill("#password", "passwordpassword");
			await page.click("button.primary");
			await page.waitForSelector("#password-problem");
			assert.match(await page.textContent(".notice .detail"), /most common passwords/);
		});
	});

	test("a network failure keeps what was typed, and the next try works", async () => {
		await withPage({ as: null, at: "/#/invitation/KEY-1", expected: /ERR_|5\d\d/ }, async (page) => {
			const mend = state.mock.cut("POST", /redeem/);
			await page.fill("#name", "hanako");
			await page.fill("#password", phrase);
			await page.click("button.primary");
			await page.waitForSelector("#summary-title");
			assert.equal(await page.inputValue("#name"), "hanako");
			assert.equal(await page.inputValue("#password"), phrase);
			mend();
			await page.click("button.primary");
			await page.waitForSelector(".empty");
		});
	});

	test("a used link says so and what to do", async () => {
		await withPage({ as: null, at: "/#/invitation/USED", expected: /404/ }, async (page) => {
			await page.waitForSelector("h1:has-text('この招待は使えません')");
			assert.equal(await page.locator("#password").count(), 0);
		});
	});
});

describe("session", () => {
	test("signing in, signing out in one tab signs out the other", async () => {
		await withPage({ as: null, expected: /401/ }, async (page, context) => {
			await page.waitForSelector("#password");
			assert.match(page.url(), /#\/sign-in$/);
			assert.equal(state.mock.count("GET", /./), 0, "nobody is asked before there is a session");
			await page.fill("#name", "taro");
			await page.fill("#password", "wrong password");
			await page.click("button.primary");
			await page.waitForSelector("#name-problem");
			await page.fill("#password", mockPassword);
			await page.press("#password", "Enter");
			await page.waitForSelector(".empty");

			const other = await context.newPage();
			await other.goto(state.mock.url);
			await other.waitForSelector(".empty");
			await page.click("#account-button");
			await page.locator("#account-choices button").last().click();
			await page.waitForSelector("#password");
			await other.waitForSelector("#password");
			assert.equal(state.mock.sessions.size, 0);
		});
	});

	test("a session that ended elsewhere leads to the sign-in, which says why", async () => {
		const server = state.mock.addServer("hajime");
		await withPage({ expected: /401/ }, async (page) => {
			await card(page, server).waitFor();
			state.mock.sessions.clear();
			await card(page, server).locator("[data-verb=poweron]").click();
			await page.waitForSelector(".notice:has-text('有効期限が切れました')");
		});
	});

	test("when the service is down at the start, there is a way to try again", async () => {
		state.mock.fail("GET", /me$/, { status: 503, code: "unavailable", message: "core is not running" });
		await withPage({ expected: /503/ }, async (page) => {
			await page.click(".notice button");
			await page.waitForSelector(".empty");
		});
	});
});

describe("servers", () => {
	test("an empty list is one sentence and one button", async () => {
		await withPage({}, async (page) => {
			await page.waitForSelector(".empty");
			assert.equal(await page.locator(".empty > p").count(), 1);
			assert.equal(await page.locator(".empty .button").count(), 1);
		});
	});

	test("each state is a word and a drawing of its own, and the words alone are read out", async () => {
		const { mock } = state;
		mock.action_ms = 0;
		for (const status of ["running", "off", "unknown"])
			mock.addServer(status, status);
		mock.addAction(mock.addServer("busy", "running"), "shutdown_server", { progress: 40, ippo: { step: "shutdown", undoing: false } });
		await withPage({}, async (page) => {
			await page.waitForSelector(".state-busy");
			const states = await page.locator(".server .state").evaluateAll((all) => all.map((each) => ({
				word: each.textContent.trim(),
				drawing: each.querySelector("svg").innerHTML,
				isHidden: each.querySelector("svg").getAttribute("aria-hidden"),
			})));
			assert.deepEqual(states.map(({ word }) => word).sort(), ["不明", "停止中", "処理中", "稼働中"]);
			assert.equal(new Set(states.map(({ drawing }) => drawing)).size, 4);
			assert.ok(states.every(({ drawing, isHidden }) => drawing !== "" && isHidden === "true"));
		});
	});

	test("a stopped server says what that means; a running one how to log in, with a copy button", async () => {
		const off = state.mock.addServer("futatsume");
		const on = state.mock.addServer("hajime", "running");
		await withPage({}, async (page, context) => {
			await context.grantPermissions(["clipboard-read", "clipboard-write"]);
			assert.match(await card(page, off).textContent(), /停止中は外から攻撃されません。準備ができたら起動してください。/);
			assert.equal(await card(page, off).locator("code", { hasText: "ssh" }).count(), 0);
			await card(page, on).locator(".copy button").click();
			await card(page, on).locator(".copy button:has-text('コピーしました')").waitFor();
			assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `ssh debian@10.77.0.${on.id + 1}`);
		});
	});

	test("a server without IPv4 is reached by the first address of its network", async () => {
		const server = state.mock.addServer("roku", "running");
		server.public_net.ipv4 = null;
		await withPage({}, async (page) => {
			assert.equal(await card(page, server).locator(".copy code").textContent(), `ssh debian@fd5b:1a2c:77:${server.id.toString(16)}::1`);
		});
	});

	test("force stop asks first: harmless focus, Tab inside, Esc, focus returns, says what is lost", async () => {
		const server = state.mock.addServer("hajime", "running");
		await withPage({}, async (page) => {
			const button = card(page, server).locator("[data-verb=poweroff]");
			await button.click();
			await page.waitForSelector("dialog[open]");
			assert.match(await page.textContent("dialog"), /保存していないデータは失われ/);
			assert.equal(await focused(page), "キャンセル");
			for (const expected of ["強制停止", "キャンセル", "強制停止"]) {
				await page.keyboard.press("Tab");
				assert.equal(await focused(page), expected);
			}
			await page.keyboard.press("Shift+Tab");
			await page.keyboard.press("Shift+Tab");
			assert.equal(await focused(page), "強制停止");
			await page.keyboard.press("Escape");
			await eventually(() => page.locator("dialog").count(), 0);
			await eventually(() => button.evaluate((element) => document.activeElement === element), true);
			assert.equal(state.mock.count("POST", /poweroff/), 0);

			await button.click();
			await page.click("dialog .destroys");
			await card(page, server).locator(".state-off").waitFor();
			await eventually(() => focused(page), `server-${server.id}`);
			assert.equal(state.mock.count("POST", /poweroff/), 1);
		});
	});

	test("the question is withdrawn with its reason when the server stops meanwhile", async () => {
		const server = state.mock.addServer("hajime", "running");
		await withPage({}, async (page) => {
			await card(page, server).locator("[data-verb=poweroff]").click();
			await page.waitForSelector("dialog[open]");
			state.mock.setStatus(server, "off");
			await page.waitForSelector("dialog .dialog-obstacle");
			assert.ok(await page.isDisabled("dialog .destroys"));
			await page.keyboard.press("Escape");
			await eventually(() => focused(page), `server-${server.id}`);
		});
	});

	test("many servers come page by page", async () => {
		for (let i = 0; i < 120; i++)
			state.mock.addServer(`s-${String(i).padStart(3, "0")}`);
		await withPage({}, async (page) => {
			await eventually(() => page.locator(".server").count(), 50);
			assert.match(await page.textContent(".heading-about"), /120台/);
			assert.equal(state.mock.count("GET", /^\/v1\/servers\?/), 1, "the first page is read once");
			await page.click(".more button");
			await eventually(() => page.locator(".server").count(), 100);
			await page.click(".more button");
			await eventually(() => page.locator(".server").count(), 120);
			assert.equal(await page.locator(".more").count(), 0);
			assert.equal(state.mock.count("GET", /^\/v1\/servers\?/), 3, "and so is each other");
		});
	});

	test("a server that did not change is not drawn again, and each follows the language", async () => {
		for (let i = 0; i < 3; i++)
			state.mock.addServer(`s-${i}`);
		await withPage({}, async (page) => {
			await eventually(() => page.locator(".server").count(), 3);
			const [first, second] = [...state.mock.servers.values()];
			await page.evaluate((id) => {
				globalThis.drawn = 0;
				new MutationObserver((list) => { globalThis.drawn += list.length; })
					.observe(document.querySelector(`[data-server="${id}"]`), { childList: true, subtree: true, attributes: true, characterData: true });
			}, second.id);
			state.mock.emit("server", { server: { ...first, status: "running" } });
			await card(page, first).locator(".state-running").waitFor();
			assert.equal(await page.evaluate(() => globalThis.drawn), 0);
			await page.click("#language-button");
			await page.locator("#language-choices button", { hasText: "English" }).click();
			await card(page, second).locator(".state", { hasText: "Stopped" }).waitFor();
		});
	});

	test("the whole journey by keyboard alone", async () => {
		const server = state.mock.addServer("hajime");
		await withPage({ as: null, at: "/#/sign-in" }, async (page) => {
			const press = async (key, times = 1) => {
				for (let i = 0; i < times; i++)
					await page.keyboard.press(key);
			};
			const tabTo = async (text) => {
				for (let i = 0; i < 30; i++) {
					await press("Tab");
					if ((await focused(page)).startsWith(text))
						return;
				}
				assert.fail(`Tab never reached ${text}`);
			};
			await page.waitForSelector("#password");
			await press("Tab");
			assert.equal(await focused(page), "本文へ移動");
			await press("Enter");
			assert.equal(await focused(page), "heading");
			await press("Tab", 2); // past the help
			assert.equal(await focused(page), "name");
			await page.keyboard.type("taro");
			await press("Tab");
			await page.keyboard.type(mockPassword);
			await press("Enter");
			await card(page, server).waitFor();
			await tabTo("起動");
			await press("Enter");
			await card(page, server).locator(".state-running").waitFor();
			await eventually(() => focused(page), `server-${server.id}`);
			await tabTo("強制停止");
			await press("Enter");
			await page.waitForSelector("dialog[open]");
			await press("Tab");
			await press("Enter");
			await card(page, server).locator(".state-off").waitFor();
			await page.evaluate(() => { document.activeElement.blur(); });
			await tabTo("account-button");
			await press("Space");
			await tabTo("ログアウト");
			await press("Enter");
			await page.waitForSelector("#password");
		});
	});
});

describe("everywhere", () => {
	test("the language changes in place: route, form and focus stay, lang is set, the choice persists", async () => {
		await withPage({ as: null, at: "/#/invitation/KEY-1" }, async (page) => {
			await page.fill("#name", "hanako");
			await page.fill("#password", "short");
			await page.click("button.primary");
			await page.waitForSelector("#summary-title");
			await page.click("#language-button");
			await page.click("#language-choices button[lang=en]");
			await page.waitForSelector("h1:has-text('Welcome to Ippo')");
			assert.equal(await page.getAttribute("html", "lang"), "en");
			assert.equal(await page.title(), "Welcome to Ippo — Ippo");
			assert.match(page.url(), /#\/invitation\/KEY-1$/);
			assert.equal(await page.inputValue("#name"), "hanako");
			assert.equal(await page.inputValue("#password"), "short");
			assert.match(await page.textContent("#password-problem"), /at least 12/);
			assert.equal(await focused(page), "language-button");
			await page.reload();
			await page.waitForSelector("h1:has-text('Welcome to Ippo')");
		});
	});

	test("dark follows the system; a choice persists and does not flash", async () => {
		const ground = (page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
		await withPage({ as: null, at: "/#/sign-in" }, async (page) => {
			await page.waitForSelector("#password");
			const light = await ground(page);
			await page.emulateMedia({ colorScheme: "dark" });
			const dark = await ground(page);
			assert.notEqual(dark, light);
			await page.emulateMedia({ colorScheme: "light" });
			await page.click("#theme-button");
			await page.locator("#theme-choices button").nth(2).click();
			assert.equal(await ground(page), dark);

			let release;
			const gate = new Promise((resolve) => { release = resolve; });
			await page.route("**/app.js", async (route) => { await gate; await route.continue(); });
			await page.reload({ waitUntil: "commit" });
			await page.waitForSelector("#app", { state: "attached" });
			assert.equal(await ground(page), dark, "before the panel's own code runs");
			release();
			await page.waitForSelector("#password");
			assert.equal(await ground(page), dark);
		});
	});

	test("no page scrolls sideways at 360 and 320 pixels", async () => {
		const long = state.mock.addServer("a".repeat(63), "running");
		const failed = state.mock.addServer("failed");
		state.mock.endAction(state.mock.addAction(failed, "start_server"), { code: "memory_full", message: `no-spaces-${"x".repeat(200)}` });
		state.mock.action_ms = 0;
		for (const language of ["ja", "en"]) {
			for (const width of [360, 320]) {
				await withPage({ language, width, height: 640 }, async (page) => {
					await card(page, long).waitFor();
					assert.equal(await widest(page), width, `servers ${language}`);
					await card(page, long).locator("[data-verb=poweroff]").click();
					await page.waitForSelector("dialog[open]");
					assert.equal(await widest(page), width, `dialog ${language}`);
					await page.keyboard.press("Escape");
					for (const menu of ["language", "theme", "account"]) {
						await page.click(`#${menu}-button`);
						const box = await page.locator(`#${menu}-choices`).boundingBox();
						assert.ok(box.x >= 0 && box.x + box.width <= width, `${menu} ${language} ${width}`);
						assert.equal(await widest(page), width, `menu ${menu} ${language}`);
						await page.keyboard.press("Escape");
					}
					await page.goto(`${state.mock.url}/#/servers/${long.id}/settings`);
					await page.click("#delete");
					await page.waitForSelector("dialog[open]");
					assert.equal(await widest(page), width, `home ${language}`);
					await page.keyboard.press("Escape");
					await page.goto(`${state.mock.url}/#/invitation/KEY-1`);
					await page.click("button.primary");
					await page.waitForSelector("#summary-title");
					assert.equal(await widest(page), width, `invitation ${language}`);
					await page.goto(`${state.mock.url}/#/new-password/RESET-1`);
					await page.waitForSelector("#password");
					await page.click("button.primary");
					await page.waitForSelector("#summary-title");
					assert.equal(await widest(page), width, `new password ${language}`);
					await page.goto(`${state.mock.url}/#/forgot-password`);
					await page.locator("h1", { hasText: language === "ja" ? "忘れた" : "Forgot" }).waitFor();
					await page.click("button.primary");
					await page.waitForSelector("#summary-title");
					assert.equal(await widest(page), width, `forgotten password ${language}`);
					await page.goto(`${state.mock.url}/#/confirm-mail/MAIL-1`);
					await page.locator("h1", { hasText: language === "ja" ? "メール" : "Confirm" }).waitFor();
					assert.equal(await widest(page), width, `confirm mail ${language}`);
					await page.goto(`${state.mock.url}/#/nowhere`);
					await page.waitForSelector("a.button");
					assert.equal(await widest(page), width, `nowhere ${language}`);
				});
				await withPage({ as: null, language, width, at: "/#/sign-in" }, async (page) => {
					await page.click("button.primary");
					await page.waitForSelector("#summary-title");
					assert.equal(await widest(page), width, `sign-in ${language}`);
				});
			}
		}
	});

	test("a first load transfers at most 150 KiB and can be used within a second", async () => {
		const server = state.mock.addServer("hajime");
		const times = [];
		// What else the machine does delays a load, and nothing hastens it: the best of some counts. On a machine
		// that needs long for a page of plain text already, that is the measure.
		const isQuick = ({ plain_ms, usable_ms }) => usable_ms <= Math.max(1000, 16 * plain_ms);
		do {
			await withPage({ at: null, expected: /favicon\.ico/ }, async (page, context) => {
				let start = performance.now();
				await page.goto(`${state.mock.url}/favicon.svg`);
				const plain_ms = Math.round(performance.now() - start);
				const wire = await context.newCDPSession(page);
				let bytes = 0;
				await wire.send("Network.enable");
				wire.on("Network.loadingFinished", ({ encodedDataLength }) => { bytes += encodedDataLength; });
				start = performance.now();
				await page.goto(state.mock.url);
				await card(page, server).locator("[data-verb=poweron]").waitFor();
				times.push({ plain_ms, usable_ms: Math.round(performance.now() - start) });
				await page.waitForTimeout(200);
				assert.ok(bytes > 10000 && bytes <= 150 * 1024, `${bytes} bytes`);
			});
		} while (!times.some(isQuick) && times.length < 20);
		assert.ok(times.some(isQuick), JSON.stringify(times));
	});

	test("a room that cannot be fetched says so, and is fetched on request", async () => {
		await withPage({ expected: /Failed to load|ERR_FAILED|dynamically imported/ }, async (page) => {
			await page.waitForSelector(".empty");
			await page.route("**/rooms/keys.js", (route) => route.abort());
			await page.evaluate(() => { location.hash = "#/keys"; });
			await page.waitForSelector("[role=alert]");
			await page.unroute("**/rooms/keys.js");
			await page.click("[role=alert] button");
			await page.waitForSelector("h1:has-text('公開鍵')");
		});
	});

	test("moments are in the reader's zone, with ISO beside them", async () => {
		const server = state.mock.addServer("hajime");
		state.mock.endAction(state.mock.addAction(server, "start_server"));
		const [action] = state.mock.actions.values();
		action.finished = "2026-01-02T15:04:05Z";
		await withPage({}, async (page) => {
			const time = card(page, server).locator("time");
			assert.match(await time.textContent(), /2026\/01\/03 0:04/);
			assert.equal(await time.getAttribute("title"), "2026-01-02T15:04:05.000Z");
		});
	});
});
