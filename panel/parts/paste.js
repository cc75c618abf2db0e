// Typing a text into a console: what cannot be typed is said before the first key, how far it has
// come is shown, and it can be stopped.

import { number, t } from "../lib/i18n.js";
import { eventsOf, layouts, planTyping, prepare } from "../lib/keyboard-layouts.js";
import { recall, remember } from "../lib/storage.js";
import { Cancelled, serialBytes, typeBytes, typeKeys } from "../lib/typing.js";
import { announce, html } from "../lib/ui.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { useModal } from "./dialog.js";
import { Icon } from "./icon.js";

const max_shown = 24;
export const max_characters = 100000;

export function rememberedLayout(server) {
	const layout = recall(`layout.${server}`);
	return layouts.includes(layout) ? layout : "us";
}

const named = (character) => {
	const point = `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
	return /[\p{C}\p{Z}\p{M}]/u.test(character) ? point : `${character} (${point})`;
};

function LayoutField({ value, onChange, isBusy }) {
	return html`<div class="field">
		<label for="paste-layout">${t("paste.layout")}</label>
		<p class="hint" id="paste-layout-hint">${t("paste.layout.hint")}</p>
		<select id="paste-layout" aria-describedby="paste-layout-hint" value=${value} disabled=${isBusy} onChange=${(event) => onChange(event.target.value)}>
			${layouts.map((layout) => html`<option key=${layout} value=${layout} selected=${layout === value}>${t(`layout.${layout}`)}</option>`)}
		</select>
	</div>`;
}

function Refused({ box, missing }) {
	return html`<div class="notice attention" ref=${box} tabindex="-1" role="group" aria-labelledby="paste-refused">
		<p id="paste-refused"><${Icon} name="attention"/> <strong>${t("paste.refused", { count: missing.length })}</strong></p>
		<ul class="paste-missing">${missing.slice(0, max_shown).map((character) => html`<li key=${character}><code translate="no">${named(character)}</code></li>`)}</ul>
		${missing.length > max_shown && html`<p>${t("paste.refused.more", { count: missing.length - max_shown })}</p>`}
		<p>${t("paste.refused.next")}</p>
	</div>`;
}

/**
 * @param target  {kind: "vnc", send(keysym, code, down)} or
 *                {kind: "serial", send(bytes), waiting(), bracketed()}; send returns false when it cannot
 * @param obstacle  says in visible text why nothing can be typed now
 */
export function Paste({ server, target, obstacle, fallback, onClose }) {
	const dialog = useRef(null);
	const field = useRef(null);
	const refusal = useRef(null);
	const stop = useRef(null);
	const running = useRef(null);
	const done = useRef(0);
	const [text, setText] = useState("");
	const [layout, setLayout] = useState(() => rememberedLayout(server.id));
	const [state, setState] = useState({ step: "asking" });
	const { keepInside } = useModal(dialog, field, fallback);
	const isVnc = target.kind === "vnc";
	const isBusy = state.step === "typing";
	const total = [...prepare(text)].length;
	const hasYen = isVnc && layout === "jp106" && text.includes("¥");

	useEffect(() => () => running.current?.abort(), []);
	useEffect(() => {
		if (state.step === "refused")
			refusal.current?.focus();
		else if (state.step === "typing")
			stop.current?.focus();
		else if (state.step !== "asking")
			field.current?.focus();
	}, [state.step, state.missing]);

	const close = () => {
		running.current?.abort();
		onClose();
	};
	const chooseLayout = (value) => {
		remember(`layout.${server.id}`, value);
		setLayout(value);
		setState({ step: "asking" });
	};

	const type = (signal) => {
		const report = (characters) => {
			done.current = characters;
			setState({ step: "typing", done: characters });
		};
		if (!isVnc) {
			const bytes = serialBytes(text, target.bracketed());
			return typeBytes(bytes, { ...target, signal, progress: (sent) => report(Math.round((sent / bytes.length) * total)) });
		}
		const { strokes } = planTyping(text, layout);
		return typeKeys(eventsOf(strokes, text), { ...target, signal, progress: (sent) => report(strokes[sent - 1].character + 1) });
	};

	const begin = async () => {
		const missing = isVnc ? planTyping(text, layout).missing : [];
		if (text === "" || obstacle || isBusy)
			return;
		if (missing.length > 0) {
			setState({ step: "refused", missing });
			return;
		}
		running.current = new AbortController();
		const { signal } = running.current;
		setState({ step: "typing", done: 0 });
		done.current = 0;
		try {
			await type(signal);
			announce(t("paste.done", { count: total }));
			onClose();
		} catch (error) {
			setState({ step: error instanceof Cancelled ? "stopped" : "failed", done: done.current });
		}
	};

	return html`<dialog ref=${dialog} class="paste" aria-labelledby="paste-title" onKeyDown=${keepInside}
		onCancel=${(event) => { event.preventDefault(); close(); }}>
		<h2 id="paste-title">${t("paste")}</h2>
		${obstacle && html`<p class="dialog-obstacle">${obstacle}</p>`}
		${state.step === "refused" && html`<${Refused} box=${refusal} missing=${state.missing}/>`}
		${(state.step === "stopped" || state.step === "failed") && html`<div class="notice attention" role="alert"><p><${Icon} name="attention"/>
			${" "}${t(state.step === "stopped" ? "paste.stopped" : "paste.failed", { done: state.done, count: total })}</p></div>`}
		<div class="field">
			<label for="paste-text">${t("paste.text")}</label>
			<p class="hint" id="paste-text-hint">${t(isVnc ? "paste.text.hint" : "paste.text.hint-serial")}</p>
			<textarea id="paste-text" ref=${field} rows="6" aria-describedby="paste-text-hint" readonly=${isBusy} spellcheck="false" autocapitalize="none"
				autocomplete="off" autocorrect="off" maxlength=${max_characters} value=${text}
				onInput=${(event) => { setText(event.target.value); if (!isBusy) setState({ step: "asking" }); }}></textarea>
		</div>
		${isVnc && html`<${LayoutField} value=${layout} onChange=${chooseLayout} isBusy=${isBusy}/>`}
		${hasYen && html`<p class="hint">${t("paste.yen")}</p>`}
		${isBusy && html`<div class="paste-progress"><label for="paste-progress" class="number">${t("paste.progress", { done: number(state.done), count: number(total) })}</label>
			<progress id="paste-progress" max=${total} value=${state.done}></progress></div>`}
		<div class="buttons">
			${isBusy
				? html`<button key="stop" type="button" class="button" ref=${stop} onClick=${() => running.current.abort()}>${t("paste.stop")}</button>`
				: html`<button key="close" type="button" class="button" onClick=${close}>${t("paste.close")}</button>
					<button key="send" type="button" class="button primary" aria-disabled=${text === "" || obstacle ? "true" : undefined} onClick=${begin}>${t("paste.send")}</button>`}
		</div>
	</dialog>`;
}
