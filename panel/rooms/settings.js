// A server's settings: its contract and plan, and what is changed rarely; deletion stands last and alone.

import { gigabytes, t } from "../lib/i18n.js";
import { powerOf } from "../lib/power.js";
import { failedActions, lastActions, refusals, requests, runningActions } from "../lib/servers.js";
import { me } from "../lib/session.js";
import { html, useValue } from "../lib/ui.js";
import { ActionLines } from "../parts/action-line.js";
import { Crumbs } from "../parts/crumbs.js";
import { OneServer } from "../parts/one-server.js";
import { PowerState } from "../parts/power.js";
import { Day, NextCharge } from "../parts/price.js";
import { RescueBanner } from "../parts/rescue.js";
import { ServerSettings } from "../parts/server-settings.js";
import { ServerTabs } from "../parts/server-tabs.js";
import { Upgrade } from "../parts/upgrade.js";
import { Heading } from "./room.js";

const nothing = [];
const focusHeading = () => document.getElementById("heading")?.focus();

function Contract({ server, mayChange, isBusy }) {
	const { server_type: plan } = server;
	return html`<section class="box" aria-labelledby="contract-title">
		<h2 id="contract-title">${t("settings.contract")}</h2>
		<dl class="lines">
			<div><dt>${t("server.plan")}</dt><dd><span translate="no">${plan.name}</span> <span class="number">${t("server.size", {
				cores: t("server.cores", { count: plan.cores }), memory: gigabytes(plan.memory), disk: gigabytes(server.primary_disk_size) })}</span></dd></div>
			<div><dt>${t("contract.since")}</dt><dd><${Day} at=${server.created}/></dd></div>
			<div><dt>${t("contract.next")}</dt><dd id="next-charge"><${NextCharge} next=${server.ippo?.next_charge}/></dd></div>
		</dl>
		<p><a href="#/contract">${t("settings.contract.all")}</a></p>
		${mayChange && html`<${Upgrade} server=${server} isBusy=${isBusy}/>`}
	</section>`;
}

function Inside({ server }) {
	const running = useValue(runningActions).get(server.id) ?? nothing;
	const failed = useValue(failedActions).get(server.id) ?? nothing;
	const last = useValue(lastActions).get(server.id);
	const request = useValue(requests).get(server.id);
	const refusal = useValue(refusals).get(server.id);
	const mayChange = useValue(me)?.role !== "reader";

	return html`<div class="home" data-settings=${server.id}>
		<div><${Crumbs} server=${server}/>
		<${Heading} text=${t("settings.heading", { name: server.name })} help="servers"><${PowerState} power=${powerOf(server, running, request)}/><//></div>
		<${ServerTabs} server=${server} now="settings"/>
		<${RescueBanner} server=${server}/>
		<${ActionLines} server=${server} running=${running} failed=${failed} last=${last} request=${request} refusal=${refusal} focus=${focusHeading}/>
		<div class="home-columns">
			<${Contract} server=${server} mayChange=${mayChange} isBusy=${running.length > 0}/>
			${mayChange && html`<${ServerSettings} server=${server}/>`}
		</div>
	</div>`;
}

export function Settings({ parameters }) {
	return html`<${OneServer} id=${parameters.id} heading=${t("home.settings")} help="servers">${(server) => html`<${Inside} server=${server}/>`}<//>`;
}
