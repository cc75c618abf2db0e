// The list of servers: live state, power, and how to log in.

import { gigabytes, language, t } from "../lib/i18n.js";
import { insist } from "../lib/insist.js";
import { ipv6Address, powerOf } from "../lib/power.js";
import { goInstead, route } from "../lib/router.js";
import { askedIn, isFound, queryOf } from "../lib/server-search.js";
import {
	command, failedActions, lastActions, listState, readFound, readMore, refreshes, refusals, requests, retryList, runningActions, sortedServers,
} from "../lib/servers.js";
import { me } from "../lib/session.js";
import { recall } from "../lib/storage.js";
import { html, useValue } from "../lib/ui.js";
import { ActionLines } from "../parts/action-line.js";
import { AlertMark } from "../parts/alert-words.js";
import { Connect } from "../parts/connect.js";
import { Failure } from "../parts/failure.js";
import { Icon } from "../parts/icon.js";
import { ForceDialog, PowerButton } from "../parts/power.js";
import { Screen } from "../parts/screen.js";
import { Search } from "../parts/search.js";
import { useEffect, useLayoutEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const nothing = [];

/** What is drawn of each server stays as it is until something it shows changes: preact passes by what it was given before. */
function useKept() {
	const kept = useRef(new WeakMap()); // by what it is about: {parts, drawn}

	return (about, parts, draw) => {
		const before = kept.current.get(about);
		if (before && parts.every((part, index) => part === before.parts[index]))
			return before.drawn;
		const drawn = draw(about, ...parts);
		kept.current.set(about, { parts, drawn });
		return drawn;
	};
}

const drawServer = (server, running, failed, last, request, refusal) => html`<li key=${server.id}>
	<${Server} server=${server} running=${running} failed=${failed} last=${last} request=${request} refusal=${refusal}/>
</li>`;

function Facts({ server }) {
	const { server_type: plan, image, location } = server;
	const ipv4 = server.public_net?.ipv4?.ip;
	const ipv6 = ipv6Address(server);
	return html`<dl class="facts">
		${ipv4 && html`<div><dt>IPv4</dt><dd><code translate="no">${ipv4}</code></dd></div>`}
		${ipv6 && html`<div><dt>IPv6</dt><dd><code translate="no">${ipv6}</code></dd></div>`}
		${plan && html`<div><dt>${t("server.plan")}</dt><dd><span translate="no">${plan.name}</span> · <span class="number">${t("server.size", { cores: t("server.cores", { count: plan.cores }), memory: gigabytes(plan.memory), disk: gigabytes(plan.disk) })}</span></dd></div>`}
		${image && html`<div><dt>OS</dt><dd>${image.description || image.name}</dd></div>`}
		${location && html`<div><dt>${t("server.location")}</dt><dd>${location.description || location.name}</dd></div>`}
	</dl>`;
}

/** Brings the focus to the server's name when the button that had it has gone. */
function useKeptFocus(name) {
	const held = document.activeElement;
	const wasHeld = Boolean(held?.dataset?.verb && name.current?.closest(".server").contains(held));

	useLayoutEffect(() => {
		if (wasHeld && !held.isConnected)
			name.current.focus();
	});
}

function Server({ server, running, failed, last, request, refusal }) {
	const name = useRef(null);
	const [asking, setAsking] = useState(false);
	const { state, pending, verbs } = powerOf(server, running, request);
	const focusName = () => name.current.focus();

	useKeptFocus(name);
	return html`<article class="server" aria-labelledby=${`server-${server.id}`} data-server=${server.id}>
		<div class="server-top">
			<h2 id=${`server-${server.id}`} ref=${name} tabindex="-1" translate="no"><a href=${`#/servers/${server.id}`}>${server.name}</a></h2>
			<p class="state state-${state}"><${Icon} name=${state}/> ${t(`state.${state}`)}</p>
			<div class="buttons server-power">
				${verbs.map((verb) => html`<${PowerButton} key=${verb} verb=${verb} pending=${pending.has(verb)} name=${server.name}
					onPress=${() => (verb === "poweroff" ? setAsking(true) : command(server.id, verb))}/>`)}
			</div>
		</div>
		<${AlertMark} server=${server}/>
		<div class="server-middle">
			<div class="server-about">
				${state === "off" ? html`<p class="meaning">${t("server.off")}</p>` : html`<${Connect} server=${server}/>`}
				<${Facts} server=${server}/>
				<p><a class="button small" href=${`#/servers/${server.id}/console`}>${t("console.open")}<span
					class="visually-hidden"> (${server.name})</span></a></p>
			</div>
			${server.status === "running" && html`<${Screen} server=${server}/>`}
		</div>
		<${ActionLines} server=${server} running=${running} failed=${failed} last=${last} request=${request} refusal=${refusal} focus=${focusName}/>
		${asking && html`<${ForceDialog} verb="poweroff" server=${server} isStopped=${server.status === "off"} fallback=${() => name.current}
			onClose=${() => setAsking(false)}/>`}
	</article>`;
}

function CreateLink() {
	return html`<a class="button primary" href="#/servers/new">${t("create.submit")}</a>`;
}

function Empty({ mayCreate }) {
	return html`<div class="empty">
		<p>${t(mayCreate ? "servers.none" : "servers.none.reader")}</p>
		${mayCreate && html`<${CreateLink}/>`}
	</div>`;
}

function Count({ list, total }) {
	const running = list.filter(({ status }) => status === "running").length;
	return html`<p class="heading-about number">${t("servers.count", { count: total })}${list.length === total && html` · ${t("servers.running", { count: running })}`}</p>`;
}

/** From how many servers on they are searched. */
const many = 6;

/**
 * What the service finds beyond the pages that were read; those servers come into the list.
 * @return {total, state, next, more}: `state` is "reading", "ready" or an error
 */
function useFound(query, isWhole) {
	const again = useValue(refreshes);
	const [found, setFound] = useState({ query: "", state: "ready", total: 0, next: null });
	const asking = useRef(0);

	const read = async (page) => {
		const mine = ++asking.current;
		setFound((before) => ({ ...(before.query === query ? before : { total: 0, next: null }), query, state: "reading" }));
		try {
			const answer = await readFound(query, page);
			if (mine === asking.current)
				setFound({ query, state: "ready", ...answer });
		} catch (error) {
			if (mine === asking.current)
				setFound((before) => ({ ...before, state: error }));
		}
	};
	useEffect(() => {
		if (query && !isWhole)
			read(1);
		return () => { asking.current++; };
	}, [query, isWhole, again]);
	return { ...found, read };
}

function NothingFound({ asked }) {
	const end = () => {
		goInstead("/servers");
		document.getElementById("server-search")?.focus();
	};
	return html`<div class="empty" data-search="none">
		<p>${t(asked.search ? "search.none" : "search.none.status", { text: asked.search, status: asked.status ? t(`state.${asked.status}`) : t("search.status.all") })}</p>
		<button type="button" class="button" onClick=${end}>${t("search.end")}</button>
	</div>`;
}

function MoreFound({ found, shown }) {
	const isReading = found.state === "reading";
	return html`<div class="more">
		${!isReading && found.state !== "ready" && html`<${Failure} title=${t("servers.unread")} error=${found.state} onRetry=${() => found.read(1)}/>`}
		${found.next && html`<button type="button" class="button" aria-disabled=${isReading ? "true" : undefined} onClick=${() => isReading || found.read(found.next)}>
			${t(isReading ? "servers.reading-more" : "servers.more", { shown, total: found.total })}</button>`}
	</div>`;
}

function More({ shown, total, more }) {
	const isReading = more === "reading";
	return html`<div class="more">
		${more && !isReading && html`<${Failure} title=${t("servers.unread")} error=${more} onRetry=${readMore}/>`}
		<button type="button" class="button" aria-disabled=${isReading ? "true" : undefined} onClick=${() => isReading || readMore()}>
			${t(isReading ? "servers.reading-more" : "servers.more", { shown, total })}
		</button>
	</div>`;
}

/** The list of first things, until its reader sends it away; it is no part of the first load. */
function First() {
	const [found, setFound] = useState(null);
	const [isOpen, setOpen] = useState(() => recall("first") !== "done");

	useEffect(() => {
		if (isOpen)
			insist(() => import("../parts/first-list.js")).then(setFound, () => {}); // one does without it
	}, []);
	return isOpen && found && html`<${found.FirstList} onClose=${() => setOpen(false)}/>`;
}

export function Servers() {
	const list = useValue(sortedServers);
	const { state, total, more } = useValue(listState);
	const running = useValue(runningActions);
	const failed = useValue(failedActions);
	const last = useValue(lastActions);
	const asked = useValue(requests);
	const refused = useValue(refusals);
	const words = useValue(language);
	const keep = useKept();
	const mayCreate = useValue(me)?.role !== "reader";
	const wanted = askedIn(useValue(route).query);
	const query = queryOf(wanted);
	const isWhole = state === "ready" && list.length >= total;
	const found = useFound(state === "ready" ? query : "", isWhole);
	const shown = query ? list.filter((server) => isFound(server, wanted)) : list;
	const isSure = isWhole || (found.query === query && found.state === "ready");

	let body;
	if (state === "loading")
		body = html`<p class="waiting">${t("servers.loading")}</p>`;
	else if (state !== "ready")
		body = html`<${Failure} title=${t("servers.unread")} error=${state} onRetry=${retryList}/>`;
	else if (list.length === 0)
		body = html`<${Empty} mayCreate=${mayCreate}/>`;
	else if (shown.length === 0)
		body = isSure ? html`<${NothingFound} asked=${wanted}/>` : found.state === "reading" && html`<p class="waiting">${t("search.reading")}</p>`;
	else
		body = html`<ul class="servers server-list">${shown.map((server) => keep(server, [running.get(server.id) ?? nothing, failed.get(server.id) ?? nothing,
			last.get(server.id), asked.get(server.id), refused.get(server.id), words], drawServer))}</ul>`;
	return html`<div>
		<${Heading} text=${t("servers")} help="servers">${state === "ready" && list.length > 0 && html`<${Count} list=${list} total=${total}/>${mayCreate && html`<div class="heading-way"><${CreateLink}/></div>`}`}<//>
		<${First}/>
		${state === "ready" && (query || total >= many) && html`<${Search} asked=${wanted} count=${query && isSure ? (isWhole ? shown.length : Math.max(found.total, shown.length)) : null}/>`}
		${body}
		${query && !isWhole && html`<${MoreFound} found=${found} shown=${shown.length}/>`}
		${state === "ready" && !query && list.length < total && html`<${More} shown=${list.length} total=${total} more=${more}/>`}
	</div>`;
}
