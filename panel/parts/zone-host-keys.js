// SSHFP records of a server whose host keys are known, in one step.

import { t } from "../lib/i18n.js";
import { hostKeysOf } from "../lib/new-zone.js";
import { sortedServers } from "../lib/servers.js";
import { html, useValue } from "../lib/ui.js";
import { changeRrset, makeRrset } from "../lib/zones.js";
import { useRef } from "../vendor/hooks.js";
import { ChoiceField, problemsOf, Summary, TextField, useSubmit } from "./form.js";

/** What is there already stays: another server may have the name too. */
async function add(zone, rrsets, name, values) {
	const there = rrsets.find((rrset) => rrset.type === "SSHFP" && rrset.name === name);
	const records = values.map((value) => ({ value }));
	if (!there)
		return makeRrset(zone.id, { name, type: "SSHFP", records });
	const known = new Set(there.records.map(({ value }) => value.toUpperCase()));
	return changeRrset(there, { ttl: there.ttl, records: [...there.records, ...records.filter(({ value }) => !known.has(value))] });
}

export function ZoneHostKeys({ zone, rrsets, onDone }) {
	const form = useRef(null);
	const servers = useValue(sortedServers).filter((server) => hostKeysOf(server).length > 0);
	const { submit, busy, ...told } = useSubmit({
		judge: () => [],
		work: async () => {
			const { "sshfp-server": { value: id }, "sshfp-name": { value: name } } = form.current.elements;
			await add(zone, rrsets, name.trim().toLowerCase() || "@", hostKeysOf(servers.find((server) => String(server.id) === id)));
			onDone(t("zone.sshfp.added"));
		},
		explain: (error) => problemsOf(error, { name: { field: "sshfp-name", key: "rrset.name.wrong" } }) ?? [{ key: "rrset.failed", error }],
	});
	if (servers.length === 0)
		return null;
	return html`<section class="group box" aria-labelledby="sshfp-title">
		<h2 id="sshfp-title">${t("zone.sshfp")}</h2>
		<p class="hint">${t("zone.sshfp.what")}</p>
		<${Summary} ...${told}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<${ChoiceField} id="sshfp-server" label=${t("zone.sshfp.server")} choices=${servers.map(({ id, name }) => ({ value: String(id), text: name }))}/>
			<${TextField} id="sshfp-name" label=${t("rrset.name")} hint=${t("rrset.name.hint", { zone: zone.unicode_name })} problems=${told.problems}
				maxlength="255" autocomplete="off" autocapitalize="none" spellcheck="false"/>
			<div class="buttons"><button class="button" id="sshfp-add" aria-disabled=${busy ? "true" : undefined}>${t(busy ? "rrset.saving" : "zone.sshfp.add")}</button></div>
		</form>
	</section>`;
}
