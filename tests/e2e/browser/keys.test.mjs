// SSH public keys: what the browser makes is opened by the real tools, and the private half stays in it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDSDVQ5GxpUfW7c2pyLcFyyGVBUnhCsAcXVqZC4LmNYM taro@note";
const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
let folder;

useBrowser();
before(() => { folder = mkdtempSync(path.join(tmpdir(), "ippo-keys-")); });
after(() => rmSync(folder, { recursive: true }));

async function make(page, name) {
	await page.click(".button.primary");
	await page.fill("#key-name", name);
	await page.click("form .button.primary");
	await page.waitForSelector("dialog[open]");
}

/** Presses the button and returns where the file is now. */
async function download(page, format) {
	const [file] = await Promise.all([page.waitForEvent("download"), page.locator("dialog .save-key-files button", { hasText: format }).click()]);
	const place = path.join(folder, file.suggestedFilename());
	await file.saveAs(place);
	chmodSync(place, 0o600);
	return place;
}

const output = (...words) => execFileSync(words[0], words.slice(1), { encoding: "utf8" }).trim();

describe("keys", () => {
	for (const kind of ["Ed25519", "ECDSA"]) {
		test(`${kind} made in the browser: OpenSSH and PuTTY read it, and the private half is sent nowhere`, async () => {
			await withPage({ at: "/#/keys" }, async (page) => {
				if (kind === "ECDSA") {
					await page.evaluate(() => {
						const real = crypto.subtle.generateKey.bind(crypto.subtle);
						crypto.subtle.generateKey = (algorithm, ...rest) => (algorithm === "Ed25519"
							? Promise.reject(new DOMException("no such algorithm", "NotSupportedError"))
							: real(algorithm, ...rest));
					});
				}
				await page.waitForSelector(".empty");
				assert.equal(await page.title(), "SSH公開鍵 — Ippo");
				await make(page, "自宅の note");
				const [key] = state.mock.keys.values();
				const openssh = await download(page, "OpenSSH");
				const putty = await download(page, "PuTTY");
				assert.equal(path.basename(openssh), "ippo-note");
				assert.equal(output("ssh-keygen", "-y", "-f", openssh), key.public_key);
				assert.equal(output("puttygen", putty, "-L"), key.public_key);
				output("puttygen", putty, "-O", "private-openssh-new", "-o", `${openssh}-2`);
				assert.equal(output("ssh-keygen", "-y", "-f", `${openssh}-2`).split(" ")[1], key.public_key.split(" ")[1]);
				const secret = readFileSync(openssh, "utf8").split("\n").slice(1, -2).join("");
				const middle = secret.slice(-120, -20);
				assert.ok(middle.length > 90 && !state.mock.bodies.some((body) => body.includes(middle) || body.includes("PRIVATE")));
				await page.locator("dialog .button.primary").click();
				await eventually(() => focused(page), `key-${key.id}`);
				assert.equal(await page.textContent(".facts dd"), kind);
				assert.match(await page.textContent(".fact-wide code"), /^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
			});
		});
	}

	test("the page keeps a key that is not saved until it is saved or thrown away", async () => {
		await withPage({ at: "/#/keys" }, async (page) => {
			await page.waitForSelector(".empty");
			await make(page, "note");
			assert.match(await focused(page), /OpenSSH/);
			await page.keyboard.press("Escape");
			await page.waitForSelector("dialog .dialog-obstacle");
			const asked = new Promise((resolve) => { page.once("dialog", (dialog) => { dialog.dismiss(); resolve(dialog.type()); }); });
			await page.evaluate(() => setTimeout(() => location.reload()));
			assert.equal(await asked, "beforeunload");
			assert.equal(await page.locator("dialog[open]").count(), 1);
			await page.locator("dialog .destroys").click();
			await page.waitForSelector(".empty");
			assert.equal(state.mock.keys.size, 0);
		});
	});

	test("a key that is there already: mistakes beside the field, private halves refused before they are sent", async () => {
		await withPage({ at: "/#/keys", expected: /4(09|22)/ }, async (page) => {
			await page.waitForSelector(".empty");
			await page.locator(".button", { hasText: "手元の公開鍵" }).click();
			await eventually(() => focused(page), "key-name");
			await page.click("form .button.primary");
			await page.waitForSelector("#key-name-problem");
			await page.waitForSelector("#key-line-problem");
			await page.fill("#key-name", "note");
			await page.fill("#key-line", "-----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNzaC1r");
			await page.click("form .button.primary");
			await eventually(async () => /秘密鍵/.test(await page.textContent("#key-line-problem")), true);
			assert.equal(state.mock.count("POST", /ssh_keys/), 0);
			await page.fill("#key-line", "ssh-dss AAAA");
			await page.click("form .button.primary");
			await eventually(async () => /読み取れません/.test(await page.textContent("#key-line-problem")), true);
			await page.fill("#key-line", `  ${line} `);
			await page.click("form .button.primary");
			const [key] = await eventually(() => state.mock.keys.size, 1).then(() => [...state.mock.keys.values()]);
			await eventually(() => focused(page), `key-${key.id}`);
			assert.equal(key.public_key, line);
			await page.locator(".button", { hasText: "手元の公開鍵" }).click();
			await page.fill("#key-name", "note");
			await page.fill("#key-line", line.replace("DSDVQ", "DSDVR"));
			await page.click("form .button.primary");
			await page.waitForSelector("#key-name-problem");
			assert.equal(await page.inputValue("#key-name"), "note");
		});
	});

	test("removing asks first, and the focus goes where it came from or to the heading", async () => {
		const key = state.mock.addKey("note", line);
		await withPage({ at: "/#/keys" }, async (page) => {
			const button = page.locator(`[data-key="${key.id}"] .destroys`);
			await button.click();
			await page.waitForSelector("dialog[open]");
			assert.equal(await focused(page), "キャンセル");
			await page.keyboard.press("Escape");
			await eventually(() => button.evaluate((element) => element === document.activeElement), true);
			await button.click();
			await page.locator("dialog .destroys").click();
			await page.waitForSelector(".empty");
			assert.equal(state.mock.keys.size, 0);
			await eventually(() => focused(page), "heading");
		});
	});

	test("one that may only look sees the keys and nothing to change them with", async () => {
		state.mock.addKey("note", line);
		state.mock.role = "reader";
		await withPage({ at: "/#/keys" }, async (page) => {
			await page.waitForSelector("[data-key]");
			assert.equal(await page.locator("main .button:not(.small)").count(), 0);
		});
	});

	test("a list of more than one page, and one that cannot be read", async () => {
		for (let i = 0; i < 60; i++)
			state.mock.addKey(`key ${i}`, `ssh-rsa AAAAB3NzaC1yc2E${String(i).padStart(5, "A")}`);
		const mend = state.mock.cut("GET", /ssh_keys/);
		await withPage({ at: "/#/keys", expected: /ERR_/ }, async (page) => {
			await page.waitForSelector(".notice.attention");
			mend();
			await page.locator(".notice .button").click();
			await page.waitForSelector("[data-key]");
			assert.equal(await page.locator("[data-key]").count(), 60);
		});
	});
});
