// Types a text on the screen of a virtual machine, as the panel does: the same tables, the same pace,
// the same key events, on QEMU's VNC socket.
//
//   node type.mjs SOCKET PANEL_DIR LAYOUT <TEXT      types it
//   node type.mjs - PANEL_DIR LAYOUT                 prints every character that the layout has, as JSON

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createConnection } from "node:net";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [, , socket, panel, layout] = process.argv;
const load = (name) => import(pathToFileURL(path.resolve(panel, name)));
const { charactersOf, eventsOf, planTyping } = await load("lib/keyboard-layouts.js");
const { typeKeys } = await load("lib/typing.js");
const { default: scancodes } = await load("vendor/novnc/core/input/xtscancodes.js");

const extended_key_event = -258;

/** An RFB connection (RFC 6143) as far as a keyboard needs one. */
class Keyboard {
	async open(name) {
		this.socket = createConnection(name);
		this.data = Buffer.alloc(0);
		this.wake = () => {};
		this.socket.on("data", (data) => {
			this.data = Buffer.concat([this.data, data]);
			this.wake();
		});
		await this.read(12);
		this.socket.write("RFB 003.008\n");
		const [count] = await this.read(1);
		assert.ok((await this.read(count)).includes(1), "no authentication on a private socket");
		this.socket.write(Buffer.of(1));
		assert.equal((await this.read(4)).readUInt32BE(), 0);
		this.socket.write(Buffer.of(1));
		const init = await this.read(24);
		await this.read(init.readUInt32BE(20));
		const encodings = Buffer.alloc(8);
		encodings[0] = 2;
		encodings.writeUInt16BE(1, 2);
		encodings.writeInt32BE(extended_key_event, 4);
		this.socket.write(encodings);
		this.socket.write(Buffer.from([3, 1, 0, 0, 0, 0, 0, 1, 0, 1]));
		const update = await this.read(16);
		assert.equal(update.readInt32BE(12), extended_key_event, "QEMU takes extended key events");
		this.socket.resume();
		this.socket.removeAllListeners("data"); // pictures are of no interest
		this.socket.on("data", () => {});
	}

	async read(bytes) {
		while (this.data.length < bytes)
			await new Promise((resolve) => { this.wake = resolve; });
		const part = this.data.subarray(0, bytes);
		this.data = this.data.subarray(bytes);
		return part;
	}

	key(keysym, code, down) {
		const message = Buffer.alloc(12);
		const scancode = scancodes[code];
		assert.ok(scancode, `a scan code for ${code}`);
		message[0] = 255;
		message.writeUInt16BE(down ? 1 : 0, 2);
		message.writeUInt32BE(keysym, 4);
		// QEMU's form of a prefixed code: 0xe0nn is nn with the highest bit.
		message.writeUInt32BE(scancode >> 8 === 0xe0 ? (scancode & 0xff) | 0x80 : scancode, 8);
		this.socket.write(message);
	}
}

if (socket === "-") {
	console.log(JSON.stringify(charactersOf(layout)));
} else {
	const text = readFileSync(0, "utf8");
	const { strokes, missing } = planTyping(text, layout);
	assert.deepEqual(missing, []);
	const keyboard = new Keyboard();
	await keyboard.open(socket);
	await typeKeys(eventsOf(strokes, text), {
		send: (keysym, code, down) => keyboard.key(keysym, code, down), progress: () => {}, signal: new AbortController().signal,
	});
	keyboard.socket.end();
}
