// The console room, as a person uses it, on the mock.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import { card, eventually, state, useBrowser, withPage } from "./harness.mjs";
import { codes } from "./mock-consoles.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.className || document.activeElement.textContent.trim());
const widest = (page) => page.evaluate(() => document.documentElement.scrollWidth);
const screenText = (page) => page.evaluate(() => document.querySelector(".xterm-rows").innerText.replaceAll("\u00a0", " "));
const shows = (page, text) => eventually(async () => (await screenText(page)).includes(text), true);
const consoles = () => state.mock.consoles;
const asked = () => state.mock.count("POST", /request_console/);
const room = (server, kind = "") => `/#/servers/${server.id}/console${kind && `/${kind}`}`;
const terminal = (page) => page.locator(".serial-screen textarea");
const open = (page, kind = "serial") => page.waitForSelector(`#panel-${kind} .console-state-open`);
const key = (code, down) => ({ code, down });

/** A running server with a prompt on its serial port. */
function furnish(status = "running") {
	const server = state.mock.addServer("hajime", status);
	const serial = consoles().serial(server);
	serial.say("hajime login: ");
	return { server, serial };
}

useBrowser();

describe("serial console", () => {
	test("what was said before is there; what is typed arrives; only then one becomes the writer", async () => {
		const { server, serial } = furnish();
		serial.onInput = (data) => serial.say(data.toString());
		await withPage({}, async (page) => {
			await card(page, server).getByText("コンソールを開く").click();
			await open(page);
			await shows(page, "hajime login:");
			assert.equal(serial.writer, null);
			await terminal(page).focus();
			await page.keyboard.type("root");
			await shows(page, "hajime login: root");
			assert.equal(serial.received.toString(), "root");
			assert.match(await page.textContent(".console-writer"), /あなたが入力できます/);
			await eventually(() => serial.sizes.length > 0, true);
			const [columns, rows] = serial.sizes.at(-1);
			assert.ok(columns > 60 && rows > 15, `${columns}x${rows}`);
		});
	});

	test("the ticket is sent in the first frame and never in an address", async () => {
		const { server } = furnish();
		await withPage({ at: null }, async (page) => {
			const addresses = [];
			page.on("websocket", (socket) => addresses.push(socket.url()));
			await page.goto(state.mock.url + room(server));
			await open(page);
			assert.deepEqual(addresses, [`${state.mock.url.replace("http", "ws")}/v1/consoles/${server.id}/serial`]);
			const [first] = consoles().firsts;
			assert.ok(first.ticket.length > 40);
			assert.ok(!addresses[0].includes(first.ticket));
		});
	});

	test("a reload gets in by the cookie; without it, by a new ticket", async () => {
		const { server } = furnish();
		await withPage({ at: room(furnish().server) }, async (page, context) => {
			await page.goto(state.mock.url + room(server));
			await open(page);
			const tickets = asked();
			await page.reload();
			await open(page);
			await shows(page, "hajime login:");
			assert.equal(asked(), tickets);
			assert.equal(consoles().entries.at(-1), "cookie");
			await context.clearCookies({ name: `ippo-console-${server.id}-serial` });
			await page.reload();
			await open(page);
			assert.equal(asked(), tickets + 1);
			assert.equal(consoles().entries.at(-1), "ticket");
		});
	});

	test("a dropped connection resumes at its offset: nothing twice, nothing missing, and a banner meanwhile", async () => {
		const { server, serial } = furnish();
		await withPage({ at: room(server), expected: /WebSocket/ }, async (page) => {
			await open(page);
			await shows(page, "login:");
			const at = serial.end;
			consoles().isDown = true;
			serial.hangUp();
			await page.waitForSelector(".console-banner");
			assert.match(await page.textContent(".console-banner"), /自動でつなぎ直しています/);
			serial.say("\r\nwhile you were away\r\n");
			await page.locator(".console-banner button").click();
			await page.waitForSelector(".console-banner");
			consoles().isDown = false;
			await open(page);
			await shows(page, "while you were away");
			assert.equal(consoles().firsts.at(-1).from, at);
			assert.equal((await screenText(page)).split("login:").length, 2);
			await eventually(() => page.locator(".console-banner").count(), 0);
		});
	});

	test("lost bytes stand as a marked line with their number", async () => {
		const { server, serial } = furnish();
		await withPage({ at: room(server), language: "en" }, async (page) => {
			await open(page);
			serial.lose(4321);
			serial.say("after\r\n");
			await shows(page, "— 4,321 bytes lost (too fast to be shown) —");
			await shows(page, "after");
		});
	});

	test("another writer is named; typing says why it does not arrive; taking over makes it arrive", async () => {
		const { server, serial } = furnish();
		await withPage({ at: room(server) }, async (page) => {
			await open(page);
			serial.takeOver("hanako", 80, 24);
			await page.waitForSelector(".console-writer:has-text('hanako が入力中')");
			await terminal(page).focus();
			await page.keyboard.type("x");
			await page.waitForSelector(".console-ignored:has-text('hanako')");
			assert.equal(serial.received.length, 0);
			await page.click(".console-writer button");
			await page.waitForSelector(".console-writer:has-text('あなたが入力できます')");
			await page.keyboard.type("y");
			await eventually(() => serial.received.toString(), "y");
		});
	});

	test("a takeover is seen on both sides at once, spoken where it is lost, and can be taken back", async () => {
		const { server, serial } = furnish();
		state.mock.users.set("hanako", { ...state.mock.users.get("taro"), id: 3, name: "hanako" });
		await withPage({ at: room(server) }, async (mine) => {
			await open(mine);
			await terminal(mine).focus();
			await mine.keyboard.type("a");
			await mine.waitForSelector(".console-writer:has-text('あなたが入力できます')");
			await withPage({ at: room(server), as: "hanako", width: 1000, height: 700 }, async (theirs) => {
				await open(theirs);
				await theirs.waitForSelector(".console-writer:has-text('taro が入力中')");
				await theirs.click(".console-writer button");
				await theirs.waitForSelector(".console-writer:has-text('あなたが入力できます')");
				await mine.waitForSelector(".console-writer:has-text('hanako が入力中')");
				await mine.waitForSelector("[aria-live]:has-text('hanako が入力を引き継ぎました')");
				assert.equal(await focused(theirs), "xterm-helper-textarea");
				await theirs.keyboard.type("b");
				await terminal(mine).focus();
				await mine.keyboard.type("lost");
				await mine.waitForSelector(".console-ignored:has-text('hanako')");
				await mine.click(".console-writer button");
				await theirs.waitForSelector(".console-writer:has-text('taro が入力中')");
				await mine.keyboard.type("c");
				await eventually(() => serial.received.toString(), "abc");
			});
			await mine.waitForSelector(".console-writer:has-text('あなたが入力できます')");
		});
	});

	test("questions in what was kept are not answered again", async () => {
		const { server, serial } = furnish();
		serial.say("\x1b[6n\x1b[c");
		await withPage({ at: room(server) }, async (page) => {
			await open(page);
			await terminal(page).focus();
			await page.keyboard.type("a");
			await eventually(() => serial.received.toString(), "a");
			serial.say("\x1b[6n");
			await eventually(() => /\[\d+;\d+R/.test(serial.received.toString()), true);
		});
	});

	test("keys for touch screens: Ctrl holds for one key, arrows follow the program's wish", async () => {
		const { server, serial } = furnish();
		await withPage({ at: room(server), width: 360 }, async (page) => {
			await open(page);
			const press = (name) => page.locator("#panel-serial .console-keys button", { hasText: name }).first().click();
			await press("Ctrl");
			await page.keyboard.type("cd");
			await press("Tab");
			await press("Esc");
			await page.click("#panel-serial .console-keys [aria-label=上]");
			serial.say("\x1b[?1h");
			await page.waitForTimeout(100);
			await page.click("#panel-serial .console-keys [aria-label=上]");
			await eventually(() => serial.received.toString(), "\x03d\t\x1b\x1b[A\x1bOA");
		});
	});

	test("the buffer can be read as text, without the terminal's orders", async () => {
		const { server, serial } = furnish();
		serial.say("\r\n\x1b[32mgreen\x1b[0m and 50%\r100%\r\n");
		await withPage({ at: room(server) }, async (page) => {
			await open(page);
			await page.getByRole("button", { name: "テキストで読む" }).click();
			const text = page.locator("dialog pre");
			await text.waitFor();
			assert.equal(await text.textContent(), "hajime login: \n100%\n");
			await page.keyboard.press("Escape");
			await eventually(() => page.locator("dialog").count(), 0);
		});
	});

	test("who may only look sees a console that says so, and sends nothing", async () => {
		const { server, serial } = furnish();
		consoles().rights = "view";
		await withPage({ at: room(server) }, async (page) => {
			await page.waitForSelector(".console-state-view");
			await shows(page, "login:");
			await terminal(page).focus();
			await page.keyboard.type("x");
			await page.waitForSelector(".console-ignored:has-text('表示のみ')");
			assert.equal(serial.received.length, 0);
			assert.equal(await page.locator(".console-keys").count(), 0);
			assert.equal(await page.getByRole("button", { name: "テキスト貼り付け" }).count(), 0);
		});
	});
});

describe("both", () => {
	test("tabs keep scrollback and session", async () => {
		const { server, serial } = furnish();
		await withPage({ at: room(server) }, async (page) => {
			await open(page);
			await terminal(page).focus();
			await page.keyboard.type("q");
			await page.click("#tab-vnc");
			await open(page, "vnc");
			assert.match(page.url(), /console\/vnc$/);
			serial.say("\r\nwhile the other tab was shown\r\n");
			await page.click("#tab-serial");
			await shows(page, "while the other tab was shown");
			await shows(page, "login:");
			assert.equal(consoles().entries.length, 2);
			assert.equal(serial.writer !== null, true);
			await page.click("#tab-vnc");
			await page.waitForSelector("#panel-vnc canvas");
			assert.equal(consoles().entries.length, 2);
		});
	});

	test("a network that changes while the room loads is met by asking again", async () => {
		const { server } = furnish();
		const asked = {};
		await withPage({ at: "/#/servers", expected: /ERR_INTERNET_DISCONNECTED/ }, async (page) => {
			await card(page, server).waitFor();
			for (const part of ["style/console.css", "vendor/xterm.css", "lib/serial-terminal.js", "lib/vnc-screen.js"]) {
				await page.route(`**/${part}`, (route) => {
					asked[part] = (asked[part] ?? 0) + 1;
					return asked[part] < 3 ? route.abort("internetdisconnected") : route.continue();
				});
			}
			await page.goto(`${state.mock.url}${room(server)}`);
			await open(page);
			await page.click("#tab-vnc");
			await open(page, "vnc");
			await page.waitForSelector("#panel-vnc canvas");
			assert.deepEqual(Object.values(asked), [3, 3, 3, 3]);
		});
	});

	test("a stopped server shows 起動; it starts, and both consoles come by themselves", async () => {
		const { server } = furnish("off");
		await withPage({ at: room(server, "vnc") }, async (page) => {
			await page.waitForSelector("#panel-vnc .console-start");
			assert.match(await page.textContent("#panel-vnc .console-notice"), /停止中は画面がありません/);
			await page.click("#tab-serial");
			await open(page);
			await page.waitForSelector("#panel-serial .console-start");
			assert.match(await page.textContent("#panel-serial .console-writer"), /停止中なので、入力は届きません/);
			await page.click("#tab-vnc");
			await page.click("#panel-vnc .console-start");
			await open(page, "vnc");
			await page.waitForSelector("#panel-vnc canvas");
			await page.click("#tab-serial");
			await shows(page, "Debian GNU/Linux 12");
			assert.equal(await page.locator(".console-start").count(), 0);
		});
	});

	test("a stop and a start from elsewhere reconnect", async () => {
		const { server } = furnish();
		await withPage({ at: room(server, "vnc") }, async (page) => {
			await open(page, "vnc");
			state.mock.setStatus(server, "off");
			await page.waitForSelector("#panel-vnc .console-start");
			state.mock.setStatus(server, "running");
			await open(page, "vnc");
			await page.waitForSelector("#panel-vnc canvas");
		});
	});

	test("a restart in the room keeps the serial console and brings the screen back by itself", async () => {
		const { server, serial } = furnish();
		await withPage({ at: room(server), expected: /WebSocket/ }, async (page) => {
			await open(page);
			await page.click("#tab-vnc");
			await open(page, "vnc");
			const entries = consoles().entries.length;
			await page.click("#restart-button");
			await page.locator("#restart-choices button", { hasText: "再起動" }).first().click();
			consoles().screen(server).hangUp(codes.lost);
			await page.waitForSelector("#panel-vnc .console-banner");
			await open(page, "vnc");
			await page.waitForSelector("#panel-vnc canvas");
			await eventually(() => page.locator(".console-banner").count(), 0);
			await page.click("#tab-serial");
			await shows(page, "Debian GNU/Linux 12");
			assert.match(await screenText(page), /login:[^]*— 再起動 [^]*Debian GNU\/Linux 12/);
			assert.equal(consoles().entries.length, entries + 1, "the serial console has stayed connected");
			assert.equal(serial.viewers.size, 1);
		});
	});

	test("a restart of the service brings both back by themselves, with a new ticket", async () => {
		const { server, serial } = furnish();
		await withPage({ at: room(server), expected: /WebSocket/ }, async (page) => {
			await open(page);
			await page.click("#tab-vnc");
			await open(page, "vnc");
			const before = asked();
			// What ends with the service: its consoles, its tickets and its cookies.
			consoles().isDown = true;
			consoles().cookies.clear();
			serial.hangUp(codes.goingAway);
			consoles().screen(server).hangUp(codes.goingAway);
			await page.waitForSelector("#panel-vnc .console-banner");
			serial.say("\r\nwhile it was away\r\n");
			consoles().isDown = false;
			await open(page, "vnc");
			await page.waitForSelector("#panel-vnc canvas");
			await page.click("#tab-serial");
			await open(page);
			await shows(page, "while it was away");
			assert.equal((await screenText(page)).split("login:").length, 2, "nothing is shown twice");
			assert.ok(asked() >= before + 2);
		});
	});

	for (const [kind, touch] of [["serial", false], ["vnc", false], ["serial", true], ["vnc", true]]) {
		test(`full screen${touch ? " of a phone" : ""}: ${kind} alone fills it, with its keys and windows, and the button leads back`, async () => {
			const { server, serial } = furnish();
			const size = touch ? { width: 360, height: 740, touch } : {};
			await withPage({ at: room(server, kind === "vnc" ? "vnc" : ""), ...size }, async (page) => {
				await open(page, kind);
				if (kind === "serial") {
					await terminal(page).focus();
					await page.keyboard.type("a");
				}
				const button = page.locator(`#panel-${kind} button`, { hasText: "全画面" });
				const box = () => page.locator(`#panel-${kind} .console-screen`).boundingBox();
				const isFull = () => page.evaluate(() => document.fullscreenElement?.id ?? null);
				const before = await box();
				assert.equal(await button.getAttribute("aria-pressed"), "false");
				await button.click();
				await eventually(isFull, `panel-${kind}`);
				await eventually(() => button.getAttribute("aria-pressed"), "true");
				// A phone's page has given it all the width already, and its lines and keys take their room.
				await eventually(async () => (await box()).height > (touch ? 300 : before.height) && (await box()).width >= before.width, true);
				const { height: screen_height, width: screen_width } = await page.evaluate(() => ({ height: innerHeight, width: innerWidth }));
				const { x, y, width, height } = await box();
				assert.ok(x >= 0 && y >= 0 && x + width <= screen_width && y + height <= screen_height, "nothing of it is cut off");
				const keys = await page.locator(`#panel-${kind} .console-keys`).boundingBox();
				assert.ok(keys.y >= y + height && keys.y + keys.height <= screen_height, "the keys are below it");
				if (kind === "serial")
					await eventually(() => serial.sizes.length > 1 && serial.sizes.at(-1).join() !== serial.sizes[0].join(), true);
				// Menu and window come up in it.
				await page.click(`#${kind}-keys-button`);
				const menu = await page.locator(`#${kind}-keys-choices`).boundingBox();
				assert.ok(menu.x >= 0 && menu.y >= 0 && menu.x + menu.width <= screen_width && menu.y + menu.height <= screen_height, "the menu is on the screen");
				await page.click(`#${kind}-keys-button`);
				await page.locator(`#panel-${kind} .console-bar button`, { hasText: "テキスト貼り付け" }).click();
				await page.waitForSelector("dialog.paste #paste-text:focus");
				await page.locator("dialog.paste .buttons button").first().click();
				await eventually(() => page.locator("dialog").count(), 0);
				assert.equal(await isFull(), `panel-${kind}`);
				await button.click();
				await eventually(isFull, null);
				await eventually(() => button.getAttribute("aria-pressed"), "false");
				await eventually(async () => (await box()).height, before.height);
				await open(page, kind);
				assert.equal(consoles().entries.length, 1, "the connection was the same all the while");
			});
		});
	}

	test("each ending is explained, stays, and offers the next step", async () => {
		const { server, serial } = furnish();
		const endings = { idle: /しばらく入力がなかった/, cut: /権限が変わったか/, life: /時間の上限/, limit: /同時に開ける/, deleted: /削除されたか/, protocol: /読み取れません/ };
		await withPage({ at: room(server) }, async (page) => {
			await open(page);
			for (const [name, words] of Object.entries(endings)) {
				serial.hangUp(codes[name]);
				await page.waitForSelector("#panel-serial .console-notice");
				assert.match(await page.textContent("#panel-serial .console-notice"), words, name);
				await page.waitForTimeout(100);
				assert.equal(serial.viewers.size, 0, `${name}: nothing is tried by itself`);
				await page.click("#panel-serial .console-notice button");
				await open(page);
			}
		});
	});

	test("a ticket that is refused is asked for once more, then said", async () => {
		const { server } = furnish();
		consoles().ticket = () => ({ answer: { password: "x".repeat(43) }, cookie: "none=1" });
		try {
			await withPage({ at: room(server) }, async (page) => {
				await page.waitForSelector("#panel-serial .console-notice:has-text('許可')");
				assert.equal(asked(), 2);
			});
		} finally {
			delete consoles().ticket;
		}
	});

	test("a server that is deleted meanwhile says so", async () => {
		const { server } = furnish();
		await withPage({ at: room(server) }, async (page) => {
			await open(page);
			state.mock.removeServer(server);
			await page.waitForSelector("text=このサーバーは削除されました。");
		});
	});

	test("force restart asks first", async () => {
		const { server } = furnish();
		await withPage({ at: room(server) }, async (page) => {
			await open(page);
			await page.click("#restart-button");
			await page.locator("#restart-choices button", { hasText: "強制再起動" }).click();
			await page.waitForSelector("dialog:has-text('リセットボタン')");
			assert.equal(state.mock.count("POST", /actions\/reset/), 0);
			await page.click("dialog .destroys");
			await eventually(() => state.mock.count("POST", /actions\/reset/), 1);
		});
	});

	test("by keyboard alone: into the console, and out by Ctrl+Alt+Shift, which is written there", async () => {
		const { server, serial } = furnish();
		await withPage({ at: room(server) }, async (page) => {
			await open(page);
			assert.match(await page.textContent("#console-way-out"), /Ctrl \+ Alt \+ Shift/);
			const leave = async () => {
				for (const name of ["Control", "Alt", "Shift"])
					await page.keyboard.down(name);
				for (const name of ["Shift", "Alt", "Control"])
					await page.keyboard.up(name);
			};
			const tabTo = async (found) => {
				for (let i = 0; i < 30; i++) {
					await page.keyboard.press("Tab");
					if (await page.evaluate(found))
						return;
				}
				assert.fail("Tab never came there");
			};
			await page.focus("#tab-serial");
			await tabTo(() => document.activeElement.matches(".serial-screen textarea"));
			assert.equal(await terminal(page).getAttribute("aria-describedby"), "console-way-out");
			await page.keyboard.press("Tab");
			await eventually(() => serial.received.toString(), "\t");
			await leave();
			assert.equal(await focused(page), "tab-serial");
			await page.keyboard.press("ArrowRight");
			await open(page, "vnc");
			assert.equal(await focused(page), "tab-vnc");
			await tabTo(() => document.activeElement.matches("#panel-vnc canvas"));
			assert.equal(await page.getAttribute("#panel-vnc canvas", "aria-describedby"), "console-way-out");
			await page.keyboard.press("Tab");
			await leave();
			assert.equal(await focused(page), "tab-vnc");
			const { keys } = consoles().screen(server);
			const down = new Set();
			for (const each of keys)
				down[each.down ? "add" : "delete"](each.code);
			assert.deepEqual([...down], [], "no key stays down in the guest");
			assert.ok(keys.some(({ keysym }) => keysym === 0xff09));
		});
	});

	test("nothing of xterm and noVNC is loaded before the room is opened", async () => {
		const { server } = furnish();
		await withPage({ at: null }, async (page) => {
			const loaded = [];
			page.on("request", (request) => loaded.push(request.url()));
			await page.goto(state.mock.url);
			await card(page, server).waitFor();
			await page.waitForTimeout(300);
			assert.equal(loaded.some((url) => /xterm|novnc|console\.css/.test(url)), false);
			await page.goto(state.mock.url + room(server));
			await open(page);
			assert.equal(loaded.some((url) => url.includes("novnc")), false);
			assert.equal(loaded.some((url) => url.includes("xterm")), true);
		});
	});

	test("the card's picture comes only while it is seen, and leads to the screen", async () => {
		const { server } = furnish();
		const pictures = () => state.mock.count("GET", /console\/screen/);
		await withPage({}, async (page) => {
			await card(page, server).locator(".screen img:not([hidden])").waitFor();
			assert.equal(pictures(), 1);
			await card(page, server).locator(".screen").click();
			await open(page, "vnc");
		});
	});
});

describe("VNC console", () => {
	test("keys arrive as physical keys; the combinations are whole", async () => {
		const { server } = furnish();
		await withPage({ at: room(server, "vnc") }, async (page) => {
			await open(page, "vnc");
			await page.locator("#panel-vnc canvas").focus();
			await page.keyboard.press("a");
			const screen = consoles().screen(server);
			await eventually(() => screen.keys.length, 2);
			assert.deepEqual(screen.keys.map(({ code, down }) => key(code, down)), [key(0x1e, true), key(0x1e, false)]);
			screen.keys.length = 0;
			await page.getByRole("button", { name: "Ctrl+Alt+Del" }).click();
			await eventually(() => screen.keys.length, 6);
			assert.deepEqual(screen.keys.map(({ keysym, down }) => [keysym, down]), [[0xffe3, true], [0xffe9, true], [0xffff, true], [0xffff, false], [0xffe9, false], [0xffe3, false]]);
			screen.keys.length = 0;
			await page.click("#vnc-keys-button");
			await page.locator("#vnc-keys-choices button", { hasText: "Ctrl+Alt+F2" }).click();
			await eventually(() => screen.keys.length, 6);
		});
	});

	/** What a touch screen has: fingers, and a keyboard that comes up. */
	const onTouch = (steps) => async () => {
		const { server } = furnish();
		await withPage({ at: room(server, "vnc"), width: 360, height: 740, touch: true }, async (page, context) => {
			await open(page, "vnc");
			const screen = consoles().screen(server);
			const sent = async (expected) => {
				await eventually(() => screen.keys.map(({ keysym, down }) => `${down ? "+" : "-"}${keysym.toString(16)}`).join(" "), expected);
				screen.keys.length = 0;
			};
			const tap = (name) => page.locator("#panel-vnc .console-keys").getByRole("button", { name, exact: true }).tap();
			await steps({ page, context, sent, tap });
		});
	};

	test("keys for touch screens are large, and Ctrl and Alt hold for one key", onTouch(async ({ page, sent, tap }) => {
		for (const button of await page.locator("#panel-vnc .console-keys button:visible").all()) {
			const { width, height } = await button.boundingBox();
			assert.ok(width >= 44 && height >= 44, `${await button.textContent()}: ${width} x ${height}`);
		}
		await tap("Tab");
		await sent("+ff09 -ff09");
		await tap("Esc");
		await sent("+ff1b -ff1b");
		await tap("上");
		await sent("+ff52 -ff52");
		await tap("Ctrl+Alt+Del");
		await sent("+ffe3 +ffe9 +ffff -ffff -ffe9 -ffe3");
		await tap("Ctrl");
		await sent("+ffe3");
		assert.equal(await page.getByRole("button", { name: "Ctrl", exact: true }).getAttribute("aria-pressed"), "true");
		await tap("Alt");
		await sent("+ffe9");
		await tap("Tab");
		await sent("+ff09 -ff09 -ffe3 -ffe9");
		assert.equal(await page.getByRole("button", { name: "Ctrl", exact: true }).getAttribute("aria-pressed"), "false");
		await tap("Ctrl");
		await tap("Ctrl");
		await sent("+ffe3 -ffe3");
	}));

	test("the soft keyboard types: letters, Return, Backspace, what is composed, and with the Ctrl of the row", onTouch(async ({ page, context, sent, tap }) => {
		const wire = await context.newCDPSession(page);
		await tap("キーボード");
		assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), "キーボード入力");
		await page.keyboard.insertText("aB");
		await sent("+61 -61 +ffe1 +42 -42 -ffe1");
		await page.keyboard.press("Enter");
		await sent("+ff0d -ff0d");
		await page.keyboard.press("Backspace");
		await sent("+ff08 -ff08");
		// Phones compose even plain words, and give them when they are finished.
		await wire.send("Input.imeSetComposition", { text: "ls", selectionStart: 2, selectionEnd: 2 });
		await wire.send("Input.insertText", { text: "ls" });
		await sent("+6c -6c +73 -73");
		await page.keyboard.press("Backspace");
		await sent("+ff08 -ff08");
		await page.keyboard.insertText("é");
		await sent("+e9 -e9");
		await tap("Ctrl");
		assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), "キーボード入力", "the keyboard stays up");
		await page.keyboard.insertText("c");
		await sent("+ffe3 +63 -63 -ffe3");
	}));

	test("view only is asked of the service, and comes back by itself on request", async () => {
		const { server } = furnish();
		await withPage({ at: room(server, "vnc") }, async (page) => {
			await open(page, "vnc");
			await page.getByRole("button", { name: "表示のみ" }).click();
			await page.waitForSelector("#panel-vnc .console-state-view");
			const [viewer] = consoles().screen(server).viewers;
			assert.equal(viewer.mode, "view");
			await page.getByRole("button", { name: "表示のみ" }).click();
			await open(page, "vnc");
		});
	});
});

