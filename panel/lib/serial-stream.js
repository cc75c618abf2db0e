// The messages of a serial console, as src/wire/console_message.h has them: one WebSocket message
// is one message, its first byte the type, numbers little-endian. Offsets count the bytes that the
// guest has sent since the server was made.

export const max_input_bytes = 4096;
export const max_size = 1000;

const types = {
	input: 0x01, size: 0x02, take: 0x03, release: 0x04,
	output: 0x11, gap: 0x12, mark: 0x13, writer: 0x14, ready: 0x15, live: 0x16,
};
const gaps = { 1: "old", 2: "slow", 3: "away" };
const marks = { 1: "start", 2: "stop", 3: "reset" };
const writers = ["nobody", "you", "another"];

export class StreamError extends Error {}

/** Offsets fit a double up to 2^53: a guest would write for thousands of years. */
function offsetAt(view, at) {
	const value = view.getBigUint64(at, true);
	if (value > BigInt(Number.MAX_SAFE_INTEGER))
		throw new StreamError("an offset beyond measure");
	return Number(value);
}

function expect(condition, what) {
	if (!condition)
		throw new StreamError(what);
}

/** Decodes one message from the host: {type, …}; one that is unknown here has the type "unknown". */
export function decode(buffer) {
	const view = new DataView(buffer);
	const bytes = buffer.byteLength;
	expect(bytes > 0, "an empty message");

	switch (view.getUint8(0)) {
	case types.output:
		expect(bytes > 9, "output without bytes");
		return { type: "output", offset: offsetAt(view, 1), data: new Uint8Array(buffer, 9) };
	case types.gap: {
		expect(bytes === 18, "a gap of a wrong length");
		const [from, to] = [offsetAt(view, 1), offsetAt(view, 9)];
		expect(from <= to, "a gap that ends before it begins");
		return { type: "gap", from, to, reason: gaps[view.getUint8(17)] ?? "unknown" };
	}
	case types.mark:
		expect(bytes === 18, "a mark of a wrong length");
		return { type: "mark", offset: offsetAt(view, 1), mark: marks[view.getUint8(9)] ?? "unknown", time_ms: offsetAt(view, 10) };
	case types.writer: {
		expect(bytes >= 6, "a writer cut short");
		const who = writers[view.getUint8(1)];
		expect(who, "a writer of an unknown kind");
		expect(view.getUint32(2, true) === bytes - 6, "a label of a wrong length");
		return { type: "writer", who, label: new TextDecoder().decode(new Uint8Array(buffer, 6)) };
	}
	case types.size:
		expect(bytes === 5, "a size of a wrong length");
		return { type: "size", columns: view.getUint16(1, true), rows: view.getUint16(3, true) };
	case types.ready:
		expect(bytes === 17, "bounds of a wrong length");
		return { type: "ready", first: offsetAt(view, 1), end: offsetAt(view, 9) };
	case types.live:
		expect(bytes === 9, "a beginning of a wrong length");
		return { type: "live", offset: offsetAt(view, 1) };
	default:
		return { type: "unknown" };
	}
}

/** Input as messages of at most max_input_bytes each. */
export function encodeInput(data) {
	const messages = [];
	for (let i = 0; i < data.length; i += max_input_bytes) {
		const part = data.subarray(i, i + max_input_bytes);
		const message = new Uint8Array(1 + part.length);
		message[0] = types.input;
		message.set(part, 1);
		messages.push(message);
	}
	return messages;
}

export function encodeSize(columns, rows) {
	const limited = (value) => Math.min(max_size, Math.max(1, value));
	const message = new DataView(new ArrayBuffer(5));
	message.setUint8(0, types.size);
	message.setUint16(1, limited(columns), true);
	message.setUint16(3, limited(rows), true);
	return new Uint8Array(message.buffer);
}

export const encodeTake = () => Uint8Array.of(types.take);
export const encodeRelease = () => Uint8Array.of(types.release);

/**
 * Keeps account of what has been seen, over any number of connections. Every byte is shown once or
 * said to be missing: what comes twice is cut off, and a jump in the offsets counts as a gap even
 * where the host did not declare it.
 */
export class SerialStream {
	constructor() {
		this.next = null; // offset of the first byte not yet seen; null: none has been seen
		this.received = 0; // bytes shown
		this.lost = 0; // bytes declared missing
		this.unknownLosses = 0; // gaps of unknown length
		this.lastMark = { offset: -1, time_ms: -1 };
	}

	/** What to ask for after a reconnect; undefined for all that is kept. */
	get from() {
		return this.next ?? undefined;
	}

	/**
	 * Takes one message; returns what there is to show, in order:
	 * {show: "output", data}, {show: "gap", bytes (null: unknown), reason}, {show: "mark", mark, time_ms},
	 * {show: "writer", who, label}, {show: "size", columns, rows}, {show: "ready"}, {show: "live"}.
	 */
	take(buffer) {
		const message = decode(buffer);

		switch (message.type) {
		case "output": {
			const shown = this.#skipTo(message.offset, "unknown");
			const known = this.next - message.offset;
			if (known < message.data.length) {
				const data = message.data.subarray(known);
				this.next += data.length;
				this.received += data.length;
				shown.push({ show: "output", data });
			}
			return shown;
		}
		case "gap":
			if (message.from === message.to) {
				this.unknownLosses++;
				return [...this.#skipTo(message.from, "unknown"), { show: "gap", bytes: null, reason: message.reason }];
			}
			this.next ??= message.from;
			return this.#skipTo(message.to, message.reason);
		case "mark": {
			// One that stands where a connection resumes comes again.
			const isKnown = message.offset <= this.lastMark.offset && message.time_ms <= this.lastMark.time_ms;
			if (isKnown)
				return [];
			this.lastMark = message;
			return [{ show: "mark", mark: message.mark, time_ms: message.time_ms }];
		}
		case "writer":
			return [{ show: "writer", who: message.who, label: message.label }];
		case "size":
			return [{ show: "size", columns: message.columns, rows: message.rows }];
		case "ready":
			return [...this.#begin(message), { show: "ready" }];
		case "live":
			return [...this.#skipTo(message.offset, "unknown"), { show: "live" }];
		default:
			return [];
		}
	}

	/** The ring of another life of the server (rebuilt, say) ends before what was seen here. */
	#begin({ end }) {
		if (this.next !== null && end < this.next) {
			this.next = null;
			this.unknownLosses++;
			return [{ show: "gap", bytes: null, reason: "away" }];
		}
		return [];
	}

	#skipTo(offset, reason) {
		if (this.next === null || offset <= this.next) {
			this.next ??= offset;
			return [];
		}
		const bytes = offset - this.next;
		this.next = offset;
		this.lost += bytes;
		return [{ show: "gap", bytes, reason }];
	}
}
