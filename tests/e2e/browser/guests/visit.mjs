// What the chapters beside this file share: somebody at home with Chromium, a service that is not on their machine, and servers
// that are real guests. test_panel_guests.py starts all of it and says where it is:
//
//   IPPO_VISIT  as JSON: url, invitation, key (a file), tiny and stubborn ({id, name, address}), pid (of ippod), cli (a command),
//               domain (what libvirt calls the servers, less their number), volumes (the folder of their disks)
//   IPPO_PATIENCE_S  how long a guest may take for anything [240]

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import test from "node:test";
import { promisify } from "node:util";
import { ofTheMachine, startBrowser, watch } from "../browser.mjs";
import { eventually } from "../harness.mjs";

const run = promisify(execFile);

/** A guest that is emulated, on a machine that does much else. */
export const patience_ms = Number(process.env.IPPO_PATIENCE_S ?? 240) * 1000;

export const told = JSON.parse(process.env.IPPO_VISIT ?? "{}");
export const { tiny, stubborn } = told;
export const origin = new URL(told.url).origin;

/** Commands of the machine that the service is on. */
export const cli = async (...words) => (await run(told.cli[0], [...told.cli.slice(1), ...words])).stdout;
export const virsh = async (verb, { id }) => run("virsh", ["-q", "-c", "qemu:///system", verb, `${told.domain}${id}`]);

/** The process of one of the service's parts, as long as there is one. */
export function pidOf(role) {
	const children = readFileSync(`/proc/${told.pid}/task/${told.pid}/children`, "utf8").split(" ").filter(Boolean);
	return children.map(Number).find((pid) => {
		try {
			return readFileSync(`/proc/${pid}/stat`, "utf8").includes(`(ippo-${role}) `) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
		} catch {
			return false;
		}
	});
}

/**
 * Runs an ssh command as it stands on the page, with the visitor's key.
 * @param known  a line for known_hosts; without it any host key is taken
 * @return {ok, stdout, stderr}
 */
export async function ssh(command, script, { knownHosts = "/dev/null", strict = "no", timeout_s = 10 } = {}) {
	const [program, ...words] = command.split(" ");
	assert.equal(program, "ssh");
	try {
		const done = await run(program, ["-i", told.key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", `ConnectTimeout=${timeout_s}`,
			"-o", `StrictHostKeyChecking=${strict}`, "-o", `UserKnownHostsFile=${knownHosts}`, ...words, script]);
		return { ok: true, ...done };
	} catch ({ stdout, stderr }) {
		return { ok: false, stdout, stderr };
	}
}

/**
 * A chapter: somebody signs in by an invitation, and does what `steps` says. Whatever must not happen in a page on the way fails it.
 * @param expected  pattern of problems that belong to it
 */
export function chapter(name, steps, expected = null) {
	test(name, async (t) => {
		const browser = await startBrowser();
		t.after(() => browser.close());
		const visit = new Visit(t, browser);
		await visit.telling(t, () => visit.begin());
		await steps(visit);
		await visit.step("no request went elsewhere, no policy was violated, no script failed", () => {
			assert.deepEqual(visit.problems.flat().filter((problem) => !expected?.test(problem) && !ofTheMachine.test(problem)), []);
		});
	});
}

class Visit {
	constructor(t, browser) {
		this.t = t;
		this.browser = browser;
		this.problems = [];
	}

