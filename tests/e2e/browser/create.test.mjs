// Making a server: choices, price, keys, mistakes, and what is shown once.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, chmodSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
const asked = () => JSON.parse(state.mock.bodies.filter((body) => body.includes("server_type")).at(-1));
const made = () => state.mock.count("POST", /^\/v1\/servers$/);

function addKey(id = 900, name = "home") {
	state.mock.keys.set(id, { id, name, public_key: "ssh-ed25519 AAAA", fingerprint: "aa:bb", created: "2026-11-20T01:02:03Z", labels: {} });
}

useBrowser();

describe("creating a server", () => {
	test("the empty list leads here; with a key there is, one name is enough, and it stays off", async () => {
		addKey();
		await withPage({}, async (page) => {
			await page.click(".empty a.button");
			await page.waitForSelector(".create");
			assert.equal(await page.title(), "サーバーの作成 — Ippo");
			await eventually(() => focused(page), "heading");
			assert.match(await page.textContent(".create-cost"), /月額.*980/);
			await page.fill("#server-name", "hajime");
			await page.dblclick(".create-cost button");
			await page.waitForSelector("[data-home]");
			assert.equal(made(), 1);
			assert.deepEqual(asked(), { name: "hajime", server_type: 1, image: 1, location: 1, ssh_keys: [900], start_after_create: false });
			await page.waitForSelector(".home-start");
		});
	});

	test("private networks: as many as there may be, an address in one, and what the service says of it", async () => {
		addKey();
		const networks = ["naka", "oku", "ura", "soto"].map((name) => state.mock.addNetwork(name));
		await withPage({ at: "/#/servers/new", language: "en", expected: /422/ }, async (page) => {
			await page.waitForSelector(".create");
			await page.fill("#server-name", "hajime");
			assert.equal(await page.locator("[id^=network-ip]").count(), 0);
			for (const { id } of networks.slice(0, 3)) {
				await page.focus(`#networks input[value="${id}"]`);
				await page.keyboard.press("Space");
			}
			assert.equal(await page.isDisabled(`#networks input[value="${networks[3].id}"]`), true);
			assert.match(await page.innerText("#networks"), /soto\s+A server is in at most 3/);
			await page.keyboard.press("Space");
			assert.equal(await page.isDisabled(`#networks input[value="${networks[3].id}"]`), false);
			const field = `#network-ip-${networks[1].id}`;
			assert.match(await page.getAttribute(field, "aria-describedby"), /hint/);
			await page.fill(field, "10.0.0.2");
			await page.click(".create-cost button");
			await page.waitForSelector(`${field}-problem >> text=taken`);
			assert.equal(await page.isChecked(`#networks input[value="${networks[0].id}"]`), true);
			await page.fill(field, "10.0.0.77");
			await page.click(".create-cost button");
			await page.waitForSelector("[data-home]");
			assert.deepEqual(asked().networks, [networks[0].id, { network: networks[1].id, ip: "10.0.0.77" }]);
		});
	});

	test("an image that comes with Ippo says what it is for, in the panel's language", async () => {
		addKey();
		await withPage({ at: "/#/servers/new" }, async (page) => {
			await page.waitForSelector(".create");
			const said = await page.textContent("#image");
			assert.match(said, /wordpress · WordPressのサイト.*一度だけ/);
			assert.match(said, /debian-12/);
			assert.doesNotMatch(said.split("WordPress")[0], /サイト/);
		});
		await withPage({ at: "/#/servers/new", language: "en" }, async (page) => {
			await page.waitForSelector(".create");
			assert.match(await page.textContent("#image"), /wordpress · A WordPress site.*once/);
		});
	});

	test("what is chosen for the first boot is asked for, and the help to connect names the port", async () => {
		addKey();
		await withPage({ at: "/#/servers/new", expected: /422/ }, async (page) => {
			await page.waitForSelector(".create");
			await page.click("#first-choices summary");
			assert.ok(await page.isChecked("#port-way input[value='usual']"));
			assert.equal(await page.inputValue("#log-days"), "90");
			await page.check("#port-way input[value='own']");
			await page.fill("#server-name", "hajime");
			await page.fill("#ssh-port", "80");
			await page.fill("#open-ports", "443, www");
			await page.fill("#log-days", "0");
			await page.fill("#console-password", "short");
			await page.click(".create-cost button");
			await page.waitForSelector("#ssh-port-problem");
			assert.equal(await page.locator(".notice.attention li").count(), 4);
			assert.equal(made(), 0);
			await page.fill("#ssh-port", "2222");
			await page.fill("#open-ports", "443, 3306");
			await page.fill("#log-days", "30");
			assert.ok(await page.isChecked("#updates input[value='reboot']"), "the safest is the usual");
			await page.check("#updates input[value='manual']");
			await page.fill("#console-password", "a long password");
			await page.click(".create-cost button");
			await page.waitForSelector("#open-ports-problem");
			await page.fill("#open-ports", "443, 60000-61000/udp");
			await page.click(".create-cost button");
			await page.waitForSelector("[data-home]");
			assert.deepEqual(asked().first_step, { ssh_port: 2222, open_ports: ["443/tcp", "60000-61000/udp"], log_days: 30, updates: "manual", console_password: "a long password" });
			assert.match(await page.textContent("main"), /ssh -p 2222 debian@/);
			await page.click("[aria-labelledby='connect-title'] button:has-text('PuTTY')");
			assert.match(await page.textContent("[data-client='putty']"), /Port.*2222/s);
			await page.click("[aria-labelledby='connect-title'] button:has-text('scp')");
			assert.match(await page.textContent("[data-client='scp']"), /scp -P 2222 file\.txt/);
		});
	});

	test("the price follows the plan; a system that does not fit takes a plan that does", async () => {
		addKey();
		await withPage({ at: "/#/servers/new", language: "en" }, async (page) => {
			await page.waitForSelector(".create");
			await page.check("#plan input[value='3']");
			await page.waitForSelector("[data-quote='4g']");
			assert.match(await page.textContent(".create-cost"), /¥3,980 a month.*¥4,000/s);
			await page.check("#plan input[value='1']");
			await page.check("#image input[value='2']");
			assert.ok(await page.isChecked("#plan input[value='2']"));
			assert.ok(await page.isDisabled("#plan input[value='1']"));
			assert.match(await page.textContent("#plan .choice:first-child"), /needs a disk of 80.GB; the plan has 50.GB/);
			await page.check("#start input[value='yes']");
			await page.fill("#server-name", "blog");
			await page.click(".further summary");
			await page.fill("#user", "hanako");
			await page.fill("#user-data", "#!/bin/sh\ntouch /made\n");
			await page.click(".create-cost button");
			await page.waitForSelector("[data-home]");
			const { server_type, image, start_after_create, user, user_data } = asked();
			assert.deepEqual({ server_type, image, start_after_create, user, user_data }, { server_type: 2, image: 2, start_after_create: true, user: "hanako", user_data: "#!/bin/sh\ntouch /made\n" });
		});
	});

	test("packet filters stand between the key and the name, and go with the wish; without any it is said what gets in", async () => {
		const { mock } = state;
		mock.addKey("note", "ssh-ed25519 AAAA");
		await withPage({ at: "/#/servers/new" }, async (page) => {
			await page.waitForSelector("#filters");
			assert.match(await page.textContent("#filters"), /パケットフィルターまだありません.*SSHとping/s);
			mock.addFirewall("web", [{ port: "443" }]);
			const mail = mock.addFirewall("mail");
			await page.reload();
			await page.waitForSelector("#filters input");
			const placesOf = (parts) => page.evaluate((names) => names.map((each) => document.querySelector(each).getBoundingClientRect().y), parts);
			const places = await placesOf(["#way", "#filters", "#server-name"]);
			assert.deepEqual(places, places.toSorted((a, b) => a - b));
			// What it costs stays in view; where there is no room beside the choices, it comes after them.
			await page.evaluate(() => document.querySelector("#start").scrollIntoView());
			const [cost] = await placesOf([".create-cost"]);
			assert.ok(cost >= 0 && cost < 200, String(cost));
			await page.setViewportSize({ width: 360, height: 740 });
			const [start, below] = await placesOf(["#start", ".create-cost"]);
			assert.ok(below > start, `${below} ${start}`);
			await page.setViewportSize({ width: 1280, height: 800 });
			assert.match(await page.textContent(".create-cost"), /届くのは、SSHとpingだけ/);
			await page.check(`#filters input[value='${mail.id}']`);
			assert.match(await page.textContent(".create-cost"), /選んだフィルターが許可する通信だけ/);
			await page.fill("#server-name", "hajime");
			await page.click(".create-cost button");
			await page.waitForSelector("[data-home]");
			assert.deepEqual(JSON.parse(mock.bodies.findLast((body) => body.includes("server_type"))).firewalls, [{ firewall: mail.id }]);
		});
	});

	test("a filter that went meanwhile is said beside the others, and nothing typed is lost", async () => {
		const { mock } = state;
		mock.addKey("note", "ssh-ed25519 AAAA");
		const filter = mock.addFirewall("web");
		await withPage({ at: "/#/servers/new", expected: /422/ }, async (page) => {
			await page.check(`#filters input[value='${filter.id}']`);
			await page.fill("#server-name", "hajime");
			mock.fail("POST", /\/v1\/servers$/, { status: 422, code: "invalid_input", message: "no", details: { fields: [{ name: "firewalls", messages: ["there is no such firewall"] }] } });
			await page.click(".create-cost button");
			await page.waitForSelector("#filters-problem");
			assert.equal(await page.inputValue("#server-name"), "hajime");
			await page.click("#filters .choice");
			await page.click(".create-cost button");
			await page.waitForSelector("[data-home]");
		});
	});

	test("a key made here is saved before there is a server, and its private half leaves the page as a file alone", async () => {
		const folder = mkdtempSync(path.join(os.tmpdir(), "create-"));
		await withPage({ at: "/#/servers/new" }, async (page) => {
			await page.waitForSelector("#key-name");
			assert.ok(await page.isDisabled("#way input[value='mine']"), "there are no keys yet");
			assert.equal(await page.inputValue("#key-name"), "taro の鍵");
			await page.fill("#server-name", "hajime");
			await page.click(".create-cost button");
			await page.waitForSelector("dialog");
			assert.equal(made(), 0);
			const [download] = await Promise.all([page.waitForEvent("download"), page.locator("dialog .save-key-files button").first().click()]);
			const file = path.join(folder, "key");
			await download.saveAs(file);
			chmodSync(file, 0o600);
			await page.locator("dialog .primary").last().click();
			await page.waitForSelector("[data-home]");
			const [key] = state.mock.keys.values();
			assert.deepEqual(asked().ssh_keys, [key.id]);
			assert.equal(execFileSync("ssh-keygen", ["-y", "-f", file], { encoding: "utf8" }).split(" ")[1], key.public_key.split(" ")[1]);
			assert.ok(state.mock.bodies.every((body) => !body.includes("PRIVATE KEY")));
		});
	});

	test("a key that is given up goes, and no server comes; a refusal afterwards does not ask to save it again", async () => {
		state.mock.addServer("taken");
		await withPage({ at: "/#/servers/new", expected: /409/ }, async (page) => {
			await page.waitForSelector("#key-name");
			await page.fill("#server-name", "taken");
			await page.click(".create-cost button");
			await page.locator("dialog .destroys").click();
			await eventually(() => state.mock.keys.size, 0);
			assert.equal(made(), 0);
			await page.click(".create-cost button");
			await Promise.all([page.waitForEvent("download"), page.locator("dialog .save-key-files button").first().click()]);
			await page.locator("dialog .primary").last().click();
			await page.waitForSelector("#server-name-problem");
			await eventually(() => page.evaluate(() => document.activeElement.getAttribute("aria-labelledby")), "summary-title");
			await page.fill("#server-name", "free");
			await page.click(".create-cost button");
			await page.waitForSelector("[data-home]");
			assert.equal(state.mock.keys.size, 1);
		});
	});

	test("without a key root's password is shown once; Esc does not lose it", async () => {
		await withPage({ at: "/#/servers/new" }, async (page, context) => {
			await context.grantPermissions(["clipboard-read", "clipboard-write"]);
			await page.waitForSelector(".create");
			await page.check("#way input[value='password']");
			await page.fill("#server-name", "hajime");
			await page.click(".create-cost button");
			await page.waitForSelector("dialog .copy");
			await page.keyboard.press("Escape");
			await page.locator("dialog .copy button").click();
			await eventually(() => page.evaluate(() => navigator.clipboard.readText()), "correct-horse-battery");
			await page.locator("dialog .primary").click();
			await page.waitForSelector("[data-home]");
			assert.deepEqual(asked().ssh_keys, []);
			assert.doesNotMatch(await page.content(), /correct-horse/);
		});
	});

	test("mistakes stand beside their fields; what was typed stays, also through a lost connection and another language", async () => {
		addKey(900, "one");
		addKey(901, "two");
		await withPage({ at: "/#/servers/new", expected: /ERR_|422/ }, async (page) => {
			await page.waitForSelector(".create");
			await page.click(".create-cost button");
			await page.waitForSelector("#server-name-problem");
			await page.waitForSelector("#keys-problem");
			await page.locator(".notice.attention a").first().click();
			assert.equal(await focused(page), "keys");
			await page.check("#keys input[value='901']");
			await page.fill("#server-name", "hajime");
			await page.click(".further summary");
			await page.fill("#user", "root");
			await page.click(".create-cost button");
			await page.waitForSelector("#user-problem");
			await page.fill("#user", "taro");
			const mend = state.mock.cut("POST", /servers$/);
			await page.click(".create-cost button");
			await eventually(async () => /入力は残っています/.test(await page.textContent("main")), true);
			mend();
			await page.click("#language-button");
			await page.click("#language-choices button[lang=en]");
			await page.waitForSelector(".create-cost button:has-text('Create a server')");
			assert.equal(await page.inputValue("#server-name"), "hajime");
			assert.ok(await page.isChecked("#keys input[value='901']"));
			await page.click(".create-cost button");
			await page.waitForSelector("[data-home]");
			assert.deepEqual(asked().ssh_keys, [901]);
		});
	});

	test("who may only look is told so; with nothing to choose from, that is said", async () => {
		state.mock.role = "reader";
		await withPage({ at: "/#/servers/new" }, async (page) => {
			await eventually(async () => /閲覧だけの役割/.test(await page.textContent("main")), true);
			await page.goto(`${state.mock.url}/#/servers`);
			await page.waitForSelector(".empty");
			assert.equal(await page.locator("main a.button").count(), 0);
		});
		state.mock.role = "owner";
		state.mock.images = [];
		await withPage({ at: "/#/servers/new", language: "en" }, async (page) => {
			await eventually(async () => /no system to install yet/.test(await page.textContent("main")), true);
		});
	});
});

