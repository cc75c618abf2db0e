// A server's home: its state and power, how to log in, what it is, and what was done to it.

import { bandwidth, gigabytes, price, t, trafficSize } from "../lib/i18n.js";
import { ipv6Address, powerOf } from "../lib/power.js";
import { readCurrency, setReverseName } from "../lib/server-changes.js";
import {
	actions, command, failedActions, lastActions, readServerActions, refusals, requests, runningActions,
} from "../lib/servers.js";
import { me } from "../lib/session.js";
import { announce, html, useValue } from "../lib/ui.js";
import { ActionLines, EndedAction } from "../parts/action-line.js";
import { AlertMark } from "../parts/alert-words.js";
import { Connect, Fingerprint } from "../parts/connect.js";
import { ConnectHelp } from "../parts/connect-help.js";
import { Copy } from "../parts/copy.js";
import { Crumbs } from "../parts/crumbs.js";
import { Changeable, Edit } from "../parts/edit.js";
import { Failure } from "../parts/failure.js";
import { FirstStepCard } from "../parts/first-step-card.js";
import { problemsOf } from "../parts/form.js";
import { Graphs, useMeasurements } from "../parts/measured.js";
import { Moment } from "../parts/moment.js";
import { OneServer } from "../parts/one-server.js";
import { ForceDialog, PowerButton, PowerRow, PowerState } from "../parts/power.js";
import { NextCharge } from "../parts/price.js";
import { RescueBanner } from "../parts/rescue.js";
import { Screen } from "../parts/screen.js";
import { ServerTabs } from "../parts/server-tabs.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const nothing = [];
const shown_actions = 6;
const focusHeading = () => document.getElementById("heading")?.focus();

function Start({ server, power, mayChange }) {
	return html`<section class="notice home-start" aria-labelledby="start-title">
		<h2 id="start-title">${t("home.off")}</h2>
		<p class="meaning">${t("server.off")}</p>
		${mayChange && power.verbs.includes("poweron") && html`<p class="buttons"><${PowerButton} verb="poweron" pending=${power.pending.has("poweron")}
			name=${server.name} onPress=${() => command(server.id, "poweron")}/></p>`}
	</section>`;
}

function ReverseName({ server, ip, now, kind, mayChange }) {
	const id = `reverse-${kind}`;
	const [said, setSaid] = useState(null); // of the last change: whether the name leads back
	const problems = (error) => (error.code === "uniqueness_error"
		? [{ field: `${id}-rename`, key: "home.name.taken", error }]
		: problemsOf(error, { dns_ptr: { field: id, key: "home.reverse.wrong" }, rename_server: { field: `${id}-rename`, key: "home.reverse.rename.wrong" } })
			?? [{ key: "home.failed", error }]);
	const done = (close, named) => {
		setSaid(named);
		close();
		announce(`${t("home.reverse.changed")} ${named ? t(`home.reverse.${named.forward}`, { address: ip }) : ""}`.trim());
	};
	return html`${now ? html`<code translate="no">${now}</code>` : html`<span class="hint">${t("home.reverse.none")}</span>`}
		${said && html`<p class="hint" data-forward=${said.forward}>${t(`home.reverse.${said.forward}`, { address: ip })}</p>`}
		${mayChange && html`<${Changeable} id=${`change-${id}`} words=${t("home.change")} name=${t("home.reverse", { kind })}>${(close) => html`<${Edit} id=${id}
			label=${t("home.reverse.field", { address: ip })} hint=${t("home.reverse.hint")} value=${now ?? ""} maxlength="253" fields=${problems}
			judge=${(text) => (/\s/.test(text) ? "home.reverse.wrong" : null)} save=${(text, form) => setReverseName(server.id, ip, text || null, form[`${id}-rename`].checked)}
			onDone=${(text, named) => done(close, named)} onCancel=${close}>
			<label class="check"><input type="checkbox" id=${`${id}-rename`} name=${`${id}-rename`}/> <span>${t("home.reverse.rename")}</span></label>
			<//>`}<//>`}`;
}

