// What the consoles are made of and needs no browser: the serial stream's account, the layouts.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { charactersOf, eventsOf, layouts, planTyping } from "../../../panel/lib/keyboard-layouts.js";
import { decode, encodeInput, encodeSize, max_input_bytes, SerialStream, StreamError } from "../../../panel/lib/serial-stream.js";
import { Cancelled, serialBytes, typeBytes, typeKeys } from "../../../panel/lib/typing.js";

const u64 = (value) => { const bytes = Buffer.alloc(8); bytes.writeBigUInt64LE(BigInt(value)); return bytes; };
const message = (...parts) => {
	const bytes = Buffer.concat(parts.map((part) => (typeof part === "number" ? Buffer.of(part) : Buffer.from(part))));
	return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
};
const output = (offset, text) => message(0x11, u64(offset), text);
const gap = (from, to, reason) => message(0x12, u64(from), u64(to), reason);
const shown = (stream, buffer) => stream.take(buffer).map((item) => (item.show === "output" ? Buffer.from(item.data).toString() : item));

describe("the serial stream", () => {
	test("output in order is shown as it is, and the next offset is known", () => {
		const stream = new SerialStream();
		assert.equal(stream.from, undefined);
		assert.deepEqual(shown(stream, message(0x15, u64(0), u64(5))), [{ show: "ready" }]);
		assert.deepEqual(shown(stream, output(0, "hello")), ["hello"]);
		assert.deepEqual(shown(stream, message(0x16, u64(5))), [{ show: "live" }]);
		assert.equal(stream.from, 5);
	});

	test("what comes twice after a reconnect is shown once, also in parts", () => {
		const stream = new SerialStream();
		stream.take(output(0, "abcdef"));
		assert.deepEqual(shown(stream, output(0, "abc")), []);
		assert.deepEqual(shown(stream, output(4, "efgh")), ["gh"]);
		assert.equal(stream.received, 8);
	});

	test("a declared gap and a silent jump both count; delivered and lost make up what was produced", () => {
		const stream = new SerialStream();
		stream.take(output(10, "ab"));
		assert.deepEqual(shown(stream, gap(12, 20, 2)), [{ show: "gap", bytes: 8, reason: "slow" }]);
		assert.deepEqual(shown(stream, output(25, "cd")), [{ show: "gap", bytes: 5, reason: "unknown" }, "cd"]);
		assert.deepEqual(shown(stream, gap(27, 27, 3)), [{ show: "gap", bytes: null, reason: "away" }]);
		assert.deepEqual(shown(stream, gap(15, 22, 1)), []);
		assert.equal(stream.received + stream.lost, 27 - 10);
	});

	test("an overwritten beginning is a gap of the first connection", () => {
		const stream = new SerialStream();
		assert.deepEqual(shown(stream, gap(0, 1000, 1)), [{ show: "gap", bytes: 1000, reason: "old" }]);
		assert.equal(stream.from, 1000);
	});

	test("a ring of another life begins anew and says so", () => {
		const stream = new SerialStream();
		stream.take(output(1000, "abc"));
		assert.deepEqual(shown(stream, message(0x15, u64(0), u64(3))), [{ show: "gap", bytes: null, reason: "away" }, { show: "ready" }]);
		assert.deepEqual(shown(stream, output(0, "new")), ["new"]);
	});

	test("a mark comes once, whoever sends it again; two at one place are two", () => {
		const stream = new SerialStream();
		const mark = (offset, kind, time) => message(0x13, u64(offset), kind, u64(time));
		assert.equal(stream.take(mark(0, 1, 100)).length, 1);
		assert.equal(stream.take(mark(0, 1, 100)).length, 0);
		assert.equal(stream.take(mark(0, 2, 200)).length, 1);
	});

	test("random output, cut, repeated and lost, always adds up", () => {
		let seed = 7;
		const random = (limit) => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed % limit; };
		for (let round = 0; round < 200; round++) {
			const stream = new SerialStream();
			let produced = 0;
			let text = "";
			stream.take(message(0x15, u64(0), u64(0)));
			stream.take(message(0x16, u64(0)));
			for (let i = 0; i < 50; i++) {
				const bytes = 1 + random(40);
				const back = random(3) === 0 ? Math.min(produced, random(30)) : 0;
				if (random(4) === 0)
					stream.take(gap(produced, produced + bytes, 2));
				else if (random(5) !== 0)
					text += shown(stream, output(produced - back, "x".repeat(bytes + back))).filter((item) => typeof item === "string").join("");
				produced += bytes;
			}
			stream.take(message(0x16, u64(produced)));
			assert.equal(stream.received + stream.lost, produced);
			assert.equal(text.length, stream.received);
		}
	});

	test("malformed messages are refused, unknown ones passed over", () => {
		for (const bad of [[], [0x11], [0x11, ...u64(1)], [0x12, ...u64(5), ...u64(4), 1], [0x12, ...u64(5)], [0x13, 1], [0x14], [0x14, 2], [0x14, 3, 0, 0, 0, 0], [0x14, 2, 2, 0, 0, 0, 65], [0x02, 1, 0, 1], [0x15, 1], [0x16], [0x11, ...u64(2n ** 60n), 65]])
			assert.throws(() => decode(message(bad)), StreamError, JSON.stringify(bad));
		assert.deepEqual(new SerialStream().take(message([0x7f, 1, 2])), []);
		assert.deepEqual(decode(message(0x14, 2, 6, 0, 0, 0, "花子")), { type: "writer", who: "another", label: "花子" });
		assert.deepEqual(decode(message(0x02, 80, 0, 24, 0)), { type: "size", columns: 80, rows: 24 });
	});

	test("input is cut at the limit, a size is kept in bounds", () => {
		const parts = encodeInput(new Uint8Array(max_input_bytes + 1).fill(65));
		assert.deepEqual(parts.map((part) => part.length), [max_input_bytes + 1, 2]);
		assert.ok(parts.every((part) => part[0] === 0x01));
		assert.equal(encodeInput(new Uint8Array(max_input_bytes)).length, 1);
		assert.deepEqual([...encodeSize(5000, 0)], [0x02, 0xe8, 0x03, 1, 0]);
	});
});

