// One console's connection: gets in, says how it stands, and comes back by itself.
//
// A ticket from request_console opens it, sent as the first frame and never part of an address. The
// service answers the handshake with a cookie for this console alone, which scripts cannot see; a
// reload or a dropped connection gets in by that, and asks for a ticket only if the cookie is not
// taken. What this tab remembers of it is when it was last renewed and for which mode.
//
// States: {state: "idle" | "connecting" | "open" | "waiting" | "off" | "ended", code?, error?, at?}
//   connecting  isAgain after a drop
//   waiting  the connection dropped; the next try is at `at` (ms)
//   off      there is nothing to connect to until the server runs
//   ended    somebody has to decide what is next: `code` is the service's close code, `error` an ApiError

import { post } from "./api.js";

const greeting_ms = 10000;
const first_pause_ms = 500;
const longest_pause_ms = 10000;
const healthy_ms = 10000;
const cookie_ms = 9 * 60 * 1000; // it lives for ten minutes
const max_refusals = 2;

export const close_codes = {
	normal: 1000, goingAway: 1001, protocol: 1002, tooBig: 1009,
	refused: 4001, cut: 4002, idle: 4003, life: 4004, limit: 4005, off: 4006, deleted: 4007, lost: 4008,
};
const final = new Set([
	close_codes.protocol, close_codes.tooBig, close_codes.cut, close_codes.idle, close_codes.life, close_codes.limit, close_codes.deleted,
]);
const passing = new Set(["network", "timeout", "bad_answer", "unavailable", "rate_limit_exceeded", "hypervisor_unavailable"]);

export class ConsoleLink {
	#socket = null;
	#timer = 0;
	#pause_ms = first_pause_ms;
	#refusals = 0;
	#attempt = 0; // answers to an earlier one are dropped
	#openSince = 0;
	#isAgain = false; // it comes back after a drop

	/**
	 * @param mode        "view", "control", or undefined for what one has the right to
	 * @param from        () → the offset to resume from, or undefined
	 * @param whenOpen    (greeting) once the service has let us in
	 * @param whenData    (ArrayBuffer) for each message after the greeting
	 * @param whenClosed  () when an open connection has gone, whatever comes next
	 * @param whenState   (state) at every change
	 */
	constructor({ server, kind, mode, from = () => undefined, whenOpen, whenData, whenClosed, whenState }) {
		Object.assign(this, { server, kind, mode, from, whenOpen, whenData, whenClosed, whenState });
		this.state = { state: "idle" };
	}

	open() {
		this.#isAgain = false;
		this.#pause_ms = first_pause_ms;
		this.#refusals = 0;
		this.#try();
	}

	/** Leaves; nothing is tried again until open(). */
	close() {
		this.#drop();
		this.#become({ state: "idle" });
	}

	/** Comes back with other rights: the cookie is for the ones before. */
	reopenAs(mode) {
		this.mode = mode;
		this.#drop();
		this.open();
	}

	send(data) {
		if (this.state.state === "open")
			this.#socket.send(data);
	}

	/** Bytes that wait to be sent. */
	get waiting_bytes() {
		return this.#socket?.bufferedAmount ?? 0;
	}

