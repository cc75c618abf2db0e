// A rule about one server, some or all: what is watched, from which value on, and who is told.

import { changeRule, makeRule, metrics } from "../lib/alerts.js";
import { number, t } from "../lib/i18n.js";
import { sortedServers } from "../lib/servers.js";
import { html, useValue } from "../lib/ui.js";
import { useEffect, useLayoutEffect, useRef, useState } from "../vendor/hooks.js";
import { ChoiceField, problemsOf, Summary, TextField } from "./form.js";

const max_minutes = 1440;
const max_threshold = 1e15;
const stops = ["stopped_unexpectedly", "stopped_itself"];

const unitWords = (what) => number(0, { style: "unit", unit: metrics[what].unit, unitDisplay: "short" }).replace(/[0\s]/g, "");

/** A threshold of the API as the field shows it. */
const shownThreshold = ({ metric, threshold }) => String(threshold / metrics[metric].factor);

/** @param rule  the one that is changed; null: a new one */
function valuesOf({ elements }, rule) {
	const what = elements["alert-what"].value;
	const scope = elements["alert-scope"].value;
	const about = scope === "all" ? { all_servers: true }
		: scope === "label" ? { label_selector: elements["alert-label"].value.trim() }
			: { server: Number(scope) };
	const webhook = elements["alert-webhook"].value.trim();
	// An empty one takes it away; of a new rule nothing has to be.
	const told = { mail: elements["alert-mail"].checked, ...(webhook || rule ? { webhook_url: webhook } : {}) };
	if (stops.includes(what))
		return { ...about, kind: what, ...told };
	const { factor } = metrics[what];
	const typed = elements["alert-threshold"].value.trim();
	// What was not touched is sent as it was, not as it was rounded.
	const isAsBefore = rule?.metric === what && typed === shownThreshold(rule);
	const threshold = isAsBefore ? rule.threshold : typed === "" ? NaN : Math.round(Number(typed) * factor);
	return {
		...about, kind: "metric", metric: what, comparison: elements["alert-comparison"].value,
		threshold, minutes: Number(elements["alert-minutes"].value), ...told,
	};
}

function problemsIn(values) {
	const found = [];
	if (values.label_selector === "")
		found.push({ field: "alert-label", key: "alerts.label.missing" });
	if (values.kind !== "metric")
		return found;
	if (!(values.threshold >= (values.comparison === "below" ? 1 : 0) && values.threshold <= max_threshold))
		found.push({ field: "alert-threshold", key: "alerts.threshold.wrong" });
	if (!(Number.isInteger(values.minutes) && values.minutes >= 1 && values.minutes <= max_minutes))
		found.push({ field: "alert-minutes", key: "alerts.minutes.wrong" });
	return found;
}

function problemsFrom(error) {
	if (error.code === "not_found")
		return [{ key: "alerts.rule.gone", error }];
	if (error.code === "resource_limit_exceeded")
		return [{ key: "alerts.limit", error }];
	return problemsOf(error, {
		label_selector: { field: "alert-label", key: "alerts.label.wrong" },
		threshold: { field: "alert-threshold", key: "alerts.threshold.wrong" },
		minutes: { field: "alert-minutes", key: "alerts.minutes.wrong" },
		server: { field: "alert-scope", key: "alerts.server.gone" },
		webhook_url: { field: "alert-webhook", key: "alerts.webhook.wrong" },
	}) ?? [{ key: "alerts.save.failed", error }];
}

function saveWords(rule, isBusy) {
	if (rule)
		return t(isBusy ? "alerts.change.saving" : "alerts.change.save");
	return t(isBusy ? "alerts.saving" : "alerts.save");
}

const scopeOf = (rule) => (rule.all_servers ? "all" : rule.server === null ? "label" : String(rule.server));

/**
 * @param rule     the one to change; null: a new one
 * @param server   the number of the one it is about at first; undefined: all
 * @param metric   what is watched at first
 * @param onSaved  called with the answer
 */
