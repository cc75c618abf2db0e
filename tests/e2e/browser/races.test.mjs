// What goes wrong between a click and its result: slow answers, lost streams, overtaking, failures.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { card, eventually, state, useBrowser, withPage } from "./harness.mjs";

useBrowser();

/** Records every state that a server's card has shown. */
async function recordStates(page, server) {
	await page.evaluate((id) => {
		const element = document.querySelector(`[data-server="${id}"]`);
		window.seen = [];
		const note = () => {
			const text = element.querySelector(".state").textContent.trim();
			if (window.seen.at(-1) !== text)
				window.seen.push(text);
		};
		note();
		new MutationObserver(note).observe(element, { subtree: true, childList: true, characterData: true, attributes: true });
	}, server.id);
	return () => page.evaluate(() => window.seen);
}

describe("power", () => {
	test("a change reaches another tab within a second", async () => {
		const server = state.mock.addServer("hajime");
		await withPage({}, async (page, context) => {
			const other = await context.newPage();
			await other.goto(state.mock.url);
			await card(other, server).waitFor();
			await card(page, server).locator("[data-verb=poweron]").click();
			await card(page, server).locator(".state-running").waitFor();
			const start = performance.now();
			await card(other, server).locator(".state-running").waitFor();
			assert.ok(performance.now() - start < 1000);
			assert.match(await card(other, server).locator(".action-line").textContent(), /起動.*成功/s);
		});
	});

	test("a click shows pending within 100 ms, whatever the network does; a double click makes one action", async () => {
		const server = state.mock.addServer("hajime");
		await withPage({}, async (page) => {
			await card(page, server).waitFor();
			const release = state.mock.hold("POST", /poweron/);
			const took_ms = await page.evaluate((id) => new Promise((resolve) => {
				const element = document.querySelector(`[data-server="${id}"]`);
				const start = performance.now();
				new MutationObserver(() => {
					if (element.querySelector(".state-busy") && element.querySelector("[aria-disabled=true]"))
						requestAnimationFrame(() => resolve(performance.now() - start));
				}).observe(element, { subtree: true, childList: true, attributes: true });
				const button = element.querySelector("[data-verb=poweron]");
				button.click();
				button.click();
			}), server.id);
			assert.ok(took_ms < 100, `${took_ms} ms`);
			await card(page, server).locator("[data-verb=poweron]").dblclick({ force: true });
			release();
			await card(page, server).locator(".state-running").waitFor();
			assert.equal(state.mock.count("POST", /poweron/), 1);
		});
	});

	test("force stop stays at hand while a shutdown is pending, and takes over from it", async () => {
		const server = state.mock.addServer("hajime", "running");
		state.mock.action_ms = 0;
		await withPage({}, async (page) => {
			await card(page, server).locator("[data-verb=shutdown]").click();
			await card(page, server).locator(".action-line:has-text('手順: サーバーの応答待ち')").waitFor();
			const stop = card(page, server).locator("[data-verb=poweroff]");
			assert.equal(await stop.getAttribute("aria-disabled"), null);
			await stop.click();
			await page.click("dialog .destroys");
			await eventually(() => card(page, server).locator(".action-line").count(), 2);
			[...state.mock.actions.values()].at(-1).settle();
			await card(page, server).locator(".state-off").waitFor();
		});
	});

	test("the second half of a double click is for no other page than the first: neither a click nor the focus", async () => {
		const server = state.mock.addServer("hajime", "running");
		state.mock.action_ms = 0;
		await withPage({}, async (page) => {
			const stop = card(page, server).locator("[data-verb=poweroff]");
			await card(page, server).locator("[data-verb=shutdown]").click();
			await stop.waitFor();
			await page.evaluate(() => {
				window.reached = [];
				addEventListener("click", (event) => window.reached.push(event.detail));
			});
			const press = async (at, clickCount) => {
				await page.mouse.move(at.x + at.width / 2, at.y + at.height / 2);
				await page.mouse.down({ clickCount });
				await page.mouse.up({ clickCount });
			};
			const at = await stop.boundingBox();
			await press(at, 1);
			await page.waitForSelector("dialog[open]");
			await press(at, 2);
			assert.ok(await page.evaluate(() => document.querySelector("dialog").contains(document.activeElement)), "the dialog keeps the focus");
			const confirm = await page.locator("dialog .destroys").boundingBox();
			await press(confirm, 1);
			await page.locator("dialog").waitFor({ state: "detached" });
			await eventually(() => page.evaluate(() => document.activeElement.dataset.verb), "poweroff");
			await press(confirm, 2);
			assert.equal(await page.evaluate(() => document.activeElement.dataset.verb), "poweroff", "what was asked from keeps the focus");
			assert.deepEqual(await page.evaluate(() => window.reached), [1, 1]);
			assert.equal(state.mock.count("POST", /poweroff/), 1);
			await press(confirm, 1);
			assert.deepEqual(await page.evaluate(() => window.reached), [1, 1, 1], "a new click is one");
		});
	});

	test("a failed start never looks like a running server; the failure survives a reload and stays until dismissed", async () => {
		const server = state.mock.addServer("hajime");
		state.mock.action_ms = 0;
		state.mock.outcomes.push({ code: "memory_full", message: "1 GiB wanted, 512 MiB free" });
		await withPage({}, async (page) => {
			await card(page, server).waitFor();
			const seen = await recordStates(page, server);
			await card(page, server).locator("[data-verb=poweron]").click();
			await eventually(() => state.mock.actions.size, 1);
			// Even a host that says "running" for a moment before it fails.
			state.mock.setStatus(server, "running");
			await page.waitForTimeout(50);
			[...state.mock.actions.values()][0].settle();
			await card(page, server).locator(".action-failure").waitFor();
			assert.deepEqual(await seen(), ["停止中", "処理中", "停止中"]);
			const text = await card(page, server).locator(".action-failure").textContent();
			assert.match(text, /起動: 失敗/);
			assert.match(text, /ほかのサーバーを停止するか、管理者に連絡してください/);
			assert.match(text, /512 MiB free/);

			await page.reload();
			await card(page, server).locator(".action-failure").waitFor();
			await card(page, server).locator("[data-verb=poweron]").click();
			await eventually(() => state.mock.actions.size, 2);
			[...state.mock.actions.values()][1].settle();
			await card(page, server).locator(".state-running").waitFor();
			assert.equal(await card(page, server).locator(".action-failure").count(), 1, "a later success does not hide it");
			await card(page, server).locator(".action-failure button").click();
			await eventually(() => page.locator(".action-failure").count(), 0);
			assert.equal(await page.evaluate(() => document.activeElement.id), `server-${server.id}`);
			await page.reload();
			await card(page, server).locator(".action-line.ended").waitFor();
			assert.equal(await page.locator(".action-failure").count(), 0);
		});
	});

	test("a running action survives a reload with its elapsed time", async () => {
		const server = state.mock.addServer("hajime", "running");
		state.mock.addAction(server, "shutdown_server", { started: new Date(Date.now() - 83000).toISOString() });
		await withPage({ language: "en" }, async (page) => {
			await card(page, server).locator(".action-line:has-text('1 min 2')").waitFor();
			await page.reload();
			await card(page, server).locator(".action-line:has-text('1 min 2')").waitFor();
			assert.equal(await card(page, server).locator("[data-verb=shutdown]").getAttribute("aria-disabled"), "true");
		});
	});

	test("a request that is lost says so and leaves the button free; so does one that is refused", async () => {
		const server = state.mock.addServer("hajime");
		await withPage({ expected: /ERR_|423/ }, async (page) => {
			const start = card(page, server).locator("[data-verb=poweron]");
			const mend = state.mock.cut("POST", /poweron/);
			await start.click();
			await card(page, server).locator(".action-failure:has-text('サービスに届きませんでした')").waitFor();
			assert.equal(await start.getAttribute("aria-disabled"), null);
			mend();
			state.mock.fail("POST", /poweron/, { status: 423, code: "locked", message: "a rebuild is running" });
			await start.click();
			await card(page, server).locator(".action-failure:has-text('別の処理が続いています')").waitFor();
			await card(page, server).locator(".action-failure button").click();
			await eventually(() => page.locator(".action-failure").count(), 0);
			await start.click();
			await card(page, server).locator(".state-running").waitFor();
		});
	});

	test("the end of an action is announced once", async () => {
		const server = state.mock.addServer("hajime");
		await withPage({}, async (page) => {
			await card(page, server).waitFor();
			await page.evaluate(() => {
				window.said = [];
				new MutationObserver(() => {
					const { textContent } = document.getElementById("announcer");
					if (textContent)
						window.said.push(textContent);
				}).observe(document.getElementById("announcer"), { childList: true });
			});
			await card(page, server).locator("[data-verb=poweron]").click();
			await card(page, server).locator(".state-running").waitFor();
			await page.waitForTimeout(300);
			assert.deepEqual(await page.evaluate(() => window.said), ["hajime: 起動 成功"]);
		});
	});
});

