// The first sign-in: what is to be done, a command that logs in, a host key that is the guest's, and what its page knows of it.

import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { eventually } from "../harness.mjs";
import { chapter, home, origin, patience_ms, ssh, tiny } from "./visit.mjs";

chapter("the first visit to a guest", async (visit) => {
	const { page } = visit;
	let command;
	let fingerprint;

	await visit.step("a short list says what is done, and ends with a command and a fingerprint to copy", async () => {
		await visit.context.grantPermissions(["clipboard-read", "clipboard-write"], { origin });
		await page.locator(".first [data-step=connect] .copy").nth(1).waitFor();
		assert.deepEqual(await page.locator(".first [data-step]").evaluateAll((steps) => steps.map(({ dataset, className }) => [dataset.step, className === "first-done"])),
			[["two-step", false], ["key", true], ["server", true], ["connect", false]]);
		const copy = async (index) => {
			await page.locator(".first [data-step=connect] .copy button").nth(index).click();
			return page.evaluate(() => navigator.clipboard.readText());
		};
		command = await copy(0);
		assert.equal(command, `ssh debian@${tiny.address}`);
		fingerprint = await copy(1);
		assert.match(fingerprint, /^SHA256:[A-Za-z0-9+/]{43}$/);
	});

	await visit.step("its home has the address for every client, and the host key that the guest answers with", async () => {
		await page.goto(origin + home(tiny));
		for (const [client, words] of [["scp", `scp file.txt debian@${tiny.address}:`], ["Tera Term", tiny.address], ["PuTTY", `debian@${tiny.address}`], ["WinSCP", tiny.address]]) {
			await page.locator("[aria-labelledby=connect-title]").getByRole("button", { name: client, exact: true }).click();
			await page.locator("[data-client] code", { hasText: words }).first().waitFor();
		}
		await page.locator("[aria-labelledby=connect-title]").getByRole("button", { name: "ssh", exact: true }).click();
		const line = /^echo '(.+)' >> ~\/\.ssh\/known_hosts$/.exec(await page.locator("[data-client] code", { hasText: "known_hosts" }).textContent())[1];
		assert.ok((await page.locator("[aria-labelledby=connect-title]").innerText()).includes(fingerprint));
		const knownHosts = path.join(mkdtempSync(path.join(tmpdir(), "known-")), "hosts");
		writeFileSync(knownHosts, `${line}\n`);
		const there = await ssh(command, "hostname", { knownHosts, strict: "yes" });
		assert.deepEqual([there.ok, there.stdout], [true, `${tiny.name}\n`], there.stderr);
	});

	await visit.step("its screen is a picture of what the guest shows", async () => {
		const colours = () => page.evaluate(() => {
			const image = document.querySelector(".screen img");
			if (!image || image.hidden || !image.naturalWidth)
				return 0;
			const canvas = Object.assign(document.createElement("canvas"), { width: image.naturalWidth, height: image.naturalHeight });
			const paper = canvas.getContext("2d");
			paper.drawImage(image, 0, 0);
			return new Set(new Uint32Array(paper.getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size;
		});
		await page.locator(".screen").scrollIntoViewIfNeeded();
		await eventually(async () => (await colours()) > 1, true, patience_ms);
	});

	await visit.step("its first step has what was seen from outside, and can be looked at once more", async () => {
		await page.goto(origin + home(tiny, "/first-step"));
		await page.waitForSelector("[data-edge=open]");
		const filter = page.locator("[data-item=packet-filter]");
		assert.equal(await filter.locator("dd").nth(1).locator("li").count(), 2, "over IPv4 and IPv6");
		assert.match(await page.locator("[data-item=key-only]").innerText(), /外から[^]*問題ありません/);
		assert.match(await filter.locator("dd").first().innerText(), /まだ報告がありません/);
		await page.click("#check-again");
		await page.waitForFunction(() => document.querySelector("#check-again").getAttribute("aria-disabled") === "true");
	});
});
