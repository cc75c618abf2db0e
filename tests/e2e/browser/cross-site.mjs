// Pages of others in a real Chromium, on a real Ippo, with the signed-in user's own cookies: none of
// them gets into a console, and none makes a server do anything.
//
// Names lead to loopback inside this browser alone: the service is IPPO_URL, everything else is a
// server of this test. Between Chromium and the service stands a recorder that passes everything on
// unchanged, so that each refusal is seen as the service gave it, and it is known whether cookies
// came with what was refused.
//
//   IPPO_URL         https://ippo.test, the service's url setting
//   IPPO_PORT        where it listens on 127.0.0.1
//   IPPO_INVITATION  a one-time link of an operator
//   IPPO_SERVER      number of a running server whose serial port answers with what it hears
//   IPPO_TOKEN       an API token, for a client that is no browser
//   IPPO_PEM         key and certificate for the servers of this test

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import test from "node:test";
import { chromium } from "playwright-core";
import { WebSocket } from "ws";
import { flags } from "./browser.mjs";
import { eventually } from "./harness.mjs";

const env = (name) => {
	assert.ok(process.env[name], `${name} is not set; the head of cross-site.mjs says what is needed`);
	return process.env[name];
};
const origin = env("IPPO_URL");
const host = new URL(origin).host;
const service_port = Number(env("IPPO_PORT"));
const server = Number(env("IPPO_SERVER"));
const pem = readFileSync(env("IPPO_PEM"));
const actions = `/v1/servers/${server}/actions`;
const console_path = `/v1/consoles/${server}/serial`;
const refused_code = 4001;
const not_ours = "this request did not come from the panel";
const other_page = "<!doctype html><title>elsewhere</title>";
const sandboxing_page = `${other_page}<iframe sandbox="allow-scripts allow-forms" srcdoc="<!doctype html>"></iframe>`;

const listen = (listener) => new Promise((resolve) => {
	listener.listen(0, "127.0.0.1", () => resolve(listener.address().port));
});

/** Passes everything on to the service as it came, and writes down what was asked and answered. */
function recorder(seen) {
	const ask = (request) => {
		const entry = { method: request.method, path: request.url, headers: request.headers, status: 0, answer: {}, body: "" };
		seen.push(entry);
		const onward = https.request({ host: "127.0.0.1", port: service_port, method: request.method, path: request.url, headers: request.headers, rejectUnauthorized: false, agent: false });
		onward.on("response", (answer) => {
			Object.assign(entry, { status: answer.statusCode, answer: answer.headers });
			if (answer.statusCode >= 400)
				answer.on("data", (data) => { entry.body += data; });
		});
		return { entry, onward };
	};
	const front = https.createServer({ key: pem, cert: pem }, (request, response) => {
		const { onward } = ask(request);
		onward.on("response", (answer) => {
			response.writeHead(answer.statusCode, answer.headers);
			answer.pipe(response);
		});
		onward.on("error", () => response.destroy());
		response.on("close", () => onward.destroy());
		request.pipe(onward);
	});
	const head = (answer) => {
		let text = `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n`;
		for (let i = 0; i < answer.rawHeaders.length; i += 2)
			text += `${answer.rawHeaders[i]}: ${answer.rawHeaders[i + 1]}\r\n`;
		return `${text}\r\n`;
	};
	front.on("upgrade", (request, socket) => {
		const { entry, onward } = ask(request);
		onward.on("upgrade", (answer, stream, first) => {
			Object.assign(entry, { status: answer.statusCode, answer: answer.headers });
			socket.write(head(answer));
			socket.write(first);
			stream.pipe(socket).pipe(stream);
			stream.on("error", () => socket.destroy());
			socket.on("error", () => stream.destroy());
		});
		onward.on("response", (answer) => {
			socket.write(head(answer));
			answer.pipe(socket);
			answer.on("end", () => onward.destroy());
		});
		onward.on("error", () => socket.destroy());
		socket.on("error", () => onward.destroy());
		onward.end();
	});
	return front;
}

