// Where a secondary zone is fetched from: the fields of a form, how it stands, and changing it.

import { number, t } from "../lib/i18n.js";
import { algorithms, lineOf, primaryOf } from "../lib/primaries.js";
import { html } from "../lib/ui.js";
import { changePrimaries, readHeld, readPrimaries } from "../lib/zones.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Copy } from "./copy.js";
import { Failure } from "./failure.js";
import { AreaField, ChoiceField, PasswordField, problemsOf, Summary, useSubmit } from "./form.js";
import { Moment } from "./moment.js";

export const primaryProblems = { primary_nameservers: { field: "zone-primaries", key: "zone.primaries.wrong" } };

const linesOf = (elements) => elements["zone-primaries"].value.split("\n").map((line) => line.trim()).filter(Boolean);

export function judgePrimaries({ elements }) {
	const lines = linesOf(elements);
	const key = elements["zone-tsig-key"].value.trim();
	return [
		lines.length === 0 && { field: "zone-primaries", key: "zone.primaries.missing" },
		lines.some((line) => primaryOf(line) === null) && { field: "zone-primaries", key: "zone.primaries.wrong" },
		elements["zone-tsig"].value !== "" && key === "" && { field: "zone-tsig-key", key: "zone.tsig.missing" },
	].filter(Boolean);
}

export function takePrimaries({ elements }) {
	const algorithm = elements["zone-tsig"].value;
	const key = algorithm === "" ? {} : { tsig_algorithm: algorithm, tsig_key: elements["zone-tsig-key"].value.trim() };
	return linesOf(elements).map((line) => ({ ...primaryOf(line), ...key }));
}

export function PrimaryFields({ problems, primaries = [] }) {
	const [signed, setSigned] = useState(false);
	return html`
		<${AreaField} id="zone-primaries" label=${t("zone.primaries.addresses")} hint=${t("zone.primaries.hint")} problems=${problems} rows="2"
			spellcheck="false" autocapitalize="none" class="fixed" defaultValue=${primaries.map(lineOf).join("\n")}/>
		<div onChange=${({ target }) => target.id === "zone-tsig" && setSigned(target.value !== "")}>
			<${ChoiceField} id="zone-tsig" label=${t("zone.tsig")} hint=${t("zone.tsig.hint")} choices=${[{ value: "", text: t("zone.tsig.none") }, ...algorithms.map((value) => ({ value, text: value }))]}/>
		</div>
		<div hidden=${!signed}><${PasswordField} id="zone-tsig-key" label=${t("zone.tsig.key")} hint=${t("zone.tsig.key.hint")} problems=${problems} autocomplete="off" maxlength="128"/></div>`;
}

function Change({ zone, onChanged, onCancel }) {
	const form = useRef(null);
	const { submit, busy, ...told } = useSubmit({
		judge: () => judgePrimaries(form.current),
		work: async () => {
			await changePrimaries(zone.id, takePrimaries(form.current));
			onChanged();
		},
		explain: (error) => problemsOf(error, primaryProblems) ?? [{ key: "zone.primaries.failed", error }],
	});
	useEffect(() => { form.current.elements["zone-primaries"].focus(); }, []);
	return html`<div>
		<${Summary} ...${told}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<${PrimaryFields} problems=${told.problems} primaries=${zone.primary_nameservers}/>
			<div class="buttons">
				<button class="button primary" id="primaries-save" aria-disabled=${busy ? "true" : undefined}>${t(busy ? "rrset.saving" : "rrset.save")}</button>
				<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>
			</div>
		</form>
	</div>`;
}

