// The stream of events is lost because a part of the service was killed; what happened to the guest meanwhile is there afterwards.

import assert from "node:assert/strict";
import { eventually } from "../harness.mjs";
import { card, chapter, cli, home, patience_ms, pidOf, stateOf, tiny, told, virsh } from "./visit.mjs";

/** kill -9 of a part, which stays away while `work` is done: who would start it anew is stopped. */
async function without(role, work) {
	process.kill(told.pid, "SIGSTOP");
	try {
		process.kill(pidOf(role), "SIGKILL");
		await work();
	} finally {
		process.kill(told.pid, "SIGCONT");
	}
}

chapter("a part of the service is killed", async (visit) => {
	const { page } = visit;
	const banner = page.locator(".banner:has-text('接続が切れました')");
	await stateOf(page, tiny, "running").waitFor();
	const form = await visit.open(home(tiny, "/settings"));

	await visit.step("core: a banner stands, what was typed stays, and a stop that nobody told is seen afterwards", async () => {
		await form.click("#rename");
		await form.fill("#server-name", `${tiny.name}-anew`);
		await without("core", async () => {
			await banner.waitFor({ timeout: patience_ms });
			await form.press("#server-name", "Enter");
			await form.waitForSelector("#summary-title", { timeout: patience_ms });
			assert.equal(await form.inputValue("#server-name"), `${tiny.name}-anew`);
			await virsh("destroy", tiny);
			assert.equal(await stateOf(page, tiny, "running").count(), 1);
		});
		await stateOf(page, tiny, "off").waitFor({ timeout: patience_ms });
		await eventually(() => banner.count(), 0, patience_ms);
		await form.press("#server-name", "Enter");
		await form.waitForSelector(`h1:has-text("${tiny.name}-anew")`);
		await card(page, tiny).getByRole("heading", { name: `${tiny.name}-anew` }).waitFor();
		await cli("server", "rename", `${tiny.name}-anew`, tiny.name);
		await card(page, tiny).getByRole("heading", { name: tiny.name, exact: true }).waitFor();
	});

	await visit.step("web: a banner stands, and a start by other means is seen afterwards, in every tab", async () => {
		await without("web", async () => {
			await banner.waitFor({ timeout: patience_ms });
			await cli("server", "start", tiny.name);
			assert.equal(await stateOf(page, tiny, "off").count(), 1);
		});
		await stateOf(page, tiny, "running").waitFor({ timeout: patience_ms });
		await form.waitForSelector(".state-running", { timeout: patience_ms });
		for (const tab of [page, form])
			await eventually(() => tab.locator(".banner").count(), 0, patience_ms);
	});
}, /50\d|ERR_|Failed to fetch/);
