// Both consoles of guests: what stays when the other is looked at, what comes back by itself, keys for fingers.

import assert from "node:assert/strict";
import { eventually } from "../harness.mjs";
import { chapter, home, origin, patience_ms, ssh, stubborn, tiny } from "./visit.mjs";

const isOpen = (page, kind) => page.waitForSelector(`#panel-${kind} .console-state-open`, { timeout: patience_ms });
const screenIsShown = (page) => page.waitForSelector("#panel-vnc canvas", { timeout: patience_ms });
const said = (page) => page.evaluate(() => document.querySelector(".xterm-rows")?.innerText.replaceAll("\u00a0", " ") ?? "");
const says = (page, pattern) => eventually(async () => pattern.test(await said(page)), true, patience_ms);

/** All that the serial console keeps, as the room's own window shows it. */
async function allText(page) {
	await page.getByRole("button", { name: "テキストで読む" }).click();
	const text = await page.locator("dialog pre").textContent();
	await page.keyboard.press("Escape");
	await eventually(() => page.locator("dialog").count(), 0);
	return text;
}

chapter("consoles of guests", async (visit) => {
	const { page } = visit;
	const sockets = [];
	page.on("websocket", (socket) => sockets.push(socket.url()));
	/** What the guest's serial port says from now on. */
	const listen = async (server) => {
		const { end } = await visit.get(`/servers/${server.id}/console/text?max=1`);
		return async () => (await visit.get(`/servers/${server.id}/console/text?from=${end}`)).text;
	};
	const type = async (line) => {
		await page.locator(".serial-screen textarea").focus();
		await page.keyboard.type(line);
		await page.keyboard.press("Enter");
	};

	await visit.step("tabs keep scrollback and session, and what the guest says meanwhile is there", async () => {
		await page.goto(origin + home(tiny, "/console"));
		await isOpen(page, "serial");
		await type("");
		await type("echo begin-$((20+22)); seq 1 200; echo end-$((20+22))");
		await says(page, /end-42/);
		await page.click("#tab-vnc");
		await isOpen(page, "vnc");
		await screenIsShown(page);
		assert.equal(sockets.length, 2);
		assert.ok((await ssh(`ssh debian@${tiny.address}`, "echo spoken-$((20+22)) >/dev/ttyS0")).ok);
		await page.click("#tab-serial");
		await says(page, /spoken-42/);
		assert.match(await allText(page), /begin-42\n1\n2\n[^]*\n200\nend-42\n[^]*spoken-42/);
		assert.match(await page.textContent(".console-writer"), /あなたが入力できます/);
		await page.click("#tab-vnc");
		await screenIsShown(page);
		assert.equal(sockets.length, 2, "no connection was made anew");
	});

	await visit.step("Ctrl+Alt+Del restarts the guest, and both consoles are there afterwards", async () => {
		const heard = await listen(tiny);
		await page.locator("#panel-vnc .console-keys button", { hasText: "Ctrl+Alt+Del" }).click();
		await eventually(async () => /tiny is up/.test(await heard()), true, patience_ms);
		await isOpen(page, "vnc");
		await page.click("#tab-serial");
		await isOpen(page, "serial");
		await says(page, /tiny is up/);
		assert.equal(await page.locator(".console-banner").count(), 0);
	});

	await visit.step("shut down from the room: both say so and offer a start, after which both come by themselves", async () => {
		await page.locator(".heading-way [data-verb=shutdown]").click();
		await page.waitForSelector("#panel-serial .console-start", { timeout: patience_ms });
		await page.waitForFunction(() => /停止中なので、入力は届きません/.test(document.querySelector(".console-writer")?.textContent), null, { timeout: patience_ms });
		assert.match(await allText(page), /begin-42/, "what was said is still there");
		await page.click("#tab-vnc");
		await page.waitForSelector("#panel-vnc .console-start");
		assert.match(await page.textContent("#panel-vnc .console-notice"), /停止中は画面がありません/);
		const heard = await listen(tiny);
		await page.click("#panel-vnc .console-start");
		await isOpen(page, "vnc");
		await screenIsShown(page);
		await eventually(async () => /tiny is up/.test(await heard()), true, patience_ms);
		await page.click("#tab-serial");
		await says(page, /tiny is up/);
		assert.equal(await page.locator(".console-start, .console-banner").count(), 0);
		await type("");
		await type("echo again-$((20+22))");
		await says(page, /again-42/);
	});

	await visit.step("the row of keys on a telephone reaches a program in the guest", async () => {
		await page.goto(origin + "/#/servers"); // another writer goes
		const phone = await visit.atTelephone(home(tiny, "/console"));
		const tap = (kind, name) => phone.locator(`#panel-${kind} .console-keys`).getByRole("button", { name, exact: true }).tap();
		await isOpen(phone, "serial");
		await tap("serial", "キーボード");
		await phone.keyboard.press("Enter");
		await phone.keyboard.type("cat -v");
		await phone.keyboard.press("Enter");
		await says(phone, /cat -v/);
		const heard = await listen(tiny);
		await tap("serial", "Esc");
		await tap("serial", "上");
		await tap("serial", "Ctrl");
		await phone.keyboard.type("k");
		await phone.keyboard.press("Enter");
		await eventually(async () => (await heard()).replaceAll("\r", "").split("\n").filter((line) => line === "^[^[[A^K").length >= 1, true, patience_ms);
		await tap("serial", "Ctrl");
		await phone.keyboard.type("c");
		await phone.keyboard.type("echo out-$((20+22))");
		await phone.keyboard.press("Enter");
		await says(phone, /out-42/);

		await phone.goto(origin + home(stubborn, "/console/vnc"));
		await isOpen(phone, "vnc");
		await screenIsShown(phone);
		const typed = await listen(stubborn);
		await tap("vnc", "Tab");
		await tap("vnc", "Esc");
		await tap("vnc", "上");
		await tap("vnc", "Ctrl");
		await tap("vnc", "キーボード");
		await phone.keyboard.insertText("a");
		await phone.keyboard.insertText("b");
		await eventually(typed, "\t\x1b\x1b[A\x01b", patience_ms);
		await phone.context().close();
	});
});
