// A question before something is lost. The first focus is on the harmless answer; Tab stays inside,
// Esc means no, and the focus returns to where it came from.

import { html } from "../lib/ui.js";
import { useLayoutEffect, useRef } from "../vendor/hooks.js";

/**
 * @param refuse   words of the harmless button
 * @param confirm  words of the other one; `obstacle` says in visible text why it is disabled
 * @param fallback finds where the focus goes when the asking button is no longer there
 */
export function Dialog({ id, title, refuse, confirm, obstacle, onRefuse, onConfirm, fallback, children }) {
	const dialog = useRef(null);
	const harmless = useRef(null);

	useLayoutEffect(() => {
		const asking = document.activeElement;
		const element = dialog.current;
		element.showModal();
		harmless.current.focus();
		return () => {
			element.close();
			setTimeout(() => {
				if (asking?.isConnected && asking !== document.body)
					asking.focus();
				else
					fallback?.()?.focus();
			});
		};
	}, []);

	const keepInside = (event) => {
		if (event.key !== "Tab")
			return;
		const stops = [...dialog.current.querySelectorAll("button, a[href], input")].filter((stop) => !stop.disabled);
		const edge = event.shiftKey ? stops[0] : stops.at(-1);
		if (document.activeElement === edge) {
			event.preventDefault();
			(event.shiftKey ? stops.at(-1) : stops[0]).focus();
		}
	};
	return html`<dialog ref=${dialog} aria-labelledby=${`${id}-title`} aria-describedby=${`${id}-text`}
		onCancel=${(event) => { event.preventDefault(); onRefuse(); }} onKeyDown=${keepInside}>
		<h2 id=${`${id}-title`}>${title}</h2>
		<div id=${`${id}-text`}>${children}</div>
		${obstacle && html`<p class="dialog-obstacle">${obstacle}</p>`}
		<div class="buttons">
			<button type="button" class="button" ref=${harmless} onClick=${onRefuse}>${refuse}</button>
			<button type="button" class="button destroys" disabled=${Boolean(obstacle)} onClick=${onConfirm}>${confirm}</button>
		</div>
	</dialog>`;
}
