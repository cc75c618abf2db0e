// ホストサーバー, for operators: what each machine has, what its servers take of it, and its maintenance.

import { readHosts, setMaintenance } from "../lib/hosts.js";
import { gigabytes, t } from "../lib/i18n.js";
import { announce, html } from "../lib/ui.js";
import { Dialog } from "../parts/dialog.js";
import { Failure } from "../parts/failure.js";
import { problemsOf, Summary, TextField, useSubmit } from "../parts/form.js";
import { GroupTabs } from "../parts/group-tabs.js";
import { Icon } from "../parts/icon.js";
import { Moment } from "../parts/moment.js";
import { useRead } from "../parts/read.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const again_ms = 10000;
const mib_of_gb = 1024;
const gib = 1024 ** 3;
const focusHeading = () => document.getElementById("heading")?.focus();

/** How much of a thing is in use: a word and a bar that says the same. */
function Use({ label, used, all, text }) {
	return html`<div><dt>${label}</dt><dd><span class="number">${text}</span> <meter min="0" max=${all || 1} value=${used} aria-label=${label}></meter></dd></div>`;
}

function Facts({ host }) {
	const memory = host.memory_servers_mib / mib_of_gb;
	const disk = host.pool_bytes - host.pool_free_bytes;
	return html`<dl class="lines">
		<div><dt>${t("hosts.servers")}</dt><dd class="number">${t("hosts.servers.of", { all: host.servers, running: host.servers_running })}</dd></div>
		<div><dt>CPU</dt><dd class="number">${t("hosts.cpus", { count: host.cpus })}</dd></div>
		<${Use} label=${t("home.memory")} used=${host.memory_servers_mib} all=${host.memory_mib} text=${t("hosts.memory.of", { used: gigabytes(memory), all: gigabytes(host.memory_mib / mib_of_gb) })}/>
		<${Use} label=${t("home.disk")} used=${disk} all=${host.pool_bytes} text=${t("hosts.disk.of", { used: gigabytes(disk / gib), all: gigabytes(host.pool_bytes / gib) })}/>
		<div><dt>${t("hosts.software")}</dt><dd translate="no">${host.hypervisor || "–"}</dd></div>
		<div><dt>${t("hosts.virtualization")}</dt><dd><span translate="no">${host.virtualization}</span>${host.virtualization_reason && html` <span class="hint" lang="en">${host.virtualization_reason}</span>`}</dd></div>
		<div><dt>${t("hosts.seen")}</dt><dd>${host.last_seen ? html`<${Moment} at=${host.last_seen}/>` : t("hosts.never")}</dd></div>
	</dl>`;
}

function Begin({ host, onDone, onCancel }) {
	const form = useRef(null);
	useEffect(() => { form.current.elements["maintenance-reason"].focus(); }, []);
	const reason = () => form.current.elements["maintenance-reason"].value.trim();
	const { problems, attempt, busy, submit } = useSubmit({
		judge: () => (reason() === "" ? [{ field: "maintenance-reason", key: "hosts.reason.missing" }] : []),
		work: async () => onDone(await setMaintenance(host.id, reason())),
		explain: (error) => problemsOf(error, { maintenance: { field: "maintenance-reason", key: "hosts.reason.wrong" } }) ?? [{ key: "hosts.failed", error }],
	});
	return html`<form ref=${form} class="group" onSubmit=${submit} novalidate>
		<${Summary} problems=${problems} attempt=${attempt}/>
		<${TextField} id="maintenance-reason" label=${t("hosts.reason")} hint=${t("hosts.reason.hint")} problems=${problems} maxlength="130" autocomplete="off"/>
		<div class="buttons"><button class="button primary" aria-disabled=${busy ? "true" : undefined}>${t(busy ? "keys.busy" : "hosts.begin")}</button>
			<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button></div>
	</form>`;
}

function Maintenance({ host, onChanged }) {
	const [state, setState] = useState({ form: false, asking: false, failure: null });
	const { maintenance } = host;
	const done = (changed) => {
		setState({ form: false, asking: false, failure: null });
		focusHeading();
		announce(t(changed.maintenance ? "hosts.begun" : "hosts.ended", { name: changed.name }));
		onChanged(changed);
	};
	const end = () => {
		setState({ form: false, asking: false, failure: null });
		setMaintenance(host.id, null).then(done, (failure) => setState({ form: false, asking: false, failure }));
	};
	return html`<div class="group-line">
		<p><strong>${t("hosts.maintenance")}</strong> <span>${t(maintenance ? "hosts.maintenance.on" : "hosts.maintenance.off")}</span></p>
		${maintenance && html`<p class="notice attention">${t("hosts.told")} <q>${maintenance.reason}</q> (<${Moment} at=${maintenance.since}/>)</p>`}
		<p class="hint">${t("hosts.maintenance.what")}</p>
		${state.failure && html`<${Failure} title=${t("hosts.failed")} error=${state.failure} onRetry=${end}/>`}
		${state.form ? html`<${Begin} host=${host} onDone=${done} onCancel=${() => setState({ form: false, asking: false, failure: null })}/>`
			: html`<p class="buttons">${maintenance
				? html`<button type="button" class="button small" id="end-maintenance" onClick=${() => setState({ ...state, asking: true })}>${t("hosts.end")}</button>`
				: html`<button type="button" class="button small" id="begin-maintenance" onClick=${() => setState({ ...state, form: true })}>${t("hosts.begin")}</button>`}</p>`}
		${state.asking && html`<${Dialog} id="end-maintenance-question" title=${t("hosts.end.title", { name: host.name })} refuse=${t("cancel")} confirm=${t("hosts.end")} isHarmless=${true}
			fallback=${() => document.getElementById("heading")} onRefuse=${() => setState({ ...state, asking: false })} onConfirm=${end}><p>${t("hosts.end.what")}</p><//>`}
	</div>`;
}

function One({ host, onChanged }) {
	const isUp = host.status === "up";
	const look = host.maintenance ? "attention" : isUp ? "success" : "unknown";
	return html`<article class="box" aria-labelledby=${`host-${host.id}`} data-host=${host.id}>
		<div class="server-top"><h2 class="customer-name" id=${`host-${host.id}`} translate="no">${host.name}</h2>
			<span class=${isUp && !host.maintenance ? "state" : "state state-unknown"}><${Icon} name=${look}/> ${t(host.maintenance ? "hosts.maintenance" : isUp ? "hosts.up" : "hosts.down")}</span></div>
		<${Facts} host=${host}/>
		<${Maintenance} host=${host} onChanged=${onChanged}/>
	</article>`;
}

export function Hosts() {
	const { value, failure, again, setValue } = useRead(readHosts, "");
	useEffect(() => {
		const timer = setInterval(again, again_ms);
		return () => clearInterval(timer);
	}, []);
	const changed = (host) => setValue(value.map((each) => (each.id === host.id ? host : each)));

	return html`<div>
		<${Heading} text=${t("hosts")} help="hosts"/>
		<${GroupTabs} of="admin" here="hosts"/>
		${failure ? html`<${Failure} title=${t("hosts.unread")} error=${failure} onRetry=${again}/>`
			: !value ? html`<p class="waiting">${t("hosts.loading")}</p>`
				: html`<div class="contract">${value.map((host) => html`<${One} key=${host.id} host=${host} onChanged=${changed}/>`)}</div>`}
	</div>`;
}
