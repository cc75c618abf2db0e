// Whether the name servers answer what a zone holds, and if not, why.

import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { useEffect } from "../vendor/hooks.js";
import { Icon } from "./icon.js";

const look_again_ms = 2000;
const look_seldom_ms = 15000;
const looks = { ok: ["running", "success"], updating: ["busy", "busy"], error: ["unknown", "attention"] };

/** Its owner has to prove that the name is theirs, or has not in time. */
export const isUnproven = ({ proof }) => proof.status === "waiting" || proof.status === "expired";

export function ZoneState({ zone }) {
	const [state, icon] = isUnproven(zone) ? looks.error : looks[zone.status];
	return html`<span class=${`state state-${state}`}><${Icon} name=${icon}/> ${t(isUnproven(zone) ? `zones.proof.${zone.proof.status}` : `zones.status.${zone.status}`)}</span>`;
}

export function ZoneReason({ zone }) {
	return zone.status_reason && !isUnproven(zone) ? html`<p class="detail"><span>${t("error.detail")}</span> <span lang="en">${zone.status_reason}</span></p>` : null;
}

/** What is on its way to the name servers has arrived a moment later: reads @zones anew until it has. */
export function useArrival(zones, read) {
	const open = zones.filter((zone) => !isUnproven(zone));
	const underWay = open.some(({ status, dnssec }) => status === "updating" || (dnssec.enabled && dnssec.ds.length === 0));
	const waits = zones.some(({ proof, dnssec }) => proof.status === "waiting" || dnssec.ksk_roll);
	useEffect(() => {
		if (!underWay && !waits)
			return undefined;
		const timer = setTimeout(read, underWay ? look_again_ms : look_seldom_ms);
		return () => clearTimeout(timer);
	}, [zones]);
}
