// Rooms that stand behind one link of the header, side by side; a menu where the screen is too narrow for them.

import { t } from "../lib/i18n.js";
import { go } from "../lib/router.js";
import { html } from "../lib/ui.js";
import { Menu } from "./menu.js";

/** Of each group its word and its rooms: name, address and word of each, and what lies within it. */
const groups = {
	network: { word: "nav.network", rooms: [["firewalls", "/firewalls", "firewalls", "firewall"], ["primary-ips", "/primary-ips", "primary"], ["floating-ips", "/floating-ips", "floating"], ["networks", "/networks", "networks"], ["zones", "/zones", "zones", "zone"]] },
	keys: { word: "nav.all-keys", rooms: [["keys", "/keys", "nav.keys"], ["api-keys", "/api-keys", "nav.api-keys"]] },
	admin: { word: "nav.admin", rooms: [["customers", "/admin/customers", "customers", "customer"], ["hosts", "/admin/hosts", "hosts"], ["images", "/admin/images", "images"], ["name-servers", "/admin/name-servers", "name-servers"], ["outbox", "/admin/outbox", "outbox"]] },
};

export function GroupLink({ of, here }) {
	const { word, rooms } = groups[of];
	const isHere = rooms.some(([name, , , within]) => here === name || here === within);
	return html`<a href=${`#${rooms[0][1]}`} aria-current=${isHere ? "page" : undefined}>${t(word)}</a>`;
}

export function GroupTabs({ of, here }) {
	const { word, rooms } = groups[of];
	const folds = rooms.length > 2;
	return html`<nav class=${folds ? "room-tabs group-tabs folds" : "room-tabs group-tabs"} aria-label=${t(word)}>
		<ul>${rooms.map(([name, address, text]) => html`<li key=${name}><a href=${`#${address}`} aria-current=${name === here ? "page" : undefined}>${t(text)}</a></li>`)}</ul>
		${folds && html`<div class="room-menu"><${Menu} id=${`${of}-rooms`} name=${t(word)} shown=${t(rooms.find(([name]) => name === here)[2])}
			choices=${rooms.map(([name, address, text]) => ({ id: address, text: t(text), chosen: name === here }))} onChoose=${go}/></div>`}
	</nav>`;
}
