// The serial console: the port's whole story since boot, one who writes, and any number who watch.

import { serviceNow } from "../lib/api.js";
import { ConsoleLink } from "../lib/console-link.js";
import { language, moment, number, t } from "../lib/i18n.js";
import { encodeInput, encodeSize, encodeTake, SerialStream } from "../lib/serial-stream.js";
import { insist } from "../lib/insist.js";
import { loadSheet } from "../lib/sheet.js";
import { recall, remember } from "../lib/storage.js";
import { announce, html, useValue } from "../lib/ui.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { FullScreenButton, useFullScreen, useLatest, useReopening, useWayOut, way_out_id } from "./console-frame.js";
import { ConsoleKeys } from "./console-keys.js";
import { ConnectionState, Ended, Reconnecting, Stopped } from "./console-status.js";
import { Failure } from "./failure.js";
import { Icon } from "./icon.js";
import { Paste } from "./paste.js";
import { SerialText } from "./serial-text.js";

const sizes = [10, 12, 14, 16, 18, 20, 24];
const default_size = 14;

// What a terminal sends for keys; arrows have another form where a program asks for it.
const sequences = {
	Tab: "\t", Escape: "\x1b", F1: "\x1bOP", F2: "\x1bOQ", F3: "\x1bOR", F4: "\x1bOS", F5: "\x1b[15~", F6: "\x1b[17~", F7: "\x1b[18~",
	F8: "\x1b[19~", F9: "\x1b[20~", F10: "\x1b[21~", F11: "\x1b[23~", F12: "\x1b[24~", CtrlC: "\x03", CtrlD: "\x04", CtrlZ: "\x1a",
	Home: "\x1b[H", End: "\x1b[F", PageUp: "\x1b[5~", PageDown: "\x1b[6~", Delete: "\x1b[3~",
};
const arrows = { ArrowUp: "A", ArrowDown: "B", ArrowRight: "C", ArrowLeft: "D" };
const chords = [
	{ id: "CtrlC", text: "Ctrl+C" }, { id: "CtrlD", text: "Ctrl+D" }, { id: "CtrlZ", text: "Ctrl+Z" },
	{ id: "Home", text: "Home" }, { id: "End", text: "End" }, { id: "PageUp", text: "Page Up" }, { id: "PageDown", text: "Page Down" }, { id: "Delete", text: "Delete" },
];

function rememberedSize() {
	const size = Number(recall("console.font"));
	return sizes.includes(size) ? size : default_size;
}

function markText(mark, time_ms) {
	const name = { start: "serial.mark.start", stop: "serial.mark.stop", reset: "serial.mark.reset" }[mark];
	return name ? `— ${t(name)} ${moment(new Date(time_ms), new Date(serviceNow()))} —` : "";
}

function gapText({ bytes, reason }) {
	const why = { old: "serial.gap.old", slow: "serial.gap.slow", away: "serial.gap.away" }[reason];
	const what = bytes === null ? t("serial.gap.unknown") : t("serial.gap", { count: bytes, bytes: number(bytes) });
	return `— ${what}${why ? ` (${t(why)})` : ""} —`;
}

/** With Ctrl and Alt of the key row, which hold for one key. */
function withHeld(bytes, held) {
	if (bytes.length !== 1)
		return bytes;
	const code = held.Ctrl && bytes[0] >= 0x3f && bytes[0] < 0x80 ? (bytes[0] === 0x3f ? 0x7f : bytes[0] & 0x1f) : bytes[0];
	return held.Alt ? Uint8Array.of(0x1b, code) : Uint8Array.of(code);
}

/** Terminal, stream and connection of one console; `report` is told what changed. */
class SerialSession {
	constructor(server, report) {
		this.report = report;
		this.stream = new SerialStream();
		this.writer = { who: "nobody", label: "" };
		this.mode = "view";
		this.theirs = null;
		this.held = { Ctrl: false, Alt: false };
		this.link = new ConsoleLink({
			server, kind: "serial", from: () => this.stream.from,
			whenOpen: ({ mode }) => {
				this.mode = mode;
				this.terminal.replay();
				report({ mode });
			},
			whenData: (data) => this.#take(data),
			whenClosed: () => this.#write({ who: "nobody", label: "" }),
			whenState: (link) => report({ link }),
		});
	}

