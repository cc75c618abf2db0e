// A server's home: power, names, the lock, and deletion.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { card, eventually, state, useBrowser, withPage } from "./harness.mjs";

const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
const settings = (server) => `/#/servers/${server.id}/settings`;
const at = (server) => `/#/servers/${server.id}`;

useBrowser();

describe("a server's home", () => {
	test("the card leads to it; it says what the server is, what was done, and how to log in", async () => {
		const server = state.mock.addServer("hajime", "running");
		state.mock.endAction(state.mock.addAction(server, "start_server"));
		state.mock.endAction(state.mock.addAction(server, "reboot_server"), { code: "timeout", message: "too late" });
		await withPage({}, async (page, context) => {
			await context.grantPermissions(["clipboard-read", "clipboard-write"]);
			await card(page, server).locator("h2 a").click();
			await page.waitForSelector("[data-home]");
			assert.equal(await page.title(), "hajime — Ippo");
			await eventually(() => focused(page), "heading");
			await eventually(() => page.locator("[data-action]").count(), 2);
			await eventually(async () => /月額.*980/.test(await page.textContent(".lines")), true);
			const text = await page.textContent("main");
			for (const part of [`10.77.0.${server.id + 1}`, `static.${server.id}.example`, "fd5b:1a2c:77:", "1g", "50 GB", "Tokyo 1", "Debian 12"])
				assert.ok(text.replaceAll("\u00a0", " ").replace("50GB", "50 GB").includes(part), part);
			await page.locator(".connect .copy button").first().click();
			await eventually(() => page.evaluate(() => navigator.clipboard.readText()), `ssh debian@10.77.0.${server.id + 1}`);
			await page.locator(".room-tabs a").nth(1).click();
			await page.waitForSelector("[role=tablist]");
			await page.locator(".crumbs a").nth(1).click();
			await page.waitForSelector("[data-home]");
		});
	});

	test("this month's traffic, with what the plan includes of it", async () => {
		const giga = 1e9;
		const { id } = state.mock.addServer("hajime", "off", { included_traffic: 3000 * giga, outgoing_traffic: 12.4 * giga, ingoing_traffic: 0.8 * giga });
		const unsaid = state.mock.addServer("tsugi", "off", { included_traffic: 0, outgoing_traffic: 5, ingoing_traffic: 0 });
		await withPage({ at: `/#/servers/${id}`, language: "en" }, async (page) => {
			await page.waitForSelector("#traffic");
			assert.equal((await page.innerText("#traffic")).replaceAll("\u00a0", " "), "12 GB of 3 TB out, 800 MB in");
			await page.goto(`${state.mock.url}/#/servers/${unsaid.id}`);
			await page.waitForSelector("#traffic:has-text('0 MB out')");
			assert.doesNotMatch(await page.innerText("#traffic"), / of /);
		});
	});

	test("a plan's bandwidth, where it bounds any: chosen with, and shown at home", async () => {
		state.mock.plans[0] = { ...state.mock.plans[0], bandwidth_in: 1000, bandwidth_out: 200 };
		const { id } = state.mock.addServer("hajime", "off", { server_type: state.mock.plans[0] });
		const same = state.mock.addServer("tsugi", "off", { server_type: { ...state.mock.plans[0], bandwidth_in: 100, bandwidth_out: 100 } });
		const free = state.mock.addServer("kagiri", "off");
		await withPage({ at: `/#/servers/${id}`, language: "en" }, async (page) => {
			await page.waitForSelector("#bandwidth");
			assert.equal(await page.innerText("#bandwidth"), "up to 1,000 Mbit/s in, 200 Mbit/s out");
			await page.goto(`${state.mock.url}/#/servers/${same.id}`);
			await page.waitForSelector("#bandwidth:has-text('up to 100 Mbit/s')");
			await page.goto(`${state.mock.url}/#/servers/${free.id}`);
			await page.waitForSelector("h1:has-text('kagiri')");
			await page.waitForSelector("#traffic");
			assert.equal(await page.locator("#bandwidth").count(), 0);
			await page.goto(`${state.mock.url}/#/servers/new`);
			await page.waitForSelector("text=up to 1,000 Mbit/s in, 200 Mbit/s out");
		});
	});

	test("stopped: what that means and one large start; a failed start never looks running", async () => {
		const server = state.mock.addServer("hajime");
		state.mock.action_ms = 0;
		state.mock.outcomes = [{ code: "memory_full", message: "no memory" }];
		await withPage({ at: at(server) }, async (page) => {
			await page.waitForSelector("[data-verb=poweron]");
			assert.match(await page.textContent(".home-start"), /停止中は外から攻撃されません/);
			assert.equal(await page.locator("[data-verb=poweron]").count(), 1);
			await page.dblclick("[data-verb=poweron]");
			await page.waitForSelector(".state-busy");
			assert.equal(state.mock.count("POST", /poweron/), 1);
			[...state.mock.actions.values()].at(-1).settle();
			await page.waitForSelector(".action-failure");
			assert.equal(await page.locator(".state-running").count(), 0);
			await page.click("[data-verb=poweron]");
			await eventually(() => state.mock.count("POST", /poweron/), 2);
			[...state.mock.actions.values()].at(-1).settle();
			await page.waitForSelector(".state-running");
			await page.waitForSelector(".connect");
		});
	});

	test("shut down, force stop beside it, restart and force restart", async () => {
		const server = state.mock.addServer("hajime", "running");
		await withPage({ at: at(server) }, async (page) => {
			await page.click("#restart-button");
			await page.locator("#restart-choices button").first().click();
			await eventually(() => state.mock.count("POST", /reboot/), 1);
			await page.waitForSelector("#restart-button");
			await page.click("#restart-button");
			await page.locator("#restart-choices button").nth(1).click();
			await page.locator("dialog .destroys").click();
			await eventually(() => state.mock.count("POST", /reset$/), 1);
			await page.waitForSelector("#restart-button");
			state.mock.action_ms = 0;
			await page.click("[data-verb=shutdown]");
			await page.waitForSelector(".state-busy");
			await page.click("[data-verb=poweroff]");
			await page.locator("dialog .destroys").click();
			await eventually(() => state.mock.count("POST", /poweroff/), 1);
		});
	});

	test("renamed: mistakes beside the field, then the new name everywhere and the focus back", async () => {
		state.mock.addServer("taken");
		const server = state.mock.addServer("hajime", "running");
		await withPage({ at: settings(server), expected: /409/ }, async (page) => {
			await page.click("#rename");
			await eventually(() => focused(page), "server-name");
			assert.equal(await page.inputValue("#server-name"), "hajime");
			await page.fill("#server-name", "はじめ");
			await page.keyboard.press("Enter");
			await page.waitForSelector("#server-name-problem");
			await page.fill("#server-name", "taken");
			await page.keyboard.press("Enter");
			await eventually(async () => /すでに/.test(await page.textContent("#server-name-problem")), true);
			assert.equal(await page.inputValue("#server-name"), "taken");
			await page.fill("#server-name", "tsugi");
			await page.keyboard.press("Enter");
			await page.waitForSelector("h1:has-text('tsugi')");
			await eventually(() => focused(page), "rename");
			assert.equal(server.name, "tsugi");
			await eventually(() => page.title(), "tsugi の設定 — Ippo");
		});
	});

	test("the reverse name of each address is set, refused, and reset", async () => {
		const server = state.mock.addServer("hajime", "running");
		await withPage({ at: at(server), language: "en", expected: /422/ }, async (page) => {
			await page.click("#change-reverse-IPv6");
			await page.fill("#reverse-IPv6", "UPPER_case");
			await page.keyboard.press("Enter");
			await page.waitForSelector("#reverse-IPv6-problem");
			await page.fill("#reverse-IPv6", "www.example.org");
			await page.keyboard.press("Enter");
			await page.waitForSelector("code:has-text('www.example.org')");
			await eventually(() => focused(page), "change-reverse-IPv6");
			assert.deepEqual(server.public_net.ipv6.dns_ptr, [{ ip: `fd5b:1a2c:77:${server.id.toString(16)}::1`, dns_ptr: "www.example.org" }]);
			await page.click("#change-reverse-IPv4");
			await page.fill("#reverse-IPv4", "");
			await page.keyboard.press("Enter");
			await page.waitForSelector("#change-reverse-IPv4");
			assert.ok(state.mock.bodies.some((body) => body.includes('"dns_ptr":null')));
			assert.equal(await page.locator("[data-forward]").count(), 1); // of the name that is there
		});
	});

	test("a reverse name that does not lead back is said, and the server is called so as well", async () => {
		const server = state.mock.addServer("hajime", "running");
		state.mock.forward = "different";
		await withPage({ at: at(server), language: "en", expected: /422/ }, async (page) => {
			await page.click("#change-reverse-IPv4");
			await page.fill("#reverse-IPv4", `${"a".repeat(60)}.example.org`);
			await page.check("#reverse-IPv4-rename");
			await page.keyboard.press("Enter");
			await page.waitForSelector("text=at most 63 characters");
			await page.fill("#reverse-IPv4", "mail.example.org");
			await page.click("button.primary:has-text('Save')");
			await page.waitForSelector("[data-forward=different]");
			assert.match(await page.textContent("[data-forward]"), new RegExp(`not to ${server.public_net.ipv4.ip}`));
			assert.equal(await page.textContent("#heading"), "mail.example.org");
		});
		delete state.mock.forward;
	});

	test("a locked server is not deleted: the reason is visible, and another tab follows", async () => {
		const server = state.mock.addServer("hajime", "running");
		await withPage({ at: settings(server) }, async (page, context) => {
			const other = await context.newPage();
			await other.goto(state.mock.url + settings(server));
			await other.waitForSelector("#lock");
			await page.click("#lock");
			await eventually(async () => /削除ロックがオン/.test(await page.textContent("#delete-about")), true);
			assert.ok(await page.isDisabled("#delete"));
			assert.deepEqual(server.protection, { delete: true, rebuild: true });
			await eventually(() => other.isDisabled("#delete"), true);
			await page.click("#lock");
			await eventually(() => page.isDisabled("#delete"), false);
			assert.deepEqual(server.protection, { delete: false, rebuild: false });
		});
	});

	test("the guest agent switched off: what it did goes grey and says why, here and at the first step", async () => {
		const server = state.mock.addServer("hajime", "running");
		await withPage({ at: settings(server), language: "en" }, async (page) => {
			await page.waitForSelector("[data-agent=on]");
			assert.equal(await page.locator("[data-agent=on] .agent-uses .hint").count(), 0);
			await page.click("#agent");
			await page.waitForSelector("[data-agent=off]");
			assert.equal(server.ippo.guest_agent, false);
			assert.equal(await page.locator("[data-agent=off] .agent-uses.grey > li .hint").count(), 3);
			assert.match(await page.textContent("[data-agent=off]"), /reset-password.* is refused.*from outside alone.*power button/s);
			await page.goto(`${state.mock.url}/#/servers/${server.id}/first-step`);
			await page.waitForSelector(".first-step-list");
			assert.match(await page.textContent("[data-agent=off]"), /cannot be proven/);
			await page.goto(state.mock.url + settings(server));
			await page.click("#agent");
			await page.waitForSelector("[data-agent=on]");
			assert.equal(server.ippo.guest_agent, true);
		});
	});

	test("its settings say what a restart of the host means for it", async () => {
		const server = state.mock.addServer("hajime", "running");
		await withPage({ at: settings(server) }, async (page) => {
			await page.waitForSelector("#autostart");
			assert.match(await page.textContent("#autostart"), /自動起動.*稼働中だったサーバーは自動で起動し、停止中だったサーバーは停止したままです/s);
			assert.equal(await page.locator("#autostart :is(button, input)").count(), 0, "nothing to set");
		});
	});

	test("deleting wants the exact name: harmless focus, Tab inside, Esc, focus returns", async () => {
		const server = state.mock.addServer("hajime", "running");
		await withPage({ at: settings(server) }, async (page) => {
			await page.click("#delete");
			await page.waitForSelector("dialog[open]");
			assert.equal(await focused(page), "キャンセル");
			assert.match(await page.textContent("dialog"), /すべてのデータ/);
			for (const typed of ["", "hajim", "Hajime", "hajime "]) {
				await page.fill("#delete-name", typed);
				assert.ok(await page.isDisabled("dialog .destroys"), typed);
			}
			await page.focus("#delete-name");
			await page.keyboard.press("Shift+Tab");
			assert.equal(await focused(page), "キャンセル");
			await page.keyboard.press("Tab");
			assert.equal(await focused(page), "delete-name");
			await page.keyboard.press("Escape");
			await eventually(() => focused(page), "delete");
			assert.equal(state.mock.count("DELETE", /./), 0);
			await page.keyboard.press("Enter");
			await page.fill("#delete-name", "hajime");
			await page.locator("dialog .destroys").click();
			await page.waitForSelector("main:has-text('このサーバーは削除されました')");
			assert.equal(state.mock.count("DELETE", /./), 1);
			assert.equal(state.mock.servers.size, 0);
		});
	});

	test("a lock that came meanwhile is refused by the service and told", async () => {
		const server = state.mock.addServer("hajime");
		await withPage({ at: settings(server), expected: /422/ }, async (page) => {
			await page.click("#delete");
			await page.fill("#delete-name", "hajime");
			server.protection.delete = true; // without an event
			await page.locator("dialog .destroys").click();
			await page.waitForSelector("[role=alert]:has-text('削除できませんでした')");
			assert.equal(state.mock.servers.size, 1);
		});
	});

	test("who may only look has nothing to change; what is not there says so", async () => {
		const server = state.mock.addServer("hajime", "running");
		state.mock.role = "reader";
		await withPage({ at: at(server), expected: /404/ }, async (page) => {
			await page.waitForSelector("[data-home]");
			assert.equal(await page.locator("#lock, #agent, #delete, #rename, [id^=change-reverse]").count(), 0);
			await page.goto(state.mock.url + settings(server));
			await page.waitForSelector("[data-settings]");
			assert.equal(await page.locator("#lock, #agent, #delete, #rename, #upgrade").count(), 0);
			await page.goto(`${state.mock.url}/#/servers/999`);
			await page.waitForSelector("[role=alert]");
		});
	});
});

