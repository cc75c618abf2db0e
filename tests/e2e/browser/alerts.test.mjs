// Alerts: the mark in the header and beside a server, the room, making a rule and deleting one.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const nasty = "<img src=x onerror=alert(1)>{{7*7}}";
const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
const count = (page) => page.locator("nav .count-alerts").allTextContents().then((texts) => texts.join());
const isWide = (page) => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
const sent = () => JSON.parse(state.mock.bodies.filter((body) => body.includes("kind")).at(-1));

useBrowser();

describe("seeing", () => {
	test("an alert marks the header and the server, and the mark goes with it", async () => {
		const { mock } = state;
		const server = mock.addServer("hajime", "running");
		await withPage({ at: "/#/servers" }, async (page) => {
			await page.waitForSelector(`[data-server='${server.id}']`);
			assert.equal(await count(page), "");
			assert.equal(await page.locator(".alert-mark").count(), 0);
			const alert = mock.addAlert(server);
			await eventually(() => count(page), "1");
			assert.match(await page.textContent("nav"), /発生中1件/);
			assert.match(await page.textContent(`[data-server='${server.id}'] .alert-mark`), /アラート1件.*CPU使用率が90%超の状態が5分継続/s);
			assert.equal(await page.locator(".alert-mark .icon").count(), 1);
			await page.click(".alert-mark a");
			await page.waitForSelector(`[data-alert='${alert.id}'] .alert-is-open`);
			mock.endAlert(alert);
			await eventually(() => count(page), "");
			await eventually(() => page.locator(`[data-alert='${alert.id}']`).innerText().then((text) => /終了.*解消しました/s.test(text)), true);
			await page.goto(`${mock.url}/#/servers/${server.id}`);
			await page.waitForSelector("[data-home]");
			assert.equal(await page.locator(".alert-mark").count(), 0);
			mock.addAlert(server, { kind: "stopped_unexpectedly" });
			await page.waitForSelector(".alert-mark:has-text('予期しない停止')");
		});
	});

	test("none is one sentence and one button; a reader has no button", async () => {
		await withPage({ at: "/#/alerts", language: "en" }, async (page) => {
			await page.waitForSelector(".empty #make-rule");
			assert.equal(await page.title(), "Alerts — Ippo");
		});
		state.mock.role = "reader";
		const rule = state.mock.addAlertRule();
		await withPage({ at: "/#/alerts" }, async (page) => {
			await page.waitForSelector(`[data-rule='${rule.id}']`);
			assert.equal(await page.locator("#make-rule, [data-do=delete]").count(), 0);
		});
	});

	test("names are text, and a deleted server has no link", async () => {
		state.mock.addAlert({ id: 99, name: nasty }, { status: "ended", ended: "2026-11-20T02:03:04Z", reason: "server_gone" });
		state.mock.addAlertRule({ label_selector: nasty, webhook_url: `https://example.com/${"x".repeat(300)}` });
		await withPage({ at: "/#/alerts", width: 360 }, async (page) => {
			await page.waitForSelector("[data-alert]");
			assert.match(await page.textContent("[data-alert]"), /<img src=x/);
			assert.equal(await page.locator("[data-alert] a, .alerts img").count(), 0);
			assert.equal(await isWide(page), false);
		});
	});
});

