// A button that opens a short list of choices below it. A disclosure, not an ARIA menu: Tab works
// as everywhere, Esc closes and gives the focus back.

import { html } from "../lib/ui.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Icon } from "./icon.js";

/**
 * @param name     what the button is for, said to screen readers before what it shows
 * @param choices  [{id, text, lang?, chosen?}]; `chosen` marks one of several
 */
export function Menu({ id, name, shown, icon, choices, onChoose, children }) {
	const [open, setOpen] = useState(false);
	const box = useRef(null);
	const button = useRef(null);

	useEffect(() => {
		if (!open)
			return undefined;
		const closeOutside = (event) => {
			if (!box.current.contains(event.target))
				setOpen(false);
		};
		const closeByKey = (event) => {
			if (event.key === "Escape") {
				setOpen(false);
				button.current.focus();
			}
		};
		document.addEventListener("pointerdown", closeOutside);
		document.addEventListener("focusin", closeOutside);
		document.addEventListener("keydown", closeByKey);
		return () => {
			document.removeEventListener("pointerdown", closeOutside);
			document.removeEventListener("focusin", closeOutside);
			document.removeEventListener("keydown", closeByKey);
		};
	}, [open]);

	const choose = (choice) => {
		setOpen(false);
		button.current.focus();
		onChoose(choice);
	};
	return html`<div class="menu" ref=${box}>
		<button type="button" class="menu-button" ref=${button} id=${`${id}-button`} aria-expanded=${String(open)}
			aria-controls=${open ? `${id}-choices` : undefined} onClick=${() => setOpen(!open)}>
			<span class="visually-hidden">${name}${shown ? ": " : ""}</span>
			${icon && html`<${Icon} name=${icon}/>`}
			${shown && html`<span class="menu-shown">${shown}</span>`}
			<${Icon} name="down"/>
		</button>
		${open && html`<div class="menu-choices" id=${`${id}-choices`}>
			${children}
			<ul>${choices.map((choice) => html`<li key=${choice.id}>
				<button type="button" lang=${choice.lang} aria-pressed=${choice.chosen === undefined ? undefined : String(choice.chosen)}
					onClick=${() => choose(choice.id)}>
					${choice.chosen !== undefined && html`<span class="menu-mark">${choice.chosen && html`<${Icon} name="success"/>`}</span>`}
					<span>${choice.text}</span>
				</button>
			</li>`)}</ul>
		</div>`}
	</div>`;
}
