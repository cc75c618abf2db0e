// A terminal that shows a serial stream. Loaded, with xterm, when a console is opened.

import { Terminal } from "../vendor/xterm.js";
import { FitAddon } from "../vendor/xterm-fit.js";

const scrollback_lines = 10000;
const max_waiting_bytes = 8 << 20; // of output that the terminal has not drawn yet
const typing_ms = 150; // what is sent so soon after a key was typed by a person

// On a dark ground in either light: programs choose their colours for it.
const theme = {
	background: "#16181b", foreground: "#e8e9eb", cursor: "#aecbf6", cursorAccent: "#16181b", selectionBackground: "#3d5a85",
	scrollbarSliderBackground: "#7c828b66", scrollbarSliderHoverBackground: "#7c828b99", scrollbarSliderActiveBackground: "#7c828bcc",
	black: "#16181b", red: "#ff9a98", green: "#7fcf9c", yellow: "#f0c069", blue: "#8fb6f0", magenta: "#d8a4e8", cyan: "#7fd0d4", white: "#c9cdd3",
	brightBlack: "#8b919b", brightRed: "#ffb8b6", brightGreen: "#a3e0b8", brightYellow: "#f7d697", brightBlue: "#b4d0f8", brightMagenta: "#e6c3f0",
	brightCyan: "#a8e2e5", brightWhite: "#ffffff",
};

const encoder = new TextEncoder();

export class SerialTerminal {
	#waiting = 0;
	#skipped = 0;
	#typedAt = -Infinity;
	#replaying = true;
	#follows = null;
	#isInLine = false;

	/**
	 * @param whenInput  (bytes, byHand): to the guest; not by hand are the terminal's own answers
	 * @param whenSize   (columns, rows)
	 * @param whenSkipped (bytes) → the line that says so
	 */
	constructor(host, { whenInput, whenSize, whenSkipped, fontSize, label, describedBy }) {
		const style = getComputedStyle(document.documentElement);
		this.host = host;
		this.whenSkipped = whenSkipped;
		Terminal.strings.promptLabel = label;
		this.terminal = new Terminal({
			fontFamily: style.getPropertyValue("--face-fixed").trim(), fontSize, theme, scrollback: scrollback_lines,
			minimumContrastRatio: 4.5, cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches, macOptionIsMeta: true,
		});
		this.fit = new FitAddon();
		this.terminal.loadAddon(this.fit);
		this.terminal.open(host);
		this.terminal.textarea.setAttribute("aria-describedby", describedBy);
		for (const name of ["keydown", "input", "paste", "compositionend", "pointerdown", "pointerup", "wheel"])
			host.addEventListener(name, () => { this.#typedAt = performance.now(); }, true);

		const give = (bytes) => {
			// What was kept may hold questions that were answered long ago.
			if (!this.#replaying)
				whenInput(bytes, performance.now() - this.#typedAt < typing_ms);
		};
		this.terminal.onData((text) => give(encoder.encode(text)));
		this.terminal.onBinary((text) => give(Uint8Array.from(text, (character) => character.charCodeAt(0))));
		this.terminal.onResize(({ cols, rows }) => whenSize(cols, rows));
		this.observer = new ResizeObserver(() => this.refit());
		this.observer.observe(host);
		this.refit();
	}

	get size() {
		return { columns: this.terminal.cols, rows: this.terminal.rows };
	}

	get wantsBracketedPaste() {
		return this.terminal.modes.bracketedPasteMode;
	}

	/** Takes the place there is, unless it follows another writer's window. */
	refit() {
		if (this.host.offsetParent === null)
			return;
		if (this.#follows)
			this.terminal.resize(this.#follows.columns, this.#follows.rows);
		else
			this.fit.fit();
	}

	/** @param size  {columns, rows} of the one who writes, or null to be one's own */
	follow(size) {
		this.#follows = size;
		this.refit();
	}

	set label(text) {
		this.terminal.textarea.setAttribute("aria-label", text);
	}

	set fontSize(value) {
		this.terminal.options.fontSize = value;
		this.refit();
	}

	/** From here on come bytes that were kept; until live(). */
	replay() {
		this.#replaying = true;
	}

	/** What comes now is new, once all before has been drawn. */
	live() {
		this.terminal.write("", () => { this.#replaying = false; });
	}

	output(data) {
		if (this.#waiting > max_waiting_bytes) {
			this.#skipped += data.length;
			return;
		}
		if (this.#skipped > 0) {
			const skipped = this.#skipped;
			this.#skipped = 0;
			this.line(this.whenSkipped(skipped), true);
		}
		this.#isInLine = data.at(-1) !== 0x0a;
		this.#waiting += data.length;
		this.terminal.write(data, () => { this.#waiting -= data.length; });
	}

	/** A line of ours between the guest's; ends whatever sequence was cut off by it. */
	line(text, isMarked) {
		const start = this.#isInLine ? "\r\n" : "";
		this.#isInLine = false;
		this.terminal.write(`\x18\x1b[m${start}${isMarked ? "\x1b[30;43m" : "\x1b[90m"}${text}\x1b[m\r\n`);
	}

	type(text) {
		this.#typedAt = performance.now();
		this.terminal.input(text, true);
	}

	get usesApplicationCursor() {
		return this.terminal.modes.applicationCursorKeysMode;
	}

	focus() {
		this.terminal.focus();
	}

	dispose() {
		this.observer.disconnect();
		this.terminal.dispose();
	}
}
