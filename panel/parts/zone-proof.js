// What proves that a domain is its owner's: what to set where, and looking for it now.

import { t } from "../lib/i18n.js";
import { announce, html } from "../lib/ui.js";
import { checkProof } from "../lib/zones.js";
import { useRef, useState } from "../vendor/hooks.js";
import { Copy } from "./copy.js";
import { Failure } from "./failure.js";
import { Moment } from "./moment.js";

export function ZoneProof({ zone, mayChange, onChecked }) {
	const { status, record_name, record_value, delegation, checked, expires, reason } = zone.proof;
	const [failure, setFailure] = useState(null);
	const [busy, setBusy] = useState(false);
	const running = useRef(false);
	const look = async () => {
		if (running.current)
			return;
		running.current = true;
		setBusy(true);
		setFailure(null);
		try {
			const { proof } = await checkProof(zone.id);
			const proven = proof.status === "proven";
			announce(t(proven ? "zone.proof.done" : "zone.proof.missing"));
			onChecked(proven);
		} catch (error) {
			setFailure(error);
		} finally {
			running.current = false;
			setBusy(false);
		}
	};
	return html`<section class="notice" id="proof" aria-labelledby="proof-title" data-proof=${status}>
		<h2 id="proof-title">${t("zone.proof")}</h2>
		<p>${t(status === "expired" ? "zone.proof.expired" : "zone.proof.what")}</p>
		<p>${t("zone.proof.txt")}</p>
		<dl class="facts">
			<div><dt>${t("zone.proof.name")}</dt><dd><${Copy} text=${record_name} what=${t("zone.proof.name")}/></dd></div>
			<div><dt>${t("zone.proof.value")}</dt><dd><${Copy} text=${record_value} what=${t("zone.proof.value")}/></dd></div>
		</dl>
		${delegation && html`<p>${t("zone.proof.delegation")}</p>`}
		${status === "waiting" && html`<p class="hint">${t("zone.proof.until")} <${Moment} at=${expires}/></p>`}
		${checked && html`<p class="hint" id="proof-checked">${t("zone.proof.checked")} <${Moment} at=${checked}/></p>`}
		${checked && reason && html`<p class="detail"><span>${t("error.detail")}</span> <span lang="en">${reason}</span></p>`}
		${mayChange && html`<p class="buttons"><button type="button" class="button primary" id="check-proof" aria-disabled=${busy ? "true" : undefined} onClick=${look}>${t(busy ? "zone.proof.looking" : "zone.proof.look")}</button></p>`}
		${failure && html`<${Failure} title=${t("zone.proof.failed")} error=${failure} onRetry=${look}/>`}
	</section>`;
}
