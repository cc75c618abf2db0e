// The rescue system: said while it is asked for or runs, and asked for in the settings.

import { t } from "../lib/i18n.js";
import { inRescue } from "../lib/power.js";
import { setRescue } from "../lib/server-changes.js";
import { announce, html } from "../lib/ui.js";
import { useState } from "../vendor/hooks.js";
import { Dialog } from "./dialog.js";
import { FailureDetail, failureText } from "./failure.js";

/** What the server boots next, or runs now, when that is not its own system. */
export function RescueBanner({ server }) {
	if (inRescue(server)) {
		return html`<section class="notice attention" data-rescue="running" aria-labelledby="rescue-title">
			<h2 id="rescue-title">${t("rescue.running")}</h2>
			<p>${t("rescue.running.what")} <a href="#/manual/recovery">${t("rescue.more")}</a></p>
		</section>`;
	}
	return server.rescue_enabled ? html`<section class="notice" data-rescue="next" aria-labelledby="rescue-title">
		<h2 id="rescue-title">${t("rescue.next")}</h2>
		<p>${t(server.status === "off" ? "rescue.next.off" : "rescue.next.on")} <a href="#/manual/recovery">${t("rescue.more")}</a></p>
	</section>` : null;
}

/** A line of the settings: the button, its question, and what went wrong. */
export function RescueSetting({ server }) {
	const [asking, setAsking] = useState(false);
	const [busy, setBusy] = useState(false);
	const [failure, setFailure] = useState(null);
	const on = server.rescue_enabled;

	const turn = async () => {
		if (busy)
			return;
		setBusy(true);
		setFailure(null);
		try {
			await setRescue(server.id, !on);
			announce(t(on ? "rescue.taken-back" : "rescue.next"));
		} catch (error) {
			setFailure(error);
		} finally {
			setBusy(false);
		}
	};
	return html`<div class="group-line">
		<p><strong>${t("rescue")}</strong> <span>${t(on ? "rescue.on" : "rescue.off")}</span></p>
		<p class="hint" id="rescue-about">${t("rescue.what")}</p>
		${failure && html`<div class="notice attention" role="alert">
			<p><strong>${t(failure.code === "unsupported_error" ? "rescue.none" : failure.code === "invalid_input" ? "rescue.keyless" : "rescue.failed")}</strong>
				${failure.code === "unsupported_error" || failure.code === "invalid_input" ? null : failureText(failure.code)}</p>
			<${FailureDetail} error=${failure}/>
		</div>`}
		<p class="buttons"><button type="button" class="button small" id="rescue" aria-describedby="rescue-about" aria-disabled=${busy ? "true" : undefined}
			onClick=${() => busy || (on ? turn() : setAsking(true))}>${t(busy ? "keys.busy" : on ? "rescue.take-back" : "rescue.ask")}</button></p>
		${asking && html`<${Dialog} id=${`rescue-${server.id}`} title=${t("rescue.title", { name: server.name })} refuse=${t("cancel")} confirm=${t("rescue.ask")}
			fallback=${() => document.getElementById("heading")} onRefuse=${() => setAsking(false)} onConfirm=${() => { setAsking(false); turn(); }}>
			<p>${t("rescue.asks")}</p>
			<p>${t("rescue.asks.keys")}</p>
		<//>`}
	</div>`;
}
