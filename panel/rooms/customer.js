// One customer, for operators of the service: what it has, its people and servers, and what is decided about it.

import { deletePerson, handOver, inviteTo, quotas, readCustomer, resumeCustomer, setMail, setNote, setQuotas, suspendCustomer } from "../lib/customers.js";
import { t } from "../lib/i18n.js";
import { go } from "../lib/router.js";
import { switchAccount } from "../lib/session.js";
import { announce, html } from "../lib/ui.js";
import { Contract } from "../parts/contract.js";
import { Copy } from "../parts/copy.js";
import { Dialog } from "../parts/dialog.js";
import { Failure } from "../parts/failure.js";
import { AreaField, problemsOf, Summary, useSubmit } from "../parts/form.js";
import { Icon } from "../parts/icon.js";
import { Moment } from "../parts/moment.js";
import { NameDialog } from "../parts/name-dialog.js";
import { QuotaForm } from "../parts/quota-form.js";
import { Quotas } from "../parts/quotas.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const heading = () => document.getElementById("heading");

/** What a button begins: asked for first, done once, and told in place when it fails. */
function useWork(onDone) {
	const [work, setWork] = useState({ asking: null, failure: null });
	const busy = useRef(false);

	const run = async (doing, words) => {
		if (busy.current)
			return;
		busy.current = true;
		setWork({ asking: null, failure: null });
		try {
			await doing();
			heading()?.focus();
			announce(words);
			onDone();
		} catch (error) {
			setWork({ asking: null, failure: { error, again: () => run(doing, words) } });
		} finally {
			busy.current = false;
		}
	};
	return {
		...work, run,
		ask: (asking) => setWork({ asking, failure: null }),
		refuse: () => setWork({ asking: null, failure: null }),
		trouble: work.failure && html`<${Failure} title=${t("customers.failed")} error=${work.failure.error} onRetry=${work.failure.again}/>`,
	};
}

/* --- quotas --- */

const limitsOf = (customer) => Object.fromEntries(quotas.map((quota) => [quota, customer.quotas[quota].limit]));

function Limits({ customer, onDone }) {
	const [editing, setEditing] = useState(false);
	return html`<section class="group" aria-labelledby="quotas-title">
		<h2 id="quotas-title">${t("quota.title")}</h2>
		<${Quotas} account=${customer}/>
		${editing
			? html`<${QuotaForm} limits=${limitsOf(customer)} what=${t("quota.form.what")} save=${(limits) => setQuotas(customer.id, limits)} onDone=${() => { setEditing(false); onDone(); }}
				onCancel=${() => { setEditing(false); setTimeout(() => document.getElementById("edit-quotas")?.focus()); }}/>`
			: html`<p class="buttons"><button type="button" class="button" id="edit-quotas" onClick=${() => setEditing(true)}>${t("quota.edit")}</button></p>`}
	</section>`;
}

/* --- suspension --- */

function SuspendDialog({ customer, onRefuse, onConfirm }) {
	const [reason, setReason] = useState("");
	return html`<${Dialog} id="suspend" title=${t("suspend.title", { name: customer.name })} refuse=${t("cancel")} confirm=${t("suspend")}
		obstacle=${reason.trim() === "" ? t("suspend.reason.missing") : null} onRefuse=${onRefuse} onConfirm=${() => onConfirm(reason.trim())} fallback=${heading}>
		<p>${t("suspend.what")}</p>
		<div class="field">
			<label for="suspend-reason">${t("suspend.reason")}</label>
			<input id="suspend-reason" type="text" autocomplete="off" maxlength="130" value=${reason} onInput=${(event) => setReason(event.target.value)}/>
		</div>
	<//>`;
}

function Suspension({ customer, onDone }) {
	const { asking, ask, refuse, run, trouble } = useWork(onDone);
	const { id, name, suspension } = customer;
	return html`<section class="group" aria-labelledby="suspension-title">
		<h2 id="suspension-title">${t("suspend.heading")}</h2>
		${suspension
			? html`<p><${Icon} name="attention"/> ${t("suspend.since")} <${Moment} at=${suspension.since}/></p>
				${suspension.reason && html`<p>${t("suspended.reason")} <span dir="auto">${suspension.reason}</span></p>`}
				<p class="hint">${t("suspend.lift.what")}</p>
				<p class="buttons"><button type="button" class="button" id="resume" onClick=${() => run(() => resumeCustomer(id), t("suspend.lifted", { name }))}>${t("suspend.lift")}</button></p>`
			: html`<p class="hint">${t("suspend.not")}</p>
				<p class="buttons"><button type="button" class="button destroys" id="suspend" onClick=${() => ask("suspend")}>${t("suspend")}</button></p>`}
		${trouble}
		${asking && html`<${SuspendDialog} customer=${customer} onRefuse=${refuse}
			onConfirm=${(reason) => run(() => suspendCustomer(id, reason), t("suspend.done", { name }))}/>`}
	</section>`;
}

