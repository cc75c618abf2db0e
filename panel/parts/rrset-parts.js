// The values of a record set whose type has several parts: a field for each, a group for each value.

import { t } from "../lib/i18n.js";
import { judgePart, partsOf, putTogether, takeApart } from "../lib/record-parts.js";
import { html } from "../lib/ui.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { TextField } from "./form.js";

const idOf = (row, part) => `rrset-${row}-${part.name}`;

/** Whether all of @values can be shown in fields. */
export const haveParts = (type, values) => type in partsOf && values.every((value) => takeApart(type, value) !== null);

/** Numbers of the groups that a form has, in their order. */
const rowsOf = (form) => [...form.querySelectorAll("[data-row]")].map((group) => Number(group.dataset.row));

const typedIn = (form, type, row) => partsOf[type].map((part) => form.elements[idOf(row, part)].value.trim());

export const readParts = (form, type) => rowsOf(form).map((row) => putTogether(type, typedIn(form, type, row)));

export function judgeParts(form, type) {
	return rowsOf(form).flatMap((row) => partsOf[type].map((part, at) => {
		const key = judgePart(part, typedIn(form, type, row)[at]);
		return key && { field: idOf(row, part), key, values: { max: part.max } };
	})).filter(Boolean);
}

/** The field that is named when the API refuses the values. */
export const firstPart = (form, type) => idOf(rowsOf(form)[0], partsOf[type][0]);

export function RecordParts({ type, values, problems, hint }) {
	const next = useRef(values.length);
	const [rows, setRows] = useState(() => (values.length > 0 ? values : [null]).map((value, row) => ({ row, typed: value === null ? [] : takeApart(type, value) })));
	const [fresh, setFresh] = useState(null); // the group that was just added takes the focus
	useEffect(() => { document.getElementById(fresh === null ? "" : idOf(fresh, partsOf[type][0]))?.focus(); }, [fresh]);
	const add = () => {
		const row = Math.max(++next.current, rows.length);
		setRows([...rows, { row, typed: [] }]);
		setFresh(row);
	};
	const drop = (gone) => {
		setRows(rows.filter(({ row }) => row !== gone));
		document.getElementById("rrset-add-value").focus();
	};
	return html`<div class="record-values">
		${hint && html`<p class="hint" id="rrset-values-hint">${hint}</p>`}
		${rows.map(({ row, typed }, at) => html`<fieldset key=${row} class="record-parts" data-row=${row}>
			<legend>${t("rrset.part.group", { number: at + 1 })}</legend>
			${partsOf[type].map((part, of) => html`<${TextField} key=${part.name} id=${idOf(row, part)} label=${t(`rrset.part.${part.name}`)} problems=${problems}
				class=${part.wide ? "wide" : "narrow"} inputmode=${part.max ? "numeric" : undefined} autocomplete="off" autocapitalize="none" spellcheck="false" defaultValue=${typed[of] ?? ""}/>`)}
			${rows.length > 1 && html`<button type="button" class="button small destroys" data-do="drop-value" onClick=${() => drop(row)}>${t("rrset.part.drop")}<span class="visually-hidden"> (${at + 1})</span></button>`}
		</fieldset>`)}
		<p class="buttons"><button type="button" class="button small" id="rrset-add-value" onClick=${add}>${t("rrset.part.add")}</button></p>
	</div>`;
}
