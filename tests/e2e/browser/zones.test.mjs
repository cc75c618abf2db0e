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
			assert.match(await page.textContent("#rrset-values-hint"), /優先度/);
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

test("the key-signing key is replaced: what to do at the registrar is said at each step", async () => {
	const zone = state.mock.addZone("keys.example", { dnssec: { enabled: true, ds: ["12345 13 2 0C0C"], ksk_roll: null } });
	const step = async (page, status, ds = ["777 13 2 0D0D"]) => {
		zone.dnssec = { enabled: true, ds, ksk_roll: status && { status, since: "2026-11-20T01:02:03Z", ds_before: ["12345 13 2 0C0C"] } };
		await page.reload();
		await page.waitForSelector(status ? `[data-roll=${status}]` : "#roll");
	};
	await withPage({ at: `/#/zones/${zone.id}` }, async (page) => {
		await page.click("#roll");
		await page.click("dialog .primary");
		await page.waitForSelector("[data-roll=preparing]");
		assert.ok(state.mock.requests.some(([method, path]) => method === "POST" && path === `/v1/zones/${zone.id}/actions/roll_ksk`));
		assert.equal(await page.locator("#roll").count(), 0);
		state.mock.parent = "before";
		await step(page, "waiting");
		await page.waitForSelector("[data-parent=before]");
		await page.waitForSelector("text=以前のDSレコード: 12345 13 2 0C0C");
		await page.waitForSelector("text=777 13 2 0D0D");
		state.mock.parent = "present";
		await step(page, "settling");
		assert.equal(await page.locator("text=以前のDSレコード: ").count(), 0);
		await step(page, "retiring");
		await step(page, null);
		delete state.mock.parent;
	});
});

describe("secondary zones", () => {
	test("one is made from where it is fetched, and what is wrong is said at its field", async () => {
		await withPage({ at: "/#/zones", width: 360, expected: /422/ }, async (page) => {
			await page.click("#make-zone");
			await page.fill("#zone-name", "fetched.example");
			await page.selectOption("#zone-mode", "secondary");
			assert.equal(await page.locator("#zone-file, #zone-server, #zone-mailless").count(), 0);
			assert.equal(await page.isVisible("#zone-tsig-key"), false);
			await page.click("#zone-save");
			await page.waitForSelector("#zone-primaries-problem:has-text('入力してください')");
			for (const wrong of ["ns.example.com", "192.0.2.1:x", "[2001:db8::1", "1.2.3.4 5.6.7.8"]) {
				await page.fill("#zone-primaries", wrong);
				await page.click("#zone-save");
				await page.waitForSelector("#zone-primaries-problem:has-text('正しくありません')");
			}
			await page.fill("#zone-primaries", "10.0.0.1");
			await page.click("#zone-save");
			await page.waitForSelector("[aria-labelledby=summary-title]:has-text('public one')");
			await page.fill("#zone-primaries", "198.51.100.1\n198.51.100.2:5353\n2001:db8::1\n[2001:db8::2]:54");
			await page.selectOption("#zone-tsig", "hmac-sha256");
			await page.click("#zone-save");
			await page.waitForSelector("#zone-tsig-key-problem");
			await page.fill("#zone-tsig-key", "AAECAwQFBgcICQoLDA0ODw==");
			assert.equal(await isWide(page), false);
			await page.click("#zone-save");
			await page.waitForSelector("[data-zone]:has-text('セカンダリー')");
			const key = { tsig_algorithm: "hmac-sha256", tsig_key: "AAECAwQFBgcICQoLDA0ODw==" };
			assert.deepEqual(JSON.parse(state.mock.bodies.filter((body) => body.includes("secondary")).at(-1)), { name: "fetched.example", mode: "secondary", primary_nameservers: [
				{ address: "198.51.100.1", ...key }, { address: "198.51.100.2", port: 5353, ...key }, { address: "2001:db8::1", ...key }, { address: "2001:db8::2", port: 54, ...key }] });
		});
	});

	test("its room says how its primaries stand, shows what it has and changes no record", async () => {
		const zone = state.mock.addZone("fetched.example", { mode: "secondary", transferred: "2026-11-20T01:02:03Z", expires: "2026-12-04T01:02:03Z",
			primary_nameservers: [{ address: "2001:db8::1", port: 5353, tsig_algorithm: "hmac-sha256", tsig_key: null, tsig_name: "_transfer.fetched.example." }] });
		state.mock.addRrset(zone, "www", "TXT", ['"<b>"'], 300);
		for (let number = 0; number < 60; number++)
			state.mock.addRrset(zone, `h${number}`, "A", ["192.0.2.1"], 300);
		state.mock.primaryState = { status: "refused", serial: null, reason: "it does not accept the key" };
		await withPage({ at: `/#/zones/${zone.id}`, width: 360, language: "en", expected: /422/ }, async (page) => {
			await page.waitForSelector("[data-primary='[2001:db8::1]:5353'][data-state=refused]:has-text('it does not accept the key')");
			assert.match(await page.textContent("#primaries"), /_transfer\.fetched\.example\./);
			assert.match(await page.textContent("#held"), /secondary zone.*changed at the name servers that it comes from.*www TXT.*TTL 300.*"<b>"/s);
			// Page by page: it may have a great many.
			assert.equal(await page.locator("#held [data-rrset]").count(), 50);
			await page.click("#more-held:has-text('50 of 61')");
			await page.waitForSelector("[data-rrset='h59/A']");
			assert.equal(await page.locator("#held [data-rrset]").count(), 61);
			assert.equal(await page.locator("#more-held, #held [data-do]").count(), 0);
			assert.equal(await page.locator("#add-rrset, #sign, #import-file, [data-version]").count(), 0);
			assert.equal(await page.locator("#export").count(), 1);
			state.mock.primaryState = { status: "ok", serial: 7, reason: null };
			await page.click("#look-primaries");
			await page.waitForSelector("[data-state=ok]:has-text('Hands it out')");
			await page.click("#change-primaries");
			assert.equal(await page.inputValue("#zone-primaries"), "[2001:db8::1]:5353");
			await page.fill("#zone-primaries", "10.1.2.3");
			await page.click("#primaries-save");
			await page.waitForSelector("#zone-primaries-problem");
			await page.fill("#zone-primaries", "198.51.100.9");
			await page.click("#primaries-save");
			await page.waitForSelector("[data-primary='198.51.100.9']");
			assert.equal(await isWide(page), false);
		});
		state.mock.role = "reader";
		await withPage({ at: `/#/zones/${zone.id}`, language: "en" }, async (page) => {
			await page.waitForSelector("[data-primary]");
			assert.equal(await page.locator("#change-primaries").count(), 0);
		});
	});
});

