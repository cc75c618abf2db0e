// Buttons for a server's power, and the question before the two that lose something.

import { t } from "../lib/i18n.js";
import { command } from "../lib/servers.js";
import { html } from "../lib/ui.js";
import { Dialog } from "./dialog.js";

const look = { poweron: "primary", shutdown: "", poweroff: "destroys" };
const questions = {
	poweroff: { title: "force-stop.title", loses: "force-stop.loses", instead: "force-stop.instead" },
	reset: { title: "force-restart.title", loses: "force-restart.loses", instead: "force-restart.instead" },
};

export function PowerButton({ verb, pending, name, onPress }) {
	return html`<button type="button" class=${`button ${look[verb]}`} data-verb=${verb} aria-disabled=${pending ? "true" : undefined}
		onClick=${() => pending || onPress(verb)}>
		${pending ? t("power.pending", { verb: t(`power.${verb}`) }) : t(`power.${verb}`)}<span class="visually-hidden"> (${name})</span>
	</button>`;
}

/** @param verb  "poweroff" or "reset" */
export function ForceDialog({ verb, server, isStopped, onClose, fallback }) {
	const { title, loses, instead } = questions[verb];
	return html`<${Dialog} id=${`${verb}-${server.id}`} title=${t(title, { name: server.name })} refuse=${t("cancel")}
		confirm=${t(`power.${verb}`)} obstacle=${isStopped ? t("force-stop.stopped") : null} fallback=${fallback}
		onRefuse=${onClose} onConfirm=${() => { onClose(); command(server.id, verb); }}>
		<p>${t(loses)}</p>
		<p>${t(instead)}</p>
	<//>`;
}
