// The mock's consoles: a serial port with a ring, viewers and one writer, and a screen that speaks
// RFB, with tickets and cookies as the real service has them.

import { randomBytes } from "node:crypto";
import zlib from "node:zlib";
import { WebSocketServer } from "ws";

const first_frame_bytes = 1024;
const first_frame_ms = 2000;
const max_output_bytes = 16 * 1024;

export const codes = { normal: 1000, goingAway: 1001, protocol: 1002, refused: 4001, cut: 4002, idle: 4003, life: 4004, limit: 4005, off: 4006, deleted: 4007, lost: 4008 };

const u8 = (value) => Buffer.of(value);
const u16 = (value) => { const buffer = Buffer.alloc(2); buffer.writeUInt16LE(value); return buffer; };
const u64 = (value) => { const buffer = Buffer.alloc(8); buffer.writeBigUInt64LE(BigInt(value)); return buffer; };

export class Consoles {
	constructor(mock) {
		this.mock = mock;
		this.server = new WebSocketServer({ noServer: true, maxPayload: 1 << 20, handleProtocols: (offered) => (offered.has("binary") ? "binary" : false) });
		this.server.on("headers", (headers, request) => {
			if (request.consoleCookie)
				headers.push(`Set-Cookie: ${request.consoleCookie}`);
		});
		mock.http.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
		this.reset();
	}

	reset() {
		for (const client of this.server?.clients ?? [])
			client.terminate();
		this.tickets = new Map();
		this.cookies = new Map();
		this.serials = new Map();
		this.screens = new Map();
		this.firsts = []; // every first frame, decoded
		this.entries = []; // "ticket" or "cookie" for each that got in
		this.nextId = 1;
		this.rights = "control"; // what the user may do
		this.limited = false;
		this.isDown = false; // handshakes fail
		this.hideScreens = false;
	}

	close() {
		for (const client of this.server.clients)
			client.terminate();
		this.server.close();
	}

	/** request_console: what it answers, and the cookie. */
	ticket(server, kind, mode, session) {
		const allowed = mode ?? this.rights;
		const password = randomBytes(32).toString("base64url");
		this.tickets.set(password, { server: server.id, kind, mode: allowed, session });
		return { answer: { wss_url: `${this.mock.url.replace("http", "ws")}/v1/consoles/${server.id}/${kind}`, password }, cookie: this.#cookie({ server: server.id, kind, mode: allowed, session }) };
	}

	#cookie(claim) {
		const value = randomBytes(16).toString("hex");
		this.cookies.set(value, claim);
		return `ippo-console-${claim.server}-${claim.kind}=${value}; Path=/v1/consoles/${claim.server}/${claim.kind}; HttpOnly; SameSite=Strict; Max-Age=600`;
	}

	#upgrade(request, socket, head) {
		const match = /^\/v1\/consoles\/(\d+)\/(serial|vnc)$/.exec(request.url);
		if (!match || this.isDown || request.headers.origin !== this.mock.url) {
			socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
			return;
		}
		const [, id, kind] = match;
		const value = new RegExp(`ippo-console-${id}-${kind}=(\\w+)`).exec(request.headers.cookie ?? "")?.[1];
		const claim = this.cookies.get(value);
		this.cookies.delete(value);
		if (claim)
			request.consoleCookie = this.#cookie(claim);
		this.server.handleUpgrade(request, socket, head, (client) => this.#judge(client, Number(id), kind, claim));
	}

	#judge(client, id, kind, cookieClaim) {
		const timer = setTimeout(() => client.close(codes.refused), first_frame_ms);
		client.once("message", (data) => {
			clearTimeout(timer);
			const first = data.length <= first_frame_bytes ? JSON.parse(data) : {};
			this.firsts.push({ ...first, kind });
			const claim = first.ticket === undefined ? cookieClaim : this.tickets.get(first.ticket);
			this.tickets.delete(first.ticket);
			const server = this.mock.servers.get(id);
			if (!claim || claim.server !== id || claim.kind !== kind || !this.mock.sessions.has(claim.session) || !server) {
				client.close(codes.refused);
				return;
			}
			if (this.limited) {
				client.close(codes.limit);
				return;
			}
			if (kind === "vnc" && server.status !== "running") {
				client.close(codes.off);
				return;
			}
			this.entries.push(first.ticket === undefined ? "cookie" : "ticket");
			client.send(JSON.stringify({ console: this.nextId++, kind, mode: claim.mode, server: { id, name: server.name }, idle_ms: 3600000, life_ms: 43200000 }));
			if (kind === "serial")
				this.serial(server).enter(client, claim.mode, this.mock.sessions.get(claim.session).name, first.from ?? 0);
			else
				this.screen(server).enter(client, claim.mode);
		});
	}

	serial(server) {
		if (!this.serials.has(server.id))
			this.serials.set(server.id, new Serial());
		return this.serials.get(server.id);
	}

	screen(server) {
		if (!this.screens.has(server.id))
			this.screens.set(server.id, new Screen(server));
		return this.screens.get(server.id);
	}

	/** What an ended power command does to consoles. */
	powered(server, status) {
		const serial = this.serial(server);
		if (status === "running") {
			serial.mark(1);
			serial.greet(server.name);
		} else if (status === "off") {
			serial.mark(2);
			this.screen(server).hangUp(codes.off);
		}
	}

	restarted(server) {
		this.serial(server).mark(3);
		this.serial(server).greet(server.name);
	}

	text(server, url) {
		const { ring, base } = this.serial(server);
		const end = base + ring.length;
		const from = Math.min(end, Math.max(base, Number(url.searchParams.get("from") ?? 0)));
		const next = Math.min(end, from + Number(url.searchParams.get("max") ?? 65536));
		return { text: ring.subarray(from - base, next - base).toString(), from, next, first: base, end };
	}
}

