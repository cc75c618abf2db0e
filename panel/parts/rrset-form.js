// A record set: its name, type, TTL and values, one a line.

import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { changeRrset, makeRrset } from "../lib/zones.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { AreaField, ChoiceField, problemsOf, Summary, TextField, useSubmit } from "./form.js";
import { firstPart, haveParts, judgeParts, readParts, RecordParts } from "./rrset-parts.js";

const types = ["A", "AAAA", "CNAME", "MX", "TXT", "NS", "SRV", "CAA", "TLSA", "SSHFP", "HTTPS", "SVCB", "PTR", "DS"];
const examples = {
	A: "192.0.2.1", AAAA: "2001:db8::1", CNAME: "www.example.com.", MX: "10 mail.example.com.", TXT: "v=spf1 mx -all", NS: "ns1.example.com.",
	SRV: "10 5 5060 sip.example.com.", CAA: "0 issue \"letsencrypt.org\"", TLSA: "3 1 1 0A1B…", SSHFP: "4 2 0A1B…", HTTPS: "1 . alpn=h2",
	SVCB: "1 svc.example.com. port=853", PTR: "host.example.com.", DS: "12345 13 2 0A1B…",
};
/* What their parts are is not plain from an example. */
const explained = ["CNAME", "MX", "TXT", "NS", "SRV", "CAA", "TLSA", "SSHFP", "HTTPS", "SVCB", "DS"];
const min_ttl = 60;
const max_ttl = 2147483647;
const max_string = 255;

/** Text as a zone file has it: in quotes, in pieces no longer than DNS carries them. */
function quoted(text) {
	if (text.startsWith("\""))
		return text;
	const pieces = [];
	let piece = "", bytes = 0;
	for (const character of text) {
		const length = new TextEncoder().encode(character).length;
		if (bytes + length > max_string) {
			pieces.push(piece);
			[piece, bytes] = ["", 0];
		}
		piece += /["\\]/.test(character) ? `\\${character}` : character;
		bytes += length;
	}
	return [...pieces, piece].map((each) => `"${each}"`).join(" ");
}

function explain(error, field) {
	if (error.code === "uniqueness_error")
		return [{ field: "rrset-name", key: "rrset.taken", error }];
	return problemsOf(error, {
		name: { field: "rrset-name", key: "rrset.name.wrong" },
		type: { field, key: "rrset.type.wrong" },
		ttl: { field: "rrset-ttl", key: "rrset.ttl.wrong" },
		records: { field, key: "rrset.values.wrong" },
	}) ?? [{ key: "rrset.failed", error }];
}

/** @param rrset  the one that is changed; null: a new one */
export function RrsetForm({ zone, rrset, onSaved, onCancel }) {
	const form = useRef(null);
	const [type, setType] = useState(rrset?.type ?? "A");
	const [text, setText] = useState(null); // the values as text, once that was chosen
	const values = rrset?.records.map(({ value }) => value) ?? [];
	const inParts = text === null && haveParts(type, values);
	const of = (name) => form.current.elements[`rrset-${name}`].value.trim();
	const valuesOf = () => {
		const ttl = of("ttl");
		const lines = inParts ? readParts(form.current, type) : of("values").split("\n").map((line) => line.trim()).filter(Boolean);
		return { ttl: ttl === "" ? null : Number(ttl), records: lines.map((line) => ({ value: type === "TXT" ? quoted(line) : line })) };
	};
	const { submit, busy, ...told } = useSubmit({
		judge: () => {
			const { ttl, records } = valuesOf();
			return [
				...(inParts ? judgeParts(form.current, type) : []),
				ttl !== null && !(Number.isInteger(ttl) && ttl >= min_ttl && ttl <= max_ttl) && { field: "rrset-ttl", key: "rrset.ttl.wrong" },
				records.length === 0 && { field: "rrset-values", key: "rrset.values.missing" },
			].filter(Boolean);
		},
		work: async () => {
			await (rrset ? changeRrset(rrset, valuesOf()) : makeRrset(zone.id, { name: of("name") || "@", type, ...valuesOf() }));
			onSaved();
		},
		explain: (error) => explain(error, inParts ? firstPart(form.current, type) : "rrset-values"),
	});
	useEffect(() => { form.current.elements[rrset ? (inParts ? firstPart(form.current, type) : "rrset-values") : "rrset-name"].focus(); }, []);
	const meaning = explained.includes(type) ? t(`rrset.meaning.${type.toLowerCase()}`) : "";
	// What was typed so far stays, unless there is nothing yet.
	const asText = () => {
		setText(judgeParts(form.current, type).length === 0 ? readParts(form.current, type).join("\n") : values.join("\n"));
		setTimeout(() => form.current.elements["rrset-values"].focus());
	};
	return html`<section class="notice key-form" aria-labelledby="rrset-title">
		<h2 id="rrset-title">${rrset ? t("rrset.change.title", { name: rrset.name, type }) : t("rrset.add")}</h2>
		<${Summary} ...${told}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			${!rrset && html`
				<${TextField} id="rrset-name" label=${t("rrset.name")} hint=${t("rrset.name.hint", { zone: zone.unicode_name })} problems=${told.problems}
					maxlength="255" autocomplete="off" autocapitalize="none" spellcheck="false"/>
				<div onChange=${(event) => { setType(event.target.value); setText(null); }}><${ChoiceField} id="rrset-type" label=${t("rrset.type")} choices=${types.map((value) => ({ value, text: value }))}/></div>`}
			${inParts ? html`<${RecordParts} key=${type} type=${type} values=${values} problems=${told.problems} hint=${meaning}/>
				<p class="buttons"><button type="button" class="button small" id="rrset-as-text" onClick=${asText}>${t("rrset.part.text")}</button></p>`
				: html`<${AreaField} key=${text} id="rrset-values" label=${t("rrset.values")} hint=${`${meaning && `${meaning} `}${t("rrset.values.hint", { example: examples[type] ?? "" })}`} problems=${told.problems}
				rows="3" spellcheck="false" autocapitalize="none" class="fixed" defaultValue=${text ?? values.join("\n")}/>`}
			<${TextField} id="rrset-ttl" label=${t("rrset.ttl")} hint=${t("rrset.ttl.hint", { ttl: zone.ttl })} problems=${told.problems} inputmode="numeric" autocomplete="off"
				maxlength="10" defaultValue=${rrset?.ttl ?? ""}/>
			<div class="buttons">
				<button class="button primary" id="rrset-save" aria-disabled=${busy ? "true" : undefined}>${t(busy ? "rrset.saving" : "rrset.save")}</button>
				<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>
			</div>
		</form>
	</section>`;
}