describe("reinstalling", () => {
	test("the port of SSH stays, unless another is chosen", async () => {
		const server = state.mock.addServer("hajime", "running");
		server.ippo.ssh_port = 2222;
		const asked = () => JSON.parse(state.mock.bodies.filter((body) => body.includes("\"image\"")).at(-1));
		for (const [way, wanted] of [[null, { ssh_port: 2222 }], ["random", { ssh_port: "random" }], ["usual", undefined]]) {
			await withPage({ at: `${at(server)}/reinstall` }, async (page) => {
				await page.waitForSelector(".reinstall");
				await page.click("#first-choices summary");
				if (way)
					await page.check(`#port-way input[value='${way}']`);
				await page.click(".reinstall .destroys");
				await page.fill("#reinstall-name", "hajime");
				await page.click("dialog .destroys");
				await page.waitForSelector("[data-home]");
				assert.deepEqual(asked().first_step, wanted);
				await eventually(() => [...state.mock.actions.values()].some(({ status }) => status === "running"), false);
			});
			server.ippo.ssh_port = 2222;
		}
	});

	test("wants the exact name, says what is lost and what stays, and asks for it once", async () => {
		const server = state.mock.addServer("hajime", "running");
		await withPage({ at: `${at(server)}/reinstall` }, async (page) => {
			await page.waitForSelector(".reinstall");
			assert.match(await page.textContent("main"), /すべてのデータを失います.*IPアドレス.*そのまま/s);
			assert.ok(await page.isDisabled("#image input[value='2']"), "WordPress needs a larger disk");
			await page.click(".reinstall .destroys");
			await page.waitForSelector("dialog[open]");
			await eventually(() => focused(page), "キャンセル");
			assert.ok(await page.isDisabled("dialog .destroys"));
			await page.fill("#reinstall-name", "hajim");
			assert.ok(await page.isDisabled("dialog .destroys"));
			await page.keyboard.press("Escape");
			assert.equal(await page.locator("dialog").count(), 0);
			assert.equal(state.mock.count("POST", /rebuild/), 0);
			await page.click(".reinstall .destroys");
			await page.fill("#reinstall-name", "hajime");
			await page.dblclick("dialog .destroys");
			await page.waitForSelector("[data-home]");
			assert.equal(state.mock.count("POST", /rebuild/), 1);
			assert.equal(JSON.parse(state.mock.bodies.at(-1) || state.mock.bodies.filter((body) => body.includes("image")).at(-1)).image, 1);
			await page.waitForSelector("[data-action]");
		});
	});

	test("the old disk is kept when asked for; it is shown, and gone back to by name or deleted", async () => {
		const server = state.mock.addServer("hajime", "running");
		state.mock.keys.set(900, { id: 900, name: "home", public_key: "ssh-ed25519 AAAA", fingerprint: "aa:bb", created: "2026-11-20T01:02:03Z", labels: {} });
		const asked = () => JSON.parse(state.mock.bodies.filter((body) => body.includes('"image"')).at(-1));
		await withPage({ at: `${at(server)}/reinstall`, language: "en" }, async (page) => {
			await page.waitForSelector(".reinstall");
			assert.equal(await page.locator(".kept-disk").count(), 0);
			await page.check("#keep input");
			await page.click(".reinstall summary");
			await page.fill("#user", "Root");
			await page.click(".reinstall .destroys");
			await page.waitForSelector("#user-problem");
			await page.fill("#user", "hanako");
			await page.check("#keys input[value='900']");
			await page.click("#first-choices summary");
			await page.check("#updates input[value='no_reboot']");
			await page.click(".reinstall .destroys");
			assert.match(await page.textContent("dialog"), /kept for seven days/);
			await page.fill("#reinstall-name", "hajime");
			await page.click("dialog .destroys");
			await page.waitForSelector("[data-home]");
			await eventually(() => page.locator("[data-home] .lines a[href$='/reinstall']").count(), 1);
			assert.match(await page.textContent(".lines"), /Security updates.*without a reboot.*Kept disk/s);
			assert.deepEqual(asked(), { image: 1, keep_disk: true, ssh_keys: [900], first_step: { updates: "no_reboot", user: "hanako" } });
		});
		await withPage({ at: `${at(server)}/reinstall` }, async (page) => {
			await page.waitForSelector(".kept-disk");
			assert.match(await page.textContent(".kept-disk"), /Debian 12、50\s*GB.*2026\/12\/01/s);
			assert.ok(await page.isDisabled("#keep input"), "two cannot be kept");
			await page.click("#kept-back");
			await page.waitForSelector("dialog[open]");
			assert.match(await page.textContent("dialog"), /今のディスクのすべてのデータを失います/);
			assert.ok(await page.isDisabled("dialog .destroys"));
			await page.fill("#kept-back-name", "hajime");
			await page.click("dialog .destroys");
			await eventually(() => page.locator(".kept-disk").count(), 0);
			assert.equal(state.mock.count("POST", /restore_kept_disk/), 1);
			// The answer is there: nothing is under way that knows of no disk.
			await eventually(async () => /古いディスクに戻しています|成功/.test(await page.textContent("#announcer")), true);
			server.ippo = { ...server.ippo, kept_disk: { image: null, disk_size: 50, user: "debian", ssh_port: 22, created: "2026-11-24T01:02:03Z", expires: "2026-12-01T01:02:03Z" } };
			state.mock.emit("server", { server });
			await page.click("#kept-gone");
			await page.keyboard.press("Escape");
			assert.equal(state.mock.count("POST", /delete_kept_disk/), 0);
			await page.click("#kept-gone");
			await page.click("dialog .destroys");
			await eventually(() => page.locator(".kept-disk").count(), 0);
			assert.equal(state.mock.count("POST", /delete_kept_disk/), 1);
		});
	});

	test("a locked server, a busy one and one's role say why not; without a key the password is shown", async () => {
		const server = state.mock.addServer("hajime", "off", { hasKey: false });
		server.protection = { delete: true, rebuild: true };
		await withPage({ at: `${at(server)}/reinstall`, language: "en" }, async (page) => {
			await page.waitForSelector("#reinstall-obstacle");
			assert.ok(await page.isDisabled(".reinstall .destroys"));
			server.protection = { delete: false, rebuild: false };
			const action = state.mock.addAction(server, "start_server");
			state.mock.emit("server", { server });
			await eventually(async () => /under way/.test(await page.textContent("#reinstall-obstacle")), true);
			state.mock.endAction(action);
			await eventually(() => page.isDisabled(".reinstall .destroys"), false);
			await page.click(".reinstall .destroys");
			await page.fill("#reinstall-name", "hajime");
			await page.click("dialog .destroys");
			await page.waitForSelector("dialog .copy");
			assert.match(await page.textContent("dialog"), /correct-horse-battery/);
			await page.click("dialog .primary");
			await page.waitForSelector("[data-home]");
		});
		state.mock.role = "reader";
		await withPage({ at: `${at(server)}/reinstall`, language: "en" }, async (page) => {
			await eventually(async () => /may only look/.test(await page.textContent("main")), true);
		});
	});
});