describe("order", () => {
	test("a list that was asked for before an event does not overwrite it", async () => {
		const server = state.mock.addServer("hajime");
		const gone = state.mock.addServer("gone");
		await withPage({ at: null }, async (page) => {
			const release = state.mock.hold("GET", /^\/v1\/servers/);
			await page.goto(state.mock.url);
			await eventually(() => state.mock.count("GET", /^\/v1\/servers/), 1);
			state.mock.setStatus(server, "running");
			state.mock.removeServer(gone);
			await page.waitForTimeout(100);
			release();
			await card(page, server).locator(".state-running").waitFor();
			await page.waitForTimeout(100);
			assert.equal(await page.locator(".server").count(), 1);
			assert.equal(await card(page, server).locator(".state-running").count(), 1);
		});
	});

	test("an answer that its own events overtook changes nothing", async () => {
		const server = state.mock.addServer("hajime");
		state.mock.action_ms = 0;
		await withPage({}, async (page) => {
			await card(page, server).waitFor();
			const release = state.mock.hold("POST", /poweron/);
			await card(page, server).locator("[data-verb=poweron]").click();
			await eventually(() => state.mock.actions.size, 1);
			await page.waitForTimeout(100);
			assert.equal(await card(page, server).locator(".action-line").count(), 1, "one command, one line");
			[...state.mock.actions.values()][0].settle();
			await page.waitForTimeout(100);
			release();
			await card(page, server).locator(".state-running").waitFor();
			await page.waitForTimeout(100);
			assert.equal(await card(page, server).locator(".state-running").count(), 1);
		});
	});

	test("servers that come and go elsewhere come and go here", async () => {
		await withPage({}, async (page) => {
			await page.waitForSelector(".empty");
			const server = state.mock.addServer("hajime");
			await card(page, server).waitFor();
			state.mock.removeServer(server);
			await page.waitForSelector(".empty");
		});
	});

	test("events are cut anywhere and still read whole", async () => {
		await withPage({}, async (page) => {
			await page.waitForSelector(".empty");
			const found = await page.evaluate(async () => {
				const { makeParser } = await import("/lib/events.js");
				const text = ": ping\n\nid: 1\nevent: server\ndata: {\"a\":\ndata: 1}\n\nevent: x\r\ndata: 2\r\n\r\ndata: 3\n\n";
				const results = [];
				for (let size = 1; size <= text.length; size++) {
					const events = [];
					const feed = makeParser((name, data) => events.push([name, data]));
					for (let i = 0; i < text.length; i += size)
						feed(text.slice(i, i + size));
					results.push(JSON.stringify(events));
				}
				return [...new Set(results)];
			});
			assert.deepEqual(found, [JSON.stringify([["server", "{\"a\":\n1}"], ["x", "2"], ["message", "3"]])]);
		});
	});
});

