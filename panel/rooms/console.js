// A server's consoles: the serial port and the screen, as two tabs that both stay as they are while
// the other is looked at.

import { t } from "../lib/i18n.js";
import { powerOf } from "../lib/power.js";
import { goInstead } from "../lib/router.js";
import { command, failedActions, lastActions, refusals, requests, runningActions } from "../lib/servers.js";
import { loadSheet } from "../lib/sheet.js";
import { html, useValue } from "../lib/ui.js";
import { ActionLines } from "../parts/action-line.js";
import { way_out_id } from "../parts/console-frame.js";
import { Crumbs } from "../parts/crumbs.js";
import { Failure } from "../parts/failure.js";
import { DeletedServer, useServer } from "../parts/one-server.js";
import { ForceDialog, PowerRow, PowerState } from "../parts/power.js";
import { SerialConsole } from "../parts/serial-console.js";
import { VncConsole } from "../parts/vnc-console.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const kinds = ["serial", "vnc"];
const nothing = [];

function Tabs({ server, kind, active }) {
	const choose = (next) => goInstead(next === "vnc" ? `/servers/${server.id}/console/vnc` : `/servers/${server.id}/console`);
	const move = (event) => {
		const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
		if (!step)
			return;
		event.preventDefault();
		const next = kinds[(kinds.indexOf(kind) + step + kinds.length) % kinds.length];
		choose(next);
		document.getElementById(`tab-${next}`).focus();
	};
	return html`<div class="tabs" role="tablist" aria-label=${t("console.kinds")} onKeyDown=${move}>
		${kinds.map((each) => html`<button key=${each} type="button" role="tab" id=${`tab-${each}`} ref=${each === kind ? active : null}
			aria-selected=${String(each === kind)} aria-controls=${`panel-${each}`} tabindex=${each === kind ? 0 : -1}
			onClick=${() => choose(each)}>${t(each === "vnc" ? "console.vnc" : "console.serial")}</button>`)}
	</div>`;
}

function Consoles({ server, kind }) {
	const running = useValue(runningActions).get(server.id) ?? nothing;
	const failed = useValue(failedActions).get(server.id) ?? nothing;
	const last = useValue(lastActions).get(server.id);
	const request = useValue(requests).get(server.id);
	const refusal = useValue(refusals).get(server.id);
	const active = useRef(null);
	const [asking, setAsking] = useState(null);
	const [opened, setOpened] = useState({ [kind]: true }); // each is opened when it is first looked at
	const power = powerOf(server, running, request);
	const focusTab = () => active.current?.focus();

	useEffect(() => { setOpened((before) => ({ ...before, [kind]: true })); }, [kind]);
	const common = { server, power, onStart: () => { command(server.id, "poweron"); focusTab(); }, wayOut: () => active.current };
	return html`<div class="console-room">
		<${Crumbs} server=${server}/>
		<${Heading} text=${t("console.heading", { name: server.name })} help="console"><${PowerState} power=${power}/><div class="heading-way"><${PowerRow} server=${server} power=${power} onAsk=${setAsking}/></div><//>
		<${ActionLines} server=${server} running=${running} failed=${failed} last=${last} request=${request} refusal=${refusal} focus=${focusTab}/>
		<${Tabs} server=${server} kind=${kind} active=${active}/>
		${kinds.map((each) => (opened[each] || each === kind) && html`<${each === "vnc" ? VncConsole : SerialConsole} key=${each} ...${common} hidden=${each !== kind}/>`)}
		<p class="hint" id=${way_out_id}>${t("console.way-out")}</p>
		${asking && html`<${ForceDialog} verb=${asking} server=${server} isStopped=${server.status === "off"} fallback=${() => active.current}
			onClose=${() => setAsking(null)}/>`}
	</div>`;
}

export function Console({ parameters }) {
	// The room stays as it is when the other tab is chosen: see lib/router.js.
	const { kind } = parameters;
	const id = Number(parameters.id);
	const { server, known, failure: unread, read } = useServer(id);
	const [failure, setFailure] = useState(null);
	const [isDressed, setDressed] = useState(false);

	const dress = () => {
		setFailure(null);
		loadSheet("/style/console.css").then(() => setDressed(true), () => setFailure({ code: "network" }));
	};
	useEffect(dress, []);

	if (known && isDressed) {
		return server
			? html`<${Consoles} server=${server} kind=${kind ?? "serial"}/>`
			: html`<${DeletedServer} name=${known.name}/>`;
	}
	return html`<div class="narrow"><${Heading} text=${t("console")}/>
		${failure ?? unread
			? html`<${Failure} title=${t("console.unloaded")} error=${failure ?? unread} onRetry=${known ? dress : read}/>`
			: html`<p class="waiting">${t("console.loading")}</p>`}
	</div>`;
}
