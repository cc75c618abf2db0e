// The VNC console: the server's screen and keyboard.

import { ConsoleLink } from "../lib/console-link.js";
import { language, t } from "../lib/i18n.js";
import { eventsOf, planTyping } from "../lib/keyboard-layouts.js";
import { insist } from "../lib/insist.js";
import { html, useValue } from "../lib/ui.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { FullScreenButton, useFullScreen, useLatest, useReopening, useWayOut, way_out_id } from "./console-frame.js";
import { ConsoleKeys } from "./console-keys.js";
import { ConnectionState, Ended, Reconnecting, Stopped } from "./console-status.js";
import { Failure } from "./failure.js";
import { Paste, rememberedLayout } from "./paste.js";

const modifiers = {
	Ctrl: { keysym: 0xffe3, code: "ControlLeft" }, Alt: { keysym: 0xffe9, code: "AltLeft" }, Super: { keysym: 0xffeb, code: "MetaLeft" },
};
const keys = {
	Tab: { keysym: 0xff09, code: "Tab" }, Escape: { keysym: 0xff1b, code: "Escape" }, Delete: { keysym: 0xffff, code: "Delete" },
	ArrowLeft: { keysym: 0xff51, code: "ArrowLeft" }, ArrowUp: { keysym: 0xff52, code: "ArrowUp" },
	ArrowRight: { keysym: 0xff53, code: "ArrowRight" }, ArrowDown: { keysym: 0xff54, code: "ArrowDown" },
	Backspace: { keysym: 0xff08, code: "Backspace" }, Enter: { keysym: 0xff0d, code: "Enter" },
	PrintScreen: { keysym: 0xff61, code: "PrintScreen" }, F4: { keysym: 0xffc1, code: "F4" },
};
for (let i = 1; i <= 12; i++)
	keys[`F${i}`] = { keysym: 0xffbd + i, code: `F${i}` };

const combinations = {
	CtrlAltDel: [modifiers.Ctrl, modifiers.Alt, keys.Delete],
	CtrlAltBackspace: [modifiers.Ctrl, modifiers.Alt, keys.Backspace],
	CtrlAltF1: [modifiers.Ctrl, modifiers.Alt, keys.F1], CtrlAltF2: [modifiers.Ctrl, modifiers.Alt, keys.F2],
	CtrlAltF3: [modifiers.Ctrl, modifiers.Alt, keys.F3], CtrlAltF7: [modifiers.Ctrl, modifiers.Alt, keys.F7],
	AltTab: [modifiers.Alt, keys.Tab], AltF4: [modifiers.Alt, keys.F4], Super: [modifiers.Super], PrintScreen: [keys.PrintScreen],
};
const chords = [
	{ id: "CtrlAltF1", text: "Ctrl+Alt+F1" }, { id: "CtrlAltF2", text: "Ctrl+Alt+F2" }, { id: "CtrlAltF3", text: "Ctrl+Alt+F3" },
	{ id: "CtrlAltF7", text: "Ctrl+Alt+F7" }, { id: "CtrlAltBackspace", text: "Ctrl+Alt+Backspace" }, { id: "AltTab", text: "Alt+Tab" },
	{ id: "AltF4", text: "Alt+F4" }, { id: "Super", text: "Windows / Super" }, { id: "PrintScreen", text: "Print Screen" },
];

/** Screen and connection of one console; `report` is told what changed. */
class VncSession {
	constructor(server, report) {
		this.server = server;
		this.report = report;
		this.screen = null;
		this.isScaled = true;
		this.held = { Ctrl: false, Alt: false };
		this.link = new ConsoleLink({
			server, kind: "vnc",
			whenOpen: ({ mode }) => this.#show(mode),
			whenData: (data) => this.screen?.take(data),
			whenClosed: () => this.#hide(),
			whenState: (link) => report({ link }),
		});
	}

	async start(host, words) {
		this.host = host;
		this.words = words;
		this.module = await insist(() => import("../lib/vnc-screen.js"));
		if (!this.isOver)
			this.link.open();
	}

	end() {
		this.isOver = true;
		this.link.close();
		this.#hide();
	}

	#show(mode) {
		this.held = { Ctrl: false, Alt: false };
		this.report({ mode, isShown: false, held: this.held });
		this.screen = new this.module.VncScreen(this.host, this.link, {
			viewOnly: mode === "view", isScaled: this.isScaled, label: this.words().screen, describedBy: way_out_id,
			whenShown: () => this.report({ isShown: true }),
			whenFailed: () => this.link.close(),
		});
		this.screen.canvas.addEventListener("keyup", (event) => {
			if (event.key !== "Control" && event.key !== "Alt")
				this.#letGo();
		});
	}

	#hide() {
		this.screen?.dispose();
		this.screen = null;
		this.report({ isShown: false });
	}

	view(mode) {
		this.link.reopenAs(mode);
	}

	scale(isScaled) {
		this.isScaled = isScaled;
		if (this.screen)
			this.screen.isScaled = isScaled;
	}

	send(keysym, code, down) {
		return this.screen?.key(keysym, code, down) ?? false;
	}

	/** Ctrl and Alt of the key row go down at once and stay so for the next key. */
	hold(name) {
		const down = !this.held[name];
		const { keysym, code } = modifiers[name];
		this.send(keysym, code, down);
		this.held = { ...this.held, [name]: down };
		this.report({ held: this.held });
	}

	#letGo() {
		for (const name of ["Ctrl", "Alt"]) {
			if (this.held[name])
				this.hold(name);
		}
	}

	key(name) {
		this.screen?.chord(combinations[name] ?? [keys[name]]);
		this.#letGo();
	}

	/** From a soft keyboard, by the guest's layout; what that lacks goes as a keysym. */
	text(text) {
		for (const character of text) {
			const { strokes, missing } = planTyping(character, rememberedLayout(this.server));
			if (missing.length > 0) {
				const point = character.codePointAt(0);
				const keysym = point < 0x100 ? point : 0x01000000 | point;
				this.send(keysym, "", true);
				this.send(keysym, "", false);
			}
			for (const { keysym, code, down } of eventsOf(strokes, character).flat())
				this.send(keysym, code, down);
		}
		this.#letGo();
	}
}

