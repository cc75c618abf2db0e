// Private networks: making one, putting a server in and what its system must be told, taking it out, deleting.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, state, useBrowser, withPage } from "./harness.mjs";

useBrowser();

describe("private networks", () => {
	test("none is a sentence and a button; a reader sees who is in one, and has no button", async () => {
		await withPage({ at: "/#/networks", language: "en" }, async (page) => {
			await page.waitForSelector(".empty #make-network");
			assert.equal(await page.title(), "Private networks — Ippo");
		});
		const { mock } = state;
		mock.role = "reader";
		mock.addNetwork("inside", [mock.addServer("hajime")]);
		await withPage({ at: "/#/networks" }, async (page) => {
			await page.waitForSelector("[data-member] dl");
			assert.equal(await page.locator("#make-network, [data-do]").count(), 0);
		});
	});

	test("one is made; a name that is taken is said beside the field", async () => {
		state.mock.addNetwork("taken");
		await withPage({ at: "/#/networks", expected: /409/ }, async (page) => {
			await page.click("#make-network");
			await page.click("#network-save");
			await page.waitForSelector("#network-name-problem");
			await page.fill("#network-name", "taken");
			await page.click("#network-save");
			await eventually(async () => (await page.locator("#network-name-problem").count()) > 0 && state.mock.networks.size, 1);
			await page.fill("#network-name", "inside");
			await page.fill("#network-range", "192.168.0.0/16");
			await page.click("#network-save");
			await page.waitForSelector("[data-network] >> text=192.168.0.0/16");
			assert.equal([...state.mock.networks.values()].at(-1).name, "inside");
		});
	});

	test("a server is put in, and the commands for inside have its address and card", async () => {
		const { mock } = state;
		const first = mock.addServer("hajime");
		mock.addServer("tsugi");
		mock.addNetwork("inside", [first]);
		await withPage({ at: "/#/networks", expected: /422/, language: "en" }, async (page) => {
			await page.click("[data-do=join]");
			await page.click("#join-save");
			await page.waitForSelector("[role=group] >> text=Choose a server.");
			assert.deepEqual(await page.locator("#join-server option").allInnerTexts(), ["Choose one", "tsugi"]);
			await page.selectOption("#join-server", { label: "tsugi" });
			await page.fill("#join-ip", "10.0.0.2");
			await page.click("#join-save");
			await page.waitForSelector("#join-ip-problem");
			await page.fill("#join-ip", "10.0.0.77");
			await page.click("#join-save");
			const member = page.locator("[data-member]", { hasText: "tsugi" });
			await member.locator("summary").click();
			assert.match(await member.innerText(), /10\.0\.0\.77.*02:00:00:00:00:02.*awk '\/02:00:00:00:00:02\/.*ip addr add 10\.0\.0\.77\/16.*macaddress: "02:00:00:00:00:02".*- 10\.0\.0\.77\/16/s);
		});
	});

	test("taking one out asks first; Escape leaves everything as it was", async () => {
		const { mock } = state;
		const server = mock.addServer("hajime");
		const network = mock.addNetwork("inside", [server]);
		await withPage({ at: "/#/networks" }, async (page) => {
			await page.click("[data-do=leave]");
			await page.waitForSelector("dialog");
			await page.keyboard.press("Escape");
			assert.deepEqual(network.servers, [server.id]);
			await page.click("[data-do=leave]");
			await page.click("dialog .destroys");
			await eventually(() => network.servers.length, 0);
			await page.waitForSelector("[data-member]", { state: "detached" });
		});
	});

	test("deleting names the servers that lose it and wants its name; they are out of it afterwards", async () => {
		const { mock } = state;
		const servers = ["hajime", "tsugi"].map((name) => mock.addServer(name));
		mock.addServer("soto");
		const network = mock.addNetwork("inside", servers);
		await withPage({ at: "/#/networks", language: "en" }, async (page) => {
			await page.click("[data-do=delete]");
			assert.deepEqual(await page.locator("dialog li").allInnerTexts(), ["hajime", "tsugi"]);
			assert.match(await page.innerText("dialog"), /lose their addresses/);
			assert.equal(await page.isDisabled("dialog .destroys"), true);
			await page.fill("#delete-network-name", "insid");
			assert.equal(await page.isDisabled("dialog .destroys"), true);
			await page.keyboard.press("Escape");
			assert.equal(mock.networks.has(network.id), true);
			await page.click("[data-do=delete]");
			await page.fill("#delete-network-name", "inside");
			await page.click("dialog .destroys");
			await eventually(() => mock.networks.has(network.id), false);
			await page.waitForSelector(".empty");
			assert.deepEqual(servers.map(({ private_net: ports }) => ports), [[], []]);
		});
	});

	test("an empty one says nothing of servers; a protected one is not deleted until the protection is lifted", async () => {
		const { mock } = state;
		const network = mock.addNetwork("empty");
		await withPage({ at: "/#/networks", language: "en" }, async (page) => {
			await page.click("[data-do=lock]");
			await page.waitForSelector("[data-locked]");
			assert.equal(network.protection.delete, true);
			await page.click("[data-do=delete]");
			assert.equal(await page.locator("dialog li").count(), 0);
			await page.fill("#delete-network-name", "empty");
			assert.equal(await page.isDisabled("dialog .destroys"), true);
			assert.match(await page.innerText("dialog"), /protected from deletion/);
			await page.keyboard.press("Escape");
			await page.click("[data-do=lock]");
			await page.waitForSelector("[data-locked]", { state: "detached" });
			await page.click("[data-do=delete]");
			await page.fill("#delete-network-name", "empty");
			await page.click("dialog .destroys");
			await eventually(() => mock.networks.has(network.id), false);
		});
	});

	test("by keyboard alone: a subnet is added and taken away, and the focus comes back; one in use stays", async () => {
		const { mock } = state;
		const network = mock.addNetwork("inside", [mock.addServer("hajime")]);
		const field = `#subnet-${network.id}`;
		await withPage({ at: "/#/networks", language: "en", expected: /422/ }, async (page) => {
			await page.focus(`${field}-change`);
			for (const [typed, words] of [["192.168.0.0/24", /cannot be used/], ["10.0.0.0/24", /Another subnet/]]) {
				if (await page.locator(field).count() === 0)
					await page.keyboard.press("Enter");
				await page.waitForSelector(`${field}:focus, [role=group]:focus`);
				await page.fill(field, typed);
				await page.focus(field);
				await page.keyboard.press("Enter");
				await eventually(async () => words.test(await page.innerText("[data-network]")), true);
			}
			await page.fill(field, "10.0.9.0/24");
			await page.focus(field);
			await page.keyboard.press("Enter");
			await page.waitForSelector("[data-subnet='10.0.9.0/24']");
			await page.waitForSelector(`${field}-change:focus`);
			await page.keyboard.press("Enter"); // and one without a range
			await page.waitForSelector(`${field}:focus`);
			await page.keyboard.press("Enter");
			await page.waitForSelector("[data-subnet='10.0.2.0/24']");
			await page.focus("[data-subnet='10.0.9.0/24'] button");
			await page.keyboard.press("Enter");
			await page.waitForSelector("dialog");
			assert.equal(await page.evaluate(() => document.activeElement.textContent), "Cancel");
			await page.keyboard.press("Tab");
			await page.keyboard.press("Enter");
			await page.waitForSelector("[data-subnet='10.0.9.0/24']", { state: "detached" });
			await page.click("[data-subnet='10.0.0.0/24'] button");
			await page.click("dialog .destroys");
			await page.waitForSelector("[role=alert] >> text=A server has an address in this subnet.");
			assert.deepEqual(network.subnets.map(({ ip_range: range }) => range), ["10.0.0.0/24", "10.0.2.0/24"]);
		});
	});

	test("further addresses: what is no address is said at once, one that is taken by the service", async () => {
		const { mock } = state;
		const server = mock.addServer("hajime");
		const network = mock.addNetwork("inside", [server]);
		const field = `#aliases-${network.id}-${server.id}`;
		const aliases = () => mock.servers.get(server.id).private_net[0].alias_ips.join(" ");
		await withPage({ at: "/#/networks", language: "en", expected: /422/ }, async (page) => {
			await page.click(`${field}-change`);
			for (const [typed, words] of [["10.0.0", /IPv4 addresses/], ["10.0.0.300", /IPv4 addresses/], ["10.0.0.1 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7", /at most five/]]) {
				await page.fill(field, typed);
				await page.press(field, "Enter");
				await eventually(async () => words.test(await page.innerText(`${field}-problem`)), true);
			}
			assert.equal(mock.count("POST", /change_alias_ips/), 0);
			await page.fill(field, "10.0.0.2");
			await page.press(field, "Enter");
			await eventually(async () => /is taken/.test(await page.innerText(`${field}-problem`)), true);
			await page.fill(field, "10.0.0.100、10.0.0.101");
			await page.press(field, "Enter");
			await eventually(aliases, "10.0.0.100 10.0.0.101");
			await page.waitForSelector("[data-member] dd >> text=10.0.0.100 10.0.0.101");
			await page.waitForSelector(`${field}-change:focus`);
			await page.keyboard.press("Enter");
			await page.fill(field, "");
			await page.press(field, "Enter");
			await eventually(aliases, "");
		});
	});

	test("name and range are changed in place; a narrower range is refused beside the field", async () => {
		const network = state.mock.addNetwork("inside");
		await withPage({ at: "/#/networks", expected: /422/ }, async (page) => {
			await page.click(`#name-${network.id}-change`);
			await page.fill(`#name-${network.id}`, "");
			await page.press(`#name-${network.id}`, "Enter");
			await page.waitForSelector(`#name-${network.id}-problem`);
			await page.fill(`#name-${network.id}`, "naka");
			await page.press(`#name-${network.id}`, "Enter");
			await page.waitForSelector("h2 >> text=naka");
			await page.click(`#range-${network.id}-change`);
			await page.fill(`#range-${network.id}`, "10.0.0.0/24");
			await page.press(`#range-${network.id}`, "Enter");
			await page.waitForSelector(`#range-${network.id}-problem`);
			await page.fill(`#range-${network.id}`, "10.0.0.0/12");
			await page.press(`#range-${network.id}`, "Enter");
			await page.waitForSelector("dd >> text=10.0.0.0/12");
		});
	});

	test("a server's network tab has its places in them", async () => {
		const { mock } = state;
		const server = mock.addServer("hajime");
		const network = mock.addNetwork("inside", [server]);
		await withPage({ at: `/#/servers/${server.id}/filter` }, async (page) => {
			await page.waitForSelector(`[data-port="${network.id}"]`);
			assert.match(await page.innerText(`[data-port="${network.id}"]`), /inside.*10\.0\.0\.2.*02:00:00:00:00:01/s);
		});
	});
});
