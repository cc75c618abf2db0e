// What one version of a zone changed, read when it is opened.

import { number, t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { readChanges } from "../lib/zones.js";
import { useState } from "../vendor/hooks.js";
import { Failure } from "./failure.js";

/** The lines of a record set at one time: each value, and the TTL where it has one of its own. */
const linesOf = (state) => [...(state?.records ?? []).map(({ value }) => value), ...(state?.ttl != null ? [`TTL ${number(state.ttl)}`] : [])];

function Change({ change }) {
	const [before, after] = [linesOf(change.before), linesOf(change.after)];
	const line = (mark, word, text) => html`<li key=${mark + text}><span aria-hidden="true">${mark}</span><span class="visually-hidden">${t(word)}</span> <code class="zone-value" translate="no">${text}</code></li>`;
	return html`<li>
		<strong translate="no">${change.name === "" ? t("zone.ttl") : `${change.name} ${change.type}`}</strong>
		<ul class="zone-change">
			${before.filter((text) => !after.includes(text)).map((text) => line("−", "zone.version.removed", text))}
			${after.filter((text) => !before.includes(text)).map((text) => line("+", "zone.version.added", text))}
		</ul>
	</li>`;
}

export function VersionChanges({ zone, version }) {
	const [found, setFound] = useState({});
	const read = async () => {
		setFound({});
		try {
			setFound({ changes: await readChanges(zone.id, version) });
		} catch (failure) {
			setFound({ failure });
		}
	};
	const { changes, failure } = found;
	return html`<details class="further" onToggle=${(event) => event.target.open && !changes && read()}>
		<summary>${t("zone.version.look")}<span class="visually-hidden"> (${number(version)})</span></summary>
		${failure ? html`<${Failure} title=${t("zone.version.unread")} error=${failure} onRetry=${read}/>`
			: changes ? html`<ul class="zone-changes">${changes.map((change) => html`<${Change} key=${`${change.name}/${change.type}`} change=${change}/>`)}</ul>`
				: html`<p class="waiting">${t("zone.version.loading")}</p>`}
	</details>`;
}
