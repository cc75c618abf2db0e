// What an alert or its rule says, in words.

import { alertsOf, valueWords } from "../lib/alerts.js";
import { t } from "../lib/i18n.js";
import { html, useValue } from "../lib/ui.js";
import { Icon } from "./icon.js";

/** Of an alert or a rule: "CPU above 90% for 5 minutes". */
export function conditionWords({ kind, metric, comparison, threshold, minutes }) {
	if (kind !== "metric")
		return t(`alerts.kind.${kind}`);
	return t(`alerts.condition.${comparison}`, { metric: t(`alerts.metric.${metric}`), threshold: valueWords(metric, threshold), minutes: t("alerts.minutes", { count: minutes }) });
}

/** Beside a server's state: what is wrong with it now. */
export function AlertMark({ server }) {
	const open = useValue(alertsOf).get(server.id) ?? [];
	if (open.length === 0)
		return null;
	return html`<p class="alert-mark" data-alerts=${open.length}><${Icon} name="attention"/> <a href="#/alerts">${t("alerts.open.count", { count: open.length })}</a>
		<span class="alert-what">${[...new Set(open.map(conditionWords))].slice(0, 3).join(" · ")}</span></p>`;
}