describe("records of several parts", () => {
	const made = { MX: [["10", "mail.example.net."], "10 mail.example.net."], SRV: [["1", "2", "5060", "sip.example.net."], "1 2 5060 sip.example.net."],
		CAA: [["0", "issue", "ca.example; a=\"b\\c\""], "0 issue \"ca.example; a=\\\"b\\\\c\\\"\""], TLSA: [["3", "1", "1", "0a 0B"], "3 1 1 0a0B"], SSHFP: [["4", "2", "0C"], "4 2 0C"],
		DS: [["12345", "13", "2", "0D"], "12345 13 2 0D"] };

	test("each has its fields, and comes back into them as it was", async () => {
		const zone = state.mock.addZone("parts.example");
		await withPage({ at: `/#/zones/${zone.id}`, width: 360 }, async (page) => {
			for (const [type, [typed, value]] of Object.entries(made)) {
				await page.click("#add-rrset");
				await page.selectOption("#rrset-type", type);
				const fields = page.locator(".record-parts input");
				assert.equal(await fields.count(), typed.length, type);
				for (let at = 0; at < typed.length; at++)
					await fields.nth(at).fill(typed[at]);
				assert.equal(await isWide(page), false, type);
				await page.click("#rrset-save");
				await page.waitForSelector(`[data-rrset='@/${type}']`);
				assert.deepEqual(zone.rrsets.get(`@/${type}`).records.map((each) => each.value), [value], type);
				await page.click(`[data-rrset='@/${type}'] [data-do=change]`);
				// The first of the fields has the focus, and each has a label.
				await eventually(() => page.evaluate(() => document.activeElement.labels?.length), 1);
				assert.deepEqual(await page.locator(".record-parts input").evaluateAll((all) => all.map((each) => each.value)), typed.map((each) => (type === "TLSA" ? each.replace(/ /g, "") : each)), type);
				await page.click("form button[type=button]:has-text('キャンセル')");
			}
		});
	});

	test("what is wrong is said beside its field; values are added and removed by keys", async () => {
		const zone = state.mock.addZone("parts.example");
		await withPage({ at: `/#/zones/${zone.id}`, language: "en", expected: /422/ }, async (page) => {
			await page.click("#add-rrset");
			await page.selectOption("#rrset-type", "MX");
			assert.match(await page.textContent("#rrset-values-hint"), /./);
			await page.fill("#rrset-0-priority", "65536");
			await page.click("#rrset-save");
			await page.waitForSelector("#rrset-0-priority-problem:has-text('0 to 65,535')");
			await page.waitForSelector("#rrset-0-target-problem");
			await page.fill("#rrset-0-priority", "10");
			await page.fill("#rrset-0-target", "192.0.2.256");
			await page.click("#rrset-save");
			await page.waitForSelector("#rrset-0-priority-problem");
			await page.fill("#rrset-0-target", "a.example.net.");
			await page.focus("#rrset-add-value");
			await page.keyboard.press("Enter");
			await eventually(() => page.evaluate(() => document.activeElement.name.endsWith("-priority")), true);
			await page.keyboard.type("20");
			await page.keyboard.press("Tab");
			await page.keyboard.type("b.example.net.");
			await page.click("[data-do=drop-value] >> nth=0");
			assert.equal(await page.locator(".record-parts").count(), 1);
			await page.click("#rrset-add-value");
			await eventually(() => page.evaluate(() => document.activeElement.name.endsWith("-priority") && document.activeElement.value === ""), true);
			await page.keyboard.type("30");
			await page.keyboard.press("Tab");
			await page.keyboard.type("c.example.net.");
			await page.keyboard.press("Enter");
			await page.waitForSelector("[data-rrset='@/MX']");
			assert.deepEqual(zone.rrsets.get("@/MX").records.map((each) => each.value), ["20 b.example.net.", "30 c.example.net."]);
			// As text, with what was typed.
			await page.click("[data-rrset='@/MX'] [data-do=change]");
			await page.click("#rrset-as-text");
			assert.equal(await page.inputValue("#rrset-values"), "20 b.example.net.\n30 c.example.net.");
			await page.fill("#rrset-values", "0 .");
			await page.click("#rrset-save");
			await page.waitForSelector("[data-rrset='@/MX']:has-text('0 .')");
			assert.deepEqual(zone.rrsets.get("@/MX").records.map((each) => each.value), ["0 ."]);
		});
	});

	test("a value of another shape stays text", async () => {
		const zone = state.mock.addZone("parts.example");
		state.mock.addRrset(zone, "@", "CAA", ["0 issue \"ca\\046example\""]);
		state.mock.addRrset(zone, "www", "SSHFP", ["\\# 4 04020A0B"]);
		await withPage({ at: `/#/zones/${zone.id}` }, async (page) => {
			for (const [id, value] of [["@/CAA", "0 issue \"ca\\046example\""], ["www/SSHFP", "\\# 4 04020A0B"]]) {
				await page.click(`[data-rrset='${id}'] [data-do=change]`);
				assert.equal(await page.inputValue("#rrset-values"), value);
				await page.click("form button[type=button]:has-text('キャンセル')");
			}
		});
	});
});