describe("pasting text", () => {
	const openPaste = async (page, kind) => {
		await open(page, kind);
		await page.locator(`#panel-${kind} .console-bar button`, { hasText: "テキスト貼り付け" }).click();
		await page.waitForSelector("dialog.paste");
	};

	test("serial: every byte in order, line ends as Return, bracketed where the program asks", async () => {
		const { server, serial } = furnish();
		const text = Array.from({ length: 60 }, (_, i) => `line ${i} 日本語 \\|_¥~`).join("\n");
		await withPage({ at: room(server) }, async (page) => {
			await openPaste(page, "serial");
			assert.equal(await page.locator("#paste-layout").count(), 0);
			await page.fill("#paste-text", text);
			await page.click("dialog .primary");
			await eventually(() => page.locator("dialog").count(), 0, 15000);
			assert.equal(serial.received.toString(), text.replaceAll("\n", "\r"));
			serial.say("\x1b[?2004h");
			serial.received = Buffer.alloc(0);
			await openPaste(page, "serial");
			await page.fill("#paste-text", "ls\n");
			await page.click("dialog .primary");
			await eventually(() => serial.received.toString(), "\x1b[200~ls\r\x1b[201~");
		});
	});

	test("VNC: refused before the first key, with the characters; the layout is remembered", async () => {
		const { server } = furnish();
		const screen = consoles().screen(server);
		await withPage({ at: room(server, "vnc") }, async (page) => {
			await openPaste(page, "vnc");
			await page.fill("#paste-text", "aé漢b");
			await page.click("dialog .primary");
			await page.waitForSelector("#paste-refused");
			assert.deepEqual(await page.locator(".paste-missing code").allTextContents(), ["é (U+00E9)", "漢 (U+6F22)"]);
			await page.waitForTimeout(100);
			assert.equal(screen.keys.length, 0);
			await page.selectOption("#paste-layout", "jp106");
			await page.fill("#paste-text", "¥\\|_");
			assert.match(await page.textContent("dialog"), /¥ キーとして送ります/);
			await page.click("dialog .primary");
			await eventually(() => page.locator("dialog").count(), 0);
			assert.deepEqual(screen.keys.filter(({ code }) => code !== 0x2a).map(({ code, down }) => key(code, down)),
				[key(0x7d, true), key(0x7d, false), key(0x73, true), key(0x73, false), key(0x7d, true), key(0x7d, false), key(0x73, true), key(0x73, false)]);
			await page.reload();
			await openPaste(page, "vnc");
			assert.equal(await page.inputValue("#paste-layout"), "jp106");
		});
	});

	test("VNC: progress is shown, and a stop leaves no key down and says how far it came", async () => {
		const { server } = furnish();
		const screen = consoles().screen(server);
		await withPage({ at: room(server, "vnc") }, async (page) => {
			await openPaste(page, "vnc");
			await page.fill("#paste-text", "A".repeat(500));
			await page.click("dialog .primary");
			await page.waitForSelector("dialog progress");
			await eventually(async () => Number(await page.locator("dialog progress").getAttribute("value")) > 3, true);
			assert.equal(await focused(page), "button");
			await page.keyboard.press("Enter");
			await page.waitForSelector("dialog [role=alert]:has-text('中止しました')");
			const sent = screen.keys.length;
			assert.ok(sent > 0 && sent < 2000 && sent % 4 === 0, `${sent} events`);
			await page.waitForTimeout(200);
			assert.equal(screen.keys.length, sent);
			assert.equal(await page.inputValue("#paste-text"), "A".repeat(500));
			await page.keyboard.press("Escape");
			await eventually(() => page.locator("dialog").count(), 0);
		});
	});

	test("a lost connection stops it and keeps the text", async () => {
		const { server } = furnish();
		await withPage({ at: room(server, "vnc"), expected: /WebSocket/ }, async (page) => {
			await openPaste(page, "vnc");
			await page.fill("#paste-text", "b".repeat(500));
			await page.click("dialog .primary");
			await page.waitForSelector("dialog progress");
			consoles().isDown = true;
			consoles().screen(server).hangUp();
			await page.waitForSelector("dialog [role=alert]:has-text('途中で止まりました')");
			assert.equal(await page.inputValue("#paste-text"), "b".repeat(500));
		});
	});
});

