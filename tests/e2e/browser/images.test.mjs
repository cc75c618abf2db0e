// How old images are and what they lack: for whoever makes a server, and for operators.

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

const ago = (days) => new Date(Date.now() - (days + 0.5) * 86400000).toISOString();
const known = { pending: 3, security: 0, checked: "2026-11-27T01:02:03Z", unknown_since: null, reason: null };

useBrowser();

test("whoever makes a server or reinstalls one reads how fresh each system is", async () => {
	const { mock } = state;
	const server = mock.addServer("hajime", "off");
	mock.images[1].updates = { ...known, reason: "archive_unreachable", unknown_since: "2026-11-27T01:02:03Z" };
	mock.images.push({ ...mock.images[0], id: 3, name: "plain", description: "", built: null, created: ago(40), updates: { ...known, pending: null, security: null, checked: null, reason: "no_package_list" } });
	const said = (page) => page.locator("#image .hint").evaluateAll((all) => all.map((one) => one.textContent));
	for (const at of ["/#/servers/new", `/#/servers/${server.id}/reinstall`]) {
		await withPage({ at, language: "en" }, async (page) => {
			await page.waitForSelector("#image input");
			const [first, second, third] = await said(page);
			assert.equal(first, "debian-12 · built 12 days ago, no security updates pending");
			assert.match(second, /unknown since|disk/); // the plan's obstacle comes first
			assert.equal(third, "added 40 days ago");
		});
	}
	mock.images[0].updates = { ...known, security: 1 };
	await withPage({ at: "/#/servers/new" }, async (page) => {
		await page.waitForSelector("#image input");
		assert.equal((await said(page))[0], "debian-12 · 12日前に作成、未適用のセキュリティ更新1件");
	});
});

test("operators see age, figures and reasons, and have an image looked at", async () => {
	const { mock } = state;
	mock.images[1].built = ago(31);
	mock.images[1].updates = { ...known, looking: false, pending: 40, security: 9, reason: "archive_unreachable", unknown_since: "2026-11-27T01:02:03Z", message: "<img src=x onerror=alert(1)>" };
	await withPage({ at: "/#/admin/customers", language: "en", expected: /ERR_/ }, async (page) => {
		await page.click(".room-tabs a[href='#/admin/images']");
		await page.waitForSelector("[data-image]");
		assert.match(await page.textContent("[data-image='1']"), /built 12 days ago.*3, 0 of them of security/s);
		assert.equal(await page.locator("[data-image='1'] .state-unknown").count(), 0);
		assert.match(await page.textContent("[data-image='2']"), /built 31 days ago.*40, 9 of them.*unknown since.*does not answer.*<img src=x.*ippo image refresh wordpress/s);
		assert.equal(await page.locator("[data-image='2'] .state-unknown").count(), 1);
		const mend = mock.cut("POST", /check_updates/);
		await page.click("[data-image='1'] [data-do=check]");
		await page.waitForSelector("[data-image='1'] [role=alert]");
		mend();
		await page.click("[data-image='1'] [role=alert] button");
		await page.waitForSelector("[data-image='1'] [data-do=check][aria-disabled=true]");
		const asked = mock.count("POST", /check_updates/);
		await page.click("[data-image='1'] [data-do=check]", { force: true });
		assert.equal(mock.count("POST", /check_updates/), asked);
		mock.images[0].updates = { ...known, pending: 5, security: 2, looking: false };
		await eventually(async () => /5, 2 of them of security/.test(await page.textContent("[data-image='1']")), true);
		assert.equal(await page.locator("[data-image='1'] [aria-disabled]").count(), 0);
	});
});

test("nobody but operators has one looked at; none", async () => {
	const { mock } = state;
	mock.users.set("hanako", { id: 3, name: "hanako", password: "a long enough phrase", operator: false });
	for (const image of mock.images)
		image.updates = known; // as others are told
	await withPage({ as: "hanako", at: "/#/admin/images" }, async (page) => {
		await page.waitForSelector("[data-image]");
		assert.equal(await page.locator("[data-do=check]").count(), 0);
	});
	mock.images = [];
	await withPage({ at: "/#/admin/images", language: "en" }, async (page) => {
		await page.waitForSelector(".empty");
	});
});