test("SSHFP records of a server are added in one step, beside those that are there", async () => {
	const zone = state.mock.addZone("keys.example");
	const server = state.mock.addServer("hajime", "running");
	const fingerprint = Buffer.from(server.ippo.host_keys[0].fingerprint.replace("SHA256:", ""), "base64").toString("hex").toUpperCase();
	await withPage({ at: `/#/zones/${zone.id}` }, async (page) => {
		await page.click("#sshfp-add");
		await page.waitForSelector("[data-rrset='@/SSHFP']");
		assert.deepEqual(zone.rrsets.get("@/SSHFP").records.map(({ value }) => value), [`4 2 ${fingerprint}`]);
		state.mock.addRrset(zone, "www", "SSHFP", ["4 2 0A"]);
		await page.reload();
		await page.fill("#sshfp-name", "www");
		await page.click("#sshfp-add");
		await page.waitForSelector(`[data-rrset='www/SSHFP']:has-text('${fingerprint}')`);
		assert.deepEqual(zone.rrsets.get("www/SSHFP").records.map(({ value }) => value), ["4 2 0A", `4 2 ${fingerprint}`]);
		// Once more changes nothing.
		await page.fill("#sshfp-name", "www");
		await page.click("#sshfp-add");
		await eventually(() => zone.rrsets.get("www/SSHFP").records.length, 2);
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
