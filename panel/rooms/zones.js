// The zones: what the name servers answer for, how many more there may be, making one and deleting one.

import { number, t } from "../lib/i18n.js";
import { recordsOf, recordsWithoutMail } from "../lib/new-zone.js";
import { sortedServers } from "../lib/servers.js";
import { me } from "../lib/session.js";
import { announce, html, useValue } from "../lib/ui.js";
import { deleteZone, makeZone, readZones } from "../lib/zones.js";
import { Failure } from "../parts/failure.js";
import { AreaField, ChoiceField, problemsOf, Summary, TextField, useSubmit } from "../parts/form.js";
import { GroupTabs } from "../parts/group-tabs.js";
import { NameDialog } from "../parts/name-dialog.js";
import { judgePrimaries, PrimaryFields, primaryProblems, takePrimaries } from "../parts/zone-primaries.js";
import { useArrival, ZoneReason, ZoneState } from "../parts/zone-state.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

function explain(error) {
	const whole = { uniqueness_error: "zones.name.taken", forbidden: "zones.name.foreign" }[error.code];
	if (whole)
		return [{ field: "zone-name", key: whole, error }];
	if (error.code === "resource_limit_exceeded")
		return [{ key: "zones.limit", error }];
	return problemsOf(error, {
		name: { field: "zone-name", key: "zones.name.wrong" },
		zonefile: { field: "zone-file", key: "zones.file.wrong" },
		...primaryProblems,
	}) ?? [{ key: "zones.make.failed", error }];
}

function Create({ onMade, onCancel }) {
	const form = useRef(null);
	const servers = useValue(sortedServers);
	const [secondary, setSecondary] = useState(false);
	const name = () => form.current.elements["zone-name"].value.trim();
	const { submit, busy, ...told } = useSubmit({
		judge: () => [...(name() === "" ? [{ field: "zone-name", key: "zones.name.missing" }] : []), ...(secondary ? judgePrimaries(form.current) : [])],
		work: async () => {
			if (secondary) {
				onMade(await makeZone({ name: name(), mode: "secondary", primary_nameservers: takePrimaries(form.current) }));
				return;
			}
			const { "zone-file": { value: file }, "zone-server": { value: wanted }, "zone-mailless": { checked: mailless } } = form.current.elements;
			const server = servers.find(({ id }) => String(id) === wanted);
			const rrsets = [...(server ? recordsOf(server) : []), ...(mailless ? recordsWithoutMail : [])];
			onMade(await makeZone({ name: name(), ...(rrsets.length > 0 ? { rrsets } : {}), ...(file.trim() ? { zonefile: file } : {}) }));
		},
		explain,
	});
	useEffect(() => { form.current.elements["zone-name"].focus(); }, []);
	return html`<section class="notice key-form" aria-labelledby="zone-form-title">
		<h2 id="zone-form-title">${t("zones.make")}</h2>
		<${Summary} ...${told}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<${TextField} id="zone-name" label=${t("zones.name")} hint=${t("zones.name.hint")} problems=${told.problems}
				maxlength="255" autocomplete="off" autocapitalize="none" spellcheck="false"/>
			<div onChange=${({ target }) => setSecondary(target.value === "secondary")}><${ChoiceField} id="zone-mode" label=${t("zones.mode")} hint=${t("zones.mode.hint")}
				choices=${["primary", "secondary"].map((value) => ({ value, text: t(`zones.mode.${value}`) }))}/></div>
			${secondary ? html`<${PrimaryFields} problems=${told.problems}/>` : html`<${ChoiceField} id="zone-server" label=${t("zones.server")} hint=${t("zones.server.hint")} choices=${[{ value: "", text: t("zones.server.none") }, ...servers.map((each) => ({ value: String(each.id), text: each.name }))]}/>
			<label class="check"><input type="checkbox" id="zone-mailless" name="zone-mailless"/> <span>${t("zones.mailless")}</span></label>
			<details class="further" open=${told.problems.some(({ field }) => field === "zone-file") || undefined}>
				<summary>${t("zones.file.from")}</summary>
				<${AreaField} id="zone-file" label=${t("zones.file")} hint=${t("zones.file.hint")} problems=${told.problems} rows="8"
					spellcheck="false" autocapitalize="none" class="fixed"/>
			</details>`}
			<div class="buttons">
				<button class="button primary" id="zone-save" aria-disabled=${busy ? "true" : undefined}>${t(busy ? "zones.making" : "zones.make")}</button>
				<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>
			</div>
		</form>
	</section>`;
}

