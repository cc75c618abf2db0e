// What is true of every route, whichever there are: they are read from the router.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { eventually, panel, state, useBrowser, withPage } from "./harness.mjs";

const names = [...readFileSync(path.join(panel, "lib/router.js"), "utf8").matchAll(/\{ name: "([a-z-]+)", pattern: /g)].map(([, name]) => name);
const widest = (page) => page.evaluate(() => document.documentElement.scrollWidth);
const focused = (page) => page.evaluate(() => document.activeElement.id);

/** An address of each route for who is signed in, and of each for who is not; names as long as they may be. */
function furnish() {
	const { mock } = state;
	const server = mock.addServer("a".repeat(63), "running");
	mock.addCharge(server, "month", 980);
	const firewall = mock.addFirewall("web", [], {});
	const zone = mock.addZone(`${"long".repeat(14)}.example`);
	const thread = mock.addThread("接続できません", "SSHで入れません。");
	mock.keys.set(900, { id: 900, name: "home", public_key: "ssh-ed25519 AAAA", fingerprint: "aa:bb", created: "2026-11-20T01:02:03Z", labels: {} });
	mock.consoles.serial(server).say("login: ");
	const at = `/servers/${server.id}`;
	return {
		inside: {
			create: "/servers/new", home: at, backups: `${at}/backups`, reinstall: `${at}/reinstall`, "server-filter": `${at}/filter`,
			"server-history": `${at}/history`, settings: `${at}/settings`, "first-step": `${at}/first-step`, graphs: `${at}/graphs`, console: `${at}/console`,
			keys: "/keys", "api-keys": "/api-keys", history: "/history", people: "/people", alerts: "/alerts",
			firewalls: "/firewalls", firewall: `/firewalls/${firewall.id}`, zones: "/zones", zone: `/zones/${zone.id}`,
			"floating-ips": "/floating-ips", "primary-ips": "/primary-ips", networks: "/networks", contract: "/contract", hosts: "/admin/hosts", images: "/admin/images", notices: "/notices", contact: `/contact/${thread.id}`, manual: "/manual", customers: "/admin/customers",
			customer: "/admin/customers/1", "name-servers": "/admin/name-servers", outbox: "/admin/outbox", account: "/account", nowhere: "/nowhere", servers: "/servers",
		},
		outside: {
			invitation: "/invitation/KEY-1", "forgot-password": "/forgot-password", "confirm-mail": "/confirm-mail/MAIL-1",
			"new-password": "/new-password/RESET-1", manual: "/manual/servers", "sign-in": "/sign-in",
		},
	};
}

/** Goes there within the panel; milliseconds until the room stands there and no longer waits for anything. */
const visit = (page, address) => page.evaluate((address) => new Promise((resolve) => {
	const begin = performance.now();
	const before = document.getElementById("heading");
	const look = () => {
		const heading = document.getElementById("heading");
		if (heading && heading !== before && !document.querySelector("main .waiting"))
			resolve(performance.now() - begin);
		else
			requestAnimationFrame(look);
	};
	location.hash = `#${address}`;
	look();
}), address);

/* What has no picture yet, and a console's room that is left before its socket is open. */
const left = /404|closed before the connection is established/;

useBrowser();

describe("every route", () => {
	test("is in these tests", () => {
		const { inside, outside } = furnish();
		const here = new Set([...Object.keys(inside), ...Object.keys(outside)]);
		here.delete("nowhere"); // no pattern leads there
		assert.deepEqual([...here].sort(), [...names].sort());
	});

	for (const language of ["ja", "en"]) {
		for (const width of [1280, 360, 320]) {
			test(`has a title and the focus on its heading, and nothing to scroll sideways: ${language} ${width}`, async () => {
				const { inside, outside } = furnish();
				for (const [as, routes, at] of [["taro", inside, "/"], [null, outside, "/#/sign-in"]]) {
					await withPage({ as, language, width, at, expected: left }, async (page) => {
						await page.waitForSelector("#heading");
						if (as === null) // from elsewhere, as the list ends with where it begins
							await visit(page, "/forgot-password");
						for (const [name, address] of Object.entries(routes)) {
							if (as === null && name === "forgot-password")
								await visit(page, "/sign-in");
							await visit(page, address);
							const heading = await page.textContent("#heading");
							assert.ok(heading.trim(), name);
							await eventually(() => page.title(), `${heading} — Ippo`);
							await eventually(() => focused(page), "heading");
							assert.equal(await widest(page), width, name);
						}
					});
				}
			});
		}
	}

	test("can be used within a second", async () => {
		const { inside } = furnish();
		const best = {};
		// What else the machine does delays, and nothing hastens: the best of some counts, each with nothing kept. On a
		// machine that needs long for a page of plain text already, that is the measure.
		let plain_ms = Infinity;
		const slow = () => Object.entries(best).filter(([, ms]) => ms > Math.max(1000, 16 * plain_ms));
		for (let turn = 0; turn < 8 && (turn === 0 || slow().length > 0); turn++) {
			await withPage({ expected: left }, async (page, context) => {
				await page.waitForSelector("#heading");
				const plain = await context.newPage();
				const start = performance.now();
				await plain.goto(`${state.mock.url}/favicon.svg`);
				plain_ms = Math.min(plain_ms, Math.round(performance.now() - start));
				await plain.close();
				for (const [name, address] of Object.entries(inside))
					best[name] = Math.min(best[name] ?? Infinity, Math.round(await visit(page, address)));
			});
		}
		assert.deepEqual(slow(), []);
	});
});