/* --- mail --- */

function Mail({ customer, onDone }) {
	const { run, trouble } = useWork(onDone);
	const { id, name, smtp_open: isOpen } = customer;
	return html`<section class="group" aria-labelledby="smtp-title">
		<h2 id="smtp-title">${t("smtp")}</h2>
		<p class="hint" id="smtp-now">${t(isOpen ? "smtp.is-open" : "smtp.is-closed")}</p>
		<p class="buttons"><button type="button" class="button" id="smtp-change" aria-describedby="smtp-now"
			onClick=${() => run(() => setMail(id, !isOpen), t(isOpen ? "smtp.closed" : "smtp.opened", { name }))}>${t(isOpen ? "smtp.close" : "smtp.open")}</button></p>
		${trouble}
	</section>`;
}

/* --- servers --- */

function HandOverDialog({ server, onRefuse, onConfirm }) {
	const [to, setTo] = useState("");
	return html`<${Dialog} id="hand-over" title=${t("hand-over.title", { name: server.name })} refuse=${t("cancel")} confirm=${t("hand-over")}
		obstacle=${to.trim() === "" ? t("hand-over.missing") : null} onRefuse=${onRefuse} onConfirm=${() => onConfirm(to.trim())} fallback=${heading}>
		<p>${t("hand-over.what")}</p>
		<div class="field">
			<label for="hand-over-to">${t("hand-over.to")}</label>
			<input id="hand-over-to" type="text" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="128" value=${to} onInput=${(event) => setTo(event.target.value)}/>
		</div>
	<//>`;
}

function Server({ server, onDone }) {
	const { asking, ask, refuse, run, trouble } = useWork(onDone);
	return html`<article class="server" aria-labelledby=${`server-${server.id}`} data-server=${server.id}>
		<div class="server-top">
			<h3 id=${`server-${server.id}`}>${server.name} <span class="hint">${server.server_type?.name}</span></h3>
			<div class="buttons key-remove"><button type="button" class="button small" onClick=${() => ask("hand-over")}>${t("hand-over")}<span class="visually-hidden"> (${server.name})</span></button></div>
		</div>
		<p translate="no">${server.public_net?.ipv4?.ip ?? server.public_net?.ipv6?.ip}</p>
		${trouble}
		${asking && html`<${HandOverDialog} server=${server} onRefuse=${refuse}
			onConfirm=${(to) => run(() => handOver(server.id, to), t("hand-over.done", { name: server.name, to }))}/>`}
	</article>`;
}

/* --- people --- */

