// Files of a message: chosen, taken out, sent in pieces, refused, tried again; saved from a thread.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const nasty = "<img src=x onerror=alert(1)>.png";
const png = (bytes) => Buffer.concat([Buffer.from([0x89]), Buffer.alloc(bytes - 1, 7)]);
const file = (name, buffer) => ({ name, mimeType: "application/octet-stream", buffer });
const asCustomer = () => { state.mock.users.get("taro").operator = false; };
const isWide = (page) => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
const listed = (page) => page.locator("[data-file] .file-name").allTextContents();
const focused = (page) => page.evaluate(() => document.activeElement.id);

async function withQuestion(options, steps) {
	asCustomer();
	await withPage({ at: "/#/contact", ...options }, async (page) => {
		await page.click("#ask");
		await page.fill("#contact-subject", "画面");
		await page.fill("#contact-text", "見てください");
		await steps(page);
	});
}

useBrowser();

describe("writing", () => {
	test("files are listed, one is taken out, the others arrive whole", async () => {
		await withQuestion({}, async (page) => {
			const large = png(300 * 1024);
			await page.setInputFiles("#contact-files", [file("画面.png", large), file("not-this.txt", Buffer.from("x"))]);
			await page.setInputFiles("#contact-files", [file("boot.log", Buffer.from("ok\n"))]);
			assert.deepEqual(await listed(page), ["画面.png", "not-this.txt", "boot.log"]);
			await page.click("[data-file='not-this.txt'] button");
			assert.deepEqual(await listed(page), ["画面.png", "boot.log"]);
			assert.equal(await focused(page), "contact-files");
			await page.click("form .primary");
			await page.waitForSelector("[data-attachment]");
			assert.deepEqual([...state.mock.files.values()].map(({ name, sent }) => [name, sent]), [["画面.png", true], ["boot.log", true]]);
			assert.ok([...state.mock.files.values()][0].data.equals(large));
			const [download] = await Promise.all([page.waitForEvent("download"), page.click("[data-attachment] a")]);
			assert.equal(download.suggestedFilename(), "画面.png");
			assert.ok(readFileSync(await download.path()).equals(large));
		});
	});

	test("too many, too large and empty ones are refused beside the field", async () => {
		await withQuestion({ language: "en" }, async (page) => {
			await page.setInputFiles("#contact-files", Array.from({ length: 6 }, (_, i) => file(`${i}.txt`, Buffer.from("x"))));
			assert.equal(await page.textContent("#contact-files-problem"), " A message takes 5 files.");
			assert.equal((await listed(page)).length, 5);
			await page.click("[data-file='0.txt'] button");
			await page.setInputFiles("#contact-files", [file("large.png", png(2 * 1024 * 1024 + 1))]);
			assert.match(await page.textContent("#contact-files-problem"), /large.png is too large/);
			await page.setInputFiles("#contact-files", [file("nothing.png", Buffer.alloc(0))]);
			assert.match(await page.textContent("#contact-files-problem"), /nothing.png is empty/);
			assert.equal((await listed(page)).length, 4);
			assert.equal(state.mock.files.size, 0);
		});
	});

	test("one that is no picture after all is named; the message is sent without it", async () => {
		await withQuestion({ expected: /422/ }, async (page) => {
			await page.setInputFiles("#contact-files", [file("good.png", png(9)), file(nasty, Buffer.from([0, 1]))]);
			await page.click("form .primary");
			await page.waitForSelector("#contact-files-problem");
			assert.match(await page.textContent("#contact-files-problem"), /<img src=x onerror=alert\(1\)>\.pngは、拡張子にかかわらず/);
			assert.equal(await page.inputValue("#contact-text"), "見てください");
			await page.locator("[data-file] button").last().click();
			await page.click("form .primary");
			await page.waitForSelector("[data-attachment]");
			assert.deepEqual([...state.mock.files.values()].map(({ name }) => name), ["good.png"]);
		});
	});

	test("what was cut off goes on where it was", async () => {
		await withQuestion({ expected: /ERR_/ }, async (page) => {
			await page.setInputFiles("#contact-files", [file("a.png", png(300 * 1024))]);
			const mend = state.mock.cut("PUT", /contact_attachments/);
			await page.click("form .primary");
			await eventually(async () => /入力はそのまま残っています/.test(await page.textContent("main")), true);
			assert.deepEqual(await listed(page), ["a.png"]);
			mend();
			await page.click("form .primary");
			await page.waitForSelector("[data-attachment]");
			assert.equal(state.mock.files.size, 1);
		});
	});

	test("an account without room is told so; one that is taken out of the form is removed", async () => {
		await withQuestion({ language: "en", expected: /403|ERR_/ }, async (page) => {
			state.mock.fail("POST", /contact_attachments/, { status: 403, code: "resource_limit_exceeded", message: "no room" });
			await page.setInputFiles("#contact-files", [file("a.png", png(9))]);
			await page.click("form .primary");
			await page.waitForSelector("#contact-files-problem");
			assert.match(await page.textContent("#contact-files-problem"), /no room for a.png/);
			const mend = state.mock.cut("POST", /contact_threads/);
			await page.click("form .primary");
			await eventually(() => state.mock.files.size, 1);
			await page.waitForSelector("[data-file] button:not([disabled])");
			mend();
			await page.click("[data-file] button");
			await eventually(() => state.mock.files.size, 0);
		});
	});
});

for (const width of [360, 320]) {
	test(`nothing to scroll sideways at ${width}`, async () => {
		const name = `${"W".repeat(96)}.png`;
		const { data, ...shown } = state.mock.addFile(name, png(9));
		const thread = state.mock.addThread("x", "x", {}, [shown]);
		for (const language of ["ja", "en"]) {
			await withPage({ at: `/#/contact/${thread.id}`, width, language }, async (page) => {
				await page.waitForSelector("[data-attachment]");
				await page.setInputFiles("#contact-files", [file(name, png(9))]);
				await page.waitForSelector("[data-file]");
				assert.equal(await isWide(page), false, language);
				for (const link of await page.locator("[data-attachment] a, [data-file] button").all())
					assert.ok((await link.boundingBox()).height >= 24);
			});
		}
	});
}