describe("rules", () => {
	test("from a graph to a rule about it", async () => {
		const { mock } = state;
		const server = mock.addServer("hajime", "running");
		await withPage({ at: `/#/servers/${server.id}/graphs` }, async (page) => {
			await page.locator("[data-graph=memory] a", { hasText: "アラートを作る" }).click();
			await page.waitForSelector("#alert-save");
			assert.equal(await focused(page), "alert-scope");
			assert.equal(await page.inputValue("#alert-scope"), String(server.id));
			assert.equal(await page.inputValue("#alert-what"), "memory_used");
			await page.fill("#alert-threshold", "1.5");
			await page.fill("#alert-minutes", "10");
			mock.delay_ms = 100;
			await page.dblclick("#alert-save");
			await page.waitForSelector("[data-rule]");
			assert.equal(mock.count("POST", /alert_rules/), 1);
			assert.deepEqual(sent(), { server: server.id, kind: "metric", metric: "memory_used", comparison: "above", threshold: 1572864, minutes: 10, mail: false });
			assert.equal(await page.evaluate(() => location.hash), "#/alerts");
			await eventually(() => focused(page), "heading");
		});
	});

	test("mistakes are summed up, and what was typed stays", async () => {
		const { mock } = state;
		await withPage({ at: "/#/alerts", expected: /403/ }, async (page) => {
			await page.click("#make-rule");
			await page.selectOption("#alert-scope", "label");
			await page.fill("#alert-threshold", "many");
			await page.fill("#alert-minutes", "1441");
			await page.click("#alert-save");
			await page.waitForSelector(".notice li a");
			assert.equal(await page.locator(".notice li a").count(), 3);
			assert.equal(await page.locator(".field-problem").count(), 3);
			assert.equal(mock.count("POST", /alert_rules/), 0);
			await page.locator(".notice li a").first().click();
			assert.equal(await focused(page), "alert-label");
			await page.fill("#alert-label", "env=prod");
			await page.fill("#alert-threshold", "80");
			await page.fill("#alert-minutes", "5");
			for (let i = 0; i < 20; i++)
				mock.addAlertRule();
			await page.click("#alert-save");
			await page.waitForSelector(".notice:has-text('20件')");
			assert.equal(await page.inputValue("#alert-label"), "env=prod");
			mock.alertRules.clear();
			await page.click("#alert-save");
			await page.waitForSelector("[data-rule]:has-text('env=prod')");
		});
	});

	test("a stop has no threshold; a webhook's key is shown once", async () => {
		await withPage({ at: "/#/alerts", language: "en" }, async (page) => {
			await page.click("#make-rule");
			await page.selectOption("#alert-what", "stopped_itself");
			await page.waitForSelector("#alert-threshold", { state: "detached" });
			await page.check("#alert-mail");
			await page.fill("#alert-webhook", "https://example.com/hook");
			await page.click("#alert-save");
			await page.waitForSelector("#secret-title");
			assert.deepEqual(sent(), { all_servers: true, kind: "stopped_itself", mail: true, webhook_url: "https://example.com/hook" });
			assert.match(await page.textContent("section.notice"), /0123456789abcdef/);
			await page.click("section.notice > .buttons button");
			await page.waitForSelector("#secret-title", { state: "detached" });
			assert.match(await page.textContent("[data-rule]"), /All servers.*Stopped from the inside.*By mail.*example\.com/s);
		});
	});

	test("a rule is changed in the form it was made with, and what was not touched stays", async () => {
		const { mock } = state;
		const server = mock.addServer("hajime", "running");
		const rule = mock.addAlertRule({ kind: "metric", metric: "memory_used", comparison: "below", threshold: 1234567890, minutes: 7, server: server.id, all_servers: false, mail: true, webhook_url: "https://example.com/a" });
		mock.addAlert(server, { rule: rule.id });
		await withPage({ at: "/#/alerts", language: "en" }, async (page) => {
			await page.click("[data-do=change]");
			await eventually(() => focused(page), "alert-scope");
			const shown = await page.evaluate(() => Object.fromEntries(["scope", "what", "comparison", "minutes", "webhook"].map((name) => [name, document.getElementById(`alert-${name}`).value])));
			assert.deepEqual(shown, { scope: String(server.id), what: "memory_used", comparison: "below", minutes: "7", webhook: "https://example.com/a" });
			assert.equal(await page.isChecked("#alert-mail"), true);
			assert.equal(await page.locator("[data-do=change], [data-do=delete]").count(), 0, "one thing at a time");
			await page.fill("#alert-minutes", "8");
			await page.click("#alert-save");
			await eventually(() => rule.minutes, 8);
			assert.deepEqual(sent(), { server: server.id, kind: "metric", metric: "memory_used", comparison: "below", threshold: 1234567890, minutes: 8, mail: true, webhook_url: "https://example.com/a" });
			await page.waitForSelector("[data-rule]:has-text('8 minutes')");
			await eventually(() => focused(page), "heading");
			await eventually(() => count(page), "");
			await page.click("[data-do=change]");
			await page.selectOption("#alert-what", "stopped_itself");
			await page.selectOption("#alert-scope", "label");
			await page.fill("#alert-label", "env=prod");
			await page.fill("#alert-webhook", "https://example.com/b");
			await page.click("#alert-save");
			await page.waitForSelector("#secret-title");
			assert.match(await page.textContent("section.notice"), /fedcba9876543210/);
			assert.match(await page.textContent("[data-rule]"), /env=prod.*Stopped from the inside/s);
			await page.click("[data-do=change]");
			assert.equal(await page.inputValue("#alert-label"), "env=prod");
			await page.fill("#alert-webhook", "");
			await page.uncheck("#alert-mail");
			await page.click("#alert-save");
			await eventually(() => rule.webhook_url, null);
			assert.equal(rule.mail, false);
			assert.equal(mock.alertRules.size, 1);
			assert.equal(mock.count("POST", /alert_rules/), 0);
		});
	});

	test("a rule that is gone meanwhile says so; leaving changes nothing", async () => {
		const { mock } = state;
		mock.addAlertRule();
		await withPage({ at: "/#/alerts", expected: /404/ }, async (page) => {
			await page.click("[data-do=change]");
			await page.locator(".key-form .buttons .button").last().click();
			await page.waitForSelector("[data-do=change]");
			assert.equal(mock.count("PUT", /alert_rules/), 0);
			await page.click("[data-do=change]");
			mock.alertRules.clear();
			await page.click("#alert-save");
			await page.waitForSelector(".notice li:has-text('すでに削除されています')");
		});
	});

	test("deleting asks first, and ends what is open", async () => {
		const { mock } = state;
		const rule = mock.addAlertRule();
		mock.addAlert(mock.addServer("hajime", "running"), { rule: rule.id });
		await withPage({ at: "/#/alerts" }, async (page) => {
			await page.click("[data-do=delete]");
			assert.equal(await focused(page), "キャンセル");
			await page.keyboard.press("Escape");
			assert.equal(mock.count("DELETE", /alert_rules/), 0);
			await page.click("[data-do=delete]");
			await page.locator("dialog .destroys, dialog button").last().click();
			await page.waitForSelector("[data-rule]", { state: "detached" });
			await eventually(() => count(page), "");
			await eventually(() => focused(page), "heading");
		});
	});
});
