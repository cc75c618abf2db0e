// A packet filter's rules: the table of them, and the form that changes all of them at once after it
// showed what becomes different.

import { addressesOf, closedSsh, differenceOf, draftsOf, emptyDraft, hasPorts, openDatabases, problemsIn, protocols, serversOf, setRules, templateNames, toDraft } from "../lib/firewalls.js";
import { number, t } from "../lib/i18n.js";
import { loginPort } from "../lib/power.js";
import { servers } from "../lib/servers.js";
import { html, useValue } from "../lib/ui.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Dialog } from "./dialog.js";
import { problemsOf, Summary, TextField, useSubmit } from "./form.js";

const networks = (list) => (list.includes("0.0.0.0/0") && list.includes("::/0") ? t("firewalls.everybody") : list.join(", "));
const ports = ({ protocol, port }) => (hasPorts(protocol) ? `${port}/${protocol}` : protocol);

/** A line for a rule: what it lets through. */
export function ruleWords(draft) {
	const addresses = draft.addresses.split(/[\s,、]+/).filter(Boolean);
	return `${t(`firewalls.direction.${draft.direction}`)} ${ports(draft)} ${networks(addresses)}${draft.description ? ` (${draft.description})` : ""}`;
}

/**
 * @param packets  by a rule's place: how many began; null while that is not known
 * @param label    of the table, when there are several
 */
export function RuleTable({ rules, packets, label = t("firewalls.rules") }) {
	return html`<div class="graph-table firewall-table" tabindex="0" role="group" aria-label=${label}><table>
		<thead><tr>${["direction", "port", "addresses", "description", "packets"].map((each) => html`<th key=${each} scope="col" class=${each === "packets" ? "amount" : undefined}>${t(`firewalls.column.${each}`)}</th>`)}</tr></thead>
		<tbody>${rules.map((rule, index) => html`<tr key=${index} data-rule=${index}>
			<td>${t(`firewalls.direction.${rule.direction}`)}</td><td><code>${ports(rule)}</code></td>
			<td>${networks(addressesOf(rule))}</td><td dir="auto">${rule.description}</td>
			<td class="amount">${packets ? number(packets[index] ?? 0) : "—"}</td></tr>`)}</tbody>
	</table></div>`;
}

function Choice({ id, label, value, choices, onChange }) {
	return html`<div class="field"><label for=${id}>${label}</label>
		<select id=${id} onChange=${({ target }) => onChange(target.value)}>${choices.map((each) => html`<option key=${each.value} value=${each.value} selected=${each.value === value}>${each.text}</option>`)}</select></div>`;
}

function Draft({ draft, index, problems, onChange, onRemove }) {
	const id = (part) => `rule-${index}-${part}`;
	const field = (part) => ({ id: id(part), problems, value: draft[part], onInput: ({ target }) => onChange({ ...draft, [part]: target.value }), autocomplete: "off", spellcheck: "false" });
	return html`<fieldset class="firewall-rule"><legend>${t("firewalls.rule", { number: index + 1 })}</legend>
		<${Choice} id=${id("direction")} label=${t("firewalls.column.direction")} value=${draft.direction} onChange=${(direction) => onChange({ ...draft, direction })}
			choices=${["in", "out"].map((value) => ({ value, text: t(`firewalls.direction.${value}`) }))}/>
		<${Choice} id=${id("protocol")} label=${t("firewalls.protocol")} value=${draft.protocol} onChange=${(protocol) => onChange({ ...draft, protocol })}
			choices=${protocols.map((value) => ({ value, text: value.toUpperCase() }))}/>
		${hasPorts(draft.protocol) && html`<${TextField} ...${field("port")} label=${t("firewalls.port")} hint=${t("firewalls.port.hint")} maxlength="11"/>`}
		<${TextField} ...${field("addresses")} label=${t("firewalls.column.addresses")} hint=${t("firewalls.addresses.hint")}/>
		<${TextField} ...${field("description")} label=${t("firewalls.column.description")} problems=${problems} maxlength="255"/>
		<p class="buttons"><button type="button" class="button small" onClick=${onRemove}>${t("firewalls.rule.remove")}<span class="visually-hidden"> (${t("firewalls.rule", { number: index + 1 })})</span></button></p>
	</fieldset>`;
}

function Difference({ added, removed }) {
	const lines = (list, key) => list.length > 0 && html`<h3>${t(key)}</h3><ul data-difference=${key}>${list.map((draft, index) => html`<li key=${index}>${ruleWords(draft)}</li>`)}</ul>`;
	return html`${lines(added, "firewalls.added")}${lines(removed, "firewalls.removed")}`;
}