function Zone({ zone, mayChange, onDeleted }) {
	const [asking, setAsking] = useState(false);
	const [state, setState] = useState({ busy: false, failure: null });
	const { id, dnssec } = zone;
	const drop = async () => {
		setAsking(false);
		if (state.busy)
			return;
		setState({ busy: true, failure: null });
		try {
			await deleteZone(id);
		} catch (failure) {
			// Somebody else was quicker.
			if (failure.code !== "not_found") {
				setState({ busy: false, failure });
				return;
			}
		}
		onDeleted(zone);
	};
	return html`<article class="server" aria-labelledby=${`zone-${id}`} data-zone=${id}>
		<div class="server-top">
			<h2 class="customer-name" id=${`zone-${id}`} translate="no"><a href=${`#/zones/${id}`}><bdi>${zone.unicode_name}</bdi></a></h2>
			<${ZoneState} zone=${zone}/>
		</div>
		<${ZoneReason} zone=${zone}/>
		<dl class="facts">
			${zone.name !== zone.unicode_name && html`<div><dt>${t("zones.ascii")}</dt><dd><code translate="no">${zone.name}</code></dd></div>`}
			${zone.mode === "secondary" ? html`<div><dt>${t("zones.mode")}</dt><dd>${t("zones.mode.secondary")}</dd></div>` : html`
			<div><dt>${t("zones.records")}</dt><dd>${number(zone.record_count)}</dd></div>
			<div><dt>DNSSEC</dt><dd>${t(dnssec.enabled ? "zones.dnssec.on" : "zones.dnssec.off")}</dd></div>`}
		</dl>
		${mayChange && html`<p class="buttons"><button type="button" class="button small destroys" data-do="delete" aria-disabled=${state.busy ? "true" : undefined}
			onClick=${() => state.busy || setAsking(true)}>${t(state.busy ? "keys.busy" : "zones.delete")}<span class="visually-hidden"> (${zone.unicode_name})</span></button></p>`}
		${state.failure && html`<${Failure} title=${t("zones.delete.failed")} error=${state.failure} onRetry=${drop}/>`}
		${asking && html`<${NameDialog} id="delete-zone" server=${{ id, name: zone.unicode_name }} label=${t("zones.name")} title=${t("zones.delete.title", { name: zone.unicode_name })}
			confirm=${t("zones.delete")} typing="zones.delete.type" locked=${zone.protection.delete ? t("zones.delete.locked") : null}
			fallback=${() => document.getElementById("heading")} onRefuse=${() => setAsking(false)} onConfirm=${drop}>
			<p>${t("zones.delete.loses")}</p>
		<//>`}
	</article>`;
}

export function Zones() {
	const [list, setList] = useState({ state: "loading", items: [], quota: { used: 0, limit: 0 }, next: null });
	const [making, setMaking] = useState(false);
	const mayChange = useValue(me)?.role !== "reader";
	const asked = useRef(0);

	const read = async (page = 1) => {
		const question = ++asked.current;
		try {
			const { zones, quota, next } = await readZones(page);
			if (question === asked.current)
				setList((now) => ({ state: "ready", items: page === 1 ? zones : [...now.items, ...zones], quota, next }));
		} catch (error) {
			if (question === asked.current)
				setList((now) => ({ ...now, state: error }));
		}
	};
	useEffect(() => {
		read();
		return () => { asked.current++; };
	}, []);
	useArrival(list.items, () => read());

	const made = (zone) => {
		setMaking(false);
		announce(t("zones.made", { name: zone.unicode_name }));
		document.getElementById("heading").focus();
		read();
	};
	const deleted = (zone) => {
		announce(t("zones.deleted", { name: zone.unicode_name }));
		document.getElementById("heading").focus();
		read();
	};
	const { quota } = list;
	const way = mayChange && !making && quota.used < quota.limit && html`<button type="button" class="button primary" id="make-zone" onClick=${() => setMaking(true)}>${t("zones.make")}</button>`;
	let body;
	if (list.state === "loading")
		body = html`<p class="waiting">${t("zones.loading")}</p>`;
	else if (list.state !== "ready")
		body = html`<${Failure} title=${t("zones.unread")} error=${list.state} onRetry=${() => read()}/>`;
	else
		body = html`<p class="hint" id="zones-quota">${t(quota.limit === 0 ? "zones.quota.none" : "zones.quota", { used: number(quota.used), limit: number(quota.limit) })}</p>
		${list.items.length > 0 ? html`
			${way && html`<div class="key-ways"><div class="buttons">${way}</div></div>`}
			<ul class="servers">${list.items.map((zone) => html`<li key=${zone.id}><${Zone} zone=${zone} mayChange=${mayChange} onDeleted=${deleted}/></li>`)}</ul>`
			: !making && html`<div class="empty"><p>${t("zones.none")}</p>${way}</div>`}
		${list.next !== null && html`<div class="more"><button type="button" class="button" onClick=${() => read(list.next)}>${t("zones.more")}</button></div>`}`;
	return html`<div>
		<${Heading} text=${t("zones")} help="zones"/>
		<${GroupTabs} of="network" here="zones"/>
		${making && html`<${Create} onMade=${made} onCancel=${() => { setMaking(false); setTimeout(() => document.getElementById("make-zone")?.focus()); }}/>`}
		${body}
	</div>`;
}
