// The way from a place of the panel to what the manual says of it.

import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";

/** @param topic  a file of docs/manual */
export function Help({ topic }) {
	return html`<p class="help"><a href=${`#/manual/${topic}`}><span class="help-mark" aria-hidden="true">?</span> ${t("help")}</a></p>`;
}
