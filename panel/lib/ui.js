// The one way to draw: preact through tagged templates, redrawn when a signal changes.

import htm from "../vendor/htm.js";
import { useLayoutEffect, useReducer } from "../vendor/hooks.js";
import { h } from "../vendor/preact.js";
import { effect } from "../vendor/signals.js";

export const html = htm.bind(h);

/** The value of a signal; the component is drawn again when it changes. */
export function useValue(source) {
	const [, redraw] = useReducer((count) => count + 1, 0);
	const drawn = source.peek();

	useLayoutEffect(() => {
		let last = drawn;
		return effect(() => {
			if (source.value !== last) {
				last = source.value;
				redraw();
			}
		});
	}, [source]);
	return drawn;
}

/** Tells a screen reader once. The text is replaced, never piled up. */
export function announce(text) {
	const region = document.getElementById("announcer");
	region.textContent = "";
	// A new task, so that the same words twice are two announcements.
	setTimeout(() => { region.textContent = text; }, 50);
}