const filler = "."; // there must be something to delete, or Backspace would say nothing

/** Where a soft keyboard types: always the same inside, so that every change is a key. */
function SoftKeyboard({ field, session }) {
	const take = (event) => {
		if (event.isComposing || event.inputType === "insertCompositionText")
			return;
		if (event.inputType === "deleteContentBackward")
			session.current.key("Backspace");
		else if (event.inputType === "insertLineBreak")
			session.current.key("Enter");
		else if (event.data)
			session.current.text(event.data);
		event.preventDefault();
	};
	const finish = (event) => {
		session.current.text(event.data ?? "");
		event.target.value = filler;
	};
	return html`<textarea class="visually-hidden" ref=${field} rows="1" aria-label=${t("keys.soft")} autocapitalize="none" autocomplete="off"
		autocorrect="off" spellcheck="false" tabindex="-1" onBeforeInput=${take} onCompositionEnd=${finish}>${filler}</textarea>`;
}

export function VncConsole({ server, power, onStart, hidden, wayOut }) {
	const box = useRef(null);
	const host = useRef(null);
	const soft = useRef(null);
	const session = useRef(null);
	const full = useFullScreen(box);
	const [attempt, setAttempt] = useState(0);
	const [failure, setFailure] = useState(null);
	const [isPasting, setPasting] = useState(false);
	const [isScaled, setScaled] = useState(true);
	const [chosen, setChosen] = useState(undefined); // "view" when the visitor wants to look only
	const [state, setState] = useState({ link: { state: "connecting" }, mode: "view", isShown: false, held: { Ctrl: false, Alt: false } });
	const words = useValue(language);
	const { link, mode, isShown } = state;
	const name = useLatest(server.name);

	useWayOut(box, wayOut);
	useEffect(() => {
		const mine = new VncSession(server.id, (change) => setState((before) => ({ ...before, ...change })));
		session.current = mine;
		setFailure(null);
		mine.start(host.current, () => ({ screen: t("vnc.screen", { name: name.current }) })).catch((error) => {
			console.error(error);
			setFailure({ code: "network" });
		});
		return () => mine.end();
	}, [server.id, attempt]);
	useEffect(() => {
		if (session.current.screen)
			session.current.screen.label = t("vnc.screen", { name: server.name });
	}, [words, server.name]);
	useReopening(session, link, server);

	const isOpen = link.state === "open";
	const mayType = isOpen && isShown && mode === "control";
	const toggleView = () => {
		const next = chosen === "view" ? undefined : "view";
		setChosen(next);
		session.current.view(next);
	};
	const toggleScale = () => {
		session.current.scale(!isScaled);
		setScaled(!isScaled);
	};
	const focusScreen = () => host.current?.querySelector("canvas");

	return html`<section class="console" ref=${box} role="tabpanel" id="panel-vnc" aria-labelledby="tab-vnc" hidden=${hidden}>
		<div class="console-bar">
			<${ConnectionState} link=${isOpen && !isShown ? { state: "connecting" } : link} mode=${mode}/>
			<div class="buttons">
				${mayType && html`<button type="button" class="button small" onClick=${() => setPasting(true)}>${t("paste")}</button>`}
				${isOpen && (mode === "control" || chosen === "view") && html`<button type="button" class="button small" aria-pressed=${String(chosen === "view")} onClick=${toggleView}>${t("vnc.view-only")}</button>`}
				<button type="button" class="button small" aria-pressed=${String(isScaled)} onClick=${toggleScale}>${t("vnc.scale")}</button>
				<${FullScreenButton} full=${full}/>
				${isOpen && html`<button type="button" class="button small" onClick=${() => session.current.link.close()}>${t("console.disconnect")}</button>`}
			</div>
		</div>
		<${Reconnecting} link=${link} onRetry=${() => session.current.link.retry()}/>
		<${Ended} link=${link} onOpen=${() => session.current.link.open()}/>
		${failure && html`<${Failure} title=${t("console.unloaded")} error=${failure} onRetry=${() => setAttempt(attempt + 1)}/>`}
		<${Stopped} server=${server} ...${power} onStart=${onStart} text=${t("vnc.off")}/>
		<div class=${`console-screen vnc-screen ${isScaled ? "scaled" : ""}`} ref=${host} hidden=${!isOpen}></div>
		${mayType && html`<${SoftKeyboard} field=${soft} session=${session}/>`}
		${mode === "control" && html`<${ConsoleKeys} id="vnc" isOff=${!mayType} held=${state.held} chords=${chords} hasCtrlAltDel=${true}
			onHold=${(key) => session.current.hold(key)} onKey=${(key) => session.current.key(key)} onKeyboard=${() => soft.current?.focus()}/>`}
		${isPasting && html`<${Paste} server=${server} obstacle=${mayType ? null : t("paste.not-connected")} onClose=${() => setPasting(false)} fallback=${focusScreen}
			target=${{ kind: "vnc", send: (keysym, code, down) => session.current.send(keysym, code, down) }}/>`}
	</section>`;
}