	async start(host, options) {
		await loadSheet("/vendor/xterm.css");
		const { SerialTerminal } = await insist(() => import("../lib/serial-terminal.js"));
		if (this.isOver)
			return;
		this.terminal = new SerialTerminal(host, {
			...options,
			whenInput: (bytes, byHand) => this.#typed(bytes, byHand),
			whenSize: () => this.#tellSize(),
			whenSkipped: (bytes) => gapText({ bytes, reason: "slow" }),
		});
		this.link.open();
	}

	end() {
		this.isOver = true;
		this.link.close();
		this.terminal?.dispose();
	}

	#take(data) {
		for (const item of this.stream.take(data)) {
			switch (item.show) {
			case "output":
				this.terminal.output(item.data);
				break;
			case "gap":
				this.terminal.line(gapText(item), true);
				break;
			case "mark":
				this.terminal.line(markText(item.mark, item.time_ms));
				break;
			case "writer":
				this.#write(item);
				break;
			case "size":
				this.theirs = { columns: item.columns, rows: item.rows };
				this.#follow();
				break;
			case "live":
				this.terminal.live();
				break;
			default:
			}
		}
	}

	#write({ who, label }) {
		const before = this.writer;
		this.writer = { who, label };
		this.#follow();
		this.#tellSize();
		if (before.who === "you" && who === "another")
			announce(t("serial.taken", { name: label }));
		this.report({ writer: this.writer });
	}

	#follow() {
		this.terminal.follow(this.writer.who === "another" ? this.theirs : null);
	}

	#tellSize() {
		if (this.writer.who === "you")
			this.link.send(encodeSize(this.terminal.size.columns, this.terminal.size.rows));
	}

	take() {
		this.link.send(encodeTake());
		this.terminal.focus();
	}

	/** Whether input arrives: nobody else writes, and one may. Who types when nobody writes, writes. */
	get mayWrite() {
		return this.link.state.state === "open" && this.mode === "control" && this.writer.who !== "another";
	}

	input(bytes) {
		if (!this.mayWrite)
			return false;
		if (this.writer.who === "nobody") {
			this.link.send(encodeTake());
			this.#write({ who: "you", label: "" });
		}
		for (const message of encodeInput(bytes))
			this.link.send(message);
		return true;
	}

	#typed(bytes, byHand) {
		if (!byHand && this.writer.who !== "you")
			return;
		const sent = this.input(withHeld(bytes, this.held));
		if (this.held.Ctrl || this.held.Alt)
			this.hold({ Ctrl: false, Alt: false });
		if (!sent && byHand)
			this.report({ ignored: true });
	}

	hold(held) {
		this.held = held;
		this.report({ held });
	}

	key(name) {
		const arrow = arrows[name];
		if (arrow)
			this.terminal.type(`\x1b${this.terminal.usesApplicationCursor ? "O" : "["}${arrow}`);
		else
			this.terminal.type(sequences[name]);
	}
}

function Writer({ state, isOff, onTake }) {
	const { who, label } = state.writer;
	if (state.link.state !== "open" || state.mode !== "control")
		return null;
	return html`<span class="console-writer">
		<span>${isOff ? t("serial.writer.off") : t(`serial.writer.${who}`, { name: label })}</span>
		${who === "another" && !isOff && html` <button type="button" class="button small" onClick=${onTake}>${t("serial.take")}</button>`}
	</span>`;
}

