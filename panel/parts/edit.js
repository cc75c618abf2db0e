// A line of text that is changed in place.

import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Summary, TextField } from "./form.js";

/** One line of text that is changed in a form of its own. `save` gets the text, trimmed. */
export function Edit({ id, label, hint, value, judge, save, fields, onDone, onCancel, children, ...input }) {
	const form = useRef(null);
	const busy = useRef(false);
	const [state, setState] = useState({ problems: [], attempt: 0, busy: false });

	useEffect(() => { form.current.elements[id].focus(); }, []);
	const submit = async (event) => {
		event.preventDefault();
		if (busy.current)
			return;
		const text = form.current.elements[id].value.trim();
		const attempt = state.attempt + 1;
		const wrong = judge(text);
		if (wrong) {
			setState({ problems: [{ field: id, key: wrong }], attempt, busy: false });
			return;
		}
		busy.current = true;
		setState({ problems: [], attempt, busy: true });
		try {
			onDone(text, await save(text, form.current.elements));
		} catch (error) {
			setState({ problems: fields(error), attempt: attempt + 1, busy: false });
		} finally {
			busy.current = false;
		}
	};
	return html`<form ref=${form} onSubmit=${submit} novalidate>
		<${Summary} ...${state}/>
		<${TextField} id=${id} label=${label} hint=${hint} problems=${state.problems} defaultValue=${value}
			autocomplete="off" autocapitalize="none" spellcheck="false" ...${input}/>
		${children}
		<div class="buttons">
			<button class="button primary" aria-disabled=${state.busy ? "true" : undefined}>${t(state.busy ? "keys.busy" : "home.save")}</button>
			<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>
		</div>
	</form>`;
}

/** A button that a form takes the place of; when it is back, the focus is back on it. */
export function Changeable({ id, words, name, children }) {
	const [isOpen, setOpen] = useState(false);
	const button = useRef(null);
	const was = useRef(false);

	useEffect(() => {
		if (was.current && !isOpen)
			button.current?.focus();
		was.current = isOpen;
	}, [isOpen]);
	return isOpen
		? children(() => setOpen(false))
		: html`<button type="button" class="button small" id=${id} ref=${button} onClick=${() => setOpen(true)}>${words}<span
			class="visually-hidden"> (${name})</span></button>`;
}
