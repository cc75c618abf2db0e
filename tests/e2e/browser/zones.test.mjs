// Zones: the list with its quota and states, making one, and deleting one with its name typed.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const isWide = (page) => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);

useBrowser();

describe("the list", () => {
	test("shows the name as typed, records, quota, state and signing", async () => {
		const { mock } = state;
		const zone = mock.addZone("日本.example", { record_count: 7, dnssec: { enabled: true, ds: [] } });
		mock.addZone("bad.example", { status: "error", status_reason: "<b>no</b>" });
		await withPage({ at: "/#/zones", width: 360 }, async (page) => {
			const found = await page.waitForSelector(`[data-zone='${zone.id}']`);
			assert.match(await found.innerText(), /日本\.example.*配信中.*xn--wgv71a\.example.*7.*署名あり/s);
			assert.match(await page.textContent("#zones-quota"), /5個中2個/);
			assert.match(await page.textContent("main"), /反映できません.*<b>no<\/b>/s);
			assert.equal(await isWide(page), false);
		});
	});

	test("none is a sentence and a button; a reader has none, and neither has who has no plan for it", async () => {
		await withPage({ at: "/#/zones", language: "en" }, async (page) => {
			await page.waitForSelector(".empty #make-zone");
			assert.equal(await page.title(), "Name servers — Ippo");
		});
		state.mock.zoneLimit = 0;
		await withPage({ at: "/#/zones", language: "en" }, async (page) => {
			await page.waitForSelector("#zones-quota:has-text('no server yet whose plan')");
			assert.equal(await page.locator("#make-zone").count(), 0);
		});
		Object.assign(state.mock, { zoneLimit: 5, role: "reader" });
		state.mock.addZone("read.example");
		await withPage({ at: "/#/zones" }, async (page) => {
			await page.waitForSelector("[data-zone]");
			assert.equal(await page.locator("#make-zone, [data-do=delete]").count(), 0);
		});
	});
});

describe("making", () => {
	test("what is wrong is said at its field, and what was typed stays", async () => {
		state.mock.addZone("taken.example");
		await withPage({ at: "/#/zones", expected: /40[0-9]|422/ }, async (page) => {
			await page.click("#make-zone");
			await page.click("#zone-save");
			await page.waitForSelector("#zone-name-problem:has-text('入力してください')");
			await page.fill("#zone-name", "example");
			await page.click("#zone-save");
			await page.waitForSelector("#zone-name-problem:has-text('使えません')");
			await page.fill("#zone-name", "taken.example");
			await page.click("#zone-save");
			await page.waitForSelector("#zone-name-problem:has-text('すでにあります')");
			await page.fill("#zone-name", "new.example");
			await page.click("summary");
			await page.fill("#zone-file", "www A 192.0.2.256");
			await page.click("#zone-save");
			await page.waitForSelector("#zone-file-problem");
			assert.match(await page.textContent("[aria-labelledby=summary-title]"), /line 1/);
			assert.equal(await page.inputValue("#zone-name"), "new.example");
			assert.equal(state.mock.zones.size, 1);
		});
	});

	test("it is delivered a moment later without a reload", async () => {
		await withPage({ at: "/#/zones" }, async (page) => {
			await page.click("#make-zone");
			await page.fill("#zone-name", "new.example");
			await page.click("summary");
			await page.fill("#zone-file", "www A 192.0.2.1");
			await page.click("#zone-save");
			await page.waitForSelector("[data-zone]:has-text('反映中')");
			assert.deepEqual(JSON.parse(state.mock.bodies.filter((body) => body.includes("zonefile")).at(-1)), { name: "new.example", zonefile: "www A 192.0.2.1" });
			[...state.mock.zones.values()][0].status = "ok";
			await page.waitForSelector("[data-zone]:has-text('配信中')");
		});
	});
});

