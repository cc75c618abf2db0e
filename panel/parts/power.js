// Buttons for a server's power, and the question before the two that lose something.

import { t } from "../lib/i18n.js";
import { command } from "../lib/servers.js";
import { html } from "../lib/ui.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import { Menu } from "./menu.js";

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

export function PowerState({ power: { state } }) {
	return html`<p class=${`state state-${state}`}><${Icon} name=${state}/> ${t(`state.${state}`)}</p>`;
}

/**
 * The buttons in a row; starting has its place elsewhere in the room.
 * @param power  as powerOf() tells
 * @param onAsk  called with the verb that must be asked about first
 */
export function PowerRow({ server, power: { state, pending, verbs }, onAsk }) {
	const shown = verbs.filter((verb) => verb !== "poweron");
	const button = (verb) => html`<${PowerButton} key=${verb} verb=${verb} pending=${pending.has(verb)} name=${server.name}
		onPress=${() => (verb === "poweroff" ? onAsk("poweroff") : command(server.id, verb))}/>`;
	return html`<div class="buttons power-row">
		${shown.filter((verb) => verb !== "poweroff").map(button)}
		${state === "running" && html`<${Menu} id="restart" name="" shown=${t("power.reboot")}
			choices=${[{ id: "reboot", text: t("power.reboot") }, { id: "reset", text: t("power.reset") }]}
			onChoose=${(verb) => (verb === "reset" ? onAsk("reset") : command(server.id, verb))}/>`}
		${shown.includes("poweroff") && button("poweroff")}
	</div>`;
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
