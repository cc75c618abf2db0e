// Whether the name servers answer what a zone holds, and if not, why.

import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { useEffect } from "../vendor/hooks.js";
import { Icon } from "./icon.js";

const look_again_ms = 2000;
const looks = { ok: ["running", "success"], updating: ["busy", "busy"], error: ["unknown", "attention"] };

export function ZoneState({ zone }) {
	const [state, icon] = looks[zone.status];
	return html`<span class=${`state state-${state}`}><${Icon} name=${icon}/> ${t(`zones.status.${zone.status}`)}</span>`;
}

export function ZoneReason({ zone }) {
	return zone.status_reason ? html`<p class="detail"><span>${t("error.detail")}</span> <span lang="en">${zone.status_reason}</span></p>` : null;
}

/** What is on its way to the name servers has arrived a moment later: reads @zones anew until it has. */
export function useArrival(zones, read) {
	const underWay = zones.some(({ status, dnssec }) => status === "updating" || (dnssec.enabled && dnssec.ds.length === 0));
	useEffect(() => {
		if (!underWay)
			return undefined;
		const timer = setTimeout(read, look_again_ms);
		return () => clearTimeout(timer);
	}, [zones]);
}
