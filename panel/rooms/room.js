// What every room has: one heading, which names the page and takes the focus when one enters.

import { language } from "../lib/i18n.js";
import { html, useValue } from "../lib/ui.js";
import { Help } from "../parts/help.js";
import { useEffect, useRef } from "../vendor/hooks.js";

let entered = false; // the first room of a page load leaves the focus where the browser put it

/** @param help  the topic of the manual that explains the room */
export function Heading({ text, help, children }) {
	const heading = useRef(null);
	const now = useValue(language);

	useEffect(() => { document.title = `${text} — Ippo`; }, [text, now]);
	useEffect(() => {
		if (entered)
			heading.current.focus();
		entered = true;
	}, []);
	return html`<div class="heading">
		<h1 ref=${heading} id="heading" tabindex="-1">${text}</h1>
		${children}
		${help && html`<${Help} topic=${help}/>`}
	</div>`;
}