async function check(page, what) {
	await page.evaluate(axe);
	const { violations, passes } = await page.evaluate(() => window.axe.run(document, { rules: { "target-size": { enabled: true } } }));
	assert.ok(passes.length > 10, `${what}: axe looked at the page`);
	assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`), [], what);
}

for (const language of ["ja", "en"]) {
	for (const scheme of ["light", "dark"]) {
		for (const width of scheme === "light" ? [1280, 360, 320] : [1280, 320]) {
			test(`axe and width in every state: ${language} ${scheme} ${width}`, async () => {
				const { server, serial } = furnish();
				const look = async (page, what) => {
					await check(page, what);
					assert.equal(await widest(page), width, what);
				};
				serial.say("\r\n\x1b[31mred \x1b[34mblue \x1b[90mgrey\x1b[0m\r\n");
				await withPage({ language, scheme, width, at: room(server), expected: /WebSocket/ }, async (page) => {
					await open(page);
					await look(page, "serial");
					serial.lose(10);
					serial.mark(3);
					serial.takeOver("hanako", 132, 50);
					await page.waitForSelector(".console-writer button");
					await terminal(page).focus();
					await page.keyboard.type("x");
					await page.waitForSelector(".console-ignored");
					await look(page, "another writes");
					await page.locator("#panel-serial .console-bar button", { hasText: /テキストで読む|Read as text/ }).click();
					await page.waitForSelector("dialog pre");
					await look(page, "as text");
					await page.keyboard.press("Escape");
					serial.outsider = null;
					consoles().isDown = true;
					serial.hangUp();
					await page.waitForSelector(".console-banner");
					await look(page, "dropped");
					consoles().isDown = false;
					await open(page);
					serial.hangUp(codes.limit);
					await page.waitForSelector("#panel-serial .console-notice");
					await look(page, "ended");
					await page.click("#tab-vnc");
					await open(page, "vnc");
					await look(page, "vnc");
					await page.click("#vnc-keys-button");
					const menu = await page.locator("#vnc-keys-choices").boundingBox();
					assert.ok(menu.x >= 0 && menu.x + menu.width <= width, `the menu from ${menu.x} on is ${menu.width} wide`);
					await look(page, "keys");
					await page.keyboard.press("Escape");
					await page.locator("#panel-vnc .console-bar button", { hasText: /貼り付け|Paste/ }).click();
					await page.fill("#paste-text", "漢".repeat(3));
					await page.click("dialog .primary");
					await page.waitForSelector("#paste-refused");
					await look(page, "refused");
					await page.fill("#paste-text", "x".repeat(2000));
					await page.click("dialog .primary");
					await page.waitForSelector("dialog progress");
					await look(page, "typing");
					await page.locator("dialog .buttons button").click();
					await page.waitForSelector("dialog [role=alert]");
					await look(page, "stopped");
					await page.keyboard.press("Escape");
					await page.click("#restart-button");
					await look(page, "restart menu");
					await page.locator("#restart-choices button").nth(1).click();
					await page.waitForSelector("dialog");
					await look(page, "force restart");
					await page.keyboard.press("Escape");
					state.mock.setStatus(server, "off");
					await page.waitForSelector("#panel-vnc .console-start");
					await look(page, "stopped server");
				});
			});
		}
	}
}
