// What every room has: one heading, which names the page and takes the focus when one enters.

import { language } from "../lib/i18n.js";
import { route } from "../lib/router.js";
import { html, useValue } from "../lib/ui.js";
import { Help } from "../parts/help.js";
import { useEffect, useRef } from "../vendor/hooks.js";

// The first room of a page load leaves the focus where the browser put it, also when it comes in parts.
let first = null;
let isTouched = false; // somebody has done something on the page
for (const kind of ["keydown", "pointerdown"])
	addEventListener(kind, () => { isTouched = true; }, { capture: true, once: true });

function isEntered() {
	const { key } = route.peek();
	first ??= key;
	if (key !== first)
		first = "";
	return key !== first || isTouched;
}

/** @param help  the topic of the manual that explains the room */
export function Heading({ text, help, children }) {
	const heading = useRef(null);
	const now = useValue(language);

	useEffect(() => { document.title = `${text} — Ippo`; }, [text, now]);
	useEffect(() => {
		if (isEntered())
			heading.current.focus();
	}, []);
	return html`<div class="heading">
		<h1 ref=${heading} id="heading" tabindex="-1">${text}</h1>
		${children}
		${help && html`<${Help} topic=${help}/>`}
	</div>`;
}
