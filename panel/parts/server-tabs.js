// The rooms of one server, side by side.

import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";

const rooms = [
	{ name: "home", path: "", words: "home" },
	{ name: "console", path: "/console", words: "home.console" },
	{ name: "graphs", path: "/graphs", words: "graphs" },
];

/** @param now  the name of the room one is in */
export function ServerTabs({ server, now }) {
	return html`<nav class="room-tabs" aria-label=${t("home.rooms")}><ul>
		${rooms.map(({ name, path, words }) => html`<li key=${name}><a href=${`#/servers/${server.id}${path}`}
			aria-current=${name === now ? "page" : undefined}>${t(words)}</a></li>`)}
	</ul></nav>`;
}
