// A small service that answers as Ippo does, with faults on demand: for races, losses and every
// state of the panel, in milliseconds and without a guest. What it answers is held to the real one
// by real.mjs, which makes the same journey on it.
//
//   node mock.mjs PANEL_DIR [PORT]      serves it for a look by hand
//
// Without TLS a __Host- cookie is refused, so the cookie has another name here.

import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Consoles, picture } from "./mock-consoles.mjs";

// As src/web sends it.
export const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; manifest-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

const types = {
	".html": "text/html; charset=utf-8",
	".js": "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8",
	".json": "application/json",
	".svg": "image/svg+xml",
	".txt": "text/plain; charset=utf-8",
};

const password = "correct horse battery";
const verbs = {
	poweron: { command: "start_server", during: "starting", after: "running", step: "start" },
	shutdown: { command: "shutdown_server", during: "stopping", after: "off", step: "shutdown" },
	reboot: { command: "reboot_server", during: "running", after: "running", step: "reboot" },
	reset: { command: "reset_server", during: "running", after: "running", step: "reset" },
	poweroff: { command: "stop_server", during: "stopping", after: "off", step: "stop" },
};

// What asks for a fresh proof of who it is.
const sensitive = /^(DELETE \/v1\/servers\/\d+|POST \/v1\/servers\/\d+\/actions\/(rebuild|restore_kept_disk|delete_kept_disk|disable_backup)|DELETE \/v1\/images\/\d+|POST \/v1\/(tokens|invitations)|(PUT|DELETE) \/v1\/members\/\d+|(POST|DELETE) \/v1\/me\/(two_step|passkeys).*|(PUT|DELETE) \/v1\/me\/mail|DELETE \/v1\/users\/\d+|PUT \/v1\/servers\/\d+\/owner)$/;
const letters = "abcdefghijkm";
const recoveryCodes = (round) => Array.from({ length: 10 }, (_, n) => `${letters[n]}${round + 1}`.repeat(8));
const shown = (code) => code.match(/.{4}/g).join("-");

const yen = (amount) => ({ net: amount, gross: amount });
const planOf = (id, name, cores, memory, disk, monthly, initial) => ({
	id, name, description: `${memory} GB`, cores, memory, disk, storage_type: "local", deprecated: false, currency: "JPY",
	price_monthly_minor: monthly, price_initial_minor: initial,
	prices: [{ location: "local", price_hourly: yen("1.4"), price_monthly: yen(String(monthly)), included_traffic: 0, price_per_tb_traffic: yen("0") }],
});
const money = (amount, currency = "JPY") => ({ currency, amount: String(amount), amount_minor: amount });
const next_month = "2026-12-20T00:00:00+00:00";
const nextCharge = (plan) => (plan.price_monthly_minor > 0 ? { at: next_month, price: money(plan.price_monthly_minor) } : null);
const imageOf = (id, name, description, disk_size) => ({ id, type: "system", status: "available", name, description, disk_size, os_flavor: name.split("-")[0], os_version: "12", deprecated: null, created: new Date(Date.now() - 12.5 * 86400000).toISOString(),
	built: new Date(Date.now() - 12.5 * 86400000).toISOString(),
	updates: { pending: 3, security: 0, checked: new Date().toISOString(), unknown_since: null, reason: null, message: null, looking: false } });
const hostKey = {
	type: "ssh-ed25519", fingerprint: "SHA256:540nOBy028iBJBkgt2Cg/e4xOc0lduvt3KQLIu6leDY",
	public_key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILlprTpMuRDRaN+UeaQhEQmslPKf71cbR+tHVWxmtJGu",
};

/** Where SSH of a new system listens. */
const portOf = ({ first_step: { ssh_port } = {} }) => (ssh_port === "random" ? 23456 : ssh_port ?? 22);

class Refusal extends Error {
	constructor(status, code, message, details = {}) {
		super(message);
		Object.assign(this, { status, code, details });
	}
}

function judgePassword(text) {
	if (text.includes("password"))
		throw new Refusal(422, "invalid_input", "the password is refused", { fields: [{ name: "password", messages: ["is one of the most common passwords"] }] });
}

/** As the service shows it: the first items are of each kind, the others are proven. */
function firstStep(server) {
	const time = new Date(Date.now() - 3600e3).toISOString();
	const side = (result, reason, text) => ({ result, reason, time, evidence: [{ source: "sshd -T", text }] });
	const ids = ["initial-password", "sudo-user", "root-ssh", "ssh-port", "key-only", "key-permissions", "ssh-crypto", "packet-filter", "database-closed", "updates", "logs", "time", "monitoring"];
	const closed = server.ippo.first_step.inbound === "closed";
	const items = ids.map((id) => ({ id, verdict: "pass", since: time, needs_outside: !["updates", "logs", "time"].includes(id),
		inside: id === "monitoring" ? null : side("pass", "ok", "as it should be"), outside: ["updates", "logs", "time"].includes(id) ? null : side("pass", "ok", "seen from outside") }));
	Object.assign(items[2], { verdict: "fail", outside: side("fail", "root_login", "root was let in") });
	Object.assign(items[1], { verdict: "reported", outside: null });
	return { passed: 11, total: 13, inbound: closed ? { state: "closed", reason: "waits", since: time, opens: new Date(Date.now() + 600e3).toISOString() } : { state: "open", reason: "proven", since: time, opens: null },
		guest: { reports: true, program: "firststep 0.1.0", os: "Debian GNU/Linux 12", reported: time }, probed: time, ssh_port: 22, open_ports: [], items, changes: [] };
}