describe("keyboard layouts", () => {
	const ascii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));
	const keys = (text, layout) => planTyping(text, layout).strokes.map(({ code, shift, altGr }) => `${shift ? "Shift+" : ""}${altGr ? "AltGr+" : ""}${code}`);

	test("each has every printable ASCII character, Return and Tab", () => {
		for (const layout of layouts)
			assert.deepEqual([...ascii, "\n", "\t"].filter((character) => !charactersOf(layout).includes(character)), [], layout);
		for (const layout of ["us", "jp106", "uk", "de", "fr"])
			assert.ok(layouts.includes(layout));
	});

	test("no two characters have the same keys", () => {
		for (const layout of layouts) {
			const all = charactersOf(layout).map((character) => keys(character, layout).join(" "));
			assert.equal(new Set(all).size, all.length, layout);
		}
	});

	test("the JIS keys", () => {
		assert.deepEqual(keys("¥\\|_^~@", "jp106"), ["IntlYen", "IntlRo", "Shift+IntlYen", "Shift+IntlRo", "Equal", "Shift+Equal", "BracketLeft"]);
	});

	test("AltGr and dead keys", () => {
		assert.deepEqual(keys("@{~", "de"), ["AltGr+KeyQ", "AltGr+Digit7", "AltGr+BracketRight"]);
		assert.deepEqual(keys("^`éÂ", "de"), ["Backquote", "Space", "Shift+Equal", "Space", "Equal", "KeyE", "Backquote", "Shift+KeyA"]);
		assert.deepEqual(keys("^", "de-nodeadkeys"), ["Backquote"]);
		assert.deepEqual(keys("zy", "de"), ["KeyY", "KeyZ"]);
		assert.deepEqual(keys("aA1é^ê", "fr"), ["KeyQ", "Shift+KeyQ", "Shift+Digit1", "Digit2", "AltGr+Digit9", "BracketLeft", "KeyE"]);
		assert.deepEqual(keys("£#~\\|", "uk"), ["Shift+Digit3", "Backslash", "Shift+Backslash", "IntlBackslash", "Shift+IntlBackslash"]);
	});

	test("a text with anything that cannot be typed has no strokes at all, and says which", () => {
		assert.deepEqual(planTyping("a\u00e9b漢字漢\u0007", "us"), { strokes: [], missing: ["é", "漢", "字", "\u0007"] });
		assert.equal(planTyping("e\u0301", "fr").missing.length, 0, "a composed é");
		assert.deepEqual(keys("a\r\nb\rc", "us"), ["KeyA", "Enter", "KeyB", "Enter", "KeyC"]);
	});

	test("modifiers go down before the key and up after it", () => {
		const [[first, second, third, fourth]] = eventsOf(planTyping("A", "us").strokes, "A");
		assert.deepEqual([first.code, second.code, third.code, fourth.code], ["ShiftLeft", "KeyA", "KeyA", "ShiftLeft"]);
		assert.deepEqual([first.down, second.down, third.down, fourth.down], [true, true, false, false]);
		assert.equal(second.keysym, 65);
	});
});

describe("typing", () => {
	test("a cancel lets go of every key and ends before the next stroke", async () => {
		const stop = new AbortController();
		const sent = [];
		const typed = typeKeys(eventsOf(planTyping("AAAA", "us").strokes, "AAAA"), {
			send: (keysym, code, down) => { sent.push([code, down]); }, signal: stop.signal, progress: (done) => done === 2 && stop.abort(),
		});
		await assert.rejects(typed, Cancelled);
		assert.equal(sent.length, 8);
		assert.deepEqual(sent.at(-1), ["ShiftLeft", false]);
	});

	test("bytes wait until the connection has taken those before", async () => {
		let waiting = 1 << 20;
		let sent = "";
		const done = typeBytes(new TextEncoder().encode("x".repeat(100)), {
			send: (part) => { sent += Buffer.from(part).toString(); }, waiting: () => waiting, progress: () => {}, signal: new AbortController().signal,
		});
		await new Promise((resolve) => { setTimeout(resolve, 100); });
		assert.equal(sent, "");
		waiting = 0;
		await done;
		assert.equal(sent.length, 100);
	});

	test("bracketed paste cannot be ended from inside", () => {
		const text = (bytes) => Buffer.from(bytes).toString();
		assert.equal(text(serialBytes("a\r\nb\n", false)), "a\rb\r");
		assert.equal(text(serialBytes("a\x1b[201~rm\n", true)), "\x1b[200~a[201~rm\r\x1b[201~");
	});
});
