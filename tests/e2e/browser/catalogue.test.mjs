// The words: both catalogues say the same things, and the panel asks for nothing they lack.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";

const panel = fileURLToPath(new URL("../../../panel/", import.meta.url));
const read = (name) => readFileSync(path.join(panel, name), "utf8");
const ja = JSON.parse(read("i18n/ja.json"));
const en = JSON.parse(read("i18n/en.json"));

const sources = ["app.js", ...["lib", "parts", "rooms"].flatMap((folder) =>
	readdirSync(path.join(panel, folder)).filter((name) => name.endsWith(".js")).map((name) => `${folder}/${name}`))];

// Keys that are put together at run time, by their beginnings.
const families = ["backups.kind.", "alerts.comparison.", "alerts.condition.", "alerts.ended", "alerts.kind.", "alerts.metric.", "alerts.open", "alerts.reason.", "firewalls.column.", "firewalls.direction.", "firewalls.kind.", "firewalls.reason.", "firewalls.template.", "first.", "first-step.do.", "first-step.item.", "first-step.meaning.", "first-step.reason.", "first-step.result.", "first-step.verdict.", "first-step.why.", "api-keys.scope.", "command.", "console-end.", "contract.kind.", "contract.terms.", "console-state.", "copy.", "customers.status.", "error.", "graphs.range.", "history.by.", "history.problem.", "history.result.", "history.subject.", "history.what.", "home.agent.use.", "home.agent.without.", "home.reverse.", "images.reason.", "layout.", "name-servers.state.", "outbox.kind.", "outbox.status.", "passkeys.obstacle.", "people.what.", "power.", "quota.", "role.", "rrset.meaning.", "serial.writer.", "state.", "step.", "theme.", "zone.parent.", "zones.proof.", "zone.rolling.", "zones.status.", "firewalls.passes", "firewalls.stops", "plan.bandwidth.", "rrset.part.", "zone.primaries.", "zones.mode."];

const placeholders = (value) => (typeof value === "string" ? [value] : Object.values(value))
	.flatMap((text) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]));

test("both catalogues have the same keys and placeholders", () => {
	assert.deepEqual(Object.keys(ja).sort(), Object.keys(en).sort());
	for (const key of Object.keys(ja))
		assert.deepEqual([...new Set(placeholders(ja[key]))].sort(), [...new Set(placeholders(en[key]))].sort(), key);
});

test("no key is written twice", () => {
	for (const name of ["ja", "en"]) {
		const keys = [...read(`i18n/${name}.json`).matchAll(/^\t"([^"]+)":/gm)].map((match) => match[1]);
		assert.deepEqual(keys.filter((key, i) => keys.indexOf(key) !== i), [], name);
	}
});

test("every text that depends on a count has its general form", () => {
	for (const catalogue of [ja, en]) {
		for (const [key, value] of Object.entries(catalogue))
			assert.ok(typeof value === "string" || typeof value.other === "string", key);
	}
});

test("every key the panel names is there, and every key there is named", () => {
	const text = sources.map(read).join("\n");
	const named = new Set([...text.matchAll(/"([a-z][a-z-]*(?:\.[a-z_-]+)*)"/g)].map((match) => match[1]));
	const asked = [...text.matchAll(/\bt\("([^"]+)"/g), ...text.matchAll(/\bkey: "([^"]+)"/g)].map((match) => match[1]);

	assert.ok(asked.length > 50, "the pattern finds the calls");
	for (const key of asked)
		assert.ok(key in ja, `no words for ${key}`);
	for (const key of Object.keys(ja))
		assert.ok(named.has(key) || families.some((family) => key.startsWith(family)), `nobody asks for ${key}`);
});

test("every change that the API notes down has its words in the history", () => {
	const api = fileURLToPath(new URL("../../../src/core/api/", import.meta.url));
	const noted = readdirSync(api).filter((name) => name.endsWith(".c"))
		.flatMap((name) => [...readFileSync(path.join(api, name), "utf8").matchAll(/"([a-z_]+\.[a-z_]+)"/g)].map((match) => match[1]));

	assert.ok(noted.length > 30, "the pattern finds them");
	assert.deepEqual(noted.filter((what) => !(`history.what.${what}` in ja)), []);
});

test("the panel and the API ask for the same length of a password", () => {
	const root = fileURLToPath(new URL("../../../", import.meta.url));
	const [, panelMin] = /min_password = ([0-9]+)/.exec(read("lib/password.js"));
	const [, apiMin] = /ACCOUNT_PASSWORD_MIN +([0-9]+)/.exec(readFileSync(path.join(root, "src/model/account.h"), "utf8"));
	const told = [...readFileSync(path.join(root, "docs/openapi.yaml"), "utf8").matchAll(/ password: \{type: string, minLength: ([0-9]+), maxLength: 256/g)].map((match) => match[1]);

	assert.equal(panelMin, apiMin);
	assert.ok(told.length >= 3, "the pattern finds them");
	assert.deepEqual(told.filter((min) => min !== apiMin), []);
});

test("power is called as Japanese VPS users know it", () => {
	assert.equal(ja["power.poweron"], "起動");
	assert.equal(ja["power.shutdown"], "シャットダウン");
	assert.equal(ja["power.poweroff"], "強制停止");
	assert.equal(ja["state.running"], "稼働中");
	assert.equal(ja["state.off"], "停止中");
	assert.equal(ja["state.busy"], "処理中");
	assert.doesNotMatch(JSON.stringify(ja), /サーバ[^ー]|ユーザ[^ー]|フィルタ[^ー]/);
});

test("Japanese has its own brackets and question marks, one word for one thing, and its long vowels", () => {
	const wrong = [/[ぁ-んァ-ヶー一-龥]\(|\)[ぁ-んァ-ヶー一-龥]/, /か\?/, /(ます|です)か$/, /リカバリー/, /(サーバ|ユーザ|フィルタ|パラメータ|ブラウザ)(?![ーリ])/];
	for (const [key, value] of Object.entries(ja)) {
		for (const text of typeof value === "string" ? [value] : Object.values(value))
			assert.deepEqual(wrong.filter((each) => each.test(text)).map(String), [], `${key}: ${text}`);
	}
});

test("lock files name no registry", () => {
	for (const name of ["../../../panel/package-lock.json", "package-lock.json"])
		assert.doesNotMatch(readFileSync(fileURLToPath(new URL(name, import.meta.url)), "utf8"), /"resolved"/);
});