describe("the event stream", () => {
	test("its loss shows a banner; recovery reads everything anew", async () => {
		const server = state.mock.addServer("hajime");
		await withPage({ expected: /503|ERR_/ }, async (page) => {
			await card(page, server).waitFor();
			await eventually(() => state.mock.streams.size, 1);
			state.mock.setEvents(false);
			await page.waitForSelector(".banner:has-text('接続が切れました')");
			state.mock.setStatus(server, "running");
			const second = state.mock.addServer("futatsume");
			assert.equal(await card(page, server).locator(".state-off").count(), 1);
			state.mock.setEvents(true);
			await page.click(".banner button").catch(() => {});
			await card(page, server).locator(".state-running").waitFor();
			await card(page, second).waitFor();
			await eventually(() => page.locator(".banner").count(), 0);
		});
	});

	test("going offline and coming back", async () => {
		const server = state.mock.addServer("hajime");
		await withPage({ expected: /ERR_|Failed/ }, async (page, context) => {
			await card(page, server).waitFor();
			await eventually(() => state.mock.streams.size, 1);
			await context.setOffline(true);
			state.mock.setEvents(false);
			state.mock.setEvents(true);
			await page.waitForSelector(".banner");
			state.mock.setStatus(server, "running");
			await context.setOffline(false);
			await card(page, server).locator(".state-running").waitFor();
			await eventually(() => page.locator(".banner").count(), 0);
		});
	});

	test("a short gap is mended without a banner", async () => {
		const server = state.mock.addServer("hajime");
		await withPage({ expected: /ERR_/ }, async (page) => {
			await card(page, server).waitFor();
			await eventually(() => state.mock.streams.size, 1);
			await page.evaluate(() => {
				window.banners = 0;
				new MutationObserver(() => { window.banners += document.querySelectorAll(".banner").length; })
					.observe(document.body, { subtree: true, childList: true });
			});
			state.mock.setEvents(false);
			state.mock.setEvents(true);
			state.mock.setStatus(server, "running");
			await card(page, server).locator(".state-running").waitFor();
			assert.equal(await page.evaluate(() => window.banners), 0);
		});
	});

	test("a tab out of sight gives its stream back, and is up to date when it is looked at", async () => {
		const server = state.mock.addServer("hajime");
		await withPage({ at: null, expected: /ERR_/ }, async (page) => {
			const look = (hidden) => page.evaluate((value) => {
				Object.defineProperty(document, "hidden", { configurable: true, get: () => value });
				document.dispatchEvent(new Event("visibilitychange"));
			}, hidden);
			await page.clock.install();
			await page.goto(state.mock.url);
			await card(page, server).waitFor();
			await eventually(() => state.mock.streams.size, 1);
			await look(true);
			await page.clock.fastForward(5000);
			await look(false);
			await page.clock.fastForward(20000);
			assert.equal(state.mock.streams.size, 1, "a short look elsewhere changes nothing");
			await look(true);
			await page.clock.fastForward(11000);
			await eventually(() => state.mock.streams.size, 0);
			state.mock.setStatus(server, "running");
			await page.clock.fastForward(30000);
			assert.equal(state.mock.streams.size, 0);
			assert.equal(await page.locator(".banner").count(), 0);
			await look(false);
			await card(page, server).locator(".state-running").waitFor();
			assert.equal(state.mock.streams.size, 1);
		});
	});

	test("a stream that asks for a new beginning gets one", async () => {
		await withPage({}, async (page) => {
			await page.waitForSelector(".empty");
			await eventually(() => state.mock.streams.size, 1);
			const before = state.mock.count("GET", /^\/v1\/servers/);
			state.mock.emit("resync", {});
			await eventually(() => state.mock.count("GET", /^\/v1\/servers/) > before, true);
		});
	});

	test("a stream that is back while the lists are not does not pass for live", async () => {
		const server = state.mock.addServer("hajime");
		await withPage({ expected: /50\d|ERR_/ }, async (page) => {
			await card(page, server).waitFor();
			await eventually(() => state.mock.streams.size, 1);
			state.mock.fail("GET", /^\/v1\/servers/, { status: 500, code: "server_error", message: "disk I/O error" }, 2);
			state.mock.setEvents(false);
			state.mock.setEvents(true);
			state.mock.setStatus(server, "running");
			await page.waitForSelector(".banner");
			await card(page, server).locator(".state-running").waitFor();
			await eventually(() => page.locator(".banner").count(), 0);
		});
	});

	test("a list that cannot be read says so and can be asked for again", async () => {
		const server = state.mock.addServer("hajime");
		// For as long as it is so: the panel may read again by itself, and would take the button away.
		state.mock.fail("GET", /^\/v1\/servers/, { status: 500, code: "server_error", message: "disk I/O error" }, Infinity);
		await withPage({ expected: /500/ }, async (page) => {
			await page.waitForSelector(".notice:has-text('読み込めませんでした')");
			const asked = state.mock.count("GET", /^\/v1\/servers/);
			await page.click(".notice button");
			await eventually(() => state.mock.count("GET", /^\/v1\/servers/) > asked, true);
			await page.waitForSelector(".notice:has-text('読み込めませんでした')");
			state.mock.faults = [];
			await page.click(".notice button", { timeout: 3000 }).catch(() => {}); // unless it has read again by itself
			await card(page, server).waitFor();
		});
	});
});

describe("address", () => {
	test("who goes elsewhere while the panel starts is not taken to the sign-in", async () => {
		await withPage({ as: null, at: null }, async (page) => {
			// The browser tells of a new address later: so much later that the panel has started in between.
			await page.addInitScript(() => addEventListener("hashchange", (event) => {
				if (event.isTrusted) {
					event.stopImmediatePropagation();
					setTimeout(() => dispatchEvent(new HashChangeEvent("hashchange")), 300);
				}
			}));
			await page.route(/\/i18n\//, async (route) => {
				await page.evaluate(() => { location.hash = "/manual/vps"; });
				await route.continue();
			});
			await page.goto(state.mock.url);
			await page.waitForSelector(".manual-text h2");
			assert.match(page.url(), /#\/manual\/vps$/);
		});
	});
});