function useCurrency() {
	const [currency, setCurrency] = useState(null);
	useEffect(() => {
		let isHere = true;
		readCurrency().then((found) => isHere && setCurrency(found), () => {}); // the price is left out then
		return () => { isHere = false; };
	}, []);
	return currency;
}

function Information({ server, mayChange }) {
	const { server_type: plan, image, location, public_net: net } = server;
	const ipv4 = net?.ipv4;
	const ipv6 = ipv6Address(server);
	const currency = useCurrency();
	const cost = plan?.prices?.find((each) => each.location === location?.name)?.price_monthly;
	return html`<section class="box" aria-labelledby="information-title">
		<h2 id="information-title">${t("home.information")}</h2>
		<dl class="lines">
			${ipv4 && html`<div><dt>IPv4</dt><dd><${Copy} text=${ipv4.ip} what="IPv4"/></dd></div>
				<div><dt>${t("home.reverse", { kind: "IPv4" })}</dt><dd><${ReverseName} server=${server} ip=${ipv4.ip} now=${ipv4.dns_ptr} kind="IPv4" mayChange=${mayChange}/></dd></div>`}
			${ipv6 && html`<div><dt>IPv6</dt><dd><${Copy} text=${ipv6} what="IPv6"/></dd></div>
				<div><dt>${t("home.reverse", { kind: "IPv6" })}</dt><dd><${ReverseName} server=${server} ip=${ipv6} kind="IPv6" mayChange=${mayChange}
					now=${net.ipv6.dns_ptr?.find(({ ip }) => ip === ipv6)?.dns_ptr}/></dd></div>`}
			${plan && html`<div><dt>${t("server.plan")}</dt><dd><span translate="no">${plan.name}</span><span class="number">${t("server.cores", { count: plan.cores })}</span></dd></div>
				<div><dt>${t("home.memory")}</dt><dd class="number">${gigabytes(plan.memory)}</dd></div>
				<div><dt>${t("home.disk")}</dt><dd class="number">${gigabytes(server.primary_disk_size ?? plan.disk)}</dd></div>`}
			${image && html`<div><dt>OS</dt><dd>${image.description || image.name}</dd></div>`}
			${server.ippo?.updates && html`<div><dt>${t("choices.updates")}</dt><dd>${t(`choices.updates.${server.ippo.updates}`)}</dd></div>`}
			${server.ippo?.kept_disk && html`<div><dt>${t("kept")}</dt><dd><a href=${`#/servers/${server.id}/reinstall`}>${t("kept.until")}</a>
				<${Moment} at=${server.ippo.kept_disk.expires} full/></dd></div>`}
			${location && html`<div><dt>${t("server.location")}</dt><dd>${location.description || location.name}</dd></div>`}
			<div><dt>${t("home.traffic")}</dt><dd class="number" id="traffic">${t(server.included_traffic > 0 ? "home.traffic.of" : "home.traffic.both", {
				out: trafficSize(server.outgoing_traffic ?? 0), in: trafficSize(server.ingoing_traffic ?? 0), included: trafficSize(server.included_traffic ?? 0) })}</dd></div>
			${plan && bandwidth(plan) && html`<div><dt>${t("home.bandwidth")}</dt><dd class="number" id="bandwidth">${bandwidth(plan)}</dd></div>`}
			${cost && currency && html`<div><dt>${t("home.price")}</dt><dd class="number">${t("home.price.month", { price: price(cost.gross, currency) })}</dd></div>
				<div><dt>${t("contract.next")}</dt><dd id="next-charge"><${NextCharge} next=${server.ippo?.next_charge}/></dd></div>`}
		</dl>
	</section>`;
}