describe("connecting", () => {
	test("each program gets this server's address, user and fingerprint; the choice is remembered", async () => {
		const server = state.mock.addServer("hajime", "running");
		const address = `10.77.0.${server.id + 1}`;
		await withPage({ at: `/#/servers/${server.id}` }, async (page) => {
			const help = () => page.textContent("[data-client]");
			await page.waitForSelector("[data-client=ssh]");
			assert.match(await help(), new RegExp(`ssh -i ~/ippo-key debian@${address}`));
			assert.match(await help(), new RegExp(`echo '${address} ssh-ed25519 AAAAC3.*' >> ~/.ssh/known_hosts`));
			for (const [name, words] of [["scp", `scp file.txt debian@${address}:`], ["Tera Term", address], ["PuTTY", `debian@${address}`], ["WinSCP", "SFTP"]]) {
				await page.click(`button:text-is("${name}")`);
				assert.ok((await help()).includes(words), name);
			}
			assert.equal(await page.locator("text=SHA256:540nOBy028iBJBkgt2Cg/e4xOc0lduvt3KQLIu6leDY").count(), 2);
			await page.reload();
			await page.waitForSelector("[data-client=winscp]");
		});
	});

	test("a server that has not told its keys says when it will, or how to find out", async () => {
		const young = state.mock.addServer("young", "running");
		young.ippo = { ...young.ippo, first_boot_done: false, host_keys: [] };
		const silent = state.mock.addServer("silent", "running");
		silent.ippo = { ...silent.ippo, host_keys: [] };
		await withPage({ at: `/#/servers/${young.id}`, language: "en" }, async (page) => {
			await eventually(async () => /once the first start is over/.test(await page.textContent("main")), true);
			await page.goto(`${state.mock.url}/#/servers/${silent.id}`);
			await eventually(async () => /ssh-keygen -lf/.test(await page.textContent("main")), true);
		});
	});
});

