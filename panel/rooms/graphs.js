// What a server has used: processor, memory, disk and network, over an hour to a year.

import { t } from "../lib/i18n.js";
import { ranges } from "../lib/measurements.js";
import { html } from "../lib/ui.js";
import { Crumbs } from "../parts/crumbs.js";
import { Failure } from "../parts/failure.js";
import { Graphs as Pictures, useMeasurements } from "../parts/measured.js";
import { OneServer } from "../parts/one-server.js";
import { ServerTabs } from "../parts/server-tabs.js";
import { Heading } from "./room.js";

function Inside({ server, range }) {
	const { found, failure, busy, read } = useMeasurements(server, range);

	return html`<div>
		<${Crumbs} server=${server}/>
		<${Heading} text=${t("graphs.heading", { name: server.name })} help="graphs"/>
		<${ServerTabs} server=${server} now="graphs"/>
		<div class="graph-bar">
			<nav aria-label=${t("graphs.range")}><ul class="buttons">${Object.keys(ranges).map((each) => html`<li key=${each}><a class="button small"
				href=${`#/servers/${server.id}/graphs/${each}`} aria-current=${each === range ? "true" : undefined}>${t(`graphs.range.${each}`)}</a></li>`)}</ul></nav>
			<button type="button" class="button small" aria-disabled=${busy ? "true" : undefined} onClick=${() => busy || read()}>${t(busy ? "graphs.busy" : "graphs.refresh")}</button>
		</div>
		${failure && html`<${Failure} title=${t("graphs.unread")} error=${failure} onRetry=${read}/>`}
		${found ? html`<${Pictures} server=${server} found=${found}/>`
			: !failure && html`<p class="waiting">${t("graphs.loading")}</p>`}
	</div>`;
}

export function Graphs({ parameters }) {
	return html`<${OneServer} id=${parameters.id} heading=${t("graphs")}>${(server) => html`<${Inside} server=${server} range=${parameters.range ?? "hour"}/>`}<//>`;
}
