// What stands before the page until it is answered. Tab stays inside, Esc means no, and the focus
// returns to where it came from.

import { html } from "../lib/ui.js";
import { useLayoutEffect, useRef } from "../vendor/hooks.js";

/**
 * Opens the dialog element and keeps Tab in it.
 * @param dialog, first  references to the element and to what has the first focus
 * @param fallback       finds where the focus goes when what had it before is no longer there
 * @return {keepInside}  for onKeyDown
 */
export function useModal(dialog, first, fallback) {
	useLayoutEffect(() => {
		const asking = document.activeElement;
		const element = dialog.current;
		element.showModal();
		first.current.focus();
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
		const stops = [...dialog.current.querySelectorAll("button, a[href], input, select, textarea, [tabindex='0']")]
			.filter((stop) => !stop.disabled && stop.checkVisibility());
		const edge = event.shiftKey ? stops[0] : stops.at(-1);
		if (document.activeElement === edge) {
			event.preventDefault();
			(event.shiftKey ? stops.at(-1) : stops[0]).focus();
		}
	};
	return { keepInside };
}

/**
 * A question before something is lost; the first focus is on the harmless answer.
 * @param refuse   words of the harmless button
 * @param confirm  words of the other one; `obstacle` says in visible text why it is disabled
 * @param isHarmless  nothing is lost by it
 */
export function Dialog({ id, title, refuse, confirm, obstacle, isHarmless, onRefuse, onConfirm, fallback, children }) {
	const dialog = useRef(null);
	const harmless = useRef(null);
	const { keepInside } = useModal(dialog, harmless, fallback);

	return html`<dialog ref=${dialog} aria-labelledby=${`${id}-title`} aria-describedby=${`${id}-text`}
		onCancel=${(event) => { event.preventDefault(); onRefuse(); }} onKeyDown=${keepInside}>
		<h2 id=${`${id}-title`}>${title}</h2>
		<div id=${`${id}-text`}>${children}</div>
		${obstacle && html`<p class="dialog-obstacle">${obstacle}</p>`}
		<div class="buttons">
			<button type="button" class="button" ref=${harmless} onClick=${onRefuse}>${refuse}</button>
			<button type="button" class=${`button ${isHarmless ? "primary" : "destroys"}`} disabled=${Boolean(obstacle)} onClick=${onConfirm}>${confirm}</button>
		</div>
	</dialog>`;
}
