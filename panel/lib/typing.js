// Types a text step by step, so that none of it is lost, and can be stopped between two steps.

/** Between two strokes on a screen's keyboard: a guest without KVM polls its keyboard slowly. */
export const stroke_ms = 20;
const after_line_ms = 60;
const serial_chunk_bytes = 32;
const serial_pause_ms = 20;
const max_waiting_bytes = 4096;

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

export class Cancelled extends Error {}

function watch(signal) {
	if (signal.aborted)
		throw new Cancelled();
}

/**
 * Sends key events, stroke by stroke. Rejects with Cancelled when stopped; no key stays down.
 * @param strokes   as eventsOf() gives them
 * @param send      (keysym, code, down); returns false when it cannot send
 * @param progress  (strokes done)
 */
export async function typeKeys(strokes, { send, progress, signal }) {
	for (let i = 0; i < strokes.length; i++) {
		watch(signal);
		for (const { keysym, code, down } of strokes[i]) {
			if (send(keysym, code, down) === false)
				throw new Error("the connection has gone");
		}
		progress(i + 1);
		await pause(strokes[i].some(({ code }) => code === "Enter") ? after_line_ms : stroke_ms);
	}
}

/**
 * Sends bytes to a serial port in small pieces: a port takes 11,520 bytes a second at most, and a
 * program reads a line of 4,096 at most at once.
 * @param send     (Uint8Array); returns false when it cannot send
 * @param waiting  () → bytes that have not left yet
 */
export async function typeBytes(bytes, { send, waiting, progress, signal }) {
	for (let i = 0; i < bytes.length;) {
		watch(signal);
		if (waiting() > max_waiting_bytes) {
			await pause(serial_pause_ms);
			continue;
		}
		const part = bytes.subarray(i, i + serial_chunk_bytes);
		if (send(part) === false)
			throw new Error("the connection has gone");
		i += part.length;
		progress(i);
		await pause(serial_pause_ms);
	}
}

const paste_start = "\x1b[200~";
const paste_end = "\x1b[201~";

/**
 * The bytes of a pasted text. A terminal sends Return for a line's end. With bracketed paste the
 * program is told where it begins and ends, and a text cannot end it early.
 */
export function serialBytes(text, bracketed) {
	const lines = text.replace(/\r\n?|\n/g, "\r");
	const body = bracketed ? lines.replace(/\x1b/g, "") : lines;
	return new TextEncoder().encode(bracketed ? paste_start + body + paste_end : body);
}
