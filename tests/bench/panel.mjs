// The panel's list of servers in Chromium on a running Ippo; tests/bench/run starts both and prints what this tells as JSON.
//
//   node panel.mjs save     the list as one page of HTML with its styles and no script, for a peer to serve
//   node panel.mjs measure  how long until it can be used, beside that page, and until another tab shows a new state
//
//   IPPO_URL     https://localhost:8443, the service's url setting
//   IPPO_COOKIE  of a session
//   PEER_URL     of the page that was saved
//   ROUNDS, CHANGES  how many loads, how many changes of state

import { createRequire } from "node:module";
import https from "node:https";
import path from "node:path";

const browserTests = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "../e2e/browser");
const { chromium } = createRequire(`${browserTests}/browser.mjs`)("playwright-core");
const { flags } = await import(`${browserTests}/browser.mjs`);
const { IPPO_URL: origin, IPPO_COOKIE: cookie, PEER_URL: peer } = process.env;
const rounds = Number(process.env.ROUNDS ?? 7), changes = Number(process.env.CHANGES ?? 60);
const first_page = 50;

const browser = await chromium.launch({ executablePath: process.env.IPPO_CHROMIUM ?? "/usr/bin/chromium", headless: true,
	args: flags.filter((flag) => flag !== "--headless") });

/** Notes when so many servers stand in the page, have been painted, and the page listens to input again. */
function watchList(wanted) {
	globalThis.ready = new Promise((resolve) => {
		const look = () => {
			if (document.querySelectorAll("[data-server]").length < wanted)
				return false;
			requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
			return true;
		};
		new MutationObserver((_, observer) => look() && observer.disconnect()).observe(document, { childList: true, subtree: true });
	});
	globalThis.longest = 0;
	new PerformanceObserver((list) => {
		for (const { duration } of list.getEntries())
			globalThis.longest = Math.max(globalThis.longest, duration);
	}).observe({ type: "longtask", buffered: true });
}

async function newContext() {
	const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: "ja-JP", viewport: { width: 1280, height: 800 } });
	await context.addCookies([{ name: "__Host-ippo", value: cookie, url: origin, secure: true, httpOnly: true, sameSite: "Strict" }]);
	await context.addInitScript(() => {
		localStorage.setItem("ippo.session", "yes");
		localStorage.setItem("ippo.first", "done");
	});
	await context.addInitScript(watchList, first_page);
	return context;
}

/** @return {ms, longest, bytes, api}: from the navigation's start; what came over the wire, and of that what the API said */
async function load(context, address) {
	const page = await context.newPage();
	const wire = await context.newCDPSession(page);
	const asked = new Map();
	let bytes = 0, api = 0;
	await wire.send("Network.enable");
	wire.on("Network.requestWillBeSent", ({ requestId, request }) => asked.set(requestId, request.url));
	const note = (requestId, more) => {
		bytes += more;
		api += asked.get(requestId)?.includes("/v1/") ? more : 0;
	};
	wire.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => note(requestId, encodedDataLength));
	await page.goto(address, { waitUntil: "commit" });
	const ms = await page.evaluate(() => globalThis.ready);
	const longest = await page.evaluate(() => globalThis.longest);
	await page.close();
	return { ms, longest, bytes, api };
}

/** The stream of events as any client reads it: calls `take(server)` for each state of a server. */
async function listen(take) {
	const request = https.get(`${origin}/v1/events`, { rejectUnauthorized: false, headers: { Cookie: `__Host-ippo=${cookie}`, Accept: "text/event-stream" } });
	const response = await new Promise((resolve, reject) => { request.on("response", resolve); request.on("error", reject); });
	const feed = makeEvents((name, text) => name === "server" && take(JSON.parse(text).server));
	response.setEncoding("utf8");
	response.on("data", feed);
	return () => request.destroy();
}

