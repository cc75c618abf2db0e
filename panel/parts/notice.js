// A notice in the reader's language. Its text is text: nothing in it is ever taken for markup.

import { language, t } from "../lib/i18n.js";
import { phaseOf } from "../lib/notices.js";
import { html } from "../lib/ui.js";
import { Moment } from "./moment.js";

export const titleOf = (item, id = language.peek()) => item[`title_${id}`];

/** From when to when a maintenance goes. */
export function Window({ item }) {
	return html`<span class="window"><${Moment} at=${item.starts} full/> ${t("notices.to")} <${Moment} at=${item.ends} full/></span>`;
}

/** "Maintenance", and whether it is still to come. */
export function Phase({ item }) {
	const phase = phaseOf(item);
	const words = { coming: t("notices.coming"), now: t("notices.now"), over: t("notices.over") };
	return phase === "" ? null : html`<p class="notice-phase"><span>${words[phase]}</span> <${Window} item=${item}/></p>`;
}

export function Body({ item, id = language.peek() }) {
	return html`<p class="notice-body" lang=${id} dir="auto">${item[`body_${id}`]}</p>`;
}