test("a new zone leads to a server, and says that it has no mail", async () => {
	const server = state.mock.addServer("hajime", "running");
	state.mock.addServer("later", "running");
	await withPage({ at: "/#/zones" }, async (page) => {
		await page.click("#make-zone");
		await page.fill("#zone-name", "new.example");
		await page.selectOption("#zone-server", "hajime");
		await page.check("#zone-mailless");
		await page.click("#zone-save");
		await page.waitForSelector("[data-zone]");
		const [zone] = state.mock.zones.values();
		const values = Object.fromEntries([...zone.rrsets.values()].map(({ id, records }) => [id, records.map(({ value }) => value)]));
		const ipv6 = server.public_net.ipv6.ip.replace("/64", "1");
		const fingerprint = Buffer.from(server.ippo.host_keys[0].fingerprint.replace("SHA256:", ""), "base64").toString("hex").toUpperCase();
		assert.deepEqual(values, {
			"@/A": [server.public_net.ipv4.ip], "@/AAAA": [ipv6], "www/A": [server.public_net.ipv4.ip], "www/AAAA": [ipv6], "@/SSHFP": [`4 2 ${fingerprint}`],
			"@/MX": ["0 ."], "@/TXT": ["\"v=spf1 -all\""], "_dmarc/TXT": ["\"v=DMARC1; p=reject\""],
		});
	});
});

describe("deleting", () => {
	test("takes the exact name, and a protected one says why it stays", async () => {
		const { mock } = state;
		const zone = mock.addZone("old.example");
		const kept = mock.addZone("kept.example", { protection: { delete: true } });
		await withPage({ at: "/#/zones" }, async (page) => {
			await page.click(`[data-zone='${kept.id}'] [data-do=delete]`);
			await page.fill("#delete-zone-name", "kept.example");
			assert.equal(await page.isDisabled("dialog .destroys"), true);
			assert.match(await page.textContent("dialog"), /保護/);
			await page.keyboard.press("Escape");
			await page.click(`[data-zone='${zone.id}'] [data-do=delete]`);
			await page.fill("#delete-zone-name", "old.exampl");
			assert.equal(await page.isDisabled("dialog .destroys"), true);
			await page.fill("#delete-zone-name", "old.example");
			await page.click("dialog .destroys");
			await eventually(() => page.locator("[data-zone]").count(), 1);
			assert.deepEqual([...mock.zones.keys()], [kept.id]);
		});
	});
});

describe("a zone's room", () => {
	test("names the servers for the registrar; a record set is added, changed and removed", async () => {
		const { mock } = state;
		const zone = mock.addZone("room.example", { dnssec: { enabled: true, ds: ["12345 13 2 0C0C"] } });
		await withPage({ at: "/#/zones", width: 360, expected: /422/ }, async (page) => {
			await page.click(`[data-zone='${zone.id}'] h2 a`);
			await page.waitForSelector("text=ns1.ippo.example.");
			assert.match((await page.textContent("main")).replace(/\s+/g, " "), /12345 13 2 0C0C/);
			await page.click("#add-rrset");
			await page.fill("#rrset-name", "www");
			await page.fill("#rrset-values", "192.0.2.256");
			await page.click("#rrset-save");
			await page.waitForSelector("#rrset-values-problem");
			await page.fill("#rrset-values", "192.0.2.1\n192.0.2.2");
			await page.fill("#rrset-ttl", "300");
			await page.click("#rrset-save");
			await page.waitForSelector("[data-rrset='www/A']");
			await page.click("[data-rrset='www/A'] [data-do=change]");
			assert.equal(await page.inputValue("#rrset-values"), "192.0.2.1\n192.0.2.2");
			await page.fill("#rrset-values", "192.0.2.3");
			await page.click("#rrset-save");
			await page.waitForSelector("[data-rrset='www/A']:has-text('192.0.2.3')");
			assert.equal(zone.rrsets.get("www/A").ttl, 300);
			await page.click("#add-rrset");
			await page.selectOption("#rrset-type", "MX");
			assert.match(await page.textContent("#rrset-values-hint"), /優先度.*10 mail\.example\.com\./);
			await page.selectOption("#rrset-type", "TXT");
			await page.fill("#rrset-values", "v=spf1 \"x\"");
			await page.click("#rrset-save");
			await page.waitForSelector("[data-rrset='@/TXT']");
			assert.equal(zone.rrsets.get("@/TXT").records[0].value, '"v=spf1 \\"x\\""');
			await page.click("[data-rrset='www/A'] [data-do=delete]");
			await page.click("dialog .destroys");
			await eventually(() => page.locator("[data-rrset='www/A']").count(), 0);
			assert.equal(await isWide(page), false);
		});
	});
});

