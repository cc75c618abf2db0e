// A server's packet filters: which are in force, what was refused in the last hour, and whether a packet would reach it.

import { countsOf, endedChanges, readFilter } from "../lib/firewalls.js";
import { number, t } from "../lib/i18n.js";
import { readNetworks } from "../lib/networks.js";
import { actions } from "../lib/servers.js";
import { me } from "../lib/session.js";
import { html, useValue } from "../lib/ui.js";
import { Crumbs } from "../parts/crumbs.js";
import { Failure } from "../parts/failure.js";
import { RuleTable } from "../parts/firewall-rules.js";
import { PacketTest } from "../parts/firewall-test.js";
import { Trial } from "../parts/firewall-trial.js";
import { Moment } from "../parts/moment.js";
import { OneServer } from "../parts/one-server.js";
import { PrivatePort } from "../parts/private-port.js";
import { useRead } from "../parts/read.js";
import { ServerTabs } from "../parts/server-tabs.js";
import { useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

function Refused({ list }) {
	return html`<div class="graph-table firewall-table" tabindex="0" role="group" aria-label=${t("firewalls.refused")}><table>
		<thead><tr>${["kind", "address", "port", "count", "last"].map((each) => html`<th key=${each} scope="col" class=${each === "count" ? "amount" : undefined}>${t(`firewalls.column.${each}`)}</th>`)}</tr></thead>
		<tbody>${list.map((line, index) => html`<tr key=${index} data-refused=${index}>
			<td>${t(`firewalls.kind.${line.kind}`)}</td><td><code>${line.address}</code></td>
			<td><code>${line.port === null ? line.protocol : `${line.port}/${line.protocol}`}</code></td>
			<td class="amount">${number(line.count)}</td><td><${Moment} at=${line.last}/></td></tr>`)}</tbody>
	</table></div>`;
}

/** How many packets were dropped since the filter was changed, by why. */
function Stopped({ filter: { counters } }) {
	const list = counters.filter(({ kind, packets }) => kind !== "rule" && packets > 0);
	return list.length > 0 && html`<section class="box firewall-part" aria-labelledby="stopped-title"><h2 id="stopped-title">${t("firewalls.stopped")}</h2>
		<dl class="lines">${list.map(({ kind, packets }) => html`<div key=${kind} data-stopped=${kind}><dt>${t(`firewalls.kind.${kind}`)}</dt><dd class="number">${number(packets)}</dd></div>`)}</dl>
	</section>`;
}

function PrivateNetworks({ server }) {
	const ports = server.private_net ?? [];
	const { value: networks, failure, again } = useRead(readNetworks, String(server.id));
	return html`<section class="box firewall-part" aria-labelledby="private-title"><h2 id="private-title">${t("networks")}</h2>
		${failure && html`<${Failure} title=${t("networks.unread")} error=${failure} onRetry=${again}/>`}
		${ports.length === 0 && html`<p class="hint">${t("networks.server.none")}</p>`}
		${networks && ports.map((port) => {
			const network = networks.find(({ id }) => id === port.network);
			return network && html`<div key=${port.network} data-port=${port.network}><h3 translate="no"><bdi>${network.name}</bdi></h3><${PrivatePort} port=${port} network=${network} name=${server.name}/></div>`;
		})}
		<p class="buttons"><a class="button" href="#/networks">${t("networks")}</a></p>
	</section>`;
}

function Inside({ server }) {
	const ended = endedChanges(useValue(actions));
	const mayChange = useValue(me)?.role !== "reader";
	const [said, setSaid] = useState(null); // of the last trial, how it ended
	const { value: filter, failure, again } = useRead(() => readFilter(server.id), `${server.id} ${ended}`);
	return html`<div class="alerts">
		<div><${Crumbs} server=${server}/>
		<${Heading} text=${t("firewalls.heading", { name: server.name })} help="firewalls"/></div>
		<${ServerTabs} server=${server} now="filter"/>
		${failure && html`<${Failure} title=${t("firewalls.unread")} error=${failure} onRetry=${again}/>`}
		${!filter && !failure && html`<p class="waiting">${t("firewalls.loading")}</p>`}
		${filter && mayChange && filter.trials.map(({ firewall, ...trial }) => html`<${Trial} key=${firewall.id} firewall=${{ ...firewall, ippo: { trial } }} onEnded=${(words) => { setSaid(words); again(); }}/>`)}
		<div role="status">${said && filter?.trials.length === 0 && html`<p class="notice" id="trial-ended">${said}</p>`}</div>
		${filter && html`
			<section class="box firewall-part" aria-labelledby="filters-title"><h2 id="filters-title">${t("firewalls.in-force")}</h2>
				<p class="hint" role="status">${t(filter.status === "applied" ? "firewalls.status.applied" : "firewalls.status.pending")}</p>
				${filter.firewalls.length === 0 ? html`<p>${t("firewalls.server.none")}</p>`
					: html`<ul class="alert-lines">${filter.firewalls.map(({ id, name, rules }) => html`<li class="alert-line" key=${id}><p class="alert-about"><a href=${`#/firewalls/${id}`} dir="auto" translate="no">${name}</a>
						${" "}<span class="hint">${t("firewalls.rules.count", { count: rules.length })}</span></p>
						${rules.length > 0 && html`<${RuleTable} rules=${rules} packets=${filter.measured ? countsOf({ id, rules }, filter.counters) : null} label=${t("firewalls.rules.of", { name })}/>`}</li>`)}</ul>`}
				<p class="hint">${t("firewalls.note")}</p>
				<p class="buttons"><a class="button" href="#/firewalls">${t("firewalls")}</a></p>
			</section>
			<${Stopped} filter=${filter}/>
			<section class="box firewall-part" aria-labelledby="refused-title"><h2 id="refused-title">${t("firewalls.refused")}</h2>
				${!filter.measured ? html`<p class="hint">${t("firewalls.refused.unknown")}</p>`
					: filter.refused.length === 0 ? html`<p class="hint">${t("firewalls.refused.none")}</p>` : html`<${Refused} list=${filter.refused}/>`}
				<p class="buttons"><button type="button" class="button small" id="refresh" onClick=${again}>${t("firewalls.refresh")}</button></p>
			</section>
			<${PrivateNetworks} server=${server}/>
			<${PacketTest} place=${`servers/${server.id}/filter/test`} firewalls=${filter.firewalls}/>`}
	</div>`;
}

export function ServerFilter({ parameters }) {
	return html`<${OneServer} id=${parameters.id} heading=${t("firewalls")}>${(server) => html`<${Inside} server=${server}/>`}<//>`;
}