export function AlertForm({ rule = null, server, metric, onSaved, onCancel }) {
	const form = useRef(null);
	const busy = useRef(false);
	const list = useValue(sortedServers);
	const [shape, setShape] = useState(rule ? { what: rule.metric ?? rule.kind, scope: scopeOf(rule) } : { what: metric ?? "cpu", scope: server ? String(server) : "all" });
	const [state, setState] = useState({ problems: [], attempt: 0, busy: false });
	const isMetric = !stops.includes(shape.what);

	// Once, before it is seen, and not by the template: what was typed stays whatever is drawn again.
	useLayoutEffect(() => {
		const { elements } = form.current;
		elements["alert-scope"].value = shape.scope;
		elements["alert-what"].value = shape.what;
		elements["alert-mail"].checked = rule?.mail ?? false;
		elements["alert-webhook"].value = rule?.webhook_url ?? "";
		if (elements["alert-label"])
			elements["alert-label"].value = rule?.label_selector ?? "";
	}, []);
	useEffect(() => form.current.elements["alert-scope"].focus(), []); // after the room's heading
	useLayoutEffect(() => {
		if (!isMetric)
			return;
		const { elements } = form.current;
		const isAsBefore = rule?.metric === shape.what;
		elements["alert-threshold"].value = isAsBefore ? shownThreshold(rule) : String(metrics[shape.what].suggested);
		if (isAsBefore) {
			elements["alert-comparison"].value = rule.comparison;
			elements["alert-minutes"].value = String(rule.minutes);
		}
	}, [shape.what]);

	const look = () => {
		const { elements } = form.current;
		setShape({ what: elements["alert-what"].value, scope: elements["alert-scope"].value });
	};
	const save = async (event) => {
		event.preventDefault();
		if (busy.current)
			return;
		const values = valuesOf(form.current, rule);
		const problems = problemsIn(values);
		const attempt = state.attempt + 1;
		if (problems.length > 0) {
			setState({ problems, attempt, busy: false });
			return;
		}
		busy.current = true;
		setState({ problems: [], attempt, busy: true });
		try {
			onSaved(await (rule ? changeRule(rule.id, values) : makeRule(values)));
		} catch (error) {
			setState({ problems: problemsFrom(error), attempt: attempt + 1, busy: false });
		} finally {
			busy.current = false;
		}
	};
	const { problems } = state;
	const about = rule ? rule.server : server;
	const known = list.some(({ id }) => id === about);
	const scopes = [{ value: "all", text: t("alerts.scope.all") }, ...list.map(({ id, name }) => ({ value: String(id), text: name })),
		...(about && !known ? [{ value: String(about), text: t("alerts.scope.number", { id: about }) }] : []), { value: "label", text: t("alerts.scope.label") }];
	return html`<section class="notice key-form" aria-labelledby="alert-form-title">
		<h2 id="alert-form-title">${t(rule ? "alerts.change.title" : "alerts.make")}</h2>
		${rule && html`<p class="hint">${t("alerts.change.what")}</p>`}
		<${Summary} ...${state}/>
		<form ref=${form} onSubmit=${save} onChange=${look} novalidate>
			<${ChoiceField} id="alert-scope" label=${t("alerts.scope")} choices=${scopes}/>
			${shape.scope === "label" && html`<${TextField} id="alert-label" label=${t("alerts.label")} hint=${t("alerts.label.hint")} problems=${problems}
				maxlength="512" autocomplete="off" autocapitalize="none" spellcheck="false"/>`}
			<${ChoiceField} id="alert-what" label=${t("alerts.what")} choices=${[
				...Object.keys(metrics).map((each) => ({ value: each, text: t(`alerts.metric.${each}`) })),
				...stops.map((each) => ({ value: each, text: t(`alerts.kind.${each}`) }))]}/>
			${isMetric ? html`
				<${ChoiceField} id="alert-comparison" label=${t("alerts.comparison")} choices=${["above", "below"].map((each) => ({ value: each, text: t(`alerts.comparison.${each}`) }))}/>
				<${TextField} id="alert-threshold" label=${t("alerts.threshold", { unit: unitWords(shape.what) })} hint=${shape.what === "cpu" ? t("alerts.cpu.hint") : undefined}
					problems=${problems} inputmode="decimal" autocomplete="off" maxlength="16"/>
				<${TextField} id="alert-minutes" label=${t("alerts.duration")} hint=${t("alerts.duration.hint")} problems=${problems} inputmode="numeric" autocomplete="off" maxlength="4" defaultValue="5"/>`
				: html`<p class="hint">${t(`alerts.kind.${shape.what}.what`)}</p>`}
			<label class="check"><input type="checkbox" id="alert-mail" name="alert-mail"/> <span>${t("alerts.mail")}</span></label>
			<${TextField} id="alert-webhook" label=${t("alerts.webhook")} hint=${t("alerts.webhook.hint")} problems=${problems} type="url" maxlength="1024" autocomplete="off" spellcheck="false"/>
			<div class="buttons">
				<button class="button primary" id="alert-save" aria-disabled=${state.busy ? "true" : undefined}>${saveWords(rule, state.busy)}</button>
				<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>
			</div>
		</form>
	</section>`;
}