/** Asked now: what each of them says. */
export function ZonePrimaries({ zone, mayChange, onDone }) {
	const [states, setStates] = useState({ items: [], failure: null });
	const [changing, setChanging] = useState(false);
	const asked = useRef(0);
	const look = async () => {
		const question = ++asked.current;
		let found;
		try {
			found = { items: await readPrimaries(zone.id), failure: null };
		} catch (failure) {
			found = { items: [], failure };
		}
		if (question === asked.current)
			setStates(found);
	};
	useEffect(() => {
		look();
		return () => { asked.current++; };
	}, [zone.id, zone.version, zone.serial, zone.status]);
	const stateOf = (one) => states.items.find(({ address, port }) => address === one.address && port === one.port);
	const { tsig_name: name, tsig_algorithm: algorithm } = zone.primary_nameservers[0] ?? {};
	return html`<section class="group box" aria-labelledby="primaries-title" id="primaries">
		<h2 id="primaries-title">${t("zone.primaries")}</h2>
		<p class="hint">${t("zone.primaries.what")}</p>
		<ul class="alerts">${zone.primary_nameservers.map((one) => {
			const state = stateOf(one);
			return html`<li key=${lineOf(one)} class="alert-line" data-primary=${lineOf(one)} data-state=${state?.status}>
				<p class="alert-about"><strong><code translate="no">${lineOf(one)}</code></strong> ${state && html`<span>${t(`zone.primaries.${state.status}`)}</span>`}</p>
				${state?.reason && html`<p class="detail"><span>${t("error.detail")}</span> <span lang="en">${state.reason}</span></p>`}
			</li>`;
		})}</ul>
		<dl class="facts">
			${name && html`<div><dt>${t("zone.tsig.name")}</dt><dd><${Copy} text=${name} what=${t("zone.tsig.name")}/> ${algorithm}</dd></div>`}
			${zone.transferred && html`<div><dt>${t("zone.primaries.fetched")}</dt><dd><${Moment} at=${zone.transferred}/></dd></div>`}
			${zone.expires && html`<div><dt>${t("zone.primaries.expires")}</dt><dd><${Moment} at=${zone.expires}/></dd></div>`}
		</dl>
		${states.failure && html`<${Failure} title=${t("zone.primaries.unread")} error=${states.failure} onRetry=${look}/>`}
		${changing
			? html`<${Change} zone=${zone} onChanged=${() => { setChanging(false); onDone(t("zone.primaries.changed")); }}
				onCancel=${() => { setChanging(false); setTimeout(() => document.getElementById("change-primaries")?.focus()); }}/>`
			: html`<p class="buttons">
				<button type="button" class="button small" id="look-primaries" onClick=${look}>${t("zone.primaries.look")}</button>
				${mayChange && html`<button type="button" class="button small" id="change-primaries" onClick=${() => setChanging(true)}>${t("zone.primaries.change")}</button>`}
			</p>`}
	</section>`;
}

/** The records as they were fetched, to be read. */
export function HeldRecords({ zone }) {
	const [held, setHeld] = useState({ rrsets: null, total: 0, next: 1, failure: null });
	const asked = useRef(0);
	const read = async (before, page) => {
		const question = ++asked.current;
		let answer;
		try {
			const { rrsets, total, next } = await readHeld(zone.id, page);
			answer = { rrsets: [...before, ...rrsets], total, next, failure: null };
		} catch (failure) {
			answer = { ...held, failure };
		}
		if (question === asked.current)
			setHeld(answer);
	};
	useEffect(() => {
		read([], 1);
		return () => { asked.current++; };
	}, [zone.id, zone.serial]);
	const { rrsets, total, next, failure } = held;
	return html`<section class="group box" aria-labelledby="rrsets-title" id="held">
		<h2 id="rrsets-title">${t("rrset.list")}</h2>
		<p class="hint">${t("zone.held.what")}</p>
		${rrsets?.length === 0 && html`<p>${t("zone.held.none")}</p>`}
		${rrsets?.length > 0 && html`<ul class="alerts">${rrsets.map(({ id, name, type, ttl, records }) => html`<li key=${id} class="alert-line" data-rrset=${id}>
			<p class="alert-about"><strong translate="no">${name} ${type}</strong> <span class="hint">TTL ${number(ttl)}</span></p>
			<ul>${records.map(({ value }) => html`<li key=${value}><code class="zone-value" translate="no">${value}</code></li>`)}</ul></li>`)}</ul>`}
		${failure && html`<${Failure} title=${t("zone.held.unread")} error=${failure} onRetry=${() => read(rrsets ?? [], next)}/>`}
		${rrsets && next !== null && !failure && html`<p class="buttons"><button type="button" class="button" id="more-held" onClick=${() => read(rrsets, next)}>${t("zone.held.more", { shown: number(rrsets.length), total: number(total) })}</button></p>`}
	</section>`;
}
