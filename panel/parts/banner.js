// Says that what is shown may be old, for as long as the event stream is lost.

import { link, retryEvents } from "../lib/events.js";
import { t } from "../lib/i18n.js";
import { announce, html, useValue } from "../lib/ui.js";
import { useEffect, useRef } from "../vendor/hooks.js";
import { Icon } from "./icon.js";
import { Moment } from "./moment.js";

export function Banner() {
	const { state, since } = useValue(link);
	const wasLost = useRef(false);

	useEffect(() => {
		if (state === "lost" && !wasLost.current) {
			wasLost.current = true;
			announce(t("banner.lost"));
		} else if (state === "live" && wasLost.current) {
			wasLost.current = false;
			announce(t("banner.back"));
		}
	}, [state]);
	if (state !== "lost")
		return null;
	return html`<div class="banner">
		<p><${Icon} name="attention"/> <span>${t("banner.lost")}<br/>${t("banner.since")} <${Moment} at=${since}/></span></p>
		<button type="button" class="button small" onClick=${retryEvents}>${t("banner.retry")}</button>
	</div>`;
}