function Member({ member, onDone }) {
	const { asking, ask, refuse, run, trouble } = useWork(onDone);
	return html`<article class="server" aria-labelledby=${`person-${member.id}`} data-person=${member.id}>
		<div class="server-top">
			<h3 id=${`person-${member.id}`}>${member.name} <span class="hint">${t(`role.${member.role}`)}${member.disabled ? ` ${t("people.disabled")}` : ""}</span></h3>
			<div class="buttons key-remove"><button type="button" class="button small destroys" onClick=${() => ask("delete")}>${t("person.delete")}<span class="visually-hidden"> (${member.name})</span></button></div>
		</div>
		${trouble}
		${asking && html`<${NameDialog} id="delete-person" server=${member} title=${t("person.delete.title", { name: member.name })} confirm=${t("person.delete")} typing="person.delete.typing"
			label=${t("person.delete.name")} locked=${null} onRefuse=${refuse} fallback=${heading} onConfirm=${() => run(() => deletePerson(member.id), t("person.deleted", { name: member.name }))}>
			<p>${t("person.delete.what")}</p>
		<//>`}
	</article>`;
}

function People({ customer, members, onDone }) {
	const [link, setLink] = useState(null);
	const [failure, setFailure] = useState(null);

	const invite = async () => {
		setFailure(null);
		try {
			setLink(await inviteTo(customer.id, "owner"));
			setTimeout(() => document.getElementById("invited-link")?.focus());
		} catch (error) {
			setFailure(error);
		}
	};
	return html`<section class="group" aria-labelledby="people-title">
		<h2 id="people-title">${t("people")}</h2>
		${members.length === 0 ? html`<p class="empty">${t("customer.nobody")}</p>`
			: html`<ul class="servers">${members.map((member) => html`<li key=${member.id}><${Member} member=${member} onDone=${onDone}/></li>`)}</ul>`}
		<p class="buttons"><button type="button" class="button" id="invite-owner" onClick=${invite}>${t("customer.invite")}</button></p>
		${failure && html`<${Failure} title=${t("customers.failed")} error=${failure} onRetry=${invite}/>`}
		${link && html`<div class="notice attention"><h3 id="invited-link" tabindex="-1">${t("people.link")}</h3><p>${t("people.link.once")}</p><p><${Copy} text=${link} what=${t("people.link")}/></p></div>`}
	</section>`;
}

/* --- notes --- */

function Note({ customer, onDone }) {
	const form = useRef(null);
	const { submit, busy, ...told } = useSubmit({
		judge: () => [],
		work: async () => {
			await setNote(customer.id, form.current.elements.note.value);
			announce(t("customer.note.saved"));
			onDone();
		},
		explain: (error) => problemsOf(error, { note: { field: "note", key: "customer.note.wrong" } }) ?? [{ key: "customers.failed", error }],
	});
	return html`<section class="group" aria-labelledby="note-title">
		<h2 id="note-title">${t("customer.note")}</h2>
		<${Summary} ...${told}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<${AreaField} id="note" label=${t("customer.note.label")} hint=${t("customer.note.hint")} problems=${told.problems} rows="4" maxlength="1300" defaultValue=${customer.note}/>
			<div class="buttons"><button class="button" aria-disabled=${busy ? "true" : undefined}>${t("customer.note.save")}</button></div>
		</form>
	</section>`;
}

export function Customer({ parameters: { id } }) {
	const [found, setFound] = useState({ state: "loading" });
	const [failure, setFailure] = useState(null);
	const asked = useRef(0);

	const read = async () => {
		const question = ++asked.current;
		try {
			const all = await readCustomer(Number(id));
			if (question === asked.current)
				setFound({ state: "ready", ...all });
		} catch (error) {
			if (question === asked.current)
				setFound({ state: error });
		}
	};
	useEffect(() => {
		read();
		return () => { asked.current++; };
	}, [id]);
	const act = async () => {
		setFailure(null);
		try {
			await switchAccount(Number(id));
			go("/servers");
		} catch (error) {
			setFailure(error);
		}
	};

	const { state, customer, members, servers } = found;
	const crumbs = html`<nav class="crumbs" aria-label=${t("console.crumbs")}><a href="#/admin/customers">${t("customers")}</a></nav>`;
	if (state === "loading")
		return html`<div>${crumbs}<${Heading} text=${t("customer")} help="customers"/><p class="waiting">${t("customers.loading")}</p></div>`;
	if (state !== "ready")
		return html`<div>${crumbs}<${Heading} text=${t("customer")} help="customers"/><${Failure} title=${t("customers.unread")} error=${state} onRetry=${read}/></div>`;
	return html`<div>
		${crumbs}
		<${Heading} text=${customer.name} help="customers"><p class="heading-about">${t("customer.since")} <${Moment} at=${customer.created}/></p><//>
		<div class="key-ways"><div class="buttons"><button type="button" class="button primary" id="act-for" onClick=${act}>${t("acting.begin")}</button></div></div>
		<p class="hint">${t("acting.begin.what")}</p>
		${failure && html`<${Failure} title=${t("customers.failed")} error=${failure} onRetry=${act}/>`}
		<${Suspension} customer=${customer} onDone=${read}/>
		<${Limits} customer=${customer} onDone=${read}/>
		<${Mail} customer=${customer} onDone=${read}/>
		<section class="group" aria-labelledby="servers-title">
			<h2 id="servers-title">${t("nav.servers")}</h2>
			${servers.length === 0 ? html`<p class="empty">${t("customer.no-servers")}</p>`
				: html`<ul class="servers">${servers.map((server) => html`<li key=${server.id}><${Server} server=${server} onDone=${read}/></li>`)}</ul>`}
		</section>
		<section class="group" aria-labelledby="customer-contract-title">
			<h2 id="customer-contract-title">${t("contract")}</h2>
			<${Contract} customer=${customer.id} empty=${html`<p class="hint">${t("contract.customer.none")}</p>`}/>
		</section>
		<${People} customer=${customer} members=${members} onDone=${read}/>
		<${Note} key=${customer.note} customer=${customer} onDone=${read}/>
	</div>`;
}
