// The page of the first step: verdicts with evidence, checking again, and opening the edge by hand.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

useBrowser();

describe("the first step", () => {
	test("one line an item, with evidence, and what to do with a command", async () => {
		const server = state.mock.addServer("hajime", "running");
		await withPage({ at: `/#/servers/${server.id}/first-step` }, async (page) => {
			await page.waitForSelector(".first-step-item");
			assert.equal(await page.locator(".first-step-item").count(), 13);
			assert.equal(await page.title(), "はじめの一歩: hajime — Ippo");
			assert.match(await page.locator(".room-tabs a[aria-current]").textContent(), /はじめの一歩 11\/13/);
			const root = page.locator("[data-item=root-ssh]");
			assert.match(await root.textContent(), /不合格/);
			assert.match(await root.textContent(), /root was let in/);
			assert.match(await root.locator("code").last().textContent(), /sudo firststep apply root-ssh/);
			assert.match(await page.locator("[data-item=sudo-user]").textContent(), /報告のみ/);
			assert.match(await page.locator("[data-item=time]").textContent(), /合格/);
			assert.equal(await page.locator("[data-item=time] dt").count(), 1, "nothing outside can tell the time");
		});
	});

	test("a check runs beside everything else, and its end is seen", async () => {
		const server = state.mock.addServer("hajime", "running");
		await withPage({ at: `/#/servers/${server.id}/first-step` }, async (page) => {
			await page.waitForSelector("#check-again");
			await page.click("#check-again");
			await eventually(async () => [...state.mock.actions.values()].some(({ command, status }) => command === "check_first_step" && status === "success"), true);
			await page.waitForFunction(() => document.querySelector("#check-again").getAttribute("aria-disabled") === null);
			await page.goto(`${state.mock.url}/#/servers/${server.id}`);
			await page.waitForSelector("#first-step-title");
			assert.match(await page.locator("[aria-labelledby=first-step-title]").textContent(), /13項目のうち11項目/);
		});
	});

	test("a closed server says so, and opens only for who types its name", async () => {
		const server = state.mock.addServer("hajime", "running");
		server.ippo.first_step.inbound = "closed";
		await withPage({ at: `/#/servers/${server.id}/first-step` }, async (page) => {
			await page.waitForSelector("[data-edge=closed]");
			await page.click("#open-inbound");
			await page.waitForSelector("dialog[open]");
			assert.equal(server.ippo.first_step.inbound, "closed");
			await page.fill("dialog input", "hajime");
			await page.locator("dialog button:has-text('今すぐ開く')").click();
			await page.waitForSelector("[data-edge=open]");
			assert.equal(server.ippo.first_step.inbound, "open");
		});
	});
});
