// A packet filter in front of a guest, changed by somebody whose own SSH goes through it.

import assert from "node:assert/strict";
import { eventually } from "../harness.mjs";
import { chapter, origin, patience_ms, ssh, tiny, told } from "./visit.mjs";

const command = `ssh debian@${tiny.address}`;
const reaches = async () => (await ssh(command, "true", { timeout_s: 3 })).ok;

chapter("a packet filter in front of a guest", async (visit) => {
	const { page } = visit;
	let firewall;

	await visit.step("SSH is let in by it", async () => {
		await page.goto(`${origin}/#/firewalls`);
		await page.click("#make-firewall");
		await page.fill("#firewall-name", "front");
		await page.click("#firewall-save");
		await page.waitForSelector("[data-rule='0']");
		firewall = page.url().split("/").at(-1);
		await page.selectOption("#apply-to", { label: tiny.name });
		await page.click("#apply");
		await page.waitForSelector(`[data-target="${tiny.name}"]`);
		await eventually(async () => (await visit.get(`/servers/${tiny.id}/filter`)).filter?.status ?? "applied", "applied", patience_ms);
		assert.equal(await reaches(), true);
	});

	await visit.step("the difference is shown first, with a warning that SSH goes", async () => {
		await page.click("#edit-rules");
		await page.locator("#rule-0-port").locator("xpath=ancestor::fieldset").getByRole("button").last().click();
		await page.click("[data-template=https]");
		await page.click("#rules-save");
		await page.waitForSelector("[data-difference='firewalls.added']:has-text('443')");
		await page.waitForSelector("[data-difference='firewalls.removed']:has-text('22')");
		assert.match(await page.textContent("#closes-ssh"), /ポート 22\D/);
		assert.equal(await reaches(), true, "nothing is changed yet");
	});

	await visit.step("it is on trial, and nobody gets in; taken back, they do", async () => {
		await page.click("#rules-save");
		await page.waitForSelector(`[data-trial="${firewall}"]`);
		assert.ok((await page.textContent("[data-trial]")).includes(told.address), "it names the address that would be cut off");
		assert.equal(await reaches(), false);
		await page.reload();
		await page.waitForSelector("[data-trial]");
		await page.click("#trial-revert");
		await page.waitForSelector("#trial-ended");
		await eventually(async () => /\D22\D/.test(await page.locator("[data-rule='0']").innerText()), true);
		await eventually(reaches, true, patience_ms);
	});

	await visit.step("its history has the trial and its end", async () => {
		await page.goto(`${origin}/#/history`);
		for (const words of ["パケットフィルターを作成", "パケットフィルターを適用", "パケットフィルターのルールを変更", "試行中のルールを取り消し"])
			await page.locator("[data-line]", { hasText: words }).first().waitFor();
	});
});
