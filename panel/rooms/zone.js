// One zone: the name servers to enter at the registrar, its records, and its signing.

import { number, t } from "../lib/i18n.js";
import { me } from "../lib/session.js";
import { announce, html, useValue } from "../lib/ui.js";
import { deleteRrset, readRrsets, readZone } from "../lib/zones.js";
import { Copy } from "../parts/copy.js";
import { Dialog } from "../parts/dialog.js";
import { Failure } from "../parts/failure.js";
import { RrsetForm } from "../parts/rrset-form.js";
import { Signing, Versions, ZoneFile } from "../parts/zone-care.js";
import { ZoneHostKeys } from "../parts/zone-host-keys.js";
import { HeldRecords, ZonePrimaries } from "../parts/zone-primaries.js";
import { ZoneProof } from "../parts/zone-proof.js";
import { isUnproven, useArrival, ZoneReason, ZoneState } from "../parts/zone-state.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const focusHeading = () => document.getElementById("heading").focus();

function Rrset({ rrset, zone, mayChange, onChange, onGone }) {
	const [asking, setAsking] = useState(false);
	const [failure, setFailure] = useState(null);
	const busy = useRef(false);
	const { name, type, records } = rrset;
	const about = `${name} ${type}`;
	const drop = async () => {
		setAsking(false);
		if (busy.current)
			return;
		busy.current = true;
		try {
			setFailure(null);
			await deleteRrset(rrset);
			onGone(about);
		} catch (error) {
			setFailure(error);
		} finally {
			busy.current = false;
		}
	};
	return html`<li class="alert-line" data-rrset=${rrset.id}>
		<p class="alert-about"><strong translate="no">${about}</strong> <span class="hint">TTL ${number(rrset.ttl ?? zone.ttl)}</span></p>
		<ul>${records.map(({ value, comment }) => html`<li key=${value}><code class="zone-value" translate="no">${value}</code>${comment && html` <span class="hint">${comment}</span>`}</li>`)}</ul>
		${mayChange && html`<p class="buttons">
			<button type="button" class="button small" data-do="change" onClick=${onChange}>${t("rrset.change")}<span class="visually-hidden"> (${about})</span></button>
			<button type="button" class="button small destroys" data-do="delete" onClick=${() => setAsking(true)}>${t("rrset.delete")}<span class="visually-hidden"> (${about})</span></button></p>`}
		${failure && html`<${Failure} title=${t("rrset.delete.failed")} error=${failure} onRetry=${drop}/>`}
		${asking && html`<${Dialog} id="delete-rrset" title=${t("rrset.delete.title", { about })} refuse=${t("cancel")} confirm=${t("rrset.delete")}
			fallback=${() => document.getElementById("heading")} onRefuse=${() => setAsking(false)} onConfirm=${drop}><p>${t("rrset.delete.what")}</p><//>`}
	</li>`;
}

function Inside({ zone, rrsets, read }) {
	const [form, setForm] = useState(null); // {rrset}: the one that is changed, null for a new one
	const mayChange = useValue(me)?.role !== "reader";
	useArrival([zone], read);
	const done = (words) => {
		setForm(null);
		announce(words);
		focusHeading();
		read();
	};
	const checked = (proven) => {
		if (proven)
			focusHeading();
		read();
	};
	return html`
		${isUnproven(zone) && html`<${ZoneProof} zone=${zone} mayChange=${mayChange} onChecked=${checked}/>`}
		<section class="group box" aria-labelledby="servers-title">
			<h2 id="servers-title">${t("zone.servers")}</h2>
			<p class="hint">${t("zone.servers.what")}</p>
			<ul class="copies">${zone.authoritative_nameservers.assigned.map((each) => html`<li key=${each}><${Copy} text=${each}/></li>`)}</ul>
		</section>
		${zone.mode === "secondary" ? html`
			<${ZonePrimaries} zone=${zone} mayChange=${mayChange} onDone=${done}/>
			<${HeldRecords} zone=${zone}/>
			<${ZoneFile} zone=${zone} mayChange=${false} onDone=${done}/>` : html`<section class="group box" aria-labelledby="rrsets-title">
			<h2 id="rrsets-title">${t("rrset.list")}</h2>
			${mayChange && !form && html`<p class="buttons"><button type="button" class="button primary" id="add-rrset" onClick=${() => setForm({ rrset: null })}>${t("rrset.add")}</button></p>`}
			${form && html`<${RrsetForm} key=${form.rrset?.id ?? ""} zone=${zone} rrset=${form.rrset} onSaved=${() => done(t("rrset.saved"))}
				onCancel=${() => { setForm(null); setTimeout(() => document.getElementById("add-rrset")?.focus()); }}/>`}
			<ul class="alerts">${rrsets.map((rrset) => html`<${Rrset} key=${rrset.id} rrset=${rrset} zone=${zone} mayChange=${mayChange}
				onChange=${() => setForm({ rrset })} onGone=${(about) => done(t("rrset.deleted", { about }))}/>`)}</ul>
		</section>
		${mayChange && html`<${ZoneHostKeys} zone=${zone} rrsets=${rrsets} onDone=${done}/>`}
		<${Signing} zone=${zone} mayChange=${mayChange} onDone=${done}/>
		<${ZoneFile} key=${zone.version} zone=${zone} mayChange=${mayChange} onDone=${done}/>
		<${Versions} zone=${zone} mayChange=${mayChange} onDone=${done}/>`}`;
}

export function Zone({ parameters }) {
	const id = Number(parameters.id);
	const [found, setFound] = useState({});
	const asked = useRef(0);
	const read = async () => {
		const question = ++asked.current;
		let answer;
		try {
			const zone = await readZone(id);
			// What was fetched may be a great many: those are read page by page.
			answer = { zone, rrsets: zone.mode === "secondary" ? [] : await readRrsets(id) };
		} catch (failure) {
			answer = { failure };
		}
		if (question === asked.current)
			setFound(answer);
	};
	useEffect(() => {
		read();
		return () => { asked.current++; };
	}, []);
	const { zone, rrsets, failure } = found;
	return html`<div>
		<nav class="crumbs" aria-label=${t("console.crumbs")}><a href="#/zones">${t("zones")}</a></nav>
		<${Heading} text=${zone?.unicode_name ?? t("zone")} help="zones">${zone && html`<p class="heading-about"><${ZoneState} zone=${zone}/></p>`}<//>
		${zone && html`<${ZoneReason} zone=${zone}/>`}
		${failure ? html`<${Failure} title=${t("zone.unread")} error=${failure} onRetry=${read}/>`
			: zone ? html`<${Inside} zone=${zone} rrsets=${rrsets} read=${read}/>` : html`<p class="waiting">${t("zones.loading")}</p>`}
	</div>`;
}
