// The further name servers, for operators: made known with a configuration to put there, whether they follow, and zones that do not name them.

import { number, t } from "../lib/i18n.js";
import { addNameServer, countZones, readConfig, readNameServers, readState, removeNameServer, renewKey, updateZones } from "../lib/name-servers.js";
import { saveFile } from "../lib/save-file.js";
import { announce, html } from "../lib/ui.js";
import { CopyBlock } from "../parts/copy.js";
import { Dialog } from "../parts/dialog.js";
import { Failure } from "../parts/failure.js";
import { ChoiceField, problemsOf, Summary, TextField, useSubmit } from "../parts/form.js";
import { GroupTabs } from "../parts/group-tabs.js";
import { Icon } from "../parts/icon.js";
import { Moment } from "../parts/moment.js";
import { useOnce } from "../parts/once.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const dns_port = 53;
const max_port = 65535;
const kinds = [["knot", "Knot DNS", "knot.conf"], ["bind", "BIND", "named.conf"], ["nsd", "NSD", "nsd.conf"]];
const looks = { current: ["running", "success"], behind: ["busy", "busy"], silent: ["unknown", "attention"], unknown: ["stopped", "busy"] };
const focusHeading = () => document.getElementById("heading").focus();
const choices = kinds.map(([value, text]) => ({ value, text }));

function Config({ text, format, hasKey, onClose }) {
	const [, , file] = kinds.find(([value]) => value === format);
	useEffect(() => { document.getElementById("config-title").focus(); }, []);
	return html`<section class="notice" id="config" aria-labelledby="config-title">
		<h2 id="config-title" tabindex="-1">${t("name-servers.config", { file })}</h2>
		<p>${t(hasKey ? "name-servers.config.once" : "name-servers.config.without")}</p>
		<p>${t(format === "nsd" ? "name-servers.config.nsd" : "name-servers.config.what")}</p>
		<${CopyBlock} text=${text}/>
		<p class="buttons">
			<button type="button" class="button" id="config-save" onClick=${() => saveFile(file, text)}>${t("name-servers.config.save")}</button>
			<button type="button" class="button" id="config-close" onClick=${onClose}>${t("name-servers.config.close")}</button>
		</p>
	</section>`;
}

function explain(error) {
	if (error.code === "uniqueness_error")
		return [{ field: "server-name", key: "name-servers.name.taken", error }];
	return problemsOf(error, {
		name: { field: "server-name", key: "name-servers.name.wrong" },
		address: { field: "server-address", key: "name-servers.address.wrong" },
		port: { field: "server-port", key: "name-servers.port.wrong" },
		primary: { field: "server-primary", key: "name-servers.primary.wrong" },
	}) ?? [{ key: "name-servers.add.failed", error }];
}

function Add({ onAdded, onCancel }) {
	const form = useRef(null);
	const of = (field) => form.current.elements[`server-${field}`].value.trim();
	const { submit, busy, ...told } = useSubmit({
		judge: () => {
			const port = Number(of("port"));
			return [
				of("name") === "" && { field: "server-name", key: "name-servers.name.wrong" },
				of("address") === "" && { field: "server-address", key: "name-servers.address.wrong" },
				!(Number.isInteger(port) && port >= 1 && port <= max_port) && { field: "server-port", key: "name-servers.port.wrong" },
			].filter(Boolean);
		},
		work: async () => {
			const format = of("format");
			const { config } = await addNameServer({ name: of("name"), address: of("address"), port: Number(of("port")), format, primary: of("primary") });
			onAdded(config, format);
		},
		explain,
	});
	useEffect(() => { form.current.elements["server-name"].focus(); }, []);
	return html`<section class="notice key-form" aria-labelledby="add-title">
		<h2 id="add-title">${t("name-servers.add")}</h2>
		<${Summary} ...${told}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<${TextField} id="server-name" label=${t("name-servers.name")} hint=${t("name-servers.name.hint")} problems=${told.problems} maxlength="253" autocomplete="off" autocapitalize="none" spellcheck="false"/>
			<${TextField} id="server-address" label=${t("name-servers.address")} problems=${told.problems} maxlength="45" autocomplete="off" autocapitalize="none" spellcheck="false"/>
			<${TextField} id="server-port" label=${t("name-servers.port")} problems=${told.problems} inputmode="numeric" maxlength="5" autocomplete="off" defaultValue=${String(dns_port)}/>
			<${ChoiceField} id="server-format" label=${t("name-servers.format")} hint=${t("name-servers.format.hint")} choices=${choices}/>
			<${TextField} id="server-primary" label=${t("name-servers.primary")} hint=${t("name-servers.primary.hint")} problems=${told.problems} maxlength="60" autocomplete="off" autocapitalize="none" spellcheck="false"/>
			<div class="buttons">
				<button class="button primary" id="server-save" aria-disabled=${busy ? "true" : undefined}>${t(busy ? "name-servers.adding" : "name-servers.add")}</button>
				<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>
			</div>
		</form>
	</section>`;
}