/** @param onSaved  called when the API has taken the rules */
export function RuleForm({ firewall, onSaved, onCancel }) {
	const [before] = useState(() => firewall.rules.map(toDraft));
	const [drafts, setDrafts] = useState(before);
	const [looking, setLooking] = useState(false);
	const [asking, setAsking] = useState(false);
	const sure = useRef(false);
	const heading = useRef(null);
	const difference = differenceOf(before, drafts);
	const isSame = difference.added.length + difference.removed.length === 0;
	const databases = openDatabases(difference.added);
	const known = useValue(servers);
	const ssh_ports = [...new Set(serversOf(firewall).map((id) => loginPort(known.get(id) ?? {})))];
	const ssh = closedSsh(difference.removed, drafts, [...new Set([22, ...ssh_ports])]);
	const [from, setFrom] = useState("");
	useEffect(() => { heading.current.focus(); }, [looking]);

	const { submit, busy, ...told } = useSubmit({
		judge: () => {
			const problems = problemsIn(drafts);
			return problems.length === 0 && isSame ? [{ key: "firewalls.same" }] : problems;
		},
		work: async () => {
			if (!looking) {
				setLooking(true);
			} else if (databases.length > 0 && !sure.current) {
				setAsking(true);
			} else {
				await setRules(firewall.id, drafts, ssh.length > 0 ? from.trim() : "");
				onSaved();
			}
		},
		explain: (error) => problemsOf(error, { confirm_from: { field: "confirm-from", key: "firewalls.confirm-from.wrong" } }) ?? [{ key: error.code === "locked" ? "firewalls.on-trial" : "firewalls.save.failed", error }],
	});
	const put = (next) => setDrafts(next);
	return html`<section class="notice key-form" aria-labelledby="rules-form-title">
		<h2 id="rules-form-title" ref=${heading} tabindex="-1">${t(looking ? "firewalls.difference" : "firewalls.edit")}</h2>
		<${Summary} ...${told}/>
		<form id="rules-form" onSubmit=${submit} novalidate>
			${looking ? html`<div><${Difference} ...${difference}/></div>
				${ssh.length > 0 && html`<p class="notice attention" id="closes-ssh">${t("firewalls.closes-ssh", { ports: ssh.join(", ") })}</p>`}<p class="hint">${t("firewalls.trial.what")}</p>
				${ssh.length > 0 && html`<${TextField} id="confirm-from" label=${t("firewalls.confirm-from")} hint=${t("firewalls.confirm-from.hint")} problems=${told.problems} value=${from}
					onInput=${({ target }) => setFrom(target.value)} autocomplete="off" spellcheck="false" maxlength="45"/>`}` : html`
				${drafts.map((draft, index) => html`<${Draft} key=${index} draft=${draft} index=${index} problems=${told.problems}
					onChange=${(changed) => put(drafts.with(index, changed))} onRemove=${() => put(drafts.toSpliced(index, 1))}/>`)}
				<div role="group" aria-label=${t("firewalls.add")} class="buttons">
					${templateNames.map((name) => html`<button key=${name} type="button" class="button small" data-template=${name} onClick=${() => put([...drafts, ...draftsOf(name, ssh_ports)])}>+ ${t(`firewalls.template.${name}`)}</button>`)}
					<button type="button" class="button small" data-template="empty" onClick=${() => put([...drafts, emptyDraft()])}>+ ${t("firewalls.template.empty")}</button>
				</div>`}
			<div class="buttons">
				<button class="button primary" id="rules-save" aria-disabled=${busy ? "true" : undefined}>${t(looking ? "firewalls.save" : "firewalls.look")}</button>
				${looking && html`<button type="button" class="button" onClick=${() => setLooking(false)}>${t("firewalls.back")}</button>`}
				<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>
			</div>
		</form>
		${asking && html`<${Dialog} id="open-database" title=${t("firewalls.database")} refuse=${t("cancel")} confirm=${t("firewalls.database.open")} onRefuse=${() => setAsking(false)}
			onConfirm=${() => { sure.current = true; setAsking(false); setTimeout(() => document.getElementById("rules-form").requestSubmit()); }} fallback=${() => document.getElementById("heading")}>
			<p>${t("firewalls.database.what", { ports: databases.join(", ") })}</p>
		<//>`}
	</section>`;
}