export class Serial {
	constructor() {
		this.ring = Buffer.alloc(0);
		this.base = 0;
		this.viewers = new Set();
		this.writer = null;
		this.outsider = null; // the name of a writer who has no connection here
		this.received = Buffer.alloc(0);
		this.sizes = [];
		this.onInput = null;
	}

	get end() {
		return this.base + this.ring.length;
	}

	enter(client, mode, name, from) {
		const viewer = { client, mode, name };
		client.binaryType = "nodebuffer";
		this.viewers.add(viewer);
		client.on("close", () => {
			this.viewers.delete(viewer);
			if (this.writer === viewer)
				this.#setWriter(null);
		});
		client.on("message", (data) => this.#take(viewer, data));
		client.send(Buffer.concat([u8(0x15), u64(this.base), u64(this.end)]));
		this.#tellWriter(viewer);
		let at = from;
		if (at < this.base) {
			client.send(Buffer.concat([u8(0x12), u64(at), u64(this.base), u8(1)]));
			at = this.base;
		}
		for (; at < this.end; at += max_output_bytes)
			client.send(Buffer.concat([u8(0x11), u64(at), this.ring.subarray(at - this.base, at - this.base + max_output_bytes)]));
		client.send(Buffer.concat([u8(0x16), u64(this.end)]));
	}

	#take(viewer, data) {
		if (viewer.mode !== "control")
			return;
		if (data[0] === 0x03) {
			this.outsider = null;
			this.#setWriter(viewer);
		} else if (data[0] === 0x04 && this.writer === viewer) {
			this.#setWriter(null);
		} else if (data[0] === 0x01 && this.writer === viewer) {
			this.received = Buffer.concat([this.received, data.subarray(1)]);
			this.onInput?.(data.subarray(1));
		} else if (data[0] === 0x02 && this.writer === viewer) {
			this.sizes.push([data.readUInt16LE(1), data.readUInt16LE(3)]);
		}
	}

	#setWriter(viewer) {
		this.writer = viewer;
		for (const each of this.viewers)
			this.#tellWriter(each);
	}

	#tellWriter(viewer) {
		const name = this.outsider ?? this.writer?.name ?? "";
		const who = this.outsider ? 2 : this.writer === viewer ? 1 : this.writer ? 2 : 0;
		const label = Buffer.from(name);
		const length = Buffer.alloc(4);
		length.writeUInt32LE(label.length);
		viewer.client.send(Buffer.concat([u8(0x14), u8(who), length, label]));
	}

	/** Somebody elsewhere writes from now on. */
	takeOver(name, columns, rows) {
		this.outsider = name;
		this.#setWriter(null);
		if (columns)
			this.all(Buffer.concat([u8(0x02), u16(columns), u16(rows)]));
	}

	all(message) {
		for (const { client } of this.viewers)
			client.send(message);
	}

	say(text) {
		const data = Buffer.from(text);
		for (let i = 0; i < data.length; i += max_output_bytes) {
			const part = data.subarray(i, i + max_output_bytes);
			this.all(Buffer.concat([u8(0x11), u64(this.end), part]));
			this.ring = Buffer.concat([this.ring, part]);
		}
	}

	greet(name) {
		this.say(`\r\nDebian GNU/Linux 12 ${name} ttyS0\r\n\r\n${name} login: `);
	}

	/** The guest said `bytes` that no viewer gets. */
	lose(bytes, reason = 2) {
		this.all(Buffer.concat([u8(0x12), u64(this.end), u64(this.end + bytes), u8(reason)]));
		this.ring = Buffer.concat([this.ring, Buffer.alloc(bytes, ".")]);
	}

	mark(mark) {
		this.all(Buffer.concat([u8(0x13), u64(this.end), u8(mark), u64(Date.now())]));
	}

	/** Ends every connection: with a close code, or without a word. */
	hangUp(code) {
		for (const { client } of this.viewers)
			code ? client.close(code) : client.terminate();
	}
}

const width = 640;
const height = 400;

export class Screen {
	constructor(server) {
		this.server = server;
		this.viewers = new Set();
		this.keys = []; // {keysym, code (XT scan code, null without extended events), down}
		this.pointers = 0;
		this.hasExtended = true;
	}