export class Mock {
	constructor(panel) {
		this.panel = panel;
		this.http = createServer((request, response) => this.#answer(request, response));
		this.http.keepAliveTimeout = 60000;
		this.streams = new Set();
		this.consoles = new Consoles(this);
		this.reset();
	}

	/** Everything as at the beginning: no servers, one invitation, one user "taro". */
	reset() {
		for (const stream of this.streams ?? [])
			stream.destroy();
		this.consoles.reset();
		this.role = "owner";
		this.servers = new Map();
		this.plans = [planOf(1, "1g", 2, 1, 50, 980, 0), planOf(2, "2g", 3, 2, 100, 1480, 2000), planOf(3, "4g", 4, 4, 200, 3980, 4000)];
		this.images = [imageOf(1, "debian-12", "Debian 12", 2), imageOf(2, "wordpress", "WordPress", 80)];
		this.locations = [{ id: 1, name: "local", description: "Tokyo 1", city: "Tokyo", country: "JP" }];
		this.keys = new Map();
		this.tokens = new Map();
		this.history = []; // oldest first
		this.historyProblems = []; // what a check finds
		this.actions = new Map();
		this.notices = new Map();
		this.firewalls = new Map();
		this.old_connections = 0; // that a confirmation is refused on
		this.stopped = []; // counters of what a server's filter has dropped
		this.refused = []; // by the edge of every server
		this.alerts = new Map();
		this.alertRules = new Map();
		this.outbox = new Map();
		this.nameServers = new Map();
		this.zoneCounts = { total: 3, outdated: 0, elsewhere: 0, protected: 0 };
		this.zones = new Map();
		this.floatingIps = new Map();
		this.primaryIps = new Map();
		this.networks = new Map();
		this.zoneLimit = 5;
		this.threads = new Map(); // with their messages
		this.files = new Map(); // of messages, with their bytes
		this.users = new Map([["taro", { id: 2, name: "taro", password, operator: true }]]);
		this.sessions = new Map(); // whose each cookie is
		this.sessionFacts = new Map(); // what else of each is told
		this.invitations = new Map([["KEY-1", { operator: true, customer: { id: 1, name: "operator" }, expires: new Date(Date.now() + 7 * 864e5).toISOString() }]]);
		this.customers = [{ id: 1, name: "operator", role: "owner", suspended: false }];
		this.accounts = new Map(); // of all customers, as operators see them
		this.customerDefaults = { servers: 10, cores: 64, memory_mib: 131072, disk_gb: 4000, addresses: 20, ssh_keys: 100, tokens: 50, members: null, snapshots: 20 };
		this.addAccount("operator", { id: 1, limits: {} });
		this.customer = null; // for whom one works; null: the first
		this.members = new Map([[2, { id: 2, name: "taro", role: "owner", disabled: false }], [3, { id: 3, name: "hanako", role: "reader", disabled: false }]]);
		this.invited = new Map();
		this.passwordResets = new Map([["RESET-1", "taro"]]); // whose password each key sets
		this.mail = { available: true, users: new Map(), keys: new Map([["MAIL-1", "taro"]]) }; // {address, wanted} by user; whose each key confirms
		this.twoSteps = new Map(); // by user: {secret, since, codes}; since null: begun only
		this.passkeys = new Map(); // by number: {id, name, created, last_used, user, credential}
		this.passkeyAnswer = null; // a refusal for the next one that is shown
		this.challenges = new Set();
		this.snapshots = 20; // that the account may have
		this.stale = false; // the proof of who it is has grown old
		this.requests = []; // [method, path] of every API request
		this.bodies = []; // of them, as text
		this.nextId = 1;
		this.nextEvent = 1;
		this.faults = []; // see fail()
		this.delay_ms = 0;
		this.action_ms = 150; // how long an action takes; 0: until settle()
		this.host = { id: 1, name: "host1", status: "up", driver: "libvirt", virtualization: "kvm", virtualization_reason: "", hypervisor: "QEMU 7.2.0, libvirt 9.0.0", cpus: 16,
			memory_mib: 65536, pool_bytes: 2000 * 1024 ** 3, pool_free_bytes: 1500 * 1024 ** 3, servers: 12, servers_running: 9, memory_servers_mib: 12288, last_seen: new Date().toISOString(), maintenance: null };
		this.terms = { period: "anniversary", utc_offset: "+00:00" };
		this.statements = new Map(); // month → charges
		this.outcomes = []; // of the coming actions: null, or {code, message}
		this.eventsUp = true;
		this.metricsGap = [20, 30];
	}

	listen(port = 0) {
		return new Promise((resolve) => this.http.listen(port, "127.0.0.1", () => {
			this.url = `http://localhost:${this.http.address().port}`;
			resolve(this);
		}));
	}

	close() {
		this.consoles.close();
		this.http.closeAllConnections();
		return new Promise((resolve) => this.http.close(resolve));
	}

	/** The next `times` requests that match are refused. */
	fail(method, pattern, fault, times = 1) {
		this.faults.push({ method, pattern, fault, times });
	}

	/**
	 * Matching requests find the connection cut, until the returned function is called. (Not once: a
	 * browser sends a request again by itself when a connection it had kept turns out to be gone.)
	 */
	cut(method, pattern) {
		const fault = { method, pattern, fault: "cut", times: Infinity };
		this.faults.push(fault);
		return () => { this.faults = this.faults.filter((other) => other !== fault); };
	}

	/**
	 * Matching requests are worked on, but their answers wait for the returned function: what they
	 * say is as old as the moment they came.
	 */
	hold(method, pattern) {
		let release;
		const gate = new Promise((resolve) => { release = resolve; });
		this.faults.push({ method, pattern, gate, times: Infinity });
		return () => {
			this.faults = this.faults.filter((fault) => fault.gate !== gate);
			release();
		};
	}

	count(method, pattern) {
		return this.requests.filter(([m, p]) => m === method && pattern.test(p)).length;
	}

	/** Signs in without the form; returns the cookie for a browser context. */
	session(name = "taro") {
		const value = `s${this.nextId++}`.padEnd(64, "0");
		this.sessions.set(value, this.users.get(name));
		this.sessionFacts.set(value, {
			id: this.nextId++, address: "192.0.2.7", client: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36",
			created: "2026-11-20T01:02:03Z", last_used: "2026-11-24T01:02:03Z", expires: "2026-12-01T01:02:03Z",
		});
		return { name: "ippo-mock", value, url: this.url, httpOnly: true, sameSite: "Strict" };
	}

	addServer(name, status = "off", changes = {}) {
		const id = this.nextId++;
		const server = {
			id, name, status, created: "2026-11-20T01:02:03Z", locked: false, labels: {},
			public_net: {
				ipv4: { id: id * 2, ip: `10.77.0.${id + 1}`, blocked: false, dns_ptr: `static.${id}.example` },
				ipv6: { id: id * 2 + 1, ip: `fd5b:1a2c:77:${id.toString(16)}::/64`, blocked: false, dns_ptr: [] },
				floating_ips: [], firewalls: [],
			},
			private_net: [],
			server_type: planOf(1, "1g", 2, 1, 50, 980, 0),
			image: { id: 1, name: "debian-12", description: "Debian 12", os_flavor: "debian", os_version: "12" },
			location: { id: 1, name: "local", description: "Tokyo 1" },
			primary_disk_size: 50, backup_window: null, protection: { delete: false, rebuild: false },
			ippo: { user: "debian", ssh_port: 22, updates: "reboot", kept_disk: null, uuid: "4e9ff3a1-1df8-4f8e-9f3a-40bb7d4b2a10", desired: status === "running" ? "on" : "off", next_charge: nextCharge(planOf(1, "1g", 2, 1, 50, 980, 0)), first_boot_done: true, host_keys: [hostKey], rescue: { running: false, host_keys: [] }, first_step: { passed: 11, total: 13, known: 13, inbound: "open" } },
			...changes,
		};
		this.servers.set(id, server);
		this.emit("server", { server });
		return server;
	}

	setStatus(server, status) {
		const before = server.status;
		server.status = status;
		if (status !== before)
			this.consoles.powered(server, status);
		this.emit("server", { server });
	}

	removeServer(server) {
		this.servers.delete(server.id);
		this.emit("deleted", { deleted: { type: "server", id: server.id } });
	}

	/** An image made of a server; the newest is the first. */
	addMade(server, changes = {}) {
		const image = {
			...imageOf(1000 + this.nextId++, "debian-12", "", 50), name: null, type: "snapshot", created: new Date().toISOString(), image_size: 1.25, built: null,
			created_from: { id: server.id, name: server.name }, bound_to: null, protection: { delete: false }, ...changes,
		};
		this.images.unshift(image);
		return image;
	}

	addAction(server, command, changes = {}) {
		const action = {
			id: this.nextId++, command, status: "running", progress: 0, started: new Date().toISOString(), finished: null,
			resources: [{ id: server.id, type: "server" }], error: null, ippo: { step: null, undoing: false }, ...changes,
		};
		this.actions.set(action.id, action);
		this.emit("action", { action });
		return action;
	}

	endAction(action, error = null) {
		Object.assign(action, { status: error ? "error" : "success", progress: 100, finished: new Date().toISOString(), error, ippo: { step: null, undoing: false } });
		this.emit("action", { action });
	}

	emit(name, data) {
		const text = `id: ${this.nextEvent++}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
		for (const stream of this.streams)
			stream.write(text);
	}

	/** Takes the event streams away, and refuses new ones until they are back. */
	setEvents(up) {
		this.eventsUp = up;
		if (!up) {
			for (const stream of this.streams)
				stream.destroy();
		}
	}

	#fault(method, target) {
		const found = this.faults.find((fault) => fault.method === method && fault.pattern.test(target));
		if (found && --found.times === 0)
			this.faults.splice(this.faults.indexOf(found), 1);
		return found;
	}

	async #answer(request, response) {
		const target = request.url;
		response.setHeader("Content-Security-Policy", csp);
		response.setHeader("X-Content-Type-Options", "nosniff");
		response.setHeader("Referrer-Policy", "no-referrer");
		try {
			if (!target.startsWith("/v1/")) {
				await this.#file(request, response);
				return;
			}
			this.requests.push([request.method, target]);
			const body = await readBody(request, this.bodies);
			const fault = this.#fault(request.method, target);
			if (fault?.fault === "cut") {
				request.socket.destroy();
				return;
			}
			if (this.delay_ms)
				await new Promise((resolve) => { setTimeout(resolve, this.delay_ms); });
			if (fault?.fault)
				throw new Refusal(fault.fault.status, fault.fault.code, fault.fault.message, fault.fault.details);
			if (target === "/v1/events") {
				this.#stream(request, response);
				return;
			}
			const [status, answer, headers] = this.#route(request, new URL(target, this.url), body);
			const text = Buffer.isBuffer(answer) ? answer : answer === null ? "" : JSON.stringify(answer);
			if (fault?.gate)
				await fault.gate;
			response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store", ...headers });
			response.end(text);
		} catch (error) {
			if (!(error instanceof Refusal))
				throw error;
			response.writeHead(error.status, { "Content-Type": "application/json" });
			response.end(JSON.stringify({ error: { code: error.code, message: error.message, details: error.details } }));
		}
	}

	async #file(request, response) {
		const { pathname } = new URL(request.url, this.url);
		const name = path.normalize(pathname === "/" ? "/index.html" : pathname);
		try {
			const suffix = /\bbr\b/.test(request.headers["accept-encoding"] ?? "") ? ".br" : ".gz";
			const content = await readFile(path.join(this.panel, name + suffix)).catch(() => null);
			response.setHeader("Content-Type", types[path.extname(name)] ?? "application/octet-stream");
			if (content)
				response.setHeader("Content-Encoding", suffix.slice(1) === "gz" ? "gzip" : "br");
			response.end(content ?? await readFile(path.join(this.panel, name)));
		} catch {
			response.writeHead(404, { "Content-Type": "text/plain" });
			response.end("not found\n");
		}
	}

	#who(request) {
		const cookie = /ippo-mock=(\w+)/.exec(request.headers.cookie ?? "")?.[1];
		const user = this.sessions.get(cookie);
		if (!user)
			throw new Refusal(401, "unauthorized", "sign in first");
		return { user, cookie };
	}

	#stream(request, response) {
		this.#who(request);
		if (!this.eventsUp)
			throw new Refusal(503, "unavailable", "core is not running");
		response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
		response.write("event: resync\ndata: {}\n\n");
		this.streams.add(response);
		response.on("close", () => this.streams.delete(response));
	}

	#route(request, url, body) {
		const what = `${request.method} ${url.pathname}`;
		if (request.method !== "GET" && request.headers["x-ippo-csrf"] !== "1")
			throw new Refusal(403, "forbidden", "the header X-Ippo-Csrf is missing");
		switch (what) {
		case "POST /v1/sessions": {
			const user = this.users.get(body.name);
			if (user?.password !== body.password)
				throw new Refusal(401, "unauthorized", "wrong name or password");
			this.#askCode(user, body.code);
			return this.#signedIn(user);
		}
		case "POST /v1/invitations/check":
			return [200, { invitation: this.#invitation(body.key) }];
		case "POST /v1/invitations/redeem": {
			const invitation = this.#invitation(body.key);
			if (this.users.has(body.name))
				throw new Refusal(409, "uniqueness_error", "there is a user of this name");
			judgePassword(body.password);
			const user = { id: this.nextId++, name: body.name, password: body.password, operator: invitation.operator };
			this.users.set(user.name, user);
			this.invitations.delete(body.key);
			return this.#signedIn(user);
		}
		case "POST /v1/invitations/redeem/passkey/challenge":
			this.#invitation(body.key);
			if (this.users.has(body.name))
				throw new Refusal(409, "uniqueness_error", "there is a user of this name");
			return this.#challenge(request, { user: { handle: "aW52aXRlZA", name: body.name }, credentials: [] });
		case "POST /v1/invitations/redeem/passkey": {
			const invitation = this.#invitation(body.key);
			const credential = this.#made(body);
			const user = { id: this.nextId++, name: body.name, password: null, operator: invitation.operator };
			this.users.set(user.name, user);
			this.addPasskey(user.name, body.passkey_name, credential);
			this.invitations.delete(body.key);
			return this.#signedIn(user);
		}
		case "POST /v1/password_resets/request":
			this.#needMail();
			if (!body.name)
				throw new Refusal(422, "invalid_input", "name is missing");
			return [202, {}];
		case "POST /v1/mail_confirmations/redeem": {
			const name = this.mail.keys.get(body.key);
			if (!name)
				throw new Refusal(404, "not_found", "this link was used already");
			this.mail.keys.delete(body.key);
			this.mail.users.set(name, { address: this.mail.users.get(name)?.wanted ?? "taro@example.com", wanted: null });
			return [200, { mail: this.#mailOf(name) }];
		}
		case "POST /v1/password_resets/check": {
			const { id, name, operator } = this.#resetOf(body.key);
			return [200, { password_reset: { user: { id, name, operator } } }];
		}
		case "POST /v1/password_resets/redeem": {
			const user = this.#resetOf(body.key);
			judgePassword(body.password);
			this.#askCode(user, body.code);
			user.password = body.password;
			this.passwordResets.delete(body.key);
			this.#endSessions(user);
			const { id, name, operator } = user;
			const [, , headers] = this.#signedIn(user);
			return [200, { session: { user: { id, name, operator } } }, headers];
		}
		case "POST /v1/password_resets/redeem/passkey/challenge": {
			const { name } = this.#resetOf(body.key);
			return this.#challenge(request, { user: { handle: Buffer.from(`handle of ${name}`).toString("base64url"), name }, credentials: [] });
		}
		case "POST /v1/password_resets/redeem/passkey": {
			const user = this.#resetOf(body.key);
			this.#askCode(user, body.code);
			this.addPasskey(user.name, body.passkey_name, this.#made(body));
			user.password = null;
			this.passwordResets.delete(body.key);
			this.#endSessions(user);
			const { id, name, operator } = user;
			const [, , headers] = this.#signedIn(user);
			return [200, { session: { user: { id, name, operator } } }, headers];
		}
		case "POST /v1/sessions/passkey/challenge":
			return this.#challenge(request);
		case "POST /v1/sessions/passkey":
			return this.#signedIn(this.users.get(this.#shown(body, new Refusal(401, "unauthorized", "this passkey lets nobody in here")).user));
		default:
			return this.#routeInside(request, url, what, body);
		}
	}

	#needMail() {
		if (!this.mail.available)
			throw new Refusal(412, "mail_not_set_up", "mail is not set up here");
	}

	#mailOf(name) {
		const { address = null, wanted = null, language = null } = this.mail.users.get(name) ?? {};
		return { address, unconfirmed: wanted, language, available: this.mail.available };
	}

	#ownMail(what, { name }, body) {
		if (what === "PUT /v1/me/mail") {
			if (!/^[a-z.]+@[a-z.]+$/.test(body.address))
				throw new Refusal(422, "invalid_input", "no address", { fields: [{ name: "address", messages: ["this is no mail address"] }] });
			this.#needMail();
			this.mail.users.set(name, { ...this.mail.users.get(name), wanted: body.address, language: body.language });
		}
		if (what === "DELETE /v1/me/mail") {
			this.mail.users.delete(name);
			return [204, null];
		}
		return [200, { mail: this.#mailOf(name) }];
	}

	/** The code of this moment is 123456 for everybody. */
	#askCode(user, code) {
		const step = this.twoSteps.get(user.name);
		if (!step?.since)
			return;
		if (!code)
			throw new Refusal(403, "code_required", "send a code as well");
		if (code !== "123456" && !step.codes.delete(code))
			throw new Refusal(422, "wrong_code", "this code is wrong");
	}

	/** As after a sign-in, a confirmation and ten recovery codes. */
	addTwoStep(name = "taro") {
		this.twoSteps.set(name, { secret: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", since: "2026-11-20T01:02:03Z", codes: new Set(recoveryCodes(1)) });
	}

	/** The signature is not verified here: it is what the service is for. */
	#challenge(request, more = {}) {
		const challenge = randomBytes(32).toString("base64url");
		this.challenges.add(challenge);
		return [201, { passkey_challenge: { challenge, site: new URL(request.headers.origin).hostname, origin: request.headers.origin,
			expires: "2026-11-26T01:02:03Z", ...more } }];
	}

	#redeem(body, type) {
		const client = JSON.parse(Buffer.from(body.client_data, "base64url").toString());
		if (client.type !== type || !this.challenges.delete(client.challenge))
			throw new Refusal(422, "passkey_challenge", "this challenge was answered before, has expired, or never was");
		const flags = Buffer.from(body.authenticator_data, "base64url")[32];
		if ((flags & 5) !== 5)
			throw new Refusal(422, "passkey_unverified", "the device must ask who you are");
	}

	/** The credential of a new one. */
	#made(body) {
		this.#redeem(body, "webauthn.create");
		// Behind the hash, the flags, the counter and the device's kind: a length and the name.
		const data = Buffer.from(body.authenticator_data, "base64url");
		return data.subarray(55, 55 + data.readUInt16BE(53)).toString("base64url");
	}

	#shown(body, unknown) {
		this.#redeem(body, "webauthn.get");
		const found = [...this.passkeys.values()].find(({ credential }) => credential === body.credential);
		if (this.passkeyAnswer)
			throw this.passkeyAnswer;
		if (!found)
			throw unknown;
		found.last_used = "2026-11-25T01:02:03Z";
		return found;
	}

	#passkeys(request, what, url, user, body) {
		const own = [...this.passkeys.values()].filter((each) => each.user === user.name);
		const credentials = own.map(({ credential }) => credential);
		const tell = ({ id, name, created, last_used }) => ({ id, name, created, last_used });
		switch (what) {
		case "GET /v1/me/passkeys":
			return [200, paged("passkeys", own.map(tell), url)];
		case "POST /v1/me/passkeys/challenge":
			return this.#challenge(request, { user: { handle: Buffer.from(`handle of ${user.name}`).toString("base64url"), name: user.name }, credentials });
		case "POST /v1/sessions/current/proof/passkey/challenge":
			return this.#challenge(request, { credentials });
		case "POST /v1/sessions/current/proof/passkey":
			this.#shown(body, new Refusal(422, "wrong_passkey", "this passkey is not known here"));
			this.stale = false;
			return [204, null];
		case "POST /v1/me/passkeys":
			return [201, { passkey: tell(this.addPasskey(user.name, body.name, this.#made(body))) }];
		default: {
			const id = Number(/^DELETE \/v1\/me\/passkeys\/(\d+)$/.exec(what)?.[1]);
			if (this.passkeys.get(id)?.user !== user.name)
				throw new Refusal(404, "not_found", "no such thing");
			if (user.password === null && own.length === 1)
				throw new Refusal(422, "last_passkey", "you have no password and no other passkey");
			this.passkeys.delete(id);
			return [204, null];
		}
		}
	}

	addPasskey(user, name, credential = `of-${name}`) {
		const made = { id: this.nextId++, name, created: "2026-11-20T01:02:03Z", last_used: null, user, credential };
		this.passkeys.set(made.id, made);
		return made;
	}

	/** What is said to the next passkey, whatever it is. */
	refusePasskeys(status, code) {
		this.passkeyAnswer = new Refusal(status, code, "refused by the test");
	}

	#twoStep(what, user, body) {
		const step = this.twoSteps.get(user.name);
		switch (what) {
		case "GET /v1/me/two_step":
			return [200, { two_step: { enabled: Boolean(step?.since), since: step?.since ?? null, recovery_codes_left: step?.since ? step.codes.size : 0 } }];
		case "POST /v1/me/two_step": {
			if (step?.since)
				throw new Refusal(409, "uniqueness_error", "it is on already");
			const secret = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
			this.twoSteps.set(user.name, { secret, since: null, codes: new Set() });
			const uri = `otpauth://totp/Ippo%20localhost:${user.name}?secret=${secret}&issuer=Ippo%20localhost&algorithm=SHA1&digits=6&period=30`;
			return [201, { two_step: { secret, uri } }];
		}
		case "POST /v1/me/two_step/confirm":
			if (!step)
				throw new Refusal(404, "not_found", "begin first");
			if (body.code !== "123456")
				throw new Refusal(422, "wrong_code", "this code is wrong");
			this.addTwoStep(user.name);
			return [200, { recovery_codes: recoveryCodes(1).map(shown) }];
		case "POST /v1/me/two_step/recovery_codes":
			step.codes = new Set(recoveryCodes(2));
			return [200, { recovery_codes: recoveryCodes(2).map(shown) }];
		case "DELETE /v1/me/two_step":
			this.twoSteps.delete(user.name);
			return [204, null];
		default:
			throw new Refusal(404, "not_found", "no such thing");
		}
	}

	#signedIn(user) {
		const cookie = this.session(user.name);
		return [201, { session: { id: 1 } }, { "Set-Cookie": `ippo-mock=${cookie.value}; Path=/; HttpOnly; SameSite=Strict` }];
	}

	#invitation(key) {
		const invitation = this.invitations.get(key);
		if (!invitation)
			throw new Refusal(404, "not_found", "no such invitation");
		return invitation;
	}

	#resetOf(key) {
		const user = this.users.get(this.passwordResets.get(key));
		if (!user)
			throw new Refusal(404, "not_found", "no such link");
		return user;
	}

	#routeInside(request, url, what, body) {
		const { user, cookie } = this.#who(request);
		const power = /^POST \/v1\/servers\/(\d+)\/actions\/(poweron|shutdown|poweroff|reboot|reset)$/.exec(what);

		if (what === "POST /v1/sessions/current/proof") {
			if (user.password !== body.password)
				throw new Refusal(422, "wrong_password", "the password is wrong");
			this.#askCode(user, body.code);
			this.stale = false;
			return [204, null];
		}
		if (this.stale && sensitive.test(what))
			throw new Refusal(403, "proof_required", "show once more that it is you");
		if (what.endsWith(" /v1/me/mail"))
			return this.#ownMail(what, user, body);
		if (what.includes(" /v1/me/passkeys") || what.includes("/proof/passkey"))
			return this.#passkeys(request, what, url, user, body);
		if (what.includes(" /v1/me/two_step"))
			return this.#twoStep(what, user, body);
		if (what === "DELETE /v1/sessions/current") {
			this.sessions.delete(cookie);
			return [204, null, { "Set-Cookie": "ippo-mock=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0" }];
		}
		if (what === "POST /v1/invitations/accept") {
			const invitation = this.#invitation(body.key);
			if (this.customers.some(({ id }) => id === invitation.customer.id))
				throw new Refusal(409, "uniqueness_error", "you belong to this account already");
			this.customers.push({ ...invitation.customer, role: invitation.role, suspended: false });
			this.customer = this.customers.at(-1);
			this.invitations.delete(body.key);
			return [201, { invitation }];
		}
		if (what === "PUT /v1/sessions/current") {
			const customer = this.customers.find(({ id }) => id === body.customer)
				?? (user.operator && this.accounts.has(body.customer) ? { id: body.customer, name: this.accounts.get(body.customer).name, suspended: false, acting: true } : null);
			if (!customer)
				throw new Refusal(422, "invalid_input", "you belong to no such account", { fields: [{ name: "customer", messages: ["no such account"] }] });
			this.customer = customer;
			return [204, null];
		}
		if (what.includes(" /v1/sessions"))
			return this.#sessions(what, url, user, cookie);
		if (/ \/v1\/(members|invitations)/.test(what))
			return this.#people(what, url, body);
		if (what === "PUT /v1/me/password")
			return this.#changePassword(user, body);
		if (what === "GET /v1/me")
			return [200, { me: { user: { id: user.id, name: user.name, operator: user.operator, has_password: user.password !== null }, customer: this.customer ?? { id: 1, name: user.operator ? "operator" : "hanako" },
				role: this.role, via: "session", acts_for: Boolean(this.customer?.acting), customers: this.customers } }];
		if (/^GET \/v1\/(customers\/\d+\/)?contract/.test(what))
			return this.#contract(what, url, user);
		if (/ \/v1\/(account|customers|customer_defaults|users)\b/.test(what) || /^PUT \/v1\/servers\/\d+\/owner$/.test(what))
			return this.#operators(what, url, body, user);
		if (what === "GET /v1/servers")
			return [200, paged("servers", sorted(this.servers, url).filter((server) => this.#isWanted(server, url)), url)];
		if (/^(GET|PUT) \/v1\/hosts/.test(what))
			return this.#hosts(what, body, user);
		if (what === "GET /v1/health")
			return [200, { health: { status: "ok", maintenance: this.host.maintenance } }];
		if (what.includes(" /v1/ssh_keys"))
			return this.#sshKeys(what, url, body);
		if (what.startsWith("GET /v1/history"))
			return this.#history(what, url, user);
		if (what.includes(" /v1/tokens"))
			return this.#tokens(what, url, body);
		if (what.includes(" /v1/outbox"))
			return this.#outbox(what, url, user);
		if (what.includes(" /v1/name_servers"))
			return this.#nameServers(what, url, body ?? {}, user);
		if (what.includes(" /v1/contact_attachments"))
			return this.#attachments(what, body);
		if (what.includes(" /v1/contact_threads"))
			return this.#contact(what, url, body, user);
		if (what.includes(" /v1/firewalls"))
			return this.#firewalls(what, url, body);
		if (/^GET \/v1\/servers\/\d+\/filter/.test(what))
			return this.#filter(what, url);
		if (what.includes(" /v1/alert"))
			return this.#alerts(what, url, body);
		if (what.includes(" /v1/primary_ips"))
			return this.#primary(what, url, body);
		if (what.includes(" /v1/networks") || /\/actions\/((attach_to|detach_from)_network|change_alias_ips)$/.test(what))
			return this.#networks(what, url, body);
		if (what.includes(" /v1/floating_ips"))
			return this.#floating(what, url, body);
		if (what.includes(" /v1/zones"))
			return this.#zones(what, url, body);
		if (what.includes(" /v1/notices"))
			return this.#notices(what, url, body, user);
		if (what === "GET /v1/pricing")
			return [200, { pricing: { currency: "JPY" } }];
		const image = /^(GET|POST|PUT|DELETE) \/v1\/images\/(\d+)(\/actions\/check_updates|\/protection)?$/.exec(what);
		if (image) {
			const found = this.images.find(({ id }) => id === Number(image[2]));
			if (image[1] === "DELETE") {
				this.images.splice(this.images.indexOf(found), 1);
				return [204];
			}
			if (image[3] === "/protection") {
				found.protection = { delete: body.delete };
				return [200, { image: found }];
			}
			if (image[3])
				found.updates = { ...found.updates, looking: true };
			return [image[3] ? 202 : 200, { image: found }];
		}
		for (const [kind, list] of [["server_types", this.plans], ["images", this.images], ["locations", this.locations]]) {
			if (what === `GET /v1/${kind}`) {
				const types = url.searchParams.getAll("type");
				return [200, paged(kind, kind === "images" && types.length > 0 ? list.filter(({ type }) => types.includes(type)) : list, url)];
			}
		}
		if (what === "POST /v1/servers")
			return this.#createServer(body);
		if (what === "GET /v1/actions")
			return [200, paged("actions", sorted(this.actions, url), url)];
		const one = /^(?:GET|POST|PUT|DELETE) \/v1\/servers\/(\d+)(?:\/.*)?$/.exec(what);
		if (one && !power) {
			const server = this.servers.get(Number(one[1]));
			if (!server)
				throw new Refusal(404, "not_found", "no such server");
			return this.#oneServer(url, what, server, body, cookie);
		}
		if (power)
			return [201, { action: this.#power(this.servers.get(Number(power[1])), verbs[power[2]]) }];
		throw new Refusal(404, "not_found", "no such thing");
	}

	#isWanted(server, { searchParams }) {
		const text = (searchParams.get("search") ?? "").toLowerCase();
		const labels = Object.entries(server.labels).map(([key, value]) => `${key}=${value}`).join(",");
		return (!searchParams.has("status") || searchParams.getAll("status").includes(server.status))
			&& [server.name, labels, server.public_net.ipv4?.ip ?? "", server.public_net.ipv6?.ip ?? ""].some((each) => each.toLowerCase().includes(text));
	}

	#hosts(what, body, user) {
		if (!user.operator)
			throw new Refusal(403, "forbidden", "only operators of the service may do this");
		if (what === "GET /v1/hosts")
			return [200, paged("hosts", [this.host], new URL(this.url))];
		if (body.maintenance && Buffer.byteLength(body.maintenance.reason) > 400)
			throw new Refusal(422, "invalid_input", "the reason is too long", { fields: [{ name: "maintenance", messages: ["is too long"] }] });
		this.host.maintenance = body.maintenance ? { reason: body.maintenance.reason, since: this.host.maintenance?.since ?? new Date().toISOString() } : null;
		return [200, { host: this.host }];
	}

	/** Servers cost what their plans cost; a month's statement is what was put there. */
	#contract(what, url, user) {
		const below = what.split("/contract")[1];
		if (what.includes("/customers/") && !user.operator)
			throw new Refusal(403, "forbidden", "only operators of the service may do this");
		const servers = sorted(this.servers, url);
		if (below === "/items")
			return [200, paged("contract_items", servers.map((server) => ({ type: "server", id: server.id, name: server.name, server_type: server.server_type.name, since: server.created,
				price_monthly: money(server.server_type.price_monthly_minor), from: server.created, until: next_month, next_charge: nextCharge(server.server_type) })), url)];
		if (below === "/charges") {
			const month = url.searchParams.get("month") ?? "2026-11";
			const charges = this.statements.get(month) ?? [];
			const total = charges.reduce((sum, { price }) => sum + price.amount_minor, 0);
			return [200, { ...paged("charges", charges, url), month, complete: month < "2026-11", totals: charges.length > 0 ? [money(total)] : [] }];
		}
		if (below === "/quote") {
			const server = this.servers.get(Number(url.searchParams.get("server")));
			const backup = url.searchParams.get("backup") === "true" ? money(server.server_type.price_monthly_minor / 5) : null;
			if (backup) {
				const price = money(server.server_type.price_monthly_minor * 6 / 5);
				return [200, { quote: { server_type: server.server_type.name, terms: this.terms, charges: [], backup, now: money(backup.amount_minor / 2), price_monthly: price, next_charge: { at: next_month, price } } }];
			}
			const plan = this.plans.find(({ id }) => String(id) === url.searchParams.get("server_type"));
			const part = { from: "2026-11-27T00:00:00+00:00", until: next_month, of_days: 30 };
			const more = server ? Math.max(0, plan.price_monthly_minor - server.server_type.price_monthly_minor) : plan.price_monthly_minor;
			const charges = [
				!server && plan.price_initial_minor > 0 && { kind: "initial", from: null, until: null, days: 0, of_days: 0, price: money(plan.price_initial_minor) },
				more > 0 && (server ? { kind: "upgrade", ...part, days: 23, price: money(Math.floor(more * 23 / 30)) } : { kind: "month", ...part, days: 30, price: money(more) }),
			].filter(Boolean);
			return [200, { quote: { server_type: plan.name, terms: this.terms, charges, backup, now: money(charges.reduce((sum, { price }) => sum + price.amount_minor, 0)),
				price_monthly: money(plan.price_monthly_minor), next_charge: nextCharge(plan) } }];
		}
		const sum = servers.reduce((all, { server_type: plan }) => all + plan.price_monthly_minor, 0);
		return [200, { contract: { terms: this.terms, month: "2026-11", servers: servers.length, monthly: sum > 0 ? [money(sum)] : [],
			next_charge: sum > 0 ? { at: next_month, prices: [money(sum)] } : null } }];
	}

	addCharge(server, kind, amount, { month = "2026-11", days = 30, of_days = 30 } = {}) {
		const charge = { at: `${month}-20T01:02:03+00:00`, kind, server: { id: server.id, name: server.name }, server_type: server.server_type.name,
			from: kind === "initial" ? null : `${month}-20T00:00:00+00:00`, until: kind === "initial" ? null : next_month,
			days: kind === "initial" ? 0 : days, of_days: kind === "initial" ? 0 : of_days, price: money(amount) };
		this.statements.set(month, [...(this.statements.get(month) ?? []), charge]);
	}

	/** A customer with what it uses and may use. */
	addAccount(name, { id = this.accounts.size + 1, limits, used = {}, ...changes } = {}) {
		const usual = { servers: 10, cores: 64, memory_mib: 131072, disk_gb: 4000, addresses: 20, ssh_keys: 100, tokens: 50, members: 50, snapshots: 20 };
		const account = { id, name, server_limit: 10, suspended: false, suspension: null, created: "2026-11-20T01:02:03Z", note: "", smtp_open: false,
			quotas: Object.fromEntries(Object.keys(usual).map((key) => [key, { used: used[key] ?? 0, limit: limits ? limits[key] ?? null : usual[key] }])), ...changes };
		this.accounts.set(id, account);
		return account;
	}

	#operators(what, url, body, user) {
		if (what === "GET /v1/account") {
			const { note, ...account } = this.accounts.get(this.customer?.id ?? 1) ?? this.accounts.get(1);
			return [200, { account }];
		}
		if (!user.operator)
			throw new Refusal(403, "forbidden", "only operators of the service may do this");
		const [method, place] = what.split(" ");
		const [, , kind, number, below] = place.split("/");
		if (kind === "customer_defaults") {
			Object.assign(this.customerDefaults, body?.quotas);
			return [200, { customer_defaults: { quotas: this.customerDefaults } }];
		}
		if (kind === "users") {
			if (this.members.get(Number(number))?.role === "owner")
				throw new Refusal(422, "last_owner", "the only owner of an account that has servers");
			this.members.delete(Number(number));
			return [204, null];
		}
		if (kind === "servers") {
			const to = [...this.accounts.values()].find(({ id, name }) => name === body.customer || String(id) === String(body.customer));
			const server = this.servers.get(Number(number));
			if (!to)
				throw new Refusal(422, "invalid_input", "there is no such customer", { fields: [{ name: "customer", messages: ["there is no such customer"] }] });
			this.servers.delete(server.id);
			return [200, { server }];
		}
		if (!number && method === "GET") {
			const [search, status] = ["search", "status"].map((key) => url.searchParams.get(key) ?? "");
			return [200, paged("customers", [...this.accounts.values()].filter(({ name, suspended }) => name.includes(search) && (!status || (status === "suspended") === suspended)), url)];
		}
		if (!number) {
			if ([...this.accounts.values()].some(({ name }) => name === body.name))
				throw new Refusal(409, "uniqueness_error", "there is a customer of this name");
			return [201, { customer: this.addAccount(body.name) }];
		}
		const account = this.accounts.get(Number(number));
		if (!account)
			throw new Refusal(404, "not_found", "there is no such customer");
		if (below === "suspension") {
			account.suspended = method === "PUT";
			account.suspension = account.suspended ? { reason: body.reason, since: "2026-11-26T01:02:03Z" } : null;
			return account.suspended ? [200, { customer: account }] : [204, null];
		}
		for (const [key, limit] of Object.entries(body?.quotas ?? {}))
			account.quotas[key].limit = limit;
		account.note = body?.note ?? account.note;
		account.smtp_open = body?.smtp_open ?? account.smtp_open;
		return [200, { customer: account }];
	}

	addLine(what, changes = {}) {
		const line = { id: this.history.length + 1, time: new Date(Date.now() - 60000).toISOString(), customer_id: 1,
			actor: { kind: "session", id: 2, name: "taro" }, operator: false, peer: "192.0.2.7", what, result: "success",
			error: null, resource: null, action_id: null, details: {}, hash: "ab".repeat(32), ...changes };
		this.history.push(line);
		return line;
	}

	#history(what, url, user) {
		const query = url.searchParams;
		if (what === "GET /v1/history/verify") {
			if (!user.operator)
				throw new Refusal(403, "forbidden", "only operators of the service check the history");
			return [200, { verification: { whole: this.historyProblems.length === 0, lines: this.history.length, problem_count: this.historyProblems.length, problems: this.historyProblems } }];
		}
		if (query.get("customer") && !["hanako", "1"].includes(query.get("customer")))
			throw new Refusal(422, "invalid_input", "there is no such customer", { fields: [{ name: "customer", messages: ["there is no such customer"] }] });
		const isWanted = (line) => (!query.get("what") || line.what === query.get("what") || line.what.startsWith(`${query.get("what")}.`))
			&& (!query.get("actor") || line.actor.name === query.get("actor"))
			&& (!query.get("result") || line.result === query.get("result"))
			&& (!query.get("server") || (line.resource?.type === "server" && line.resource.id === Number(query.get("server"))))
			&& (!query.get("from") || Date.parse(line.time) >= Date.parse(query.get("from")))
			&& (!query.get("to") || Date.parse(line.time) < Date.parse(query.get("to")))
			&& (!query.get("before") || line.id < Number(query.get("before")));
		return [200, paged("history", this.history.filter(isWanted).reverse(), url)];
	}

	#endSessions(user, except) {
		for (const [cookie, other] of this.sessions) {
			if (other === user && cookie !== except)
				this.sessions.delete(cookie);
		}
	}

	#sessions(what, url, user, cookie) {
		const own = new Map([...this.sessions].filter(([, other]) => other === user).map(([value]) => {
			const facts = this.sessionFacts.get(value);
			return [facts.id, { ...facts, value, current: value === cookie, customer: { id: 1, name: "operator" } }];
		}));
		if (what === "GET /v1/sessions")
			return [200, paged("sessions", [...own.values()].map(({ value, ...session }) => session), url)];
		if (what === "DELETE /v1/sessions") {
			this.#endSessions(user, cookie);
			return [204, null];
		}
		const one = own.get(Number(/^DELETE \/v1\/sessions\/(\d+)$/.exec(what)?.[1]));
		if (!one)
			throw new Refusal(404, "not_found", "you have no such session");
		this.sessions.delete(one.value);
		return [204, null];
	}

	#people(what, url, body) {
		const [method, place] = what.split(" ");
		const [, , kind, number] = place.split("/");
		const list = kind === "members" ? this.members : this.invited;
		if (method === "GET")
			return [200, paged(kind, [...list.values()], url)];
		if (this.role !== "owner")
			throw new Refusal(403, "forbidden", "owners alone may do this");
		if (method === "POST") {
			const invitation = { id: this.nextId++, operator: false, customer: { id: 1, name: "operator" }, role: body.role, name: body.name ?? "",
				created: new Date().toISOString(), expires: new Date(Date.now() + 7 * 864e5).toISOString(), redeemed: null };
			this.invited.set(invitation.id, invitation);
			return [201, { invitation, link: `${this.url}/#/invitation/KEY-${invitation.id}` }];
		}
		const one = list.get(Number(number));
		if (!one)
			throw new Refusal(404, "not_found", "there is no such one");
		const owners = [...this.members.values()].filter(({ role }) => role === "owner");
		if (kind === "members" && one.role === "owner" && owners.length < 2 && body?.role !== "owner")
			throw new Refusal(422, "last_owner", "the only owner");
		if (method === "PUT") {
			one.role = body.role;
			return [200, { member: one }];
		}
		list.delete(one.id);
		return [204, null];
	}

	#changePassword(user, body) {
		if (user.password !== null && user.password !== body.current_password)
			throw new Refusal(422, "wrong_password", "the present password is wrong");
		judgePassword(body.password);
		user.password = body.password;
		this.#endSessions(user);
		const { id, name, operator } = user;
		const [, , headers] = this.#signedIn(user);
		return [200, { session: { user: { id, name, operator } } }, headers];
	}

	addKey(name, line) {
		const parts = line.split(" ");
		if (parts.length < 2 || !/^(ssh-(ed25519|rsa)|ecdsa-sha2-nistp256)$/.test(parts[0]))
			throw new Refusal(422, "invalid_input", "this is no public key", { fields: [{ name: "public_key", messages: ["this is no public key"] }] });
		if ([...this.keys.values()].some((key) => key.name === name || key.public_key === line))
			throw new Refusal(409, "uniqueness_error", "SSH key not unique");
		const fingerprint = createHash("md5").update(Buffer.from(parts[1], "base64")).digest("hex").replace(/..(?=.)/g, "$&:");
		const key = { id: this.nextId++, name, fingerprint, public_key: line, labels: {}, created: "2026-11-20T01:02:03Z" };
		this.keys.set(key.id, key);
		return key;
	}

	addToken(name, scope = "read", expires = null) {
		if ([...this.tokens.values()].some((token) => token.name === name))
			throw new Refusal(409, "uniqueness_error", "token not unique");
		const token = { id: this.nextId++, name, scope, operator: false, created: "2026-11-20T01:02:03Z", last_used: null, expires };
		this.tokens.set(token.id, token);
		return token;
	}

	#tokens(what, url, body) {
		if (what === "GET /v1/tokens")
			return [200, paged("tokens", sorted(this.tokens, url), url)];
		if (this.role !== "owner")
			throw new Refusal(403, "forbidden", "owners alone may do this");
		if (what === "POST /v1/tokens")
			return [201, { token: this.addToken(body.name, body.scope, body.expires ?? null), secret: "s3cret".padEnd(43, "x") }];
		const one = /^DELETE \/v1\/tokens\/(\d+)$/.exec(what);
		if (one && this.tokens.delete(Number(one[1])))
			return [204, null];
		throw new Refusal(404, "not_found", "there is no such token");
	}

	addNotice(changes = {}) {
		const id = this.nextId++;
		const notice = {
			id, kind: "ordinary", pinned: false, title_ja: `お知らせ ${id}`, title_en: `Notice ${id}`, body_ja: "本文です。\n\n二つ目の段落です。", body_en: "A text.\n\nA second one.",
			starts: null, ends: null, published: new Date(Date.parse("2026-11-20T01:02:03Z") + id * 1000).toISOString(), edited: null, withdrawn: null, read: false, ...changes,
		};
		this.notices.set(id, notice);
		this.emit("notice", { notice: { id, change: "published" } });
		return notice;
	}

	addAlertRule(changes = {}) {
		const id = this.nextId++;
		const rule = { id, server: null, label_selector: null, all_servers: true, kind: "metric", metric: "cpu", comparison: "above", threshold: 90, minutes: 5, mail: false, webhook_url: null, created: "2026-11-20T01:02:03Z", ...changes };
		if (rule.kind !== "metric")
			Object.assign(rule, { metric: null, comparison: null, threshold: null, minutes: null });
		rule.all_servers = rule.server === null && rule.label_selector === null;
		this.alertRules.set(id, rule);
		return rule;
	}

	addAlert(server, changes = {}) {
		const id = this.nextId++;
		const alert = { id, rule: 1, server: { id: server.id, name: server.name }, kind: "metric", metric: "cpu", comparison: "above", threshold: 90, minutes: 5, value: 97, status: "open", reason: null, opened: "2026-11-20T01:02:03Z", ended: null, ...changes };
		if (alert.kind !== "metric")
			Object.assign(alert, { metric: null, comparison: null, threshold: null, minutes: null, value: null });
		this.alerts.set(id, alert);
		this.emit("alerts", { alerts: { open: this.alerts.size } });
		return alert;
	}

	endAlert(alert, reason = "cleared") {
		Object.assign(alert, { status: "ended", reason, ended: "2026-11-20T02:03:04Z" });
		this.emit("alerts", { alerts: { open: 0 } });
	}

	#alerts(what, url, body) {
		const list = [...this.alerts.values()].reverse().filter(({ status }) => [status, null].includes(url.searchParams.get("status")));
		if (what === "GET /v1/alerts")
			return [200, paged("alerts", list, url)];
		if (what === "GET /v1/alert_rules")
			return [200, paged("alert_rules", [...this.alertRules.values()], url)];
		if (this.role === "reader")
			throw new Refusal(403, "forbidden", "readers may not do this");
		if (what === "POST /v1/alert_rules") {
			if (this.alertRules.size >= 20)
				throw new Refusal(403, "resource_limit_exceeded", "a server has at most 20 alert rules");
			const rule = this.addAlertRule(body);
			return [201, { alert_rule: rule, ...(body.webhook_url ? { webhook_secret: "0123456789abcdef" } : {}) }];
		}
		const changed = this.alertRules.get(Number(/^PUT \/v1\/alert_rules\/(\d+)$/.exec(what)?.[1]));
		if (changed) {
			const isNewHook = body.webhook_url && body.webhook_url !== changed.webhook_url;
			const scope = { server: null, label_selector: null, all_servers: false };
			const stop = body.kind === "metric" ? {} : { metric: null, comparison: null, threshold: null, minutes: null };
			Object.assign(changed, scope, stop, body, { webhook_url: body.webhook_url || null });
			for (const alert of this.alerts.values()) {
				if (alert.rule === changed.id && alert.status === "open")
					this.endAlert(alert, "rule_changed");
			}
			return [200, { alert_rule: { ...changed }, ...(isNewHook ? { webhook_secret: "fedcba9876543210" } : {}) }];
		}
		const id = Number(/^DELETE \/v1\/alert_rules\/(\d+)$/.exec(what)?.[1]);
		if (!this.alertRules.delete(id))
			throw new Refusal(404, "not_found", "there is no such alert rule");
		for (const alert of this.alerts.values()) {
			if (alert.rule === id && alert.status === "open")
				this.endAlert(alert, "rule_changed");
		}
		return [204, null];
	}

	addZone(name, changes = {}) {
		const id = this.nextId++;
		const zone = {
			id, name: new URL(`http://${name}`).hostname, unicode_name: name, created: "2026-11-20T01:02:03Z", ttl: 3600, mode: "primary", primary_nameservers: [],
			protection: { delete: false }, labels: {}, registrar: "other", status: "ok", status_reason: null, record_count: 2, version: 1, serial: 1,
			authoritative_nameservers: { assigned: ["ns1.ippo.example.", "ns2.ippo.example."], delegated: [], delegation_last_check: null, delegation_status: "unknown" },
			dnssec: { enabled: false, ds: [], ksk_roll: null }, transferred: null, expires: null,
			proof: { status: "not_required", record_name: null, record_value: null, delegation: false, checked: null, expires: null, reason: null }, ...changes,
		};
		this.zones.set(id, zone);
		return zone;
	}

	addRrset(zone, name, type, values, ttl = null) {
		const rrset = { id: `${name}/${type}`, name, type, ttl, labels: {}, protection: { change: false }, records: values.map((value) => ({ value, comment: "" })), zone: zone.id };
		(zone.rrsets ??= new Map()).set(rrset.id, rrset);
		return rrset;
	}

	#rrsets(zone, method, [name, type, , action], url, body) {
		const sets = zone.rrsets ?? new Map();
		if (method === "GET")
			return [200, paged("rrsets", [...sets.values()], url)];
		const values = body?.records?.map(({ value }) => value) ?? [];
		if (values.some((value) => value.includes("192.0.2.256")))
			throw new Refusal(422, "invalid_input", "the value of A is an IPv4 address", { fields: [{ name: "records", messages: ["the value of A is an IPv4 address"] }] });
		if (name === undefined) {
			if (sets.has(`${body.name}/${body.type}`))
				throw new Refusal(409, "uniqueness_error", "there is such a record set already");
			return [201, { rrset: this.addRrset(zone, body.name, body.type, values, body.ttl), action: { id: this.nextId++ } }];
		}
		const rrset = sets.get(`${name}/${type}`);
		if (!rrset)
			throw new Refusal(404, "not_found", "there is no such record set");
		if (action === "set_records")
			rrset.records = body.records;
		else if (action === "change_ttl")
			rrset.ttl = body.ttl;
		else
			sets.delete(rrset.id);
		return [201, { action: { id: this.nextId++ } }];
	}

	#makeZone({ name, zonefile, rrsets = [], mode = "primary", primary_nameservers = [] }) {
		if (this.zones.size >= this.zoneLimit)
			throw new Refusal(403, "resource_limit_exceeded", `this account's servers allow ${this.zoneLimit} zones, and there are ${this.zones.size}`);
		const wrong = (field, message) => new Refusal(422, "invalid_input", message, { fields: [{ name: field, messages: [message] }] });
		if (!name.includes("."))
			throw wrong("name", "a zone's name has at least two labels");
		if ([...this.zones.values()].some((zone) => zone.unicode_name === name))
			throw new Refusal(409, "uniqueness_error", `there is a zone ${name} already`);
		if (zonefile?.includes("192.0.2.256"))
			throw wrong("zonefile", "line 1: the value of A is an IPv4 address");
		const zone = this.addZone(name, { status: "updating", serial: 0, mode, primary_nameservers: this.#primaries(name, primary_nameservers) });
		for (const { name: of, type, records } of rrsets)
			this.addRrset(zone, of, type, records.map(({ value }) => value));
		return zone;
	}

	#primaries(name, given) {
		if (given.some(({ address }) => address.startsWith("10.")))
			throw new Refusal(422, "invalid_input", "address must be a public one", { fields: [{ name: "primary_nameservers", messages: ["address must be a public one"] }] });
		return given.map(({ address, port = 53, tsig_algorithm: algorithm = null }) => ({ address, port, tsig_algorithm: algorithm, tsig_key: null, tsig_name: algorithm && `_transfer.${name}.` }));
	}

	#zones(what, url, body) {
		if (what === "GET /v1/zones") {
			const answer = paged("zones", sorted(this.zones, url), url);
			return [200, { ...answer, quota: { used: this.zones.size, limit: this.zoneLimit } }];
		}
		const [, method, number, rest] = /^(\w+) \/v1\/zones\/(\d+)(?:\/rrsets\/?(.*)|\/[a-z_/0-9]+)?$/.exec(what) ?? [];
		const one = this.zones.get(Number(number));
		if (this.role === "reader" && !what.startsWith("GET "))
			throw new Refusal(403, "forbidden", "readers may not do this");
		if (one && rest !== undefined)
			return this.#rrsets(one, method, rest === "" ? [] : rest.split("/").map(decodeURIComponent), url, body);
		if (what === `GET /v1/zones/${one?.id}/versions`)
			return [200, { versions: Array.from({ length: one.version }, (_, i) => ({ version: one.version - i, created: one.created, who: "taro", changes: 1 })) }];
		if (one && what.startsWith(`GET /v1/zones/${one.id}/versions/`))
			return [200, { changes: [{ name: "www", type: "A", before: { ttl: null, records: [{ value: "192.0.2.1" }, { value: "192.0.2.7" }] }, after: { ttl: 300, records: [{ value: "192.0.2.7" }, { value: "192.0.2.9" }] } },
				{ name: "", type: "", before: { ttl: 3600, records: [] }, after: { ttl: 600, records: [] } }] }];
		if (what === `GET /v1/zones/${one?.id}/parent_ds`)
			return [200, { parent_ds: { status: this.parent ?? "missing", checked: one.created, found: [], reason: null } }];
		if (what === `GET /v1/zones/${one?.id}/zonefile`)
			return [200, { zonefile: one.held ?? `$ORIGIN ${one.name}.\n` }];
		if (what === `GET /v1/zones/${one?.id}/primary_nameservers`)
			return [200, { primary_nameservers: one.primary_nameservers.map(({ address, port }) => ({ address, port, ...(this.primaryState ?? { status: "ok", serial: 7, reason: null }) })) }];
		if (what === `POST /v1/zones/${one?.id}/actions/change_primary_nameservers`) {
			one.primary_nameservers = this.#primaries(one.name, body.primary_nameservers);
			return [201, { action: { id: this.nextId++ } }];
		}
		if (one && rest === undefined && method === "GET")
			return [200, { zone: one }];
		if (what === "POST /v1/zones")
			return [201, { zone: this.#makeZone(body), action: { id: this.nextId++ } }];
		if (what === `POST /v1/zones/${one?.id}/actions/check_proof`) {
			one.proof = this.proven ? { ...one.proof, status: "proven", record_name: null, record_value: null, reason: null, expires: null } : { ...one.proof, status: "waiting", checked: "2026-11-20T01:02:03Z", reason: "the TXT record was not found" };
			return [201, { zone: one }];
		}
		const command = /\/actions\/(change_dnssec|import_zonefile|roll_ksk|rollback)$/.exec(what)?.[1];
		if (one && command) {
			if (body.zonefile?.includes("192.0.2.256"))
				throw new Refusal(422, "invalid_input", "line 1", { fields: [{ name: "zonefile", messages: ["line 1: the value of A is an IPv4 address"] }] });
			if (command === "change_dnssec")
				one.dnssec = { enabled: body.enabled, ds: body.enabled ? ["12345 13 2 0C0C"] : [], ksk_roll: null };
			else if (command === "roll_ksk")
				one.dnssec.ksk_roll = { status: "preparing", since: "2026-11-20T01:02:03Z", ds_before: [] };
			else
				one.version++;
			return [201, { action: { id: this.nextId++ } }];
		}
		const zone = this.zones.get(Number(/^DELETE \/v1\/zones\/(\d+)$/.exec(what)?.[1]));
		if (!zone)
			throw new Refusal(404, "not_found", "there is no such zone");
		if (zone.protection.delete)
			throw new Refusal(423, "protected", "the zone is protected from being deleted");
		this.zones.delete(zone.id);
		return [201, { action: { id: this.nextId++ } }];
	}

	addPrimaryIp(ip, changes = {}) {
		const id = this.nextId++;
		const address = {
			id, name: `primary_ip-${id}`, ip, type: ip.includes(":") ? "ipv6" : "ipv4", assignee_id: null, assignee_type: "server", auto_delete: true, blocked: false,
			created: "2026-11-20T01:02:03Z", dns_ptr: [], labels: {}, protection: { delete: false }, location: { id: 1, name: "local" }, ...changes,
		};
		this.primaryIps.set(id, address);
		return address;
	}

	#primary(what, url, body) {
		if (what === "GET /v1/primary_ips")
			return [200, paged("primary_ips", [...this.primaryIps.values()], url)];
		if (this.role === "reader")
			throw new Refusal(403, "forbidden", "readers may not do this");
		if (what === "POST /v1/primary_ips") {
			if ([...this.primaryIps.values()].some(({ name }) => name === body.name))
				throw new Refusal(409, "uniqueness_error", "the name is taken");
			return [201, { primary_ip: this.addPrimaryIp(body.type === "ipv6" ? "2001:db8:8::/64" : "203.0.113.8", { auto_delete: false, ...(body.name ? { name: body.name } : {}) }), action: null }];
		}
		const one = this.primaryIps.get(Number(/primary_ips\/(\d+)/.exec(what)?.[1]));
		if (!one)
			throw new Refusal(404, "not_found", "there is no such primary IP");
		if (what.startsWith("DELETE")) {
			if (one.assignee_id !== null)
				throw new Refusal(422, "resource_in_use", "a server has it");
			this.primaryIps.delete(one.id);
			return [204, null];
		}
		if (what.startsWith("PUT"))
			return [200, { primary_ip: Object.assign(one, body) }];
		if (what.endsWith("/change_dns_ptr")) {
			if (body.dns_ptr?.includes(" "))
				throw new Refusal(422, "invalid_input", "no name", { fields: [{ name: "dns_ptr", messages: ["no name"] }] });
			one.dns_ptr = body.dns_ptr ? [body] : [];
		} else {
			one.assignee_id = what.endsWith("/unassign") ? null : body.assignee_id;
		}
		return [201, { action: { id: this.nextId++, command: "assign_primary_ip", status: "success", progress: 100, started: "2026-11-20T01:02:03Z", finished: "2026-11-20T01:02:03Z", resources: [], error: null } }];
	}

	addFloatingIp(ip, changes = {}) {
		const id = this.nextId++;
		const address = {
			id, name: `floating_ip-${id}`, ip, description: "", type: ip.includes(":") ? "ipv6" : "ipv4", server: null, blocked: false, created: "2026-11-20T01:02:03Z",
			dns_ptr: [], labels: {}, protection: { delete: false }, home_location: { id: 1, name: "local" }, ...changes,
		};
		this.floatingIps.set(id, address);
		return address;
	}

	#floating(what, url, body) {
		if (what === "GET /v1/floating_ips")
			return [200, paged("floating_ips", [...this.floatingIps.values()], url)];
		if (this.role === "reader")
			throw new Refusal(403, "forbidden", "readers may not do this");
		if (what === "POST /v1/floating_ips") {
			if ([...this.floatingIps.values()].some(({ name }) => name === body.name))
				throw new Refusal(409, "uniqueness_error", "the name is taken");
			const made = this.addFloatingIp(body.type === "ipv6" ? "2001:db8:9::/64" : "203.0.113.9", { server: body.server ?? null, ...(body.name ? { name: body.name } : {}) });
			return [201, { floating_ip: made, action: null }];
		}
		const one = this.floatingIps.get(Number(/floating_ips\/(\d+)/.exec(what)?.[1]));
		if (!one)
			throw new Refusal(404, "not_found", "there is no such floating IP");
		if (what.startsWith("DELETE")) {
			this.floatingIps.delete(one.id);
			return [204, null];
		}
		one.server = what.endsWith("/unassign") ? null : body.server;
		return [201, { action: { id: this.nextId++, command: "assign_floating_ip", status: "success", progress: 100, started: "2026-11-20T01:02:03Z", finished: "2026-11-20T01:02:03Z", resources: [], error: null } }];
	}

	addNetwork(name, members = [], changes = {}) {
		const id = this.nextId++;
		const network = {
			id, name, ip_range: "10.0.0.0/16", subnets: [{ type: "cloud", ip_range: "10.0.0.0/24", network_zone: "local", gateway: "10.0.0.1", vswitch_id: null }], routes: [], servers: [],
			load_balancers: [], expose_routes_to_vswitch: false, protection: { delete: false }, labels: {}, created: "2026-11-20T01:02:03Z", ...changes,
		};
		this.networks.set(id, network);
		members.forEach((server) => this.#join(server, network));
		return network;
	}

	#join(server, network, ip = `10.0.0.${network.servers.length + 2}`) {
		network.servers.push(server.id);
		server.private_net = [...server.private_net, { network: network.id, ip, alias_ips: [], mac_address: `02:00:00:00:00:0${network.servers.length}` }];
		this.emit("server", { server });
	}

	#networks(what, url, body) {
		if (what === "GET /v1/networks")
			return [200, paged("networks", [...this.networks.values()], url)];
		if (this.role === "reader")
			throw new Refusal(403, "forbidden", "readers may not do this");
		if (what === "POST /v1/networks") {
			if ([...this.networks.values()].some(({ name }) => name === body.name))
				throw new Refusal(409, "uniqueness_error", "the name is taken");
			return [201, { network: this.addNetwork(body.name, [], { ip_range: body.ip_range }) }];
		}
		const network = this.networks.get(body?.network ?? Number(/networks\/(\d+)/.exec(what)?.[1]));
		if (!network)
			throw new Refusal(404, "not_found", "there is no such network");
		if (what.startsWith("DELETE")) {
			network.servers.forEach((id) => this.#leave(this.servers.get(id), network));
			this.networks.delete(network.id);
			return [204, null];
		}
		if (what.startsWith("PUT")) {
			network.name = body.name;
			return [200, { network }];
		}
		const command = what.split("/").at(-1);
		const times = { started: "2026-11-20T01:02:03Z", finished: "2026-11-20T01:02:03Z" };
		const done = (resource) => [201, { action: { id: this.nextId++, command, status: "success", progress: 100, ...times, resources: [resource], error: null } }];
		if (!what.includes("/servers/")) {
			this.#changeNetwork(network, command, body);
			return done({ id: network.id, type: "network" });
		}
		const server = this.servers.get(Number(/servers\/(\d+)/.exec(what)[1]));
		if (command === "attach_to_network") {
			if (body.ip && network.servers.some((id) => this.servers.get(id).private_net.some(({ ip }) => ip === body.ip)))
				throw new Refusal(422, "ip_not_available", "the address is taken");
			this.#join(server, network, body.ip);
		} else if (command === "change_alias_ips") {
			if (body.alias_ips.includes("10.0.0.2"))
				throw new Refusal(422, "ip_not_available", "the address is taken");
			server.private_net = server.private_net.map((port) => (port.network === network.id ? { ...port, alias_ips: body.alias_ips } : port));
			this.emit("server", { server });
		} else {
			this.#leave(server, network);
		}
		return done({ id: server.id, type: "server" });
	}

	#leave(server, network) {
		network.servers = network.servers.filter((id) => id !== server.id);
		server.private_net = server.private_net.filter((port) => port.network !== network.id);
		this.emit("server", { server });
	}

	#changeNetwork(network, command, body) {
		const wrong = () => new Refusal(422, "invalid_input", "outside", { fields: [{ name: "ip_range", messages: ["outside"] }] });
		if (command === "add_subnet") {
			if (body.ip_range && !body.ip_range.startsWith("10.0."))
				throw wrong();
			if (network.subnets.some(({ ip_range: range }) => range === body.ip_range))
				throw new Refusal(422, "networks_overlap", "another subnet has it");
			network.subnets.push({ type: body.type, network_zone: body.network_zone, gateway: "10.0.0.1", vswitch_id: null, ip_range: body.ip_range ?? `10.0.${network.subnets.length}.0/24` });
		} else if (command === "delete_subnet") {
			if (body.ip_range === "10.0.0.0/24" && network.servers.length > 0)
				throw new Refusal(422, "resource_in_use", "a server has an address in this subnet");
			network.subnets = network.subnets.filter(({ ip_range: range }) => range !== body.ip_range);
		} else if (command === "change_ip_range") {
			if (!/\/(8|9|1[0-6])$/.test(body.ip_range))
				throw wrong();
			network.ip_range = body.ip_range;
		} else {
			network.protection.delete = body.delete;
		}
	}

	/** Rules are given as those of the API, with what is left out being usual. */
	addFirewall(name, rules = [], changes = {}) {
		const id = this.nextId++;
		const firewall = { id, name, labels: {}, created: "2026-11-20T01:02:03Z", rules: rules.map(wholeRule), applied_to: [], ippo: { trial: null }, ...changes };
		this.firewalls.set(id, firewall);
		return firewall;
	}

	/** A change of it is in force and goes back to @before at the deadline. */
	tryFirewall(firewall, before, ms = 60000, changes = {}) {
		firewall.before = before;
		firewall.ippo.trial = { address: "203.0.113.5", started: new Date().toISOString(), deadline: new Date(Date.now() + ms).toISOString(), in_force: new Date().toISOString(), confirm_from: null, ...changes };
	}

	#expireTrials() {
		for (const firewall of this.firewalls.values()) {
			if (Date.parse(firewall.ippo.trial?.deadline) <= Date.now())
				Object.assign(firewall, { rules: firewall.before, ippo: { trial: null } });
		}
	}

	#firewalls(what, url, body) {
		const shown = ({ before: _, ...firewall }) => firewall;
		if (what === "GET /v1/firewalls")
			return [200, paged("firewalls", [...this.firewalls.values()].map(shown), url)];
		const firewall = this.firewalls.get(Number(/\/v1\/firewalls\/(\d+)/.exec(what)?.[1]));
		this.#expireTrials();
		if (!firewall && what !== "POST /v1/firewalls")
			throw new Refusal(404, "not_found", "there is no such firewall");
		if (what.endsWith("/test"))
			return [200, { test: judge([firewall], url) }];
		if (what.startsWith("GET"))
			return [200, { firewall: shown(firewall) }];
		if (this.role === "reader")
			throw new Refusal(403, "forbidden", "readers may not do this");
		if (what === "POST /v1/firewalls") {
			if ([...this.firewalls.values()].some(({ name }) => name === body.name))
				throw new Refusal(409, "uniqueness_error", "the name is taken");
			return [201, { firewall: this.addFirewall(body.name, body.rules), actions: [] }];
		}
		if (what.startsWith("PUT")) {
			if ([...this.firewalls.values()].some(({ id, name }) => name === body.name && id !== firewall.id))
				throw new Refusal(409, "uniqueness_error", "the name is taken");
			firewall.name = body.name;
			return [200, { firewall: shown(firewall) }];
		}
		const verb = /actions\/(\w+)$/.exec(what)?.[1];
		if (verb === "confirm" || verb === "revert") {
			if (!firewall.ippo.trial)
				throw new Refusal(410, "gone", "nothing of this firewall is on trial");
			if (verb === "confirm" && this.old_connections-- > 0)
				throw new Refusal(409, "connection_too_old", "this connection was open before");
			Object.assign(firewall, { rules: verb === "confirm" ? firewall.rules : firewall.before, ippo: { trial: null } });
			return [200, { firewall: shown(firewall) }];
		}
		if (firewall.ippo.trial)
			throw new Refusal(423, "locked", "a change of this firewall is on trial");
		if (what.startsWith("DELETE")) {
			if (firewall.applied_to.length > 0)
				throw new Refusal(422, "resource_in_use", "the firewall is applied");
			this.firewalls.delete(firewall.id);
			return [204, null];
		}
		const same = (one, other) => one.server?.id === other.server?.id && one.label_selector?.selector === other.label_selector?.selector;
		if (verb === "set_rules") {
			const before = firewall.rules;
			firewall.rules = body.rules.map(wholeRule);
			if (body.trial && firewall.applied_to.length > 0 && !firewall.rules.some(({ port }) => port === "22"))
				this.tryFirewall(firewall, before);
		} else if (verb === "apply_to_resources") {
			firewall.applied_to.push(...body.apply_to.map((target) => (target.type === "server" ? target : { ...target, applied_to_resources: [] })));
		} else {
			firewall.applied_to = firewall.applied_to.filter((target) => !body.remove_from.some((other) => same(target, other)));
		}
		return [201, { actions: [], ippo: firewall.ippo }];
	}

	#filter(what, url) {
		this.#expireTrials();
		const id = Number(/servers\/(\d+)/.exec(what)[1]);
		const applied = [...this.firewalls.values()].filter(({ applied_to: targets }) => targets.some(({ server }) => server?.id === id));
		if (what.endsWith("/test"))
			return [200, { test: judge(applied, url) }];
		return [200, { filter: { status: "applied", firewalls: applied.map(({ id: number, name, rules }) => ({ id: number, name, rules })), ssh_port: 22, smtp_open: false, connections_per_second: 300, measured: true,
			trials: applied.filter(({ ippo }) => ippo.trial).map(({ id: number, name, ippo }) => ({ firewall: { id: number, name }, ...ippo.trial })),
			counters: [...applied.flatMap((firewall) => firewall.rules.map((_, rule) => ({ kind: "rule", firewall: firewall.id, rule, packets: 1200 + rule, bytes: 72000 }))), ...this.stopped], refused: this.refused } }];
	}

	addThread(subject, text, changes = {}, attachments = []) {
		const id = this.nextId++;
		const thread = { id, customer: { id: 1, name: "hanako" }, subject, state: "open", created: "2026-11-20T01:02:03Z", updated: new Date(Date.parse("2026-11-20T01:02:03Z") + id * 1000).toISOString(), all: [], ...changes };
		this.threads.set(id, thread);
		this.say(thread, "hanako", text, false, attachments);
		return thread;
	}

	say(thread, name, text, operator = false, attachments = []) {
		const message = { id: this.nextId++, author: { name, operator }, text, attachments, created: new Date().toISOString() };
		thread.all.push(message);
		if (thread.all.length > 1)
			thread.state = operator ? "answered" : "open";
		this.emit("contact_thread", { contact_thread: { id: thread.id } });
		return message;
	}

	/** A mail or webhook on its way. */
	addMessage(changes = {}) {
		const id = this.nextId++;
		const message = { id, kind: "mail", customer: null, recipient: `user${id}@example.com`, subject: `Subject ${id}`, status: "failed", attempts: 13,
			created: "2026-11-20T01:02:03Z", changed: "2026-11-20T01:02:03Z", next_attempt: null, error: "550 no such user", ...changes };
		this.outbox.set(id, message);
		return message;
	}

	addNameServer(name, changes = {}) {
		const id = this.nextId++;
		this.nameServers.set(id, { id, name, address: "192.0.2.54", port: 53, created: "2026-11-20T01:02:03Z", ...changes });
		return this.nameServers.get(id);
	}

	#nameServers(what, url, body, user) {
		if (!user.operator)
			throw new Refusal(403, "forbidden", "only operators of the service may do this");
		const text = (format = "knot", secret = "SECRET") => `# of ${format}\nsecret: ${secret}\n`;
		if (what === "GET /v1/name_servers")
			return [200, { name_servers: [...this.nameServers.values()] }];
		if (what === "GET /v1/name_servers/zones")
			return [200, { zones: this.zoneCounts }];
		if (what === "POST /v1/name_servers/actions/update_zones") {
			const updated = this.zoneCounts.outdated;
			this.zoneCounts = { ...this.zoneCounts, outdated: 0 };
			return [201, { updated }];
		}
		if (what === "POST /v1/name_servers") {
			if (!/^[0-9a-f.:]+$/.test(body.address))
				throw new Refusal(422, "invalid_input", "must be an IPv4 or IPv6 address", { fields: [{ name: "address", messages: ["must be an IPv4 or IPv6 address"] }] });
			const { name, address, port } = body;
			return [201, { name_server: this.addNameServer(name, { address, port }), config: text(body.format) }];
		}
		const [, number, rest] = /\/name_servers\/(\d+)(.*)$/.exec(what) ?? [];
		const one = this.nameServers.get(Number(number));
		if (!one)
			throw new Refusal(404, "not_found", "there is no such name server");
		if (rest === "/state")
			return [200, { state: this.nameServerState ?? { status: "current", zone: "new.example", serial: 7, expected: 7, reason: null } }];
		if (rest.startsWith("/config"))
			return [200, { name_server: one, config: text(url.searchParams.get("format"), "(hidden)") }];
		if (rest === "/actions/renew_key")
			return [201, { name_server: one, config: text(body.format, "ANOTHER") }];
		this.nameServers.delete(one.id);
		return [204, null];
	}

	#outbox(what, url, user) {
		if (!user.operator)
			throw new Refusal(403, "forbidden", "only operators of the service may see this");
		if (what === "GET /v1/outbox")
			return [200, { ...paged("messages", [...this.outbox.values()].reverse().filter(({ status }) => [status, null].includes(url.searchParams.get("status"))), url), mail_available: this.mailAvailable ?? true }];
		const one = this.outbox.get(Number(/\/outbox\/(\d+)/.exec(what)?.[1]));
		if (!one)
			throw new Refusal(404, "not_found", "there is no such message");
		if (one.status === "sent")
			throw new Refusal(422, "unsupported_error", "it was sent already");
		if (what.startsWith("DELETE ")) {
			Object.assign(one, { status: "failed", error: "it was discarded by an operator", next_attempt: null });
			return [204, null];
		}
		Object.assign(one, { status: "waiting", attempts: 0, next_attempt: new Date().toISOString() });
		return [200, { message: one }];
	}

	/** A file that is whole. */
	addFile(name, data, type = "image/png") {
		const file = { id: this.nextId++, name, type, bytes: data.length, received: data.length, sent: false, created: new Date().toISOString(), data };
		this.files.set(file.id, file);
		return file;
	}

	#sendFiles(ids = []) {
		return ids.map((id) => {
			const { data, ...file } = this.files.get(id);
			if (file.sent || file.type === null)
				throw new Refusal(422, "invalid_input", "no such attachment", { fields: [{ name: "attachments", messages: ["no such attachment"] }] });
			this.files.get(id).sent = true;
			return { ...file, sent: true };
		});
	}

	#attachments(what, body) {
		const shown = ({ data, ...file }) => ({ contact_attachment: file });
		if (what === "POST /v1/contact_attachments") {
			const file = this.addFile(body.name, Buffer.alloc(0), null);
			file.bytes = body.bytes;
			return [201, shown(file)];
		}
		const file = this.files.get(Number(/\/contact_attachments\/(\d+)/.exec(what)?.[1]));
		if (!file)
			throw new Refusal(404, "not_found", "there is no such attachment");
		if (what.startsWith("DELETE ")) {
			this.files.delete(file.id);
			return [204, null];
		}
		if (what.startsWith("GET ") && what.endsWith("/data"))
			return [200, file.data, { "Content-Type": file.type, "Content-Disposition": `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`, "Content-Security-Policy": "sandbox; default-src 'none'" }];
		if (what.startsWith("PUT ") && body.at === file.received) {
			file.data = Buffer.concat([file.data, Buffer.from(body.data, "base64")]);
			file.received = file.data.length;
			if (file.received === file.bytes) {
				if (file.data[0] === 0) {
					this.files.delete(file.id);
					throw new Refusal(422, "unsupported_error", "none of the kinds");
				}
				file.type = file.data[0] === 0x89 ? "image/png" : "text/plain; charset=utf-8";
			}
		}
		return [200, shown(file)];
	}

	#contact(what, url, body, user) {
		const shown = ({ all, ...thread }) => ({ ...thread, messages: all.length });
		const list = [...this.threads.values()].reverse().filter(({ state }) => [state, null].includes(url.searchParams.get("state")));
		if (what === "GET /v1/contact_threads")
			return [200, paged("contact_threads", list.map(shown), url)];
		if (what === "POST /v1/contact_threads")
			return [201, { contact_thread: shown(this.addThread(body.subject, body.text, {}, this.#sendFiles(body.attachments))) }];
		const one = this.threads.get(Number(/\/contact_threads\/(\d+)/.exec(what)?.[1]));
		if (!one)
			throw new Refusal(404, "not_found", "there is no such thread");
		if (what.startsWith("POST "))
			return [201, { message: this.say(one, user.name, body.text, user.operator, this.#sendFiles(body.attachments)) }];
		if (what.endsWith("/messages"))
			return [200, paged("messages", one.all, url)];
		if (what.startsWith("PUT ")) {
			one.state = body.state;
			this.emit("contact_thread", { contact_thread: { id: one.id } });
		}
		return [200, { contact_thread: shown(one) }];
	}

	#notices(what, url, body, user) {
		const onTop = ({ pinned, ends }) => Number(pinned && (!ends || Date.parse(ends) > Date.now()));
		const isLater = ({ published }) => Date.parse(published) > Date.now();
		const all = [...this.notices.values()].map((one) => Object.assign(one, { scheduled: isLater(one) })).sort((a, b) => onTop(b) - onTop(a) || b.id - a.id);
		const wantsLater = url.searchParams.get("status") === "scheduled";
		if (wantsLater && !user.operator)
			throw new Refusal(403, "forbidden", "operators alone may see this");
		const list = all.filter(({ scheduled }) => scheduled === wantsLater);
		const unread = () => list.filter(({ read }) => !read).length;
		if (what === "GET /v1/notices")
			return [200, { ...paged("notices", list, url), unread: unread() }];
		if (what === "PUT /v1/notices/read") {
			for (const notice of list)
				notice.read ||= notice.id <= body.last;
			return [204, null];
		}
		const one = this.notices.get(Number(/\/notices\/(\d+)/.exec(what)?.[1]));
		if (what.endsWith("/read") && one) {
			one.read = true;
			return [204, null];
		}
		if (!user.operator)
			throw new Refusal(403, "forbidden", "operators alone may do this");
		const { tell, publish_at: later, publish_now: now, ...values } = body ?? {};
		if (what === "POST /v1/notices")
			return [201, { notice: this.addNotice({ ...values, published: later ?? new Date().toISOString() }) }];
		if (!one)
			throw new Refusal(404, "gone", "it was withdrawn");
		if (what.startsWith("DELETE ")) {
			this.notices.delete(one.id);
			this.emit("notice", { notice: { id: one.id, change: "withdrawn" } });
			return [204, null];
		}
		if (later || now)
			one.published = later ?? new Date().toISOString();
		Object.assign(one, values, { edited: new Date().toISOString(), read: one.read && !tell });
		this.emit("notice", { notice: { id: one.id, change: "edited" } });
		return [200, { notice: one }];
	}

	#sshKeys(what, url, body) {
		if (what === "GET /v1/ssh_keys")
			return [200, paged("ssh_keys", sorted(this.keys, url), url)];
		if (what === "POST /v1/ssh_keys")
			return [201, { ssh_key: this.addKey(body.name, body.public_key) }];
		const one = /^DELETE \/v1\/ssh_keys\/(\d+)$/.exec(what);
		if (one && this.keys.delete(Number(one[1])))
			return [204, null];
		throw new Refusal(404, "not_found", "there is no such SSH key");
	}

	#createServer(body) {
		if (this.host.maintenance)
			throw new Refusal(503, "maintenance", `no new servers are made during maintenance: ${this.host.maintenance.reason}`);
		if ([...this.servers.values()].some(({ name }) => name === body.name))
			throw new Refusal(409, "uniqueness_error", "there is a server of this name");
		if (body.user === "root")
			throw new Refusal(422, "invalid_input", "root is an account of the system", { fields: [{ name: "user", messages: ["root is an account of the system"] }] });
		if (body.first_step?.open_ports?.includes("3306/tcp"))
			throw new Refusal(422, "invalid_input", "would open a database", { fields: [{ name: "first_step.open_ports", messages: ["would open a database"] }] });
		const wanted = (body.networks ?? []).map((each) => (typeof each === "object" ? each : { network: each }));
		if (wanted.some(({ ip }) => ip === "10.0.0.2"))
			throw new Refusal(422, "ip_not_available", "10.0.0.2 is taken in this network");
		const server = this.addServer(body.name, "initializing", {
			server_type: this.plans.find(({ id }) => id === body.server_type), image: this.images.find(({ id }) => id === body.image),
		});
		server.ippo.ssh_port = portOf(body);
		wanted.forEach(({ network, ip }) => this.#join(server, this.networks.get(network), ip));
		const action = this.addAction(server, "create_server", { ippo: { step: "disk", undoing: false } });
		setTimeout(() => {
			this.setStatus(server, body.start_after_create ? "running" : "off");
			this.endAction(action);
		}, this.action_ms);
		return [201, { server, action, next_actions: [], root_password: body.ssh_keys.length > 0 ? null : "correct-horse-battery" }];
	}

	#oneServer(url, what, server, body, session) {
		switch (what.replace(/^(\w+ \/v1\/servers\/)\d+/, "$1ID")) {
		case "GET /v1/servers/ID":
			return [200, { server }];
		case "GET /v1/servers/ID/first_step":
			return [200, { first_step: firstStep(server) }];
		case "POST /v1/servers/ID/actions/check_first_step": {
			const action = this.addAction(server, "check_first_step", { ippo: { step: "probe", undoing: false } });
			if (!this.holdActions)
				setTimeout(() => this.endAction(action), 50);
			return [201, { action }];
		}
		case "POST /v1/servers/ID/actions/open_inbound": {
			server.ippo.first_step.inbound = "open";
			this.emit("server", { server });
			return [201, { action: this.#changed(server, "open_inbound") }];
		}
		case "POST /v1/servers/ID/actions/enable_rescue":
		case "POST /v1/servers/ID/actions/disable_rescue": {
			const command = what.split("/").at(-1);
			if (this.rescueRefusal && command === "enable_rescue")
				throw new Refusal(422, this.rescueRefusal, "there is none");
			server.rescue_enabled = command === "enable_rescue";
			this.emit("server", { server });
			return [201, { action: this.#changed(server, command), ...(server.rescue_enabled ? { root_password: null } : {}) }];
		}
		case "GET /v1/servers/ID/metrics":
			return [200, { metrics: this.#metrics(url) }];
		case "PUT /v1/servers/ID":
			if ([...this.servers.values()].some((other) => other !== server && other.name === body.name))
				throw new Refusal(409, "uniqueness_error", "there is a server of this name");
			server.name = body.name;
			this.emit("server", { server });
			return [200, { server }];
		case "DELETE /v1/servers/ID": {
			if (server.protection.delete)
				throw new Refusal(422, "protected", "the server is protected from deletion");
			const action = this.addAction(server, "delete_server");
			this.removeServer(server);
			this.endAction(action);
			return [200, { action }];
		}
		case "GET /v1/servers/ID/actions": {
			const own = new Map([...this.actions].filter(([, { resources }]) => resources[0].id === server.id));
			return [200, paged("actions", sorted(own, url), url)];
		}
		case "POST /v1/servers/ID/actions/rebuild": {
			if (server.protection.rebuild)
				throw new Refusal(422, "protected", "the server is protected from a rebuild");
			if (body.keep_disk && server.ippo.kept_disk)
				throw new Refusal(422, "resource_in_use", "a disk is kept already");
			server.ippo = {
				...server.ippo, updates: body.first_step?.updates ?? "reboot",
				kept_disk: body.keep_disk
					? { image: server.image, disk_size: 50, user: "debian", ssh_port: server.ippo.ssh_port, created: "2026-11-24T01:02:03Z", expires: "2026-12-01T01:02:03Z" }
					: server.ippo.kept_disk,
			};
			server.ippo.ssh_port = portOf(body);
			this.emit("server", { server });
			const action = this.addAction(server, "rebuild_server", { ippo: { step: "disk", undoing: false } });
			setTimeout(() => this.endAction(action), this.action_ms);
			return [201, { action, root_password: server.hasKey === false ? "correct-horse-battery" : null }];
		}
		case "POST /v1/servers/ID/actions/change_type": {
			if (server.status !== "off")
				throw new Refusal(422, "server_not_stopped", "shut the server down first");
			const plan = this.plans.find(({ id }) => id === body.server_type);
			Object.assign(server, { server_type: plan, primary_disk_size: body.upgrade_disk ? plan.disk : server.primary_disk_size, ippo: { ...server.ippo, next_charge: nextCharge(plan) } });
			return [201, { action: this.#changed(server, "change_server_type") }];
		}
		case "POST /v1/servers/ID/actions/create_image": {
			if (this.images.filter(({ type }) => type === "snapshot").length >= this.snapshots)
				throw new Refusal(403, "resource_limit_exceeded", "this account may have no more snapshots");
			const image = this.addMade(server, { description: body.description ?? `${server.name} 2026-11-27 01:02`, status: "creating", image_size: null });
			const action = this.addAction(server, "create_image", { progress: 40, resources: [{ id: server.id, type: "server" }, { id: image.id, type: "image" }], ippo: { step: "copy", undoing: false } });
			setTimeout(() => {
				Object.assign(image, { status: "available", image_size: 1.25 });
				this.endAction(action);
			}, this.action_ms);
			return [201, { action, image }];
		}
		case "POST /v1/servers/ID/actions/enable_backup":
			server.backup_window = body.backup_window;
			return [201, { action: this.#changed(server, "enable_backup") }];
		case "POST /v1/servers/ID/actions/disable_backup":
			server.backup_window = null;
			this.images = this.images.filter(({ bound_to }) => bound_to !== server.id);
			return [201, { action: this.#changed(server, "disable_backup") }];
		case "POST /v1/servers/ID/actions/restore_kept_disk":
		case "POST /v1/servers/ID/actions/delete_kept_disk":
			if (!server.ippo.kept_disk)
				throw new Refusal(404, "not_found", "no disk is kept");
			server.ippo = { ...server.ippo, kept_disk: null };
			return [201, { action: this.#changed(server, what.split("/").at(-1)) }];
		case "POST /v1/servers/ID/actions/change_guest_agent":
			server.ippo = { ...server.ippo, guest_agent: body.enabled };
			return [201, { action: this.#changed(server, "change_guest_agent") }];
		case "POST /v1/servers/ID/actions/change_protection":
			server.protection = { delete: body.delete, rebuild: body.rebuild };
			return [201, { action: this.#changed(server, "change_protection") }];
		case "POST /v1/servers/ID/actions/change_dns_ptr": {
			if (body.dns_ptr !== null && !/^[a-z0-9.-]+$/.test(body.dns_ptr))
				throw new Refusal(422, "invalid_input", "no name", { fields: [{ name: "dns_ptr", messages: ["is no host name"] }] });
			const { ipv4, ipv6 } = server.public_net;
			if (body.ip === ipv4?.ip)
				ipv4.dns_ptr = body.dns_ptr ?? `static.${server.id}.example`;
			else
				ipv6.dns_ptr = body.dns_ptr === null ? [] : [{ ip: body.ip, dns_ptr: body.dns_ptr }];
			if (body.rename_server && body.dns_ptr.length > 63)
				throw new Refusal(422, "invalid_input", "too long", { fields: [{ name: "rename_server", messages: ["is too long"] }] });
			if (body.rename_server)
				server.name = body.dns_ptr;
			return [201, { action: this.#changed(server, "change_dns_ptr"),
				reverse_name: body.dns_ptr && { ip: body.ip, dns_ptr: body.dns_ptr, forward: this.forward ?? "confirmed", warning: null } }];
		}
		case "GET /v1/servers/ID/console/text":
			return [200, this.consoles.text(server, url)];
		case "GET /v1/servers/ID/console/screen":
			if (server.status !== "running" || this.consoles.hideScreens)
				throw new Refusal(422, "server_not_running", "the server is off");
			return [200, picture(), { "Content-Type": "image/png" }];
		case "POST /v1/servers/ID/actions/request_console": {
			if (body.mode === "control" && this.consoles.rights !== "control")
				throw new Refusal(403, "forbidden", "this role may look only");
			const { answer, cookie } = this.consoles.ticket(server, body.type ?? "vnc", body.mode, session);
			const action = this.addAction(server, "request_console");
			this.endAction(action);
			return [201, { action, ...answer }, { "Set-Cookie": cookie }];
		}
		default:
			throw new Refusal(404, "not_found", "no such thing");
		}
	}

	/** Sixty points up to the end, without those of `metricsGap`: [from, to) of them; null: none at all. */
	#metrics(url) {
		const [start, end] = ["start", "end"].map((name) => Date.parse(url.searchParams.get(name)) / 1000);
		const step = (end - start) / 60;
		const wave = (index, low, high) => String(low + (high - low) * (0.5 + 0.5 * Math.sin(index / 5)));
		const series = (low, high) => ({ values: this.metricsGap === null ? [] : Array.from({ length: 60 }, (_, i) => [start + (i + 1) * step, wave(i, low, high)])
			.filter((_, i) => i < this.metricsGap[0] || i >= this.metricsGap[1]) });
		const all = {
			cpu: { cpu: series(2, 90) },
			memory: { "memory.used": series(3e8, 5e8) },
			disk: { "disk.0.iops.read": series(0, 50), "disk.0.iops.write": series(0, 90), "disk.0.bandwidth.read": series(0, 4e6), "disk.0.bandwidth.write": series(1e5, 9e6) },
			network: { "network.0.pps.in": series(0, 100), "network.0.pps.out": series(0, 100), "network.0.bandwidth.in": series(0, 3e5), "network.0.bandwidth.out": series(1e4, 2e6) },
		};
		const types = url.searchParams.getAll("type").flatMap((type) => type.split(","));
		return { start: url.searchParams.get("start"), end: url.searchParams.get("end"), step, time_series: Object.assign({}, ...types.map((type) => all[type])) };
	}

	/** The action of a change that is over at once. */
	#changed(server, command) {
		const action = this.addAction(server, command);
		this.emit("server", { server });
		this.endAction(action);
		return action;
	}

	#power(server, verb) {
		if (!server)
			throw new Refusal(404, "not_found", "no such server");
		const running = [...this.actions.values()].filter((action) => action.status === "running" && action.resources[0].id === server.id);
		if (running.some(({ command }) => !(command === "shutdown_server" && verb.command === "stop_server")))
			throw new Refusal(423, "locked", "another action is running on this server");
		const before = server.status;
		const error = this.outcomes.shift() ?? null;

		this.setStatus(server, verb.during);
		const action = this.addAction(server, verb.command, { ippo: { step: verb.step, undoing: false } });
		action.settle = () => {
			for (const waiting of running)
				this.endAction(waiting);
			this.setStatus(server, error ? before : verb.after);
			if (!error && verb.during === verb.after)
				this.consoles.restarted(server);
			this.endAction(action, error);
		};
		Object.defineProperty(action, "settle", { enumerable: false });
		if (this.action_ms)
			setTimeout(() => action.status === "running" && action.settle(), this.action_ms);
		return action;
	}
}

async function readBody(request, bodies) {
	let text = "";
	for await (const part of request)
		text += part;
	bodies.push(text);
	return text ? JSON.parse(text) : {};
}

function sorted(map, url) {
	const [field, direction] = (url.searchParams.get("sort") ?? "id:asc").split(":");
	const ids = url.searchParams.getAll("id").map(Number);
	const list = [...map.values()].filter(({ id }) => ids.length === 0 || ids.includes(id));
	list.sort((a, b) => (a[field] < b[field] ? -1 : a[field] > b[field] ? 1 : 0));
	return direction === "desc" ? list.reverse() : list;
}

const wholeRule = (rule) => ({ direction: "in", protocol: "tcp", port: null, source_ips: [], destination_ips: [], description: null, ...rule });

/** As the API's model does, but for one port and networks of everybody or one address. */
function judge(firewalls, url) {
	const [address, port, protocol, direction] = ["address", "port", "protocol", "direction"].map((name) => url.searchParams.get(name));
	if (!/^[0-9a-f.:]+$/.test(address))
		throw new Refusal(422, "invalid_input", "must be an IPv4 or IPv6 address", { fields: [{ name: "address", messages: ["must be an IPv4 or IPv6 address"] }] });
	for (const { id, rules } of firewalls) {
		const rule = rules.findIndex((each) => each.direction === direction && each.protocol === protocol && each.port === port && (direction === "in" ? each.source_ips : each.destination_ips).some((ip) => ip.endsWith("/0") || ip === `${address}/32`));
		if (rule >= 0)
			return { passes: true, reason: "rule", firewall: id, rule };
	}
	if (direction === "out" && !firewalls.some(({ rules }) => rules.some((each) => each.direction === "out")))
		return { passes: true, reason: "open", firewall: null, rule: null };
	return { passes: false, reason: "no_rule", firewall: null, rule: null };
}

function paged(name, list, url) {
	const page = Number(url.searchParams.get("page") ?? 1);
	const size = Math.min(50, Number(url.searchParams.get("per_page") ?? 25));
	const last = Math.max(1, Math.ceil(list.length / size));
	return {
		[name]: list.slice((page - 1) * size, page * size),
		meta: { pagination: { page, per_page: size, previous_page: page > 1 ? page - 1 : null, next_page: page < last ? page + 1 : null, last_page: last, total_entries: list.length } },
	};
}

export const mockPassword = password;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const mock = await new Mock(process.argv[2]).listen(Number(process.argv[3] ?? 8444));
	mock.action_ms = 3000;
	mock.addServer("hajime", "running");
	mock.addServer("futatsume");
	const serial = mock.consoles.serial(mock.servers.get(1));
	serial.say("Debian GNU/Linux 12 hajime ttyS0\r\n\r\nhajime login: ");
	serial.onInput = (data) => serial.say(data.toString().replace(/\r/g, "\r\nhajime login: "));
	console.log(`${mock.url}/#/invitation/KEY-1    or sign in as taro with: ${password}`);
}