/** What it says of the zone that changed last. */
function State({ id }) {
	const [state, setState] = useState(null);
	const { run, failed } = useOnce(t("name-servers.state.failed"));
	const look = () => run(async () => setState(await readState(id)));
	useEffect(() => { look(); }, []);
	const [look_of, icon] = looks[state?.status] ?? [];
	return html`
		${state && html`<p data-state=${state.status}><span class=${`state state-${look_of}`}><${Icon} name=${icon}/> ${t(`name-servers.state.${state.status}`)}</span></p>
			${state.zone && html`<p class="hint">${t("name-servers.state.zone")} <bdi translate="no">${state.zone}</bdi> ${state.serial === null ? "" : t("name-servers.state.serial", { serial: String(state.serial), expected: String(state.expected) })}</p>`}
			${state.reason && html`<p class="detail"><span>${t("error.detail")}</span> <span lang="en">${state.reason}</span></p>`}`}
		<p class="buttons"><button type="button" class="button small" data-do="look" onClick=${look}>${t("name-servers.state.look")}</button></p>
		${failed}`;
}

function Server({ server, onConfig, onRemoved }) {
	const [asking, setAsking] = useState(null);
	const [format, setFormat] = useState("knot");
	const { run, failed } = useOnce(t("name-servers.failed"));
	const { id, name, address, port, created } = server;
	const act = (work) => {
		setAsking(null);
		return run(work);
	};
	const about = html`<span class="visually-hidden"> (${name})</span>`;
	return html`<article class="server" aria-labelledby=${`name-server-${id}`} data-name-server=${id}>
		<div class="server-top"><h2 class="customer-name" id=${`name-server-${id}`} translate="no">${name}</h2></div>
		<dl class="facts">
			<div><dt>${t("name-servers.address")}</dt><dd><code translate="no">${address}</code></dd></div>
			<div><dt>${t("name-servers.port")}</dt><dd>${port}</dd></div>
			<div><dt>${t("name-servers.created")}</dt><dd><${Moment} at=${created}/></dd></div>
		</dl>
		<${State} id=${id}/>
		<div class="buttons">
			<div class="field"><label for=${`format-${id}`}>${t("name-servers.format")}${about}</label>
				<select id=${`format-${id}`} onChange=${(event) => setFormat(event.target.value)}>${choices.map(({ value, text }) => html`<option key=${value} value=${value} selected=${value === format}>${text}</option>`)}</select></div>
			<button type="button" class="button small" data-do="config" onClick=${() => act(async () => onConfig(await readConfig(id, format), format, false))}>${t("name-servers.config.show")}${about}</button>
			<button type="button" class="button small" data-do="renew" onClick=${() => setAsking("renew")}>${t("name-servers.renew")}${about}</button>
			<button type="button" class="button small destroys" data-do="remove" onClick=${() => setAsking("remove")}>${t("name-servers.remove")}${about}</button>
		</div>
		${failed}
		${asking === "renew" && html`<${Dialog} id="renew-key" title=${t("name-servers.renew.title", { name })} refuse=${t("cancel")} confirm=${t("name-servers.renew")} fallback=${() => document.getElementById("heading")}
			onRefuse=${() => setAsking(null)} onConfirm=${() => act(async () => onConfig(await renewKey(id, format), format, true))}><p>${t("name-servers.renew.what")}</p><//>`}
		${asking === "remove" && html`<${Dialog} id="remove-server" title=${t("name-servers.remove.title", { name })} refuse=${t("cancel")} confirm=${t("name-servers.remove")} fallback=${() => document.getElementById("heading")}
			onRefuse=${() => setAsking(null)} onConfirm=${() => act(async () => { await removeNameServer(id); onRemoved(name); })}><p>${t("name-servers.remove.what")}</p><//>`}
	</article>`;
}

function Outdated({ zones, onUpdated }) {
	const [asking, setAsking] = useState(false);
	const { run, failed } = useOnce(t("name-servers.zones.failed"));
	const update = () => {
		setAsking(false);
		return run(async () => onUpdated(await updateZones()));
	};
	return html`<section class="group" id="zones" aria-labelledby="zones-title">
		<h2 id="zones-title">${t("name-servers.zones")}</h2>
		<p id="zones-outdated" data-outdated=${zones.outdated}>${zones.outdated === 0 ? t("name-servers.zones.current") : t("name-servers.zones.outdated", { count: number(zones.outdated), total: number(zones.total) })}</p>
		${zones.protected > 0 && html`<p class="hint">${t("name-servers.zones.protected", { count: number(zones.protected) })}</p>`}
		${zones.elsewhere > 0 && html`<p class="hint">${t("name-servers.zones.elsewhere", { count: number(zones.elsewhere) })}</p>`}
		${zones.outdated > 0 && html`<p class="buttons"><button type="button" class="button" id="update-zones" onClick=${() => setAsking(true)}>${t("name-servers.zones.update")}</button></p>`}
		${failed}
		${asking && html`<${Dialog} id="update" title=${t("name-servers.zones.title")} refuse=${t("cancel")} confirm=${t("name-servers.zones.update")} fallback=${() => document.getElementById("heading")}
			onRefuse=${() => setAsking(false)} onConfirm=${update}><p>${t("name-servers.zones.what")}</p><//>`}
	</section>`;
}

export function NameServers() {
	const [list, setList] = useState({ state: "loading", items: [], zones: null });
	const [adding, setAdding] = useState(false);
	const [config, setConfig] = useState(null); // {text, format, hasKey}
	const asked = useRef(0);
	const read = async () => {
		const question = ++asked.current;
		try {
			const [items, zones] = await Promise.all([readNameServers(), countZones()]);
			if (question === asked.current)
				setList({ state: "ready", items, zones });
		} catch (error) {
			if (question === asked.current)
				setList((now) => ({ ...now, state: error }));
		}
	};
	useEffect(() => {
		read();
		return () => { asked.current++; };
	}, []);
	const show = (text, format, hasKey) => setConfig({ text, format, hasKey });
	const done = (words) => {
		announce(words);
		focusHeading();
		read();
	};
	let body;
	if (list.state === "loading")
		body = html`<p class="waiting">${t("name-servers.loading")}</p>`;
	else if (list.state !== "ready")
		body = html`<${Failure} title=${t("name-servers.unread")} error=${list.state} onRetry=${read}/>`;
	else
		body = html`${!adding && html`<div class="key-ways"><div class="buttons"><button type="button" class="button primary" id="add-name-server" onClick=${() => setAdding(true)}>${t("name-servers.add")}</button></div></div>`}
			${list.items.length === 0 ? html`<p class="empty">${t("name-servers.none")}</p>`
				: html`<ul class="servers">${list.items.map((server) => html`<li key=${server.id}><${Server} server=${server} onConfig=${show} onRemoved=${(name) => done(t("name-servers.removed", { name }))}/></li>`)}</ul>`}
			<${Outdated} zones=${list.zones} onUpdated=${(count) => done(t("name-servers.zones.updated", { count: number(count) }))}/>`;
	return html`<div>
		<${Heading} text=${t("name-servers")} help="name-servers"/>
		<${GroupTabs} of="admin" here="name-servers"/>
		${config && html`<${Config} key=${config.text} ...${config} onClose=${() => { setConfig(null); focusHeading(); }}/>`}
		${adding && html`<${Add} onAdded=${(text, format) => { setAdding(false); show(text, format, true); read(); }}
			onCancel=${() => { setAdding(false); setTimeout(() => document.getElementById("add-name-server")?.focus()); }}/>`}
		${body}
	</div>`;
}
