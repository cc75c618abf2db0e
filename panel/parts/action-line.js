// What is under way on a server and how the last action ended: step, elapsed time, result.

import { serviceNow } from "../lib/api.js";
import { duration, has, t } from "../lib/i18n.js";
import { isUnderWay } from "../lib/power.js";
import { dismissAction, dismissRefusal } from "../lib/servers.js";
import { html } from "../lib/ui.js";
import { useEffect, useReducer } from "../vendor/hooks.js";
import { FailureDetail, failureText } from "./failure.js";
import { Icon } from "./icon.js";
import { Moment } from "./moment.js";

export function commandName(command) {
	return t(has(`command.${command}`) ? `command.${command}` : "command.other");
}

function stepName(action) {
	const step = action.ippo?.undoing ? "undoing" : action.ippo?.step;
	return step && has(`step.${step}`) ? t(`step.${step}`) : null;
}

function Elapsed({ since }) {
	const [, tick] = useReducer((count) => count + 1, 0);

	useEffect(() => {
		const timer = setInterval(tick, 1000);
		return () => clearInterval(timer);
	}, []);
	return html`<span class="number">${duration(serviceNow() - Date.parse(since), true)}</span>`;
}

/** An action that runs, or one asked for here that has no answer yet. */
function Running({ name, step, progress, since }) {
	return html`<p class="action-line">
		<${Icon} name="busy"/> <strong>${name}</strong> <span>${t("action.running")}</span>
		${step && html`<span>${t("action.step", { step })}</span>`}
		${progress > 0 && html`<span class="number">${t("action.progress", { progress })}</span>`}
		<${Elapsed} since=${since}/>
	</p>`;
}

/** An action that is over: what, how it ended, how long it took, when. */
export function EndedAction({ action }) {
	const failed = action.status === "error";
	return html`<${Icon} name=${failed ? "attention" : "success"}/> <strong>${commandName(action.command)}</strong>
		<span>${t(failed ? "action.failed" : "action.success")}</span>
		${action.finished && html`<span class="number">${duration(Date.parse(action.finished) - Date.parse(action.started))}</span>`}
		<${Moment} at=${action.finished ?? action.started}/>`;
}

function Ended({ action }) {
	const failed = action.status === "error";
	return html`<p class="action-line ended">
		<${Icon} name=${failed ? "attention" : "success"}/> <span>${t("action.last")}</span>
		<strong>${commandName(action.command)}</strong> <span>${t(failed ? "action.failed" : "action.success")}</span>
		<span class="number">${duration(Date.parse(action.finished) - Date.parse(action.started))}</span>
		<${Moment} at=${action.finished}/>
	</p>`;
}

function Failed({ name, error, at, took, onDismiss }) {
	return html`<div class="notice attention action-failure">
		<p><${Icon} name="attention"/> <strong>${t("action.failed-title", { name })}</strong>
			${took !== null && html` <span class="number">${duration(took)}</span>`} <${Moment} at=${at}/></p>
		<p>${failureText(error.code)}</p>
		<${FailureDetail} error=${error}/>
		<p class="buttons"><button type="button" class="button small" onClick=${onDismiss}>${t("action.dismiss")}<span
			class="visually-hidden"> (${name})</span></button></p>
	</div>`;
}

/** @param focus  called before a notice goes, so that the focus is not lost with it */
export function ActionLines({ server, running, failed, last, request, refusal, focus }) {
	const isQuiet = running.length === 0 && !request;
	return html`<div class="action-lines">
		${refusal && html`<${Failed} name=${t(`power.${refusal.verb}`)} error=${refusal.error} at=${refusal.at} took=${null}
			onDismiss=${() => { focus(); dismissRefusal(server.id); }}/>`}
		${failed.map((action) => html`<${Failed} key=${`failed-${action.id}`} name=${commandName(action.command)}
			error=${action.error ?? { code: "other" }} at=${action.finished ?? action.started}
			took=${action.finished ? Date.parse(action.finished) - Date.parse(action.started) : null}
			onDismiss=${() => { focus(); dismissAction(action.id); }}/>`)}
		${running.map((action) => html`<${Running} key=${`running-${action.id}`} name=${commandName(action.command)}
			step=${stepName(action)} progress=${action.progress} since=${action.started}/>`)}
		${request && !isUnderWay(running, request.verb) && html`<${Running} key="request" name=${t(`power.${request.verb}`)} since=${request.started}/>`}
		${isQuiet && last && last.finished && !failed.includes(last) && html`<${Ended} action=${last}/>`}
	</div>`;
}