describe("the list of first things", () => {
	test("says what is done and what comes next, with the command and the fingerprint, until it is closed", async () => {
		await withPage({ first: true, language: "en" }, async (page) => {
			const step = (name) => page.locator(`[data-step="${name}"]`);
			await page.waitForSelector(".first");
			for (const name of ["two-step", "key", "server", "connect"])
				assert.match(await step(name).textContent(), /Still to do/, name);
			addKey();
			state.mock.addTwoStep();
			const server = state.mock.addServer("hajime", "off");
			await eventually(async () => /Done/.test(await step("server").textContent()), true);
			assert.match(await step("connect").textContent(), /When a server is running/);
			state.mock.setStatus(server, "running");
			await eventually(async () => new RegExp(`ssh debian@10.77.0.${server.id + 1}`).test(await step("connect").textContent()), true);
			assert.match(await step("connect").textContent(), /SHA256:540nOBy/);
			await page.reload();
			await eventually(async () => /Done.*Done.*Done/s.test(await page.textContent(".first")), true);
			await page.click(".first button:text-is('Close this list')");
			await eventually(() => focused(page), "heading");
			assert.equal(await page.locator(".first").count(), 0);
			await page.reload();
			await page.waitForSelector("[data-server]");
			assert.equal(await page.locator(".first").count(), 0);
		});
	});

	test("without an answer about a step the others are there; it takes no room from who has closed it", async () => {
		state.mock.fail("GET", /two_step/, { status: 503, code: "unavailable", message: "no" }, 9);
		await withPage({ first: true, expected: /503/ }, async (page) => {
			await page.waitForSelector(".first");
			assert.equal(await page.locator(".first li").count(), 3);
		});
		await withPage({}, async (page) => {
			await page.waitForSelector(".empty");
			assert.equal(state.mock.requests.filter(([, path]) => path === "/v1/ssh_keys?per_page=1").length, 1);
		});
	});
});
