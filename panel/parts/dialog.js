// What stands before the page until it is answered. Tab stays inside, Esc means no, and the focus
// returns to where it came from.

import { html } from "../lib/ui.js";
import { useLayoutEffect, useRef } from "../vendor/hooks.js";

// A dialog that opens or closes puts something else under the pointer: the rest of a double click is
// not meant for that, neither as a click nor to take the focus away.
let isOther = false;
for (const kind of ["mousedown", "mouseup", "click", "dblclick"])
	addEventListener(kind, (event) => {
		if (kind === "mousedown" && event.detail <= 1)
			isOther = false;
		if (!isOther || event.detail <= 1)
			return;
		event.preventDefault();
		event.stopPropagation();
	}, true);

function returnFocus(asking, fallback) {
	if (asking?.isConnected && asking !== document.body)
		asking.focus();
	if (document.activeElement !== asking || asking === document.body)
		fallback?.()?.focus();
}

/**
 * Opens the dialog element and keeps Tab in it.
 * @param dialog, first  references to the element and to what has the first focus
 * @param fallback       finds where the focus goes when what had it before cannot have it any more
 * @return {keepInside}  for onKeyDown
 */
export function useModal(dialog, first, fallback) {
	useLayoutEffect(() => {
		const asking = document.activeElement;
		const element = dialog.current;
		element.showModal();
		isOther = true;
		first.current.focus();
		return () => {
			element.close();
			isOther = true;
			setTimeout(() => returnFocus(asking, fallback));
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
