// The rooms of operators of the service.

import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";

export function AdminTabs({ here }) {
	const rooms = [["customers", t("customers")], ["outbox", t("outbox")]];
	return html`<nav class="room-tabs admin-tabs" aria-label=${t("nav.admin")}>
		<ul>${rooms.map(([name, text]) => html`<li key=${name}><a href=${`#/admin/${name}`} aria-current=${name === here ? "page" : undefined}>${text}</a></li>`)}</ul>
	</nav>`;
}
