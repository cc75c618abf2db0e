// How a console's connection stands, in words, and what to do next.

import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { useEffect, useReducer } from "../vendor/hooks.js";
import { FailureDetail, failureText } from "./failure.js";
import { Icon } from "./icon.js";

const words = { 1002: "protocol", 1009: "protocol", 4001: "refused", 4002: "cut", 4003: "idle", 4004: "life", 4005: "limit", 4007: "deleted" };

/** One line: connecting, connected, or not. `children` is what it adds. */
export function ConnectionState({ link, mode, children }) {
	const state = link.state === "open" ? (mode === "view" ? "view" : "open") : link.state;
	const icon = { open: "running", view: "running", connecting: "busy", waiting: "busy", off: "off", ended: "off", idle: "off" }[state];
	return html`<p class=${`console-state console-state-${state}`}><${Icon} name=${icon}/> <span>${t(`console-state.${state}`)}</span> ${children}</p>`;
}

function Countdown({ at }) {
	const [, tick] = useReducer((count) => count + 1, 0);
	useEffect(() => {
		const timer = setInterval(tick, 500);
		return () => clearInterval(timer);
	}, []);
	return html`<span class="number">${t("console.retry-in", { seconds: Math.max(0, Math.ceil((at - Date.now()) / 1000)) })}</span>`;
}

/** The connection dropped and comes back by itself. */
export function Reconnecting({ link, onRetry }) {
	const isWaiting = link.state === "waiting";
	if (!isWaiting && !link.isAgain)
		return null;
	return html`<div class="banner console-banner">
		<p><${Icon} name="attention"/> <span>${link.error ? failureText(link.error.code) : t("console.dropped")}<br/>${isWaiting ? html`<${Countdown} at=${link.at}/>` : t("console-state.connecting")}</span></p>
		<button type="button" class="button small" onClick=${onRetry}>${t("banner.retry")}</button>
	</div>`;
}

/** It has ended for a reason: which, and what can be done. */
export function Ended({ link, onOpen }) {
	if (link.state === "idle")
		return html`<div class="notice console-notice"><p>${t("console.closed")}</p>
			<p class="buttons"><button type="button" class="button primary" onClick=${onOpen}>${t("console.connect")}</button></p></div>`;
	if (link.state !== "ended")
		return null;
	const text = link.error ? failureText(link.error.code) : t(`console-end.${words[link.code] ?? "other"}`);
	return html`<div class="notice attention console-notice" role="alert">
		<p><${Icon} name="attention"/> <strong>${t("console.ended")}</strong></p>
		<p>${text}</p>
		${link.error && html`<${FailureDetail} error=${link.error}/>`}
		<p class="buttons"><button type="button" class="button" onClick=${onOpen}>${t("console.connect")}</button></p>
	</div>`;
}

/** The server is off: says so, with the one large button that mends it. */
export function Stopped({ server, state, pending, onStart, text }) {
	if (state !== "off" && !pending.has("poweron"))
		return null;
	const isPending = pending.has("poweron");
	return html`<div class="notice console-notice">
		<p><${Icon} name=${isPending ? "busy" : "off"}/> <strong>${t(isPending ? "console.starting" : "state.off")}</strong></p>
		<p>${text}</p>
		<p class="buttons"><button type="button" class="button primary console-start" data-verb="poweron" aria-disabled=${isPending ? "true" : undefined}
			onClick=${() => isPending || onStart()}>${isPending ? t("power.pending", { verb: t("power.poweron") }) : t("power.poweron")}<span
			class="visually-hidden"> (${server.name})</span></button></p>
	</div>`;
}
