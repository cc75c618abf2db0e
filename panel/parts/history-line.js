// One line of the history: when, who and from where, what about which, and how it went.

import { has, t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { Icon } from "./icon.js";
import { Moment } from "./moment.js";

const icons = { success: "success", accepted: "busy", refused: "attention", error: "attention" };

/** Words where there are some; a name that the panel does not know yet stands for itself. */
const wordsFor = (what) => (has(`history.what.${what}`) ? t(`history.what.${what}`) : what);

function actorWords({ kind, name }) {
	if (kind === "system" || kind === "nobody")
		return t(`history.by.${kind}`);
	return kind === "session" ? name : t(`history.by.${kind}`, { name });
}

export function HistoryLine({ line }) {
	const { resource, actor } = line;
	const details = Object.entries(line.details);
	return html`<li class="history-line" data-line=${line.id}>
		<span class="history-when"><${Moment} at=${line.time}/></span>
		<span class="history-what"><strong>${wordsFor(line.what)}</strong>${resource?.name ? html` <bdi>${resource.name}</bdi>` : null}</span>
		<span class="history-who"><bdi>${actorWords(actor)}</bdi>${line.operator && html` <em>${t("history.operator")}</em>`}${line.peer && html` <code>${line.peer}</code>`}</span>
		<span class=${`history-result history-${line.result}`}><${Icon} name=${icons[line.result]}/> ${t(`history.result.${line.result}`)}</span>
		<details class="history-more">
			<summary>${t("history.details")}<span class="visually-hidden"> (${line.id})</span></summary>
			<dl>
				<div><dt>${t("history.number")}</dt><dd>${line.id}</dd></div>
				<div><dt>${t("history.name")}</dt><dd><code>${line.what}</code></dd></div>
				${line.error && html`<div><dt>${t("history.error")}</dt><dd><code>${line.error}</code></dd></div>`}
				${details.map(([name, value]) => html`<div key=${name}><dt lang="en">${name}</dt><dd><code>${typeof value === "string" ? value : JSON.stringify(value)}</code></dd></div>`)}
				<div><dt>${t("history.hash")}</dt><dd><code>${line.hash}</code></dd></div>
			</dl>
		</details>
	</li>`;
}