export function SerialConsole({ server, power, onStart, hidden, wayOut }) {
	const box = useRef(null);
	const host = useRef(null);
	const session = useRef(null);
	const textButton = useRef(null);
	const pasteButton = useRef(null);
	const full = useFullScreen(box);
	const [attempt, setAttempt] = useState(0);
	const [failure, setFailure] = useState(null);
	const [font, setFont] = useState(rememberedSize);
	const [window, setWindow] = useState(null);
	const [state, setState] = useState({ link: { state: "connecting" }, mode: "view", writer: { who: "nobody", label: "" }, held: { Ctrl: false, Alt: false }, ignored: false });
	const words = useValue(language);
	const latest = useLatest({ server, font });
	const { link, mode, writer } = state;

	useWayOut(box, wayOut);
	useEffect(() => {
		const mine = new SerialSession(server.id, (change) => setState((before) => ({ ...before, ignored: false, ...change })));
		session.current = mine;
		setFailure(null);
		mine.start(host.current, { fontSize: latest.current.font, label: t("serial.terminal", { name: latest.current.server.name }), describedBy: way_out_id })
			.catch((error) => {
				console.error(error);
				setFailure({ code: "network" });
			});
		return () => mine.end();
	}, [server.id, attempt]);
	useEffect(() => {
		if (session.current.terminal)
			session.current.terminal.label = t("serial.terminal", { name: server.name });
	}, [words, server.name]);
	useReopening(session, link, server);

	const changeFont = (step) => {
		const size = sizes[Math.min(sizes.length - 1, Math.max(0, sizes.indexOf(font) + step))];
		remember("console.font", String(size));
		setFont(size);
		session.current.terminal.fontSize = size;
	};
	const isOpen = link.state === "open";
	const mayType = isOpen && mode === "control";
	const obstacle = !isOpen ? t("paste.not-connected") : writer.who === "another" ? t("paste.another", { name: writer.label }) : null;
	const focusTerminal = () => host.current?.querySelector("textarea");

	return html`<section class="console" ref=${box} role="tabpanel" id="panel-serial" aria-labelledby="tab-serial" hidden=${hidden}>
		<div class="console-bar">
			<${ConnectionState} link=${link} mode=${mode}><${Writer} state=${state} isOff=${server.status === "off"} onTake=${() => session.current.take()}/><//>
			<div class="buttons">
				${mayType && html`<button type="button" class="button small" ref=${pasteButton} onClick=${() => setWindow("paste")}>${t("paste")}</button>`}
				<button type="button" class="button small" ref=${textButton} onClick=${() => setWindow("text")}>${t("serial-text")}</button>
				<span class="console-font" role="group" aria-label=${t("console.font")}>
					<button type="button" class="button small" aria-disabled=${font === sizes[0] ? "true" : undefined} onClick=${() => changeFont(-1)}>A−<span class="visually-hidden"> ${t("console.font.smaller")}</span></button>
					<button type="button" class="button small" aria-disabled=${font === sizes.at(-1) ? "true" : undefined} onClick=${() => changeFont(1)}>A+<span class="visually-hidden"> ${t("console.font.larger")}</span></button>
				</span>
				<${FullScreenButton} full=${full}/>
				${isOpen && html`<button type="button" class="button small" onClick=${() => session.current.link.close()}>${t("console.disconnect")}</button>`}
			</div>
		</div>
		${state.ignored && html`<p class="console-ignored" role="status"><${Icon} name="attention"/> ${t(mode === "view" ? "console.view-only" : "serial.ignored", { name: writer.label })}</p>`}
		<${Reconnecting} link=${link} onRetry=${() => session.current.link.retry()}/>
		<${Ended} link=${link} onOpen=${() => session.current.link.open()}/>
		${failure && html`<${Failure} title=${t("console.unloaded")} error=${failure} onRetry=${() => setAttempt(attempt + 1)}/>`}
		<${Stopped} server=${server} ...${power} onStart=${onStart} text=${t("serial.off")}/>
		<div class="console-screen serial-screen" ref=${host}></div>
		${mode === "control" && html`<${ConsoleKeys} id="serial" isOff=${!mayType} held=${state.held} chords=${chords}
			onHold=${(key) => { session.current.hold({ ...state.held, [key]: !state.held[key] }); session.current.terminal.focus(); }}
			onKey=${(key) => session.current.key(key)} onKeyboard=${() => session.current.terminal.focus()}/>`}
		${window === "paste" && html`<${Paste} server=${server} obstacle=${obstacle} onClose=${() => setWindow(null)} fallback=${focusTerminal}
			target=${{
				kind: "serial", send: (bytes) => session.current.input(bytes), waiting: () => session.current.link.waiting_bytes,
				bracketed: () => session.current.terminal.wantsBracketedPaste,
			}}/>`}
		${window === "text" && html`<${SerialText} server=${server} onClose=${() => setWindow(null)} fallback=${() => textButton.current}/>`}
	</section>`;
}
