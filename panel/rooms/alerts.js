// Alerts: what is wrong now, what was, and the rules they come from.

import { alerts, deleteRule, readEnded, readRules, refreshAlerts, valueWords } from "../lib/alerts.js";
import { t } from "../lib/i18n.js";
import { goInstead } from "../lib/router.js";
import { servers } from "../lib/servers.js";
import { me } from "../lib/session.js";
import { announce, html, useValue } from "../lib/ui.js";
import { AlertForm } from "../parts/alert-form.js";
import { conditionWords } from "../parts/alert-words.js";
import { Copy } from "../parts/copy.js";
import { Dialog } from "../parts/dialog.js";
import { Failure } from "../parts/failure.js";
import { Icon } from "../parts/icon.js";
import { Moment } from "../parts/moment.js";
import { useRead } from "../parts/read.js";
import { useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const page_size = 20;
const focusHeading = () => document.getElementById("heading").focus();

function Alert({ alert, known }) {
	const { server, metric, value, status, reason } = alert;
	return html`<li class="alert-line" data-alert=${alert.id}>
		<p class=${status === "open" ? "alert-state alert-is-open" : "alert-state"}><${Icon} name=${status === "open" ? "attention" : "success"}/> ${t(`alerts.${status}`)}</p>
		<p class="alert-about"><strong>${known ? html`<a href=${`#/servers/${server.id}`} translate="no">${server.name}</a>` : html`<bdi translate="no">${server.name}</bdi>`}</strong>
			${" "}${conditionWords(alert)}${value !== null && html` <span class="hint">${t("alerts.value", { value: valueWords(metric, value) })}</span>`}</p>
		<p class="alert-when"><span>${t("alerts.opened")} <${Moment} at=${alert.opened}/></span>
			${alert.ended && html`<span>${t("alerts.ended.at")} <${Moment} at=${alert.ended}/></span><span>${t(`alerts.reason.${reason}`)}</span>`}</p>
	</li>`;
}

function Rule({ rule, mayChange, onChange, onDeleted }) {
	const [asking, setAsking] = useState(false);
	const [state, setState] = useState({ busy: false, failure: null });
	const name = useValue(servers).get(rule.server)?.name;
	const scope = rule.all_servers ? t("alerts.scope.all") : rule.label_selector ?? name ?? t("alerts.scope.number", { id: rule.server });
	const words = conditionWords(rule);
	const drop = async () => {
		setAsking(false);
		if (state.busy)
			return;
		setState({ busy: true, failure: null });
		try {
			await deleteRule(rule.id);
		} catch (failure) {
			// Somebody else was quicker.
			if (failure.code !== "not_found") {
				setState({ busy: false, failure });
				return;
			}
		}
		onDeleted(rule.id);
	};
	return html`<li class="alert-line" data-rule=${rule.id}>
		<p class="alert-about"><strong translate=${rule.all_servers ? undefined : "no"}>${scope}</strong> ${words}</p>
		<p class="alert-when"><span>${t("alerts.told.panel")}</span>${rule.mail && html`<span>${t("alerts.told.mail")}</span>`}${rule.webhook_url && html`<span>${t("alerts.told.webhook")} <code>${rule.webhook_url}</code></span>`}</p>
		${mayChange && html`<p class="buttons"><button type="button" class="button small" data-do="change" onClick=${() => onChange(rule)}>${t("alerts.change")}<span class="visually-hidden"> (${scope}: ${words})</span></button>
			<button type="button" class="button small destroys" data-do="delete" aria-disabled=${state.busy ? "true" : undefined}
			onClick=${() => state.busy || setAsking(true)}>${t(state.busy ? "keys.busy" : "alerts.delete")}<span class="visually-hidden"> (${scope}: ${words})</span></button></p>`}
		${state.failure && html`<${Failure} title=${t("alerts.delete.failed")} error=${state.failure} onRetry=${drop}/>`}
		${asking && html`<${Dialog} id="delete-rule" title=${t("alerts.delete.title")} refuse=${t("cancel")} confirm=${t("alerts.delete")}
			onRefuse=${() => setAsking(false)} onConfirm=${drop} fallback=${() => document.getElementById("heading")}>
			<p><strong>${scope}</strong> ${words}</p>
			<p>${t("alerts.delete.what")}</p>
		<//>`}
	</li>`;
}

function Past({ now }) {
	const [count, setCount] = useState(page_size);
	const { value, failure, again } = useRead(() => readEnded(count), [now, count].join());
	return html`<section class="box" aria-labelledby="past-title">
		<h2 id="past-title">${t("alerts.past")}</h2>
		${failure && html`<${Failure} title=${t("alerts.unread")} error=${failure} onRetry=${again}/>`}
		${!value ? !failure && html`<p class="waiting">${t("alerts.loading")}</p>`
			: value.items.length === 0 ? html`<p class="hint">${t("alerts.past.none")}</p>`
				: html`<ul class="alert-lines">${value.items.map((alert) => html`<${Alert} key=${alert.id} alert=${alert} known=${servers.peek().has(alert.server.id)}/>`)}</ul>
				${value.items.length < value.total && html`<div class="more"><button type="button" class="button" onClick=${() => setCount(count + page_size)}>${t("alerts.more")}</button></div>`}`}
	</section>`;
}

export function Alerts({ parameters }) {
	const mayChange = useValue(me)?.role !== "reader";
	const { state, items, total } = useValue(alerts);
	const known = useValue(servers);
	const now = items.map(({ id }) => id).join();
	const rules = useRead(readRules, now);
	// What is made or changed: {rule}, where null is a new one.
	const [making, setMaking] = useState(mayChange && parameters.id ? { rule: null } : null);
	const [secret, setSecret] = useState("");

	const leave = () => {
		setMaking(null);
		goInstead("/alerts");
		setTimeout(() => (document.getElementById("make-rule") ?? document.getElementById("heading")).focus());
	};
	const saved = ({ alert_rule, webhook_secret }) => {
		const { rule } = making;
		const others = rules.value ?? [];
		rules.setValue(rule ? others.map((each) => (each.id === rule.id ? alert_rule : each)) : [...others, alert_rule]);
		setSecret(webhook_secret ?? "");
		setMaking(null);
		goInstead("/alerts");
		focusHeading();
		announce(t(rule ? "alerts.changed" : "alerts.made"));
	};
	const forget = (id) => {
		rules.setValue(rules.value.filter((rule) => rule.id !== id));
		focusHeading();
		announce(t("alerts.deleted"));
	};
	const way = mayChange && !making && html`<p class="buttons"><button type="button" class="button primary" id="make-rule" onClick=${() => setMaking({ rule: null })}>${t("alerts.make")}</button></p>`;
	const isEmpty = state === "ready" && total === 0 && rules.value?.length === 0;
	let open;
	if (state === "loading")
		open = html`<p class="waiting">${t("alerts.loading")}</p>`;
	else if (state !== "ready")
		open = html`<${Failure} title=${t("alerts.unread")} error=${state} onRetry=${refreshAlerts}/>`;
	else if (total === 0)
		open = html`<p class="hint">${t("alerts.none")}</p>`;
	else
		open = html`<ul class="alert-lines">${items.map((alert) => html`<${Alert} key=${alert.id} alert=${alert} known=${known.has(alert.server.id)}/>`)}</ul>
			${items.length < total && html`<p class="hint">${t("alerts.open.first", { shown: items.length, count: total })}</p>`}`;
	return html`<div class="alerts">
		<${Heading} text=${t("alerts")} help="alerts"/>
		${secret && html`<section class="notice" aria-labelledby="secret-title"><h2 id="secret-title">${t("alerts.secret")}</h2><p>${t("alerts.secret.what")}</p>
			<p><${Copy} text=${secret} what=${t("alerts.secret")}/></p><p class="buttons"><button type="button" class="button" onClick=${() => { setSecret(""); focusHeading(); }}>${t("alerts.secret.kept")}</button></p></section>`}
		${making && html`<${AlertForm} key=${making.rule?.id ?? "new"} rule=${making.rule} server=${parameters.id ? Number(parameters.id) : undefined} metric=${parameters.metric} onSaved=${saved} onCancel=${leave}/>`}
		${isEmpty ? !making && html`<div class="empty"><p>${t("alerts.rules.none")}</p>${way}</div>` : html`
			<section class="box" aria-labelledby="open-title"><h2 id="open-title">${t("alerts.now")}</h2>${open}</section>
			<section class="box" aria-labelledby="rules-title">
				<h2 id="rules-title">${t("alerts.rules")}</h2>
				${rules.failure && html`<${Failure} title=${t("alerts.unread")} error=${rules.failure} onRetry=${rules.again}/>`}
				${rules.value?.length === 0 && html`<p class="hint">${t("alerts.rules.none")}</p>`}
				${rules.value?.length > 0 && html`<ul class="alert-lines">${rules.value.map((rule) => html`<${Rule} key=${rule.id} rule=${rule} mayChange=${mayChange && !making} onChange=${(chosen) => setMaking({ rule: chosen })} onDeleted=${forget}/>`)}</ul>`}
				${rules.value && way}
			</section>`}
		<${Past} now=${now}/>
	</div>`;
}
