// An address that leads to no room.

import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { Heading } from "./room.js";

export function Nowhere() {
	return html`<div class="narrow">
		<${Heading} text=${t("nowhere")}/>
		<p>${t("nowhere.what")}</p>
		<p class="buttons"><a class="button" href="#/servers">${t("servers")}</a></p>
	</div>`;
}
