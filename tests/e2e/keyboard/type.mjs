// Types texts into a server's VNC console as a visitor does: signed in to the panel in Chromium, by the
// panel's dialog for pasting.
//
//   node type.mjs          a line of JSON {"layout", "text"} in: types it; a line out once the dialog says it is done
//   node type.mjs LAYOUT   prints every character that the layout has, as JSON
//
//   IPPO_PANEL       the built panel
//   IPPO_URL         https://localhost:8443
//   IPPO_INVITATION  a one-time link
//   IPPO_SERVER      the server's id

import assert from "node:assert/strict";
import path from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { startBrowser, watch } from "../browser/browser.mjs";

const typing_ms = 60000;

async function openConsole(browser) {
	const { origin } = new URL(process.env.IPPO_URL);
	const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: "en-GB", viewport: { width: 1280, height: 900 } });
	const page = await context.newPage();
	const problems = await watch(page, origin);
	await page.goto(`${origin}/#/invitation/${process.env.IPPO_INVITATION.split("/").at(-1)}`);
	await page.fill("#name", "typist");
	await page.fill("#password", "a phrase for one guest alone");
	await page.click("button.primary");
	await page.locator(".server").first().waitFor();
	await page.goto(`${origin}/#/servers/${process.env.IPPO_SERVER}/console/vnc`);
	await page.waitForSelector("#panel-vnc .console-state-open");
	return { page, problems };
}

async function type(page, { layout, text }) {
	await page.locator("#panel-vnc .console-bar button", { hasText: "Paste text" }).click();
	await page.selectOption("#paste-layout", layout);
	await page.fill("#paste-text", text);
	assert.equal(await page.inputValue("#paste-text"), text);
	await page.click("dialog .primary");
	await page.locator("dialog.paste").waitFor({ state: "detached", timeout: typing_ms });
}

if (process.argv.length > 2) {
	const { charactersOf } = await import(pathToFileURL(path.resolve(process.env.IPPO_PANEL, "lib/keyboard-layouts.js")));
	console.log(JSON.stringify(charactersOf(process.argv[2])));
} else {
	const browser = await startBrowser();
	try {
		const { page, problems } = await openConsole(browser);
		console.log("open");
		for await (const line of createInterface({ input: process.stdin })) {
			await type(page, JSON.parse(line));
			assert.deepEqual(problems, []);
			console.log("typed");
		}
	} finally {
		await browser.close();
	}
}