	async begin() {
		this.context = await this.browser.newContext({ ignoreHTTPSErrors: true, locale: "ja-JP", timezoneId: "Asia/Tokyo", viewport: { width: 1280, height: 900 } });
		this.person = `visitor-${Date.now().toString(36)}`;
		this.page = await this.open(`/#/invitation/${told.invitation.split("/").at(-1)}`);
		await this.page.fill("#name", this.person);
		await this.page.fill("#password", `a phrase of ${this.person} alone`);
		await this.page.click("button.primary");
		await this.page.waitForURL(/#\/servers$/);
	}

	/** A page that is watched; a further one of the same person. */
	async open(address, context = this.context) {
		const page = await context.newPage();
		page.setDefaultTimeout(Math.min(60000, patience_ms));
		this.problems.push(await watch(page, origin));
		await page.goto(origin + address);
		return page;
	}

	/** The same person at a telephone. */
	async atTelephone(address) {
		const context = await this.browser.newContext({ ignoreHTTPSErrors: true, locale: "ja-JP", viewport: { width: 360, height: 740 }, hasTouch: true,
			isMobile: true, storageState: await this.context.storageState() });
		return this.open(address, context);
	}

	/** When it fails, what the visitor saw is told. */
	async telling(t, work) {
		try {
			await work(t);
		} catch (error) {
			for (const page of this.context.pages())
				t.diagnostic(`${page.url()} ${(await page.evaluate(() => document.body.innerText).catch(String)).replace(/\s+/g, " ").slice(0, 1200)}`);
			for (const problem of this.problems.flat())
				t.diagnostic(problem);
			throw error;
		}
	}

	/** One of the things that the chapter shows. */
	step(name, work) {
		return this.t.test(name, (t) => this.telling(t, () => work(t)));
	}

	/** What the API answers to this person. */
	async get(path) {
		const answer = await this.context.request.get(`${origin}/v1${path}`);
		assert.ok(answer.ok(), `${path}: ${answer.status()}`);
		return answer.json();
	}

	/** The same for what changes something: {status, code}. */
	ask(method, path, body = {}) {
		return this.page.evaluate(async ({ verb, place, data }) => {
			const { request } = await import("/lib/api.js");
			return request(verb, place, { body: data }).then((answer) => ({ answer }), ({ status, code }) => ({ status, code }));
		}, { verb: method, place: `/v1${path}`, data: body });
	}

	async actionsOf({ id }, command) {
		return (await this.get(`/servers/${id}/actions?per_page=50`)).actions.filter((action) => action.command === command);
	}
}

export const card = (page, { id }) => page.locator(`[data-server="${id}"]`);
export const stateOf = (page, server, name) => card(page, server).locator(`.state-${name}`);
export const home = ({ id }, part = "") => `/#/servers/${id}${part}`;

/**
 * Watches the state of a server as a page shows it.
 * @return {seen, since, late_ms}: seen() the words so far; since(name) when that state was first shown;
 *         late_ms() by how much this page's clock was ever late, which is how busy the machine was
 */
export async function watchState(page, { id }) {
	await page.evaluate((server) => {
		const element = document.querySelector(`[data-server="${server}"], [data-home="${server}"]`);
		const watched = { words: [], since: {}, late_ms: 0, before: performance.now() };
		const note = () => {
			const state = element.querySelector(".state");
			const [, name] = /state-(\w+)/.exec(state?.className) ?? [];
			if (name && watched.words.at(-1) !== name) {
				watched.words.push(name);
				watched.since[name] = Date.now();
			}
		};
		clearInterval(window.watched?.timer);
		watched.timer = setInterval(() => {
			const now = performance.now();
			watched.late_ms = Math.max(watched.late_ms, now - watched.before - 50);
			watched.before = now;
		}, 50);
		window.watched = watched;
		note();
		new MutationObserver(note).observe(element, { subtree: true, childList: true, characterData: true, attributes: true });
	}, id);
	return {
		seen: () => page.evaluate(() => window.watched.words),
		since: (name) => page.evaluate((state) => window.watched.since[state], name),
		late_ms: () => page.evaluate(() => window.watched.late_ms),
	};
}

/** Another tab follows within a second, or as much later as the machine let the pages wait. */
export async function assertTogether(state, here, there) {
	await eventually(async () => (await there.since(state)) !== undefined, true, patience_ms);
	const apart_ms = Math.abs((await there.since(state)) - (await here.since(state)));
	const late_ms = (await here.late_ms()) + (await there.late_ms());
	assert.ok(apart_ms <= 1000 + late_ms, `${state}: the tabs are ${apart_ms} ms apart, on pages that were up to ${late_ms} ms late`);
}
