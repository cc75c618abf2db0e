// A moment: in the reader's zone, and as ISO on hover or focus.

import { moment } from "../lib/i18n.js";
import { html } from "../lib/ui.js";

/** @param full  with the day, also when it is today */
export function Moment({ at, full = false }) {
	const date = new Date(at);
	const iso = date.toISOString();
	return html`<time class="moment" tabindex="0" datetime=${iso} title=${iso} data-iso=${iso}>${full ? moment(date, new Date(0)) : moment(date)}</time>`;
}