/* What runs in a page: tries to get in, and if it does, to write. */
const enterFromPage = ({ url, first, text }) => new Promise((resolve) => {
	const found = { opened: false, greeted: false, heard: "", code: 0, reason: "" };
	const socket = new WebSocket(url, "binary");
	socket.binaryType = "arraybuffer";
	const limit = setTimeout(() => socket.close(), 10000);
	socket.onopen = () => {
		found.opened = true;
		socket.send(JSON.stringify(first));
	};
	socket.onmessage = ({ data }) => {
		if (!found.greeted) {
			found.greeted = true;
			socket.send(Uint8Array.of(0x03));
			socket.send(Uint8Array.of(0x01, ...new TextEncoder().encode(text)));
		} else if (typeof data !== "string" && new Uint8Array(data)[0] === 0x11) {
			found.heard += new TextDecoder().decode(data.slice(9));
			if (found.heard.includes(text.trim()))
				socket.close();
		}
	};
	socket.onclose = ({ code, reason }) => {
		clearTimeout(limit);
		resolve({ ...found, code, reason });
	};
});

/* Everything a page has to make another site act, and to read from it. True for what came through. */
const reachFromPage = async ({ base, at, server }) => {
	const send = (path, options) => fetch(base + path, { method: "POST", credentials: "include", ...options })
		.then((answer) => answer.type !== "opaque", () => false);
	const form = (path) => new Promise((resolve) => {
		const frame = document.createElement("iframe");
		frame.name = `frame-${Math.random()}`;
		document.documentElement.append(frame);
		const element = document.createElement("form");
		Object.assign(element, { method: "post", enctype: "text/plain", target: frame.name, action: base + path });
		document.documentElement.append(element);
		frame.addEventListener("load", () => resolve());
		element.submit();
		setTimeout(resolve, 2000);
	});
	const picture = () => new Promise((resolve) => {
		const image = new Image();
		image.onload = () => resolve(true);
		image.onerror = () => resolve(false);
		image.src = `${base}/v1/servers/${server}/console/screen`;
	});
	const came = {};
	for (const verb of ["request_console", "poweroff", "reset"]) {
		const body = verb === "request_console" ? '{"type":"serial"}' : "{}";
		came[`${verb}, without a preflight`] = await send(`${at}/${verb}`, { mode: "no-cors", body, headers: { "Content-Type": "text/plain" } });
		came[`${verb}, as the panel does`] = await send(`${at}/${verb}`, { body, headers: { "Content-Type": "application/json", "X-Ippo-Csrf": "1" } });
		await form(`${at}/${verb}`);
	}
	came.text = await send(`/v1/servers/${server}/console/text`, { method: "GET" });
	came.screen = await picture();
	return Object.keys(came).filter((name) => came[name]);
};