	enter(client, mode) {
		const viewer = { client, mode, pending: Buffer.alloc(0), step: "version", isTold: false };
		this.viewers.add(viewer);
		client.binaryType = "nodebuffer";
		client.on("close", () => this.viewers.delete(viewer));
		client.on("message", (data) => {
			viewer.pending = Buffer.concat([viewer.pending, data]);
			for (let used = 1; used > 0 && viewer.pending.length > 0;) {
				used = this.#take(viewer, viewer.pending);
				viewer.pending = viewer.pending.subarray(used);
			}
		});
		client.send(Buffer.from("RFB 003.008\n"));
	}

	hangUp(code) {
		for (const { client } of this.viewers)
			code ? client.close(code) : client.terminate();
	}

	/** Takes one message of a viewer's; returns its length, or 0 while it is incomplete. */
	#take(viewer, data) {
		const { client } = viewer;
		switch (viewer.step) {
		case "version":
			if (data.length < 12)
				return 0;
			client.send(Buffer.of(1, 1));
			viewer.step = "security";
			return 12;
		case "security":
			client.send(Buffer.alloc(4));
			viewer.step = "init";
			return 1;
		case "init": {
			const name = Buffer.from(this.server.name);
			const init = Buffer.alloc(24);
			init.writeUInt16BE(width, 0);
			init.writeUInt16BE(height, 2);
			Buffer.from([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0]).copy(init, 4);
			init.writeUInt32BE(name.length, 20);
			client.send(Buffer.concat([init, name]));
			viewer.step = "messages";
			return 1;
		}
		default:
			return this.#message(viewer, data);
		}
	}

	#message(viewer, data) {
		const has = (bytes) => data.length >= bytes;
		switch (data[0]) {
		case 0:
			return has(20) ? 20 : 0;
		case 2:
			return has(4) && has(4 + data.readUInt16BE(2) * 4) ? 4 + data.readUInt16BE(2) * 4 : 0;
		case 3:
			if (!has(10))
				return 0;
			if (data[1] === 0)
				viewer.client.send(this.#picture(viewer));
			return 10;
		case 4:
			if (!has(8))
				return 0;
			this.#key(viewer, { keysym: data.readUInt32BE(4), code: null, down: data[1] === 1 });
			return 8;
		case 5:
			if (viewer.mode === "control")
				this.pointers++;
			return has(6) ? 6 : 0;
		case 255:
			if (!has(12))
				return 0;
			this.#key(viewer, { keysym: data.readUInt32BE(4), code: data.readUInt32BE(8), down: data.readUInt16BE(2) === 1 });
			return 12;
		default:
			viewer.client.close(codes.protocol);
			return data.length;
		}
	}

	#key(viewer, key) {
		if (viewer.mode === "control")
			this.keys.push(key);
	}

	#picture(viewer) {
		const rectangles = viewer.isTold || !this.hasExtended ? 1 : 2;
		const head = Buffer.from([0, 0, 0, rectangles]);
		const parts = [head];
		if (rectangles === 2) {
			const extended = Buffer.alloc(12);
			extended.writeInt32BE(-258, 8);
			parts.push(extended);
			viewer.isTold = true;
		}
		const rectangle = Buffer.alloc(12);
		rectangle.writeUInt16BE(width, 4);
		rectangle.writeUInt16BE(height, 6);
		const pixels = Buffer.alloc(width * height * 4);
		for (let y = 0; y < height; y++) {
			for (let x = 0; x < width; x++) {
				const isLetter = y % 20 > 4 && y % 20 < 14 && x % 9 < 6 && x < 60 + ((y / 20) | 0) * 25 % 420;
				pixels.writeUInt32LE(isLetter ? 0xffc9cdd3 : 0xff101418, (y * width + x) * 4);
			}
		}
		return Buffer.concat([...parts, rectangle, pixels]);
	}
}

function chunk(type, data) {
	const body = Buffer.concat([Buffer.from(type), data]);
	const out = Buffer.alloc(8 + data.length + 4);
	out.writeUInt32BE(data.length, 0);
	body.copy(out, 4);
	out.writeUInt32BE(crc(body), 8 + data.length);
	return out;
}

function crc(data) {
	let value = ~0;
	for (const byte of data) {
		value ^= byte;
		for (let i = 0; i < 8; i++)
			value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
	}
	return ~value >>> 0;
}

/** A picture of a text console: grey lines on black. */
export function picture() {
	const [w, h] = [320, 180];
	const head = Buffer.alloc(13);
	head.writeUInt32BE(w, 0);
	head.writeUInt32BE(h, 4);
	head.set([8, 0, 0, 0, 0], 8);
	const rows = Buffer.alloc((w + 1) * h);
	for (let y = 0; y < h; y++) {
		for (let x = 0; x < w; x++)
			rows[y * (w + 1) + 1 + x] = y % 10 > 2 && y % 10 < 8 && x % 5 < 3 && x < 40 + ((y / 10) | 0) * 17 % 240 ? 200 : 16;
	}
	return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk("IHDR", head), chunk("IDAT", zlib.deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}
