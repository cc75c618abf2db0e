// The way back from a server's rooms.

import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";

/** @param server  whose home is one step back; without it the list is */
export function Crumbs({ server }) {
	return html`<nav class="crumbs" aria-label=${t("console.crumbs")}>
		<a href="#/servers">${t("servers")}</a>${server && html` <span aria-hidden="true">›</span> <a href=${`#/servers/${server.id}`} translate="no">${server.name}</a>`}
	</nav>`;
}
