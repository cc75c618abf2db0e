// A server's first step: one line an item, with what says so from inside and from outside.

import { checkAgain, commandFor, openInbound, readFirstStep } from "../lib/first-step.js";
import { has, t } from "../lib/i18n.js";
import { actions } from "../lib/servers.js";
import { me } from "../lib/session.js";
import { announce, html, useValue } from "../lib/ui.js";
import { Copy } from "../parts/copy.js";
import { Crumbs } from "../parts/crumbs.js";
import { Failure, FailureDetail, failureText } from "../parts/failure.js";
import { Icon } from "../parts/icon.js";
import { Moment } from "../parts/moment.js";
import { NameDialog } from "../parts/name-dialog.js";
import { OneServer } from "../parts/one-server.js";
import { ServerTabs } from "../parts/server-tabs.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const icons = { pass: "success", fail: "attention", reported: "busy", stale: "unknown" };

const reasonText = (reason) => t(has(`first-step.reason.${reason}`) ? `first-step.reason.${reason}` : "first-step.reason.other");

function Side({ words, side, none }) {
	return html`<div class="first-step-side"><dt>${words}</dt><dd>${side
		? html`<p>${t(`first-step.result.${side.result}`)}${side.result !== "pass" && html` <span>${reasonText(side.reason)}</span>`} <span class="hint"><${Moment} at=${side.time}/></span></p>
			${side.evidence.length > 0 && html`<ul lang="en" translate="no">${side.evidence.map(({ source, text }, index) => html`<li key=${index}><code>${source}</code> ${text}</li>`)}</ul>`}`
		: html`<p class="hint">${none}</p>`}</dd></div>`;
}

function Item({ item }) {
	const command = commandFor(item);
	return html`<li class="first-step-item" data-item=${item.id} data-verdict=${item.verdict}>
		<${Icon} name=${icons[item.verdict]}/>
		<div>
			<h3>${t(`first-step.item.${item.id}`)} <span class="first-step-verdict">${t(`first-step.verdict.${item.verdict}`)}</span></h3>
			<p>${t(`first-step.meaning.${item.id}`)}</p>
			<dl>
				${item.id !== "monitoring" && html`<${Side} words=${t("first-step.inside")} side=${item.inside} none=${t("first-step.inside.none")}/>`}
				${item.needs_outside && html`<${Side} words=${t("first-step.outside")} side=${item.outside} none=${t("first-step.outside.none")}/>`}
			</dl>
			${item.verdict !== "pass" && html`<p>${t(`first-step.do.${item.verdict === "fail" ? item.id : item.verdict}`)}</p>`}
			${command && html`<p><${Copy} text=${command} what=${t(`first-step.item.${item.id}`)}/></p>`}
		</div>
	</li>`;
}

function Edge({ server, found, mayChange, onOpened }) {
	const [asking, setAsking] = useState(false);
	const [failure, setFailure] = useState(null);

	const open = async () => {
		setAsking(false);
		try {
			await openInbound(server.id);
			announce(t("first-step.opened"));
			onOpened();
		} catch (error) {
			setFailure(error);
		}
	};
	if (found.inbound.state === "open") {
		return html`<p class="hint" data-edge="open">${t(`first-step.why.${found.inbound.reason}`)}
			${found.inbound.reason !== "older" && html` <${Moment} at=${found.inbound.since}/>`}</p>`;
	}
	return html`<section class="notice attention" aria-labelledby="edge-title" data-edge="closed">
		<h2 id="edge-title">${t("first-step.closed")}</h2>
		<p>${t(found.guest.reports === false ? "first-step.closed.silent" : "first-step.closed.about")}</p>
		${found.inbound.opens && html`<p>${t("first-step.closed.until")} <${Moment} at=${found.inbound.opens}/></p>`}
		${failure && html`<div role="alert"><p>${failureText(failure.code)}</p><${FailureDetail} error=${failure}/></div>`}
		${mayChange && html`<p class="buttons"><button type="button" class="button small" id="open-inbound" onClick=${() => setAsking(true)}>${t("first-step.open")}</button></p>`}
		${asking && html`<${NameDialog} id="open" server=${server} title=${t("first-step.open.title", { name: server.name })} confirm=${t("first-step.open")}
			typing="first-step.open.type" locked=${null} fallback=${() => document.getElementById("heading")} onRefuse=${() => setAsking(false)} onConfirm=${open}>
			<p>${t("first-step.open.what")}</p>
		<//>`}
	</section>`;
}

/** What is known of it, read again whenever the server or a check of it changes. */
function useFirstStep(server, check) {
	const [found, setFound] = useState(null);
	const [failure, setFailure] = useState(null);
	const read = () => {
		readFirstStep(server.id).then((now) => { setFound(now); setFailure(null); }, setFailure);
	};
	const { passed, known, inbound } = server.ippo?.first_step ?? {};
	useEffect(read, [server.id, passed, known, inbound, check?.id, check?.status]);
	return { found, failure, read };
}

function Inside({ server }) {
	const person = useValue(me);
	const check = [...useValue(actions).values()]
		.filter(({ command, resources }) => command === "check_first_step" && resources?.some(({ id, type }) => type === "server" && id === server.id))
		.sort((a, b) => b.id - a.id)[0];
	const { found, failure, read } = useFirstStep(server, check);
	const [refused, setRefused] = useState(null);
	const isChecking = check?.status === "running";
	const mayChange = person?.role !== "reader";
	const again = async () => {
		setRefused(null);
		try {
			await checkAgain(server.id);
			announce(t("first-step.checking"));
		} catch (error) {
			setRefused(error);
		}
	};

	return html`<div>
		<${Crumbs} server=${server}/>
		<${Heading} text=${t("first-step.heading", { name: server.name })} help="first-step"/>
		<${ServerTabs} server=${server} now="first-step"/>
		${failure && html`<${Failure} title=${t("first-step.unread")} error=${failure} onRetry=${read}/>`}
		${!found && !failure && html`<p class="waiting">${t("first-step.loading")}</p>`}
		${found && html`<${Edge} server=${server} found=${found} mayChange=${mayChange} onOpened=${read}/>
			<div class="graph-bar">
				<p class="first-step-sum" role="status">${t(isChecking ? "first-step.checking" : "first-step.sum", { passed: found.passed, total: found.total })}</p>
				${mayChange && html`<button type="button" class="button small" id="check-again" aria-disabled=${isChecking || server.status !== "running" ? "true" : undefined}
					onClick=${() => isChecking || server.status !== "running" || again()}>${t(isChecking ? "first-step.busy" : "first-step.again")}</button>`}
			</div>
			${refused && html`<div class="notice attention" role="alert"><p>${failureText(refused.code)}</p><${FailureDetail} error=${refused}/></div>`}
			${!isChecking && check?.status === "error" && html`<div class="notice attention"><p>${t("first-step.failed")}</p><${FailureDetail} error=${check.error}/></div>`}
			${server.ippo?.guest_agent === false && html`<p class="hint" data-agent="off">${t("first-step.no-agent")}</p>`}
			<ol class="first-step-list">${found.items.map((item) => html`<${Item} key=${item.id} item=${item}/>`)}</ol>
			<p class="hint">${t("first-step.about", { program: found.guest.program || "—" })}</p>`}
	</div>`;
}

export function FirstStep({ parameters }) {
	return html`<${OneServer} id=${parameters.id} heading=${t("first-step")}>${(server) => html`<${Inside} server=${server}/>`}<//>`;
}
