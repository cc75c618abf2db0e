// One browser and one mock for a file of tests; a fresh context and an empty service for each test.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { after, before, beforeEach } from "node:test";
import { startBrowser, watch } from "./browser.mjs";
import { Mock } from "./mock.mjs";

export const panel = path.resolve(process.env.IPPO_PANEL ?? path.join(process.env.IPPO_BUILD ?? "../../../build", "panel"));

export const state = { mock: null, browser: null };

export function useBrowser() {
	before(async () => {
		assert.ok(existsSync(path.join(panel, "index.html")), `no panel in ${panel}: build it, or set IPPO_BUILD`);
		state.mock = await new Mock(panel).listen();
		state.browser = await startBrowser();
	});
	beforeEach(() => state.mock.reset());
	after(async () => {
		await state.browser?.close();
		await state.mock?.close();
	});
}

/**
 * Runs `steps` with a page, and fails if anything happened in it that must not.
 * @param as        signed in as this user; null: as nobody
 * @param first     comes for the first time: the list of first things is still there
 * @param touch     the screen is touched: there is no mouse
 * @param expected  pattern of problems that belong to the test (a refusal is an error in the console)
 */
export async function withPage({ as = "taro", language = "ja", scheme = "light", width = 1280, height = 800, touch = false, first = false, expected = null, at = "/" }, steps) {
	const { mock, browser } = state;
	const context = await browser.newContext({
		locale: language === "ja" ? "ja-JP" : "en-GB",
		colorScheme: scheme,
		viewport: { width, height },
		hasTouch: touch,
		isMobile: touch,
		timezoneId: "Asia/Tokyo",
		reducedMotion: "reduce",
	});
	try {
		if (as) {
			await context.addCookies([mock.session(as)]);
			await context.addInitScript(() => {
				if (!sessionStorage.getItem("marked"))
					localStorage.setItem("ippo.session", "yes");
				sessionStorage.setItem("marked", "yes");
			});
		}
		if (!first)
			await context.addInitScript(() => {
				try {
					localStorage.setItem("ippo.first", "done");
				} catch {} // an empty page has no storage
			});
		const page = await context.newPage();
		const problems = await watch(page, mock.url);
		if (at)
			await page.goto(mock.url + at);
		await steps(page, context);
		assert.deepEqual(problems.filter((problem) => !expected?.test(problem)), []);
	} finally {
		await context.close();
	}
}

export const card = (page, server) => page.locator(`[data-server="${server.id}"]`);

/** Waits until what `read` finds out is as expected. */
export async function eventually(read, expected, patience_ms = 20000) {
	const end = Date.now() + patience_ms;
	for (;;) {
		const found = await read();
		if (found === expected)
			return;
		if (Date.now() > end)
			assert.equal(found, expected);
		await new Promise((resolve) => { setTimeout(resolve, 20); });
	}
}