test("pages of others, in Chromium, with the user's own cookies", async (t) => {
	const seen = [];
	const servers = [recorder(seen)];
	const page_of = (request, response) => {
		response.setHeader("Content-Type", "text/html; charset=utf-8");
		response.end(request.url === "/sandbox" ? sandboxing_page : other_page);
	};
	servers.push(https.createServer({ key: pem, cert: pem }, page_of), http.createServer(page_of));
	const [front, tls, plain] = await Promise.all(servers.map(listen));
	const sockets = new Set();
	for (const each of servers)
		each.on("connection", (socket) => sockets.add(socket));

	const leads = {
		[`${host}:443`]: front, [`${host}:8444`]: tls, [`${host}:80`]: plain, [`${host}.:443`]: tls,
		[`www.${host}:443`]: tls, "elsewhere.test:443": tls, "rebound.test:443": front, [`rebound.${host}:443`]: front,
	};
	const browser = await chromium.launch({
		executablePath: process.env.IPPO_CHROMIUM ?? "/usr/bin/chromium",
		headless: true,
		args: [...flags.filter((flag) => flag !== "--headless"),
			`--host-resolver-rules=${Object.entries(leads).map(([name, port]) => `MAP ${name} 127.0.0.1:${port}`).join(",")},MAP * ~NOTFOUND`,
			"--ignore-certificate-errors",
			// What protects here must be the service, not a browser that happens to ask first.
			"--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,LocalNetworkAccessChecks"],
	});
	t.after(async () => {
		await browser.close();
		servers.forEach((each) => each.close());
		sockets.forEach((socket) => socket.destroy());
	});
	const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: "en-GB" });
	const own = await context.newPage();

	const api = (method, path, body) => own.evaluate(async ([verb, at, content]) => {
		const answer = await fetch(at, { method: verb, headers: { "Content-Type": "application/json", "X-Ippo-Csrf": "1" }, body: content && JSON.stringify(content) });
		return { status: answer.status, ...await answer.json() };
	}, [method, path, body]);
	const takeTicket = async () => {
		const answer = await api("POST", `${actions}/request_console`, { type: "serial", mode: "control" });
		assert.equal(answer.status, 201);
		return answer.password;
	};
	let entered = 0;
	/** The service's own page gets in, and what it types is answered by the guest. */
	const ownPageEnters = async (first) => {
		const text = `own-page-${++entered}\r`;
		const found = await own.evaluate(enterFromPage, { url: `wss://${host}${console_path}`, first, text });
		assert.ok(found.greeted && found.heard.includes(text.trim()), JSON.stringify(found));
	};
	const ownPageIsRefused = async (first) => {
		const found = await own.evaluate(enterFromPage, { url: `wss://${host}${console_path}`, first, text: "refused\r" });
		assert.deepEqual([found.greeted, found.code], [false, refused_code]);
	};
	const cookies = async () => Object.fromEntries((await context.cookies(origin + console_path)).map(({ name, value }) => [name, value]));
	/** All that an intruder could change. */
	const state = async () => {
		const { end, text } = await api("GET", `/v1/servers/${server}/console/text`);
		const { status } = (await api("GET", `/v1/servers/${server}`)).server;
		const all = async (path) => (await api("GET", path)).meta.pagination.total_entries;
		return { end, isClean: !text.includes("intruder"), status, actions: await all(`${actions}`), consoles: await all("/v1/consoles"), cookies: await cookies() };
	};
	const nobodyIsIn = () => eventually(async () => (await api("GET", "/v1/consoles?status=open")).consoles.length, 0);

	await t.test("the service's own page works: by ticket, once; by cookie; and it may act", async () => {
		await own.goto(`${origin}/#/invitation/${env("IPPO_INVITATION").split("/").at(-1)}`);
		await own.fill("#name", "taro");
		await own.fill("#password", "a phrase of the owner's");
		await own.click("button.primary");
		await own.waitForSelector("#account-button");
		const ticket = await takeTicket();
		await ownPageEnters({ ticket });
		await ownPageEnters({});
		await ownPageIsRefused({ ticket });
		assert.deepEqual(Object.keys(await cookies()).sort(), ["__Host-ippo", `__Secure-ippo-console-${server}-serial`]);
		assert.equal((await api("POST", `${actions}/reset`, {})).status, 201);
		await eventually(async () => (await api("GET", `/v1/actions?status=running`)).actions.length, 0, 20000);
	});

	/** What every page of others gets, whatever it is called. */
	const tryFrom = async (frame, { from, withCookies, forged = {} }) => {
		const ticket = await takeTicket();
		await nobodyIsIn();
		const before = await state();
		const start = seen.length;
		for (const first of [{ ticket }, {}, { ticket, from: 0 }]) {
			const found = await frame.evaluate(enterFromPage, { url: `wss://${host}${console_path}`, first, text: "intruder\r" });
			assert.deepEqual([found.opened, found.greeted], [false, false], JSON.stringify(found));
		}
		assert.deepEqual(await frame.evaluate(reachFromPage, { base: origin, at: actions, server }), []);

		const asked = seen.slice(start).filter(({ path }) => path.startsWith("/v1/") && path !== "/v1/events");
		const handshakes = asked.filter(({ headers }) => headers.upgrade);
		const posts = asked.filter(({ method }) => method === "POST");
		assert.equal(handshakes.length, 3);
		for (const { headers, status, answer, body } of handshakes) {
			assert.equal(headers.origin, from);
			assert.equal(/__Host-ippo=.*__Secure-ippo-console|__Secure-ippo-console.*__Host-ippo=/.test(headers.cookie ?? ""), withCookies, "cookies of a handshake");
			assert.equal(status, 403);
			assert.equal(JSON.parse(body).error.message, not_ours);
			assert.equal(answer["set-cookie"], undefined);
		}
		// Three by fetch and three by a form; what needs a preflight got no permission and never came.
		assert.equal(posts.length, 6);
		for (const { path, headers, status, body } of posts) {
			assert.equal(headers.origin, from, path);
			assert.equal(headers["x-ippo-csrf"], undefined, path);
			const isSignedIn = /__Host-ippo=/.test(headers.cookie ?? "");
			assert.equal(isSignedIn, withCookies, `cookies of POST ${path}`);
			assert.equal(status, isSignedIn ? 403 : 401, path);
			assert.ok(JSON.parse(body).error.message.length > 10, path);
		}
		assert.equal(asked.filter(({ method, headers }) => method === "OPTIONS" && headers["access-control-request-method"] === "POST").length, 3);
		for (const { path, answer } of asked)
			assert.equal(answer["access-control-allow-origin"], undefined, path);
		for (const [name, value] of Object.entries(forged))
			assert.ok(posts.every(({ headers }) => headers[name.toLowerCase()] === value), `${name} was sent`);

		assert.deepEqual(await state(), before);
		// Neither was used up: the right page still gets in by either.
		await ownPageEnters({});
		await ownPageEnters({ ticket });
		await ownPageIsRefused({ ticket });
	};

	const visit = async (address, expected, steps) => {
		const page = await context.newPage();
		await page.goto(address);
		const frame = page.frames().at(-1);
		assert.equal(await frame.evaluate(() => self.origin), expected, "the page is what it is meant to be");
		await steps(frame);
		await page.close();
	};

	// A browser takes another port and another name below the same domain for the same site, so
	// SameSite keeps nothing back there: these are the ones that come with every cookie.
	const pages = [
		{ name: "a foreign origin", from: "https://elsewhere.test", withCookies: false },
		{ name: "another port of the same name", from: `${origin}:8444`, withCookies: true },
		{ name: "a name below the service's", from: `https://www.${host}`, withCookies: true },
		{ name: "the same name without TLS", from: `http://${host}`, withCookies: false },
		{ name: "the same name with a dot at its end", from: `${origin}.`, withCookies: false },
		{ name: "a sandboxed frame (Origin: null)", from: "null", at: `${origin}:8444/sandbox`, withCookies: false },
		{ name: "a data: address (Origin: null)", from: "null", at: `data:text/html,${encodeURIComponent(other_page)}`, withCookies: false },
	];
	for (const { name, from, at = `${from}/`, withCookies } of pages)
		await t.test(`${name} is refused`, () => visit(at, from, (frame) => tryFrom(frame, { from, withCookies })));

	const forged = (name) => ({
		"X-Forwarded-Host": host, "X-Forwarded-Proto": "https", "X-Forwarded-Port": "443", "X-Forwarded-For": "192.0.2.7", "X-Real-IP": "192.0.2.7",
		Forwarded: `for=192.0.2.7;host=${name};proto=https`, "X-Original-Host": name,
	});

	await t.test("forged forwarded headers, sent by Chromium, change nothing", async () => {
		const headers = forged(`${host}:8444`);
		await visit(`${origin}:8444/`, `${origin}:8444`, async (frame) => {
			await frame.page().setExtraHTTPHeaders(headers);
			await tryFrom(frame, { from: `${origin}:8444`, withCookies: true, forged: headers });
		});
	});

	await t.test("the service itself by a name that is not its own: no cookie comes, and a stolen ticket is for another page", async () => {
		for (const name of ["rebound.test", `rebound.${host}`]) {
			await visit(`https://${name}/`, `https://${name}`, async (frame) => {
				const ticket = await takeTicket();
				const before = await state();
				for (const first of [{}, { ticket }]) {
					const found = await frame.evaluate(enterFromPage, { url: `wss://${name}${console_path}`, first, text: "intruder\r" });
					assert.deepEqual([found.greeted, found.code], [false, refused_code], JSON.stringify(found));
					assert.ok(found.reason.length > 5, "and it says why");
					assert.equal(seen.findLast(({ headers }) => headers.upgrade).headers.cookie, undefined);
				}
				assert.deepEqual(await state(), before);
				// It was presented where it does not belong: whoever holds it, it opens nothing any more.
				await ownPageIsRefused({ ticket });
				await ownPageEnters({});
			});
		}
	});

	/** A client that is no browser says whatever it likes. */
	const enterRaw = (headers, first) => new Promise((resolve) => {
		const socket = new WebSocket(`wss://127.0.0.1:${service_port}${console_path}`, "binary",
			{ rejectUnauthorized: false, headers: { Host: host, ...headers }, handshakeTimeout: 10000 });
		const found = { status: 101, greeted: false, code: 0, body: "", cookie: undefined };
		socket.on("unexpected-response", (request, answer) => {
			const { socket: connection } = answer;
			Object.assign(found, { status: answer.statusCode, cookie: answer.headers["set-cookie"] });
			answer.on("data", (data) => { found.body += data; });
			answer.on("end", () => {
				connection.destroy();
				resolve(found);
			});
		});
		socket.on("error", (error) => resolve({ ...found, status: 0, body: String(error) }));
		socket.on("open", () => socket.send(JSON.stringify(first)));
		socket.on("message", () => {
			found.greeted = true;
			socket.close();
		});
		socket.on("close", (code) => resolve({ ...found, code }));
	});

	await t.test("whatever Origin says, with all the cookies, a ticket and forged headers, nothing but the service's own is let in", async () => {
		const origins = ["https://elsewhere.test", "null", "", `http://${host}`, `${origin}.`, `${origin}:8444`, `${origin}:443`, `https://www.${host}`,
			`${origin}/`, `${origin}.elsewhere.test`, `https://taro@${host}`, `wss://${host}`, host, `${origin}\t${origin}`, `${origin} https://elsewhere.test`,
			`${origin}, https://elsewhere.test`, [origin, "https://elsewhere.test"], ["https://elsewhere.test", origin]];
		const ticket = await takeTicket();
		const before = await state();
		const cookie = Object.entries(before.cookies).map((pair) => pair.join("=")).join("; ");
		for (const each of origins) {
			const name = String(each).replace(/^\w+:\/\//, "");
			for (const first of [{ ticket }, {}]) {
				const found = await enterRaw({ Origin: each, Cookie: cookie, ...forged(name) }, first);
				assert.ok([400, 403].includes(found.status), `${JSON.stringify(each)}: ${JSON.stringify(found)}`);
				assert.ok(JSON.parse(found.body).error.message.length > 10);
				assert.equal(found.cookie, undefined);
			}
		}
		assert.deepEqual(await state(), before);
		await ownPageEnters({ ticket });
	});

	await t.test("without Origin there is no way in by cookie, nor with a page's ticket; a token's ticket is no page's", async () => {
		const ticket = await takeTicket();
		const { cookies: own_cookies } = await state();
		const cookie = Object.entries(own_cookies).map((pair) => pair.join("=")).join("; ");
		for (const first of [{}, { ticket }]) {
			const found = await enterRaw({ Cookie: cookie, ...forged(host) }, first);
			assert.deepEqual([found.status, found.cookie], [403, undefined]);
			assert.match(JSON.parse(found.body).error.message, /says where it comes from/);
		}
		await ownPageEnters({});
		const stolen = await enterRaw(forged(host), { ticket });
		assert.deepEqual([stolen.status, stolen.greeted, stolen.code], [101, false, refused_code]);
		await ownPageIsRefused({ ticket });

		const token = await new Promise((resolve, reject) => {
			const request = https.request({ host: "127.0.0.1", port: service_port, method: "POST", path: `${actions}/request_console`, rejectUnauthorized: false, agent: false,
				headers: { Authorization: `Bearer ${env("IPPO_TOKEN")}`, "Content-Type": "application/json", ...forged("elsewhere.test") } }, async (answer) => {
				resolve(JSON.parse((await answer.toArray()).join("")));
			});
			request.on("error", reject);
			request.end('{"type":"serial"}');
		});
		assert.equal(token.wss_url, `wss://${host}${console_path}`, "a forged header does not tell where the console is");
		assert.equal((await enterRaw(forged("elsewhere.test"), { ticket: token.password })).greeted, true);
		await nobodyIsIn();
		assert.equal((await api("GET", "/v1/consoles?per_page=1")).consoles[0].peer, "127.0.0.1", "nor where a client is");
	});

	await t.test("after all this the guest has heard its owner alone, and runs", async () => {
		await ownPageEnters({ ticket: await takeTicket() });
		const { isClean, status } = await state();
		assert.deepEqual([isClean, status], [true, "running"]);
	});
});
