// On top of every room: the pinned maintenances that are to come or under way.

import { serviceNow } from "../lib/api.js";
import { language, t } from "../lib/i18n.js";
import { notices, phaseOf } from "../lib/notices.js";
import { html, useValue } from "../lib/ui.js";
import { useEffect, useReducer } from "../vendor/hooks.js";
import { Icon } from "./icon.js";
import { titleOf, Window } from "./notice.js";

const longest_ms = 3600000; // a timer further away is not exact, and does not have to be

export function Strip() {
	const { items } = useValue(notices);
	const [tick, look] = useReducer((count) => count + 1, 0);
	const pinned = items.filter((item) => item.pinned && ["coming", "now"].includes(phaseOf(item)));
	useValue(language);

	// It begins and ends by the clock, whether or not anything is heard meanwhile.
	useEffect(() => {
		const edges = pinned.flatMap(({ starts, ends }) => [Date.parse(starts), Date.parse(ends)])
			.map((edge) => edge - serviceNow()).filter((ms) => ms > 0);
		if (edges.length === 0)
			return undefined;
		const timer = setTimeout(look, Math.min(longest_ms, Math.min(...edges) + 50));
		return () => clearTimeout(timer);
	}, [items, tick]);

	if (pinned.length === 0)
		return null;
	return html`<section class="strip" aria-label=${t("strip")}>
		${pinned.map((item) => html`<p key=${item.id} data-strip=${item.id}>
			<${Icon} name="attention"/>
			<span><strong>${t(phaseOf(item) === "now" ? "notices.now" : "notices.coming")}</strong>
			${" "}<a href="#/notices" dir="auto">${titleOf(item)}</a>
			${" "}<${Window} item=${item}/></span>
		</p>`)}
	</section>`;
}
