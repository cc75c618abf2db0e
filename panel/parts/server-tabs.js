// The rooms of one server, side by side; a menu where the screen is narrow.

import { t } from "../lib/i18n.js";
import { go } from "../lib/router.js";
import { html } from "../lib/ui.js";
import { Menu } from "./menu.js";

const rooms = [
	{ name: "home", path: "", words: "home" },
	{ name: "console", path: "/console", words: "home.console" },
	{ name: "graphs", path: "/graphs", words: "graphs" },
	{ name: "reinstall", path: "/reinstall", words: "reinstall" },
	{ name: "history", path: "/history", words: "home.history" },
];

/** @param now  the name of the room one is in */
export function ServerTabs({ server, now }) {
	const place = (path) => `/servers/${server.id}${path}`;
	return html`<nav class="room-tabs" aria-label=${t("home.rooms")}>
		<ul>${rooms.map(({ name, path, words }) => html`<li key=${name}><a href=${`#${place(path)}`}
			aria-current=${name === now ? "page" : undefined}>${t(words)}</a></li>`)}</ul>
		<div class="room-menu"><${Menu} id="rooms" name=${t("home.rooms")} shown=${t(rooms.find(({ name }) => name === now).words)}
			choices=${rooms.map(({ name, path, words }) => ({ id: path, text: t(words), chosen: name === now }))} onChoose=${(path) => go(place(path))}/></div>
	</nav>`;
}