test("a zone's room signs, replaces by a file, and goes back to a version", async () => {
	const zone = state.mock.addZone("care.example", { version: 3 });
	await withPage({ at: `/#/zones/${zone.id}`, expected: /422/ }, async (page) => {
		await page.click("#sign");
		await page.waitForSelector("text=署名を終了");
		assert.equal(zone.dnssec.enabled, true);
		await page.waitForSelector("[data-parent=missing]");
		state.mock.parent = "different";
		await page.click("#parent");
		await page.waitForSelector("[data-parent=different]");
		delete state.mock.parent;
		await page.click("#sign");
		await page.click("dialog .destroys");
		await page.waitForSelector("#sign:has-text('署名を始める')");
		await page.click("details summary");
		await page.fill("#import-file", "www A 192.0.2.256");
		await page.click("#file-save");
		await page.waitForSelector("#import-file-problem");
		await page.fill("#import-file", "www A 192.0.2.1");
		await page.click("#file-save");
		await page.waitForSelector("[data-version='4']");
		assert.equal(await page.locator("[data-version='4'] [data-do=back]").count(), 0);
		await page.click("[data-version='3'] summary");
		await page.waitForSelector("[data-version='3'] .zone-change");
		const changed = (await page.locator("[data-version='3'] .zone-changes").innerText()).replace(/\s+/g, " ");
		assert.equal(changed, "www A − 削除: 192.0.2.1 + 追加: 192.0.2.9 + 追加: TTL 300 ゾーンのTTL − 削除: TTL 3,600 + 追加: TTL 600");
		await page.click("[data-version='2'] [data-do=back]");
		await page.click("dialog .destroys");
		await page.waitForSelector("[data-version='5']");
		assert.ok(state.mock.bodies.includes('{"version":2}'));
	});
});

test("a domain that has to be proven says what to set, and looks for it", async () => {
	const proof = { status: "waiting", record_name: "_ippo-challenge.mine.example.", record_value: "ippo-verification=0a1b2c", delegation: true,
		checked: null, expires: "2026-11-27T01:02:03Z", reason: null };
	const zone = state.mock.addZone("mine.example", { status: "updating", proof });
	await withPage({ at: "/#/zones", width: 360 }, async (page) => {
		await page.waitForSelector("[data-zone]:has-text('所有の確認待ち')");
		await page.click("[data-zone] h2 a");
		await page.waitForSelector("#proof[data-proof=waiting]");
		assert.match(await page.innerText("#proof"), /_ippo-challenge\.mine\.example\..*ippo-verification=0a1b2c.*レジストラ/s);
		assert.equal(await page.locator("#proof .copy button").count(), 2);
		assert.equal(await isWide(page), false);
		await page.click("#check-proof");
		await page.waitForSelector("#proof-checked");
		assert.match(await page.textContent("#proof"), /the TXT record was not found/);
		state.mock.proven = true;
		zone.status = "ok";
		await page.click("#check-proof");
		await page.waitForSelector("#proof", { state: "detached" });
		await page.waitForSelector("[aria-live]:has-text('確認しました')", { state: "attached" });
	});
});

test("a reader sees what proves a domain, and looks at nothing", async () => {
	state.mock.role = "reader";
	const zone = state.mock.addZone("late.example", { status: "error", status_reason: "x", proof: { status: "expired", record_name: "_ippo-challenge.late.example.",
		record_value: "ippo-verification=0a", delegation: false, checked: "2026-11-20T01:02:03Z", expires: "2026-11-27T01:02:03Z", reason: "the resolver does not answer" } });
	await withPage({ at: `/#/zones/${zone.id}`, language: "en" }, async (page) => {
		assert.match(await page.innerText("#proof"), /not proven in time.*_ippo-challenge\.late\.example\./s);
		assert.equal(await page.locator("#check-proof").count(), 0);
		assert.doesNotMatch(await page.innerText("#proof"), /registrar/);
	});
});