/** As many lines as an event has here; the panel's own reader needs a browser. */
function makeEvents(take) {
	let rest = "";
	return (text) => {
		const events = (rest + text).split("\n\n");
		rest = events.pop();
		for (const event of events) {
			const fields = Object.fromEntries(event.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
			take(fields.event, fields.data);
		}
	};
}

/** Changes the power of servers in one tab, and notes when another one shows it; from the request on, which is before the event. */
async function changeStates(acting, watching, count) {
	const ids = await watching.evaluate((most) => [...document.querySelectorAll("[data-server]")].slice(0, most).map(({ dataset }) => Number(dataset.server)), count);
	await watching.evaluate(() => { globalThis.longest = 0; });
	const streamed = new Map();
	const stop = await listen(({ id, status }) => streamed.set(`${id} ${status}`, Date.now()));
	const tab = [], stream = [];
	for (let i = 0; i < count; i++) {
		const id = ids[i % ids.length];
		const state = Math.floor(i / ids.length) % 2 === 0 ? "off" : "running";
		// One observer at one card: looking for the change must not cost what is measured.
		await watching.evaluate(([server, wanted]) => {
			const card = document.querySelector(`[data-server="${server}"]`);
			globalThis.shown = new Promise((resolve) => {
				new MutationObserver((_, observer) => {
					if (card.querySelector(".state").classList.contains(`state-${wanted}`)) {
						observer.disconnect();
						resolve(Date.now());
					}
				}).observe(card, { childList: true, subtree: true, attributes: true });
			});
		}, [id, state]);
		const begun = await acting.evaluate(async ([server, verb]) => {
			const { post } = await import("/lib/api.js");
			const now = Date.now();
			await post(`/v1/servers/${server}/actions/${verb}`);
			return now;
		}, [id, state === "off" ? "poweroff" : "poweron"]);
		tab.push(await watching.evaluate(() => globalThis.shown) - begun);
		const key = `${id} ${state}`;
		for (let waited = 0; !streamed.has(key) && waited < 3000; waited += 20)
			await new Promise((resolve) => { setTimeout(resolve, 20); });
		stream.push(streamed.get(key) - begun);
	}
	stop();
	return { tab, stream, longest: await watching.evaluate(() => globalThis.longest) };
}

/** Presses the button for more until there is none. */
const showAll = (page) => page.evaluate(async () => {
	const begun = performance.now();
	const count = () => document.querySelectorAll("[data-server]").length;
	for (let button; (button = document.querySelector(".more button"));) {
		if (button.getAttribute("aria-disabled") !== "true")
			button.click();
		await new Promise(requestAnimationFrame);
	}
	return { count: count(), ms: performance.now() - begun };
});

async function save() {
	const context = await newContext();
	const page = await context.newPage();
	await page.goto(`${origin}/#/servers`);
	await page.evaluate(() => globalThis.ready);
	const text = await page.evaluate(async () => {
		const sheets = [...document.querySelectorAll("link[rel=stylesheet]")];
		const styles = await Promise.all(sheets.map(async ({ href }) => (await fetch(href)).text()));
		for (const each of document.querySelectorAll("script, link"))
			each.remove();
		document.head.insertAdjacentHTML("beforeend", `<link rel="icon" href="data:,">`);
		document.head.insertAdjacentHTML("beforeend", styles.map((style) => `<style>${style}</style>`).join(""));
		return `<!doctype html>${document.documentElement.outerHTML}`;
	});
	process.stdout.write(text);
}

async function measure() {
	const cold = [], warm = [], plain = [];
	for (let round = 0; round < rounds; round++) {
		const context = await newContext();
		cold.push(await load(context, `${origin}/#/servers`));
		warm.push(await load(context, `${origin}/#/servers`));
		plain.push(await load(context, peer));
		await context.close();
	}
	const context = await newContext();
	const [acting, watching] = [await context.newPage(), await context.newPage()];
	for (const page of [acting, watching]) {
		await page.goto(`${origin}/#/servers`);
		await page.evaluate(() => globalThis.ready);
	}
	const few = await changeStates(acting, watching, changes);
	await acting.goto("about:blank"); // one tab is enough of so many
	await acting.goto(`${origin}/#/manual`);
	const all = await showAll(watching);
	const many = await changeStates(acting, watching, changes);
	process.stdout.write(JSON.stringify({ cold, warm, plain, few, many, all }));
}

await ({ save, measure })[process.argv[2]]();
await browser.close();