	#become(state) {
		this.state = state;
		this.whenState(state);
	}

	#drop() {
		const socket = this.#socket;
		this.#attempt++;
		clearTimeout(this.#timer);
		this.#socket = null;
		socket?.close(close_codes.normal);
		if (this.state.state === "open")
			this.whenClosed();
	}

	get #memory() {
		return `ippo.console.${this.server}.${this.kind}`;
	}

	#hasCookie() {
		try {
			const { until, asked } = JSON.parse(sessionStorage.getItem(this.#memory) ?? "{}");
			return until > Date.now() && asked === (this.mode ?? "");
		} catch {
			return false;
		}
	}

	#noteCookie(isThere) {
		try {
			if (isThere)
				sessionStorage.setItem(this.#memory, JSON.stringify({ until: Date.now() + cookie_ms, asked: this.mode ?? "" }));
			else
				sessionStorage.removeItem(this.#memory);
		} catch {
			// Storage is forbidden here: every connection takes a ticket.
		}
	}

	async #try() {
		const attempt = ++this.#attempt;
		const byCookie = this.#hasCookie();
		let first = {};

		clearTimeout(this.#timer);
		this.#become({ state: "connecting", isAgain: this.#isAgain });
		if (!byCookie) {
			try {
				const answer = await post(`/v1/servers/${this.server}/actions/request_console`, { type: this.kind, mode: this.mode });
				first = { ticket: answer.password };
			} catch (error) {
				if (attempt === this.#attempt)
					this.#fail(error);
				return;
			}
			if (attempt !== this.#attempt)
				return;
		}
		const from = this.from();
		if (from !== undefined)
			first.from = from;
		this.#connect(attempt, byCookie, first);
	}

	#fail(error) {
		if (error.code === "unauthorized" || error.code === "stopped")
			this.#become({ state: "idle" });
		else if (passing.has(error.code))
			this.#wait(error);
		else if (error.code === "server_not_running")
			this.#become({ state: "off" });
		else
			this.#become({ state: "ended", error });
	}

	#wait(error = null) {
		const pause_ms = this.#pause_ms * (0.75 + Math.random() / 2);

		this.#pause_ms = Math.min(this.#pause_ms * 2, longest_pause_ms);
		this.#isAgain = true;
		this.#timer = setTimeout(() => this.#try(), pause_ms);
		this.#become({ state: "waiting", at: Date.now() + pause_ms, error });
	}

	/** Does not wait for the next try. */
	retry() {
		if (this.state.state === "waiting")
			this.#try();
	}

	#connect(attempt, byCookie, first) {
		const scheme = location.protocol === "https:" ? "wss:" : "ws:";
		const socket = new WebSocket(`${scheme}//${location.host}/v1/consoles/${this.server}/${this.kind}`, "binary");
		let greeted = false;

		this.#socket = socket;
		socket.binaryType = "arraybuffer";
		this.#timer = setTimeout(() => socket.close(), greeting_ms);
		socket.onopen = () => socket.send(JSON.stringify(first));
		socket.onmessage = ({ data }) => {
			if (attempt !== this.#attempt)
				return;
			if (greeted) {
				if (typeof data !== "string")
					this.#give(data);
				return;
			}
			greeted = true;
			clearTimeout(this.#timer);
			this.#welcome(data);
		};
		socket.onclose = ({ code }) => {
			if (attempt !== this.#attempt)
				return;
			clearTimeout(this.#timer);
			this.#socket = null;
			this.#ended(greeted, byCookie, code);
		};
	}

	#give(data) {
		try {
			this.whenData(data);
		} catch (error) {
			// What cannot be understood is not shown as if it had been.
			console.error("console", error);
			this.#drop();
			this.#become({ state: "ended", code: close_codes.protocol });
		}
	}

	#welcome(text) {
		let greeting;
		try {
			greeting = JSON.parse(text);
		} catch {
			this.#socket.close();
			return;
		}
		this.#noteCookie(true);
		this.#openSince = Date.now();
		this.#isAgain = false;
		this.#refusals = 0;
		this.#become({ state: "open", mode: greeting.mode });
		this.whenOpen(greeting);
	}

	#ended(greeted, byCookie, code) {
		if (greeted) {
			this.whenClosed();
			if (Date.now() - this.#openSince > healthy_ms)
				this.#pause_ms = first_pause_ms;
		}
		if (byCookie && !greeted) {
			// Not taken, or the handshake failed without a word: a ticket's request will say why.
			this.#noteCookie(false);
			this.#try();
		} else if (code === close_codes.off) {
			this.#become({ state: "off" });
		} else if (final.has(code)) {
			this.#noteCookie(false);
			this.#become({ state: "ended", code });
		} else if (code === close_codes.refused && ++this.#refusals >= max_refusals) {
			this.#become({ state: "ended", code });
		} else {
			this.#wait();
		}
	}
}
