// The stream of events: GET /v1/events, kept open for as long as somebody is signed in.
//
// It is read with fetch rather than EventSource, because that alone shows the pings (a stream that
// is silent for too long is dead, whatever TCP thinks) and the status of a refusal. The service says
// "resync" at the beginning of each stream: the caller reads everything anew, after the first time
// and after every interruption. Nothing is assumed about what was missed.
//
// A tab that nobody looks at gives its stream back after a while: a browser opens six connections
// to a service at most, and a seventh tab would wait for ever.

import { signal } from "../vendor/signals.js";
import { errorOf } from "./api.js";

const silence_ms = 40000; // the service pings every 15 s
const patience_ms = 1500; // a gap shorter than this is not worth a banner
const first_ms = 500;
const longest_ms = 15000;
const healthy_ms = 10000;
const hidden_ms = 10000; // how long a tab may be out of sight before it lets go
const max_event_chars = 1 << 20;

/** "idle", "connecting", "live" or "lost"; since when it is lost. */
export const link = signal({ state: "idle", since: 0 });

let running = null;

function setState(state) {
	const now = link.peek();
	if (now.state !== state)
		link.value = { state, since: state === "lost" ? now.since || Date.now() : 0 };
}

/** Feeds text to the returned function; calls `take(event, data)` for each whole event. */
export function makeParser(take) {
	let rest = "";
	let name = "message";
	let data = [];
	let size = 0;

	return (text) => {
		rest += text;
		const lines = rest.split(/\r\n|\n|\r(?!$)/);
		rest = lines.pop();
		if (rest.length > max_event_chars)
			throw new Error("an event without end");
		for (const line of lines) {
			if (line === "") {
				if (data.length > 0)
					take(name, data.join("\n"));
				name = "message";
				data = [];
				size = 0;
				continue;
			}
			const colon = line.indexOf(":");
			if (colon === 0)
				continue;
			const field = colon < 0 ? line : line.slice(0, colon);
			const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
			if (field === "event") {
				name = value;
			} else if (field === "data") {
				data.push(value);
				size += value.length;
				if (size > max_event_chars)
					throw new Error("an event too large");
			}
		}
	};
}

function noteLive(run) {
	run.liveSince ||= Date.now();
	clearTimeout(run.patience);
	run.patience = 0;
	setState("live");
}

async function readStream(run) {
	const response = await fetch("/v1/events", {
		headers: { Accept: "text/event-stream" },
		credentials: "same-origin",
		cache: "no-store",
		signal: run.attempt.signal,
	});
	if (!response.ok) {
		const error = await errorOf(response);
		if (response.status === 401)
			run.whenUnauthorized();
		throw error;
	}

	const { attempt } = run;
	const renew = () => run.renew().then(() => {
		if (run.attempt === attempt && !attempt.signal.aborted)
			noteLive(run);
	}, () => attempt.abort());

	const decoder = new TextDecoder();
	const feed = makeParser((name, text) => {
		try {
			if (name === "resync")
				renew();
			else
				run.whenEvent(name, JSON.parse(text));
		} catch (error) {
			console.error("event", name, error);
			renew();
		}
	});
	const reader = response.body.getReader();
	for (;;) {
		const watchdog = setTimeout(() => run.attempt.abort(), silence_ms);
		const { done, value } = await reader.read().finally(() => clearTimeout(watchdog));
		if (done)
			return;
		feed(decoder.decode(value, { stream: true }));
	}
}

async function keepOpen(run) {
	let pause_ms = first_ms;

	while (!run.stopped) {
		if (run.paused) {
			clearTimeout(run.patience);
			run.patience = 0;
			setState("connecting");
			await new Promise((resolve) => { run.wake = resolve; });
			pause_ms = first_ms;
			continue;
		}
		run.attempt = new AbortController();
		run.liveSince = 0;
		let failed = null;
		try {
			await readStream(run);
		} catch (error) {
			failed = error;
		}
		if (run.stopped)
			return;
		if (run.paused)
			continue;
		if (run.liveSince && Date.now() - run.liveSince > healthy_ms)
			pause_ms = first_ms;
		if (run.liveSince === 0 && failed) {
			setState("lost");
		} else if (!run.patience) {
			setState("connecting");
			run.patience = setTimeout(() => setState("lost"), patience_ms);
		}
		await new Promise((resolve) => {
			run.wake = resolve;
			setTimeout(resolve, pause_ms * (0.75 + Math.random() / 2));
		});
		pause_ms = Math.min(pause_ms * 2, longest_ms);
	}
}

/**
 * @param renew      reads everything anew; called when the stream says so, as it does at its beginning. What is shown counts as live once this has been done
 * @param whenEvent  (name, value) for each event
 */
export function startEvents({ renew, whenEvent, whenUnauthorized }) {
	stopEvents();
	running = {
		renew, whenEvent, whenUnauthorized, stopped: false, paused: false, attempt: null, patience: 0, liveSince: 0, wake: () => {},
	};
	setState("connecting");
	keepOpen(running);
}

export function stopEvents() {
	if (running) {
		running.stopped = true;
		clearTimeout(running.patience);
		running.attempt?.abort();
		running.wake();
		running = null;
	}
	setState("idle");
}

/** Tries at once instead of waiting for the next try. */
export function retryEvents() {
	running?.wake();
}

let hiding = 0;

function pause() {
	if (running) {
		running.paused = true;
		running.attempt?.abort();
		running.wake();
	}
}

function followSight() {
	clearTimeout(hiding);
	if (document.hidden) {
		hiding = setTimeout(pause, hidden_ms);
	} else if (running) {
		running.paused = false;
		if (link.peek().state !== "live")
			running.wake();
	}
}

addEventListener("online", retryEvents);
document.addEventListener("visibilitychange", followSight);
