// One packet filter: a change on trial, its rules, where it is in force, and whether a packet would pass.

import { applyTo, countsOf, deleteFirewall, endedChanges, readFilter, readFirewall, renameFirewall, serversOf, takeOff } from "../lib/firewalls.js";
import { t } from "../lib/i18n.js";
import { go } from "../lib/router.js";
import { actions, servers, sortedServers } from "../lib/servers.js";
import { me } from "../lib/session.js";
import { announce, html, useValue } from "../lib/ui.js";
import { Failure, FailureDetail, failureText } from "../parts/failure.js";
import { PacketTest } from "../parts/firewall-test.js";
import { RuleForm, RuleTable } from "../parts/firewall-rules.js";
import { Trial } from "../parts/firewall-trial.js";
import { ChoiceField, problemsOf, Summary, TextField, useSubmit } from "../parts/form.js";
import { NameDialog } from "../parts/name-dialog.js";
import { useRead } from "../parts/read.js";
import { useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const most_counted = 20; // servers whose hosts are asked

const focusHeading = () => document.getElementById("heading")?.focus();

/** How many connections each rule let begin, on all its servers; null when a host does not say. */
async function countPackets(firewall) {
	const ids = serversOf(firewall);
	if (ids.length === 0 || ids.length > most_counted)
		return null;
	const filters = await Promise.all(ids.map(readFilter));
	if (filters.some(({ measured }) => !measured))
		return null;
	return countsOf(firewall, filters.flatMap(({ counters }) => counters));
}

async function read(id) {
	const firewall = await readFirewall(id);
	return { firewall, packets: await countPackets(firewall).catch(() => null) };
}

function Target({ firewall, target, mayChange, onChanged }) {
	const [state, setState] = useState({ busy: false, failure: null });
	const known = useValue(servers);
	const words = target.type === "server" ? known.get(target.server.id)?.name ?? t("alerts.scope.number", { id: target.server.id }) : target.label_selector.selector;
	const drop = async () => {
		if (state.busy)
			return;
		setState({ busy: true, failure: null });
		try {
			await takeOff(firewall.id, target.type === "server" ? { type: "server", server: { id: target.server.id } } : { type: "label_selector", label_selector: target.label_selector });
			announce(t("firewalls.taken-off"));
			focusHeading();
			onChanged();
		} catch (failure) {
			setState({ busy: false, failure });
		}
	};
	return html`<li class="alert-line" data-target=${words}>
		<p class="alert-about">${target.type === "server" ? html`<a href=${`#/servers/${target.server.id}`} translate="no">${words}</a>`
			: html`<code>${words}</code> <span class="hint">${t("firewalls.servers.count", { count: target.applied_to_resources.length })}</span>`}</p>
		${mayChange && html`<p class="buttons"><button type="button" class="button small" data-do="take-off" aria-disabled=${state.busy ? "true" : undefined} onClick=${drop}>${t("firewalls.take-off")}<span class="visually-hidden"> (${words})</span></button></p>`}
		${state.failure && html`<div role="alert"><p>${failureText(state.failure.code)}</p><${FailureDetail} error=${state.failure}/></div>`}
	</li>`;
}

function Apply({ firewall, onChanged }) {
	const form = useRef(null);
	const list = useValue(sortedServers);
	const [isLabel, setIsLabel] = useState(false);
	const value = (name) => form.current.elements[name]?.value.trim() ?? "";
	const label = { field: "apply-label", key: "alerts.label.wrong" };
	const { submit, busy, ...told } = useSubmit({
		judge: () => (value("apply-to") === "label" && !value("apply-label") ? [{ field: "apply-label", key: "alerts.label.missing" }] : []),
		work: async () => {
			await applyTo(firewall.id, value("apply-to") === "label" ? { type: "label_selector", label_selector: { selector: value("apply-label") } }
				: { type: "server", server: { id: Number(value("apply-to")) } });
			announce(t("firewalls.applied"));
			onChanged();
		},
		explain: (error) => problemsOf(error, isLabel ? { apply_to: label } : {}) ?? [{ key: "firewalls.apply.failed", error }],
	});
	const choices = [...list.map(({ id, name }) => ({ value: String(id), text: name })), { value: "label", text: t("alerts.scope.label") }];
	return html`<${Summary} ...${told}/>
		<form ref=${form} class="history-filter" onSubmit=${submit} onChange=${() => setIsLabel(value("apply-to") === "label")} novalidate>
			<${ChoiceField} id="apply-to" label=${t("firewalls.apply.to")} choices=${choices}/>
			${(isLabel || list.length === 0) && html`<${TextField} id="apply-label" label=${t("alerts.label")} hint=${t("alerts.label.hint")} problems=${told.problems} maxlength="512" autocomplete="off" autocapitalize="none" spellcheck="false"/>`}
			<div class="buttons"><button class="button" id="apply" aria-disabled=${busy ? "true" : undefined}>${t("firewalls.apply")}</button></div>
		</form>`;
}

function Rename({ firewall, onRenamed }) {
	const form = useRef(null);
	const name = () => form.current.elements["firewall-name"].value.trim();
	const { submit, busy, ...told } = useSubmit({
		judge: () => (name() ? [] : [{ field: "firewall-name", key: "firewalls.name.missing" }]),
		work: async () => {
			const { name: now } = await renameFirewall(firewall.id, name());
			announce(t("firewalls.renamed", { name: now }));
			focusHeading();
			onRenamed();
		},
		explain: (error) => (error.code === "uniqueness_error" ? [{ field: "firewall-name", key: "firewalls.name.taken", error }]
			: problemsOf(error, { name: { field: "firewall-name", key: "firewalls.name.wrong" } }) ?? [{ key: "firewalls.rename.failed", error }]),
	});
	return html`<section class="box firewall-part" aria-labelledby="rename-title"><h2 id="rename-title">${t("firewalls.rename")}</h2>
		<${Summary} ...${told}/>
		<form class="history-filter" ref=${form} onSubmit=${submit} novalidate>
			<${TextField} key=${firewall.name} id="firewall-name" label=${t("firewalls.name")} problems=${told.problems} defaultValue=${firewall.name} autocomplete="off" maxlength="128"/>
			<div class="buttons"><button class="button" id="firewall-rename" aria-disabled=${busy ? "true" : undefined}>${t("firewalls.rename")}</button></div>
		</form>
	</section>`;
}

function Delete({ firewall }) {
	const [asking, setAsking] = useState(false);
	const [failure, setFailure] = useState(null);
	const drop = async () => {
		setAsking(false);
		try {
			await deleteFirewall(firewall.id);
			announce(t("firewalls.deleted"));
			go("/firewalls");
		} catch (error) {
			setFailure(error);
		}
	};
	return html`<section class="box firewall-part" aria-labelledby="delete-title"><h2 id="delete-title">${t("firewalls.delete")}</h2>
		<p class="hint">${t("firewalls.delete.hint")}</p>
		${failure && html`<div role="alert"><p>${failureText(failure.code)}</p><${FailureDetail} error=${failure}/></div>`}
		<p class="buttons"><button type="button" class="button destroys" id="delete-firewall" onClick=${() => setAsking(true)}>${t("firewalls.delete")}</button></p>
		${asking && html`<${NameDialog} id="delete" server=${firewall} label=${t("firewalls.name")} title=${t("firewalls.delete.title", { name: firewall.name })} confirm=${t("firewalls.delete")}
			typing="person.delete.typing" locked=${null} fallback=${() => document.getElementById("heading")} onRefuse=${() => setAsking(false)} onConfirm=${drop}>
			<p>${t("firewalls.delete.what")}</p><//>`}
	</section>`;
}

export function Firewall({ parameters }) {
	const mayRole = useValue(me)?.role !== "reader";
	// Whoever changes a filter, the change ends as an action; that is when it is read again.
	const ended = endedChanges(useValue(actions));
	const { value, failure, again } = useRead(() => read(Number(parameters.id)), ended);
	const [editing, setEditing] = useState(false);
	const [said, setSaid] = useState(null); // of the last trial, how it ended

	if (!value) {
		return html`<div class="narrow"><${Heading} text=${t("firewalls")}/>
			${failure ? html`<${Failure} title=${t("firewalls.unread")} error=${failure} onRetry=${again}/>` : html`<p class="waiting">${t("firewalls.loading")}</p>`}</div>`;
	}
	const { firewall, packets } = value;
	const mayChange = mayRole && !firewall.ippo.trial;
	const leave = () => { setEditing(false); focusHeading(); };
	return html`<div class="alerts">
		<div><nav class="crumbs" aria-label=${t("firewalls")}><a href="#/firewalls">${t("firewalls")}</a></nav>
		<${Heading} text=${firewall.name} help="firewalls"/></div>
		${firewall.ippo.trial && mayRole && html`<${Trial} firewall=${{ id: firewall.id, ippo: firewall.ippo }} onEnded=${(words) => { setSaid(words); again(); }}/>`}
		<div role="status">${said && !firewall.ippo.trial && html`<p class="notice" id="trial-ended">${said}</p>`}</div>
		${editing && mayChange && html`<${RuleForm} firewall=${firewall} onCancel=${leave} onSaved=${() => { leave(); announce(t("firewalls.saved")); again(); }}/>`}
		<section class="box firewall-part" aria-labelledby="rules-title"><h2 id="rules-title">${t("firewalls.rules")}</h2>
			<p class="hint">${t("firewalls.note")}</p>
			${firewall.rules.length === 0 ? html`<p>${t("firewalls.rules.none")}</p>` : html`<${RuleTable} rules=${firewall.rules} packets=${packets}/>`}
			${mayChange && !editing && html`<p class="buttons"><button type="button" class="button" id="edit-rules" onClick=${() => setEditing(true)}>${t("firewalls.edit")}</button></p>`}
		</section>
		<section class="box firewall-part" aria-labelledby="targets-title"><h2 id="targets-title">${t("firewalls.targets")}</h2>
			${firewall.applied_to.length === 0 ? html`<p class="hint">${t("firewalls.targets.none")}</p>`
				: html`<ul class="alert-lines">${firewall.applied_to.map((target) => html`<${Target} key=${JSON.stringify(target)} firewall=${firewall} target=${target} mayChange=${mayChange} onChanged=${again}/>`)}</ul>`}
			${mayChange && html`<${Apply} firewall=${firewall} onChanged=${again}/>`}
		</section>
		<${PacketTest} place=${`firewalls/${firewall.id}/test`} firewalls=${[firewall]}/>
		${mayRole && html`<${Rename} firewall=${firewall} onRenamed=${again}/>`}
		${mayChange && html`<${Delete} firewall=${firewall}/>`}
	</div>`;
}