function Recent({ server }) {
	const all = useValue(actions);
	const [failure, setFailure] = useState(null);
	const read = () => {
		setFailure(null);
		readServerActions(server.id).catch(setFailure);
	};
	useEffect(read, [server.id]);
	const done = [...all.values()]
		.filter(({ status, command: what, resources }) => status !== "running" && what !== "request_console"
			&& resources?.some(({ id, type }) => type === "server" && id === server.id))
		.sort((a, b) => b.id - a.id).slice(0, shown_actions);
	return html`<section class="box" aria-labelledby="recent-title">
		<h2 id="recent-title">${t("home.recent")}</h2>
		${failure && html`<${Failure} title=${t("home.recent.unread")} error=${failure} onRetry=${read}/>`}
		${done.length > 0
			? html`<ul class="done-list">${done.map((action) => html`<li key=${action.id} data-action=${action.id}><${EndedAction} action=${action}/></li>`)}</ul>`
			: !failure && html`<p class="hint">${t("home.recent.none")}</p>`}
	</section>`;
}

/** The last hour; there is more in a room of its own. */
function Used({ server }) {
	const { found, failure, read } = useMeasurements(server, "hour");
	return html`<section class="box" aria-labelledby="used-title">
		<div class="graph-top"><h2 id="used-title">${t("home.used")}</h2><a href=${`#/servers/${server.id}/graphs`}>${t("home.used.more")}</a></div>
		${failure && html`<${Failure} title=${t("graphs.unread")} error=${failure} onRetry=${read}/>`}
		${found ? html`<${Graphs} server=${server} found=${found} isShort=${true}/>` : !failure && html`<p class="waiting">${t("graphs.loading")}</p>`}
	</section>`;
}

function Inside({ server }) {
	const running = useValue(runningActions).get(server.id) ?? nothing;
	const failed = useValue(failedActions).get(server.id) ?? nothing;
	const last = useValue(lastActions).get(server.id);
	const request = useValue(requests).get(server.id);
	const refusal = useValue(refusals).get(server.id);
	const person = useValue(me);
	const [asking, setAsking] = useState(null);
	const power = powerOf(server, running, request);
	const mayChange = person?.role !== "reader";

	return html`<div class="home" data-home=${server.id}>
		<div>
			<${Crumbs}/>
			<${Heading} text=${server.name} help="servers">
				<${PowerState} power=${power}/>
				<div class="home-reach">
					<${PowerRow} server=${server} power=${power} onAsk=${setAsking}/>
					<a class="button" href=${`#/servers/${server.id}/console`}>${t("console.open")}</a>
				</div>
			<//>
		</div>
		<${ServerTabs} server=${server} now="home"/>
		<${AlertMark} server=${server}/>
		<${RescueBanner} server=${server}/>
		<${ActionLines} server=${server} running=${running} failed=${failed} last=${last} request=${request} refusal=${refusal} focus=${focusHeading}/>
		${server.status === "off" || power.pending.has("poweron")
			? html`<${Start} server=${server} power=${power} mayChange=${mayChange}/>`
			: html`<${Connect} server=${server}><${Fingerprint} server=${server}/><//>`}
		<div class="home-columns">
			<${Information} server=${server} mayChange=${mayChange}/>
			<div class="home-column">
				${server.status === "running" && html`<section class="box" aria-labelledby="screen-title">
					<h2 id="screen-title">${t("home.screen")}</h2>
					<${Screen} server=${server}/>
				</section>`}
				<${FirstStepCard} server=${server}/>
				<${Recent} server=${server}/>
			</div>
		</div>
		<${Used} server=${server}/>
		<${ConnectHelp} server=${server}/>
		${asking && html`<${ForceDialog} verb=${asking} server=${server} isStopped=${server.status === "off"}
			fallback=${() => document.getElementById("heading")} onClose=${() => setAsking(null)}/>`}
	</div>`;
}

export function Home({ parameters }) {
	return html`<${OneServer} id=${parameters.id} heading=${t("home")}>${(server) => html`<${Inside} server=${server}/>`}<//>`;
}
