// Which lines of the history are wanted: by subject, person, server, result and days.

import { t } from "../lib/i18n.js";
import { servers } from "../lib/servers.js";
import { html, useValue } from "../lib/ui.js";
import { useRef } from "../vendor/hooks.js";
import { ChoiceField, Summary, TextField } from "./form.js";

const subjects = ["", "server", "console", "session", "ssh_key", "token", "member", "invitation", "user", "image", "alert", "alert_rule", "firewall", "floating_ip", "primary_ip", "network"];
const results = ["", "success", "accepted", "refused", "error"];

export const nothingFiltered = { what: "", actor: "", server: "", result: "", from: "", to: "", customer: "" };

/**
 * @param isOperator  sees the lines of every customer, and can ask for one's
 * @param problems    of the last attempt, as for forms
 * @param attempt     counts the tries
 * @param onFilter    gets the filter that was asked for
 */
export function HistoryFilter({ isOperator, problems, attempt, onFilter }) {
	const form = useRef(null);
	const known = [...useValue(servers).values()];
	const submit = (event) => {
		event.preventDefault();
		const { elements } = form.current;
		onFilter(Object.fromEntries(Object.keys(nothingFiltered).map((name) => [name, elements[`history-${name}`]?.value.trim() ?? ""])));
	};
	const clear = () => {
		form.current.reset();
		onFilter(nothingFiltered);
	};
	return html`<form class="history-filter" ref=${form} onSubmit=${submit} novalidate role="search" aria-label=${t("history.filter")}>
		<${Summary} problems=${problems} attempt=${attempt}/>
		<${ChoiceField} id="history-what" label=${t("history.subject")}
			choices=${subjects.map((value) => ({ value, text: t(value ? `history.subject.${value}` : "history.all") }))}/>
		<${ChoiceField} id="history-server" label=${t("history.server")}
			choices=${[{ value: "", text: t("history.all") }, ...known.map(({ id, name }) => ({ value: id, text: name }))]}/>
		<${ChoiceField} id="history-result" label=${t("history.result")}
			choices=${results.map((value) => ({ value, text: t(value ? `history.result.${value}` : "history.all") }))}/>
		<${TextField} id="history-actor" label=${t("history.actor")} problems=${problems} autocomplete="off" maxlength="63"/>
		${isOperator && html`<${TextField} id="history-customer" label=${t("history.customer")} problems=${problems} autocomplete="off" maxlength="63"/>`}
		<${TextField} id="history-from" label=${t("history.from")} problems=${problems} type="date"/>
		<${TextField} id="history-to" label=${t("history.to")} problems=${problems} type="date"/>
		<div class="buttons">
			<button class="button primary">${t("history.filter")}</button>
			<button type="button" class="button" onClick=${clear}>${t("history.clear")}</button>
		</div>
	</form>`;
}
