// The rooms of one server, side by side; a menu where the screen is narrow.

import { countOf } from "../lib/first-step.js";
import { t } from "../lib/i18n.js";
import { go } from "../lib/router.js";
import { html } from "../lib/ui.js";
import { Menu } from "./menu.js";

const rooms = [
	{ name: "home", path: "", words: "home" },
	{ name: "console", path: "/console", words: "home.console" },
	{ name: "first-step", path: "/first-step", words: "first-step" },
	{ name: "filter", path: "/filter", words: "firewalls" },
	{ name: "graphs", path: "/graphs", words: "graphs" },
	{ name: "backups", path: "/backups", words: "backups" },
	{ name: "reinstall", path: "/reinstall", words: "reinstall" },
	{ name: "history", path: "/history", words: "home.history" },
	{ name: "settings", path: "/settings", words: "home.settings" },
];

/** @param now  the name of the room one is in */
export function ServerTabs({ server, now }) {
	const count = countOf(server);
	const words = ({ name, words: key }) => (name === "first-step" && count ? t("first-step.tab", { count }) : t(key));
	const place = (path) => `/servers/${server.id}${path}`;
	return html`<nav class="room-tabs folds" aria-label=${t("home.rooms")}>
		<ul>${rooms.map((room) => html`<li key=${room.name}><a href=${`#${place(room.path)}`}
			aria-current=${room.name === now ? "page" : undefined}>${words(room)}</a></li>`)}</ul>
		<div class="room-menu"><${Menu} id="rooms" name=${t("home.rooms")} shown=${words(rooms.find(({ name }) => name === now))}
			choices=${rooms.map((room) => ({ id: room.path, text: words(room), chosen: room.name === now }))} onChoose=${(path) => go(place(path))}/></div>
	</nav>`;
}
