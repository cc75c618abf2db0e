// The people of the account: what each may do, who is invited, and sending somebody away.

import { serviceNow } from "../lib/api.js";
import { t } from "../lib/i18n.js";
import { invite, readInvitations, readMembers, removeMember, roles, setRole, takeBack } from "../lib/members.js";
import { me } from "../lib/session.js";
import { announce, html, useValue } from "../lib/ui.js";
import { Copy } from "../parts/copy.js";
import { Dialog } from "../parts/dialog.js";
import { Failure } from "../parts/failure.js";
import { ChoiceField, problemsOf, Summary, TextField } from "../parts/form.js";
import { Moment } from "../parts/moment.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const focusHeading = () => document.getElementById("heading").focus();
const roleChoices = () => roles.map((role) => ({ value: role, text: t(`role.${role}`) }));

/* --- members --- */

/** What went wrong with a member, in place. The last owner cannot go, and that is no mishap. */
function Trouble({ error, title, onRetry }) {
	if (error.code === "last_owner")
		return html`<p class="field-problem" role="alert">${t("people.last-owner")}</p>`;
	return html`<${Failure} title=${title} error=${error} onRetry=${onRetry}/>`;
}

function Member({ item, isMe, mayChange, onChanged, onRemoved }) {
	const choice = useRef(null);
	const [work, setWork] = useState({ state: "rest" }); // "rest", "busy", "asking"; trouble: {error, again}

	const run = async (doing, after) => {
		setWork({ state: "busy" });
		try {
			const answer = await doing();
			setWork({ state: "rest" });
			after(answer);
		} catch (error) {
			setWork({ state: "rest", trouble: { error, again: () => run(doing, after) } });
		}
	};
	const change = (event) => {
		event.preventDefault();
		const role = choice.current.value;
		if (work.state === "busy" || role === item.role)
			return;
		run(() => setRole(item.id, role), (member) => {
			onChanged(member);
			announce(t("people.changed", { name: item.name, role: t(`role.${member.role}`) }));
		});
	};
	const send = () => run(() => removeMember(item.id), () => {
		onRemoved(item);
		focusHeading();
		announce(t("people.removed", { name: item.name }));
	});
	return html`<article class="server" aria-labelledby=${`member-${item.id}`} data-member=${item.id}>
		<div class="server-top">
			<h3 id=${`member-${item.id}`} tabindex="-1">${item.name}${isMe && html` <span class="hint">${t("people.you")}</span>`}${item.disabled
				&& html` <span class="hint">${t("people.disabled")}</span>`}</h3>
			${mayChange && !isMe && html`<div class="buttons key-remove">
				<button type="button" class="button small destroys" onClick=${() => setWork({ state: "asking" })}>${t("people.remove")}<span class="visually-hidden"> (${item.name})</span></button>
			</div>`}
		</div>
		${mayChange
			? html`<form class="field" onSubmit=${change}><div class="field-row">
				<label class="visually-hidden" for=${`role-${item.id}`}>${t("people.role.of", { name: item.name })}</label>
				<select id=${`role-${item.id}`} ref=${choice}>${roleChoices().map(({ value, text }) => html`<option key=${value} value=${value} selected=${value === item.role}>${text}</option>`)}</select>
				<button class="button" aria-disabled=${work.state === "busy" ? "true" : undefined}>${t(work.state === "busy" ? "people.changing" : "people.change")}</button>
			</div></form>`
			: html`<p>${t(`role.${item.role}`)}</p>`}
		${work.trouble && html`<${Trouble} error=${work.trouble.error} title=${t("people.failed")} onRetry=${work.trouble.again}/>`}
		${work.state === "asking" && html`<${Dialog} id="remove-member" title=${t("people.remove.title", { name: item.name })} refuse=${t("cancel")}
			confirm=${t("people.remove")} onRefuse=${() => setWork({ state: "rest" })} onConfirm=${send} fallback=${() => document.getElementById("heading")}>
			<p>${t("people.remove.what")}</p>
		<//>`}
	</article>`;
}

/* --- invitations --- */

function problemsFrom(error) {
	return problemsOf(error, { name: { field: "invited-name", key: "invitation.name.wrong" } }) ?? [{ key: "people.invite.failed", error }];
}

function Invite({ onMade, onCancel }) {
	const form = useRef(null);
	const busy = useRef(false);
	const [state, setState] = useState({ problems: [], attempt: 0, busy: false });

	useEffect(() => { form.current.elements["invited-role"].focus(); }, []);
	const submit = async (event) => {
		event.preventDefault();
		if (busy.current)
			return;
		const { "invited-role": role, "invited-name": name } = form.current.elements;
		const attempt = state.attempt + 1;
		busy.current = true;
		setState({ problems: [], attempt, busy: true });
		try {
			onMade(await invite(role.value, name.value.trim().toLowerCase()));
		} catch (error) {
			setState({ problems: problemsFrom(error), attempt: attempt + 1, busy: false });
		} finally {
			busy.current = false;
		}
	};
	return html`<section class="notice key-form" aria-labelledby="invite-title">
		<h2 id="invite-title">${t("people.invite")}</h2>
		<ul class="hint">${roles.map((role) => html`<li key=${role}>${t(`role.${role}`)}: ${t(`people.what.${role}`)}</li>`)}</ul>
		<${Summary} ...${state}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<${ChoiceField} id="invited-role" label=${t("people.role")} choices=${roleChoices()}/>
			<${TextField} id="invited-name" label=${t("people.invite.name")} hint=${t("people.invite.name.hint")} problems=${state.problems}
				autocomplete="off" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="64"/>
			<div class="buttons">
				<button class="button primary" aria-disabled=${state.busy ? "true" : undefined}>${t(state.busy ? "people.inviting" : "people.invite.submit")}</button>
				<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>
			</div>
		</form>
	</section>`;
}

function Link({ link, onDone }) {
	const title = useRef(null);

	useEffect(() => { title.current.focus(); }, []);
	return html`<section class="notice attention key-form" aria-labelledby="link-title">
		<h2 id="link-title" ref=${title} tabindex="-1">${t("people.link")}</h2>
		<p>${t("people.link.once")}</p>
		<p><${Copy} text=${link} what=${t("people.link")}/></p>
		<p class="buttons"><button type="button" class="button" onClick=${onDone}>${t("people.link.done")}</button></p>
	</section>`;
}

function Invited({ item, onTakenBack }) {
	const [asking, setAsking] = useState(false);
	const [failure, setFailure] = useState(null);

	const take = async () => {
		setAsking(false);
		try {
			await takeBack(item.id);
		} catch (error) {
			if (error.code !== "not_found") {
				setFailure(error);
				return;
			}
		}
		onTakenBack(item);
		focusHeading();
		announce(t("people.taken-back"));
	};
	return html`<article class="server" data-invitation=${item.id}>
		<div class="server-top">
			<h3>${item.name || t("people.nameless")} <span class="hint">${t(`role.${item.role}`)}</span></h3>
			<div class="buttons key-remove"><button type="button" class="button small" onClick=${() => setAsking(true)}>${t("people.take-back")}</button></div>
		</div>
		<p class="hint">${t("invitation.expires")} <${Moment} at=${item.expires}/></p>
		${failure && html`<${Failure} title=${t("people.failed")} error=${failure} onRetry=${() => { setFailure(null); take(); }}/>`}
		${asking && html`<${Dialog} id="take-back" title=${t("people.take-back.title")} refuse=${t("cancel")} confirm=${t("people.take-back")}
			onRefuse=${() => setAsking(false)} onConfirm=${take} fallback=${() => document.getElementById("heading")}>
			<p>${t("people.take-back.what")}</p>
		<//>`}
	</article>`;
}

export function People() {
	const person = useValue(me);
	const mayChange = person.role === "owner" || person.operator;
	const [list, setList] = useState({ state: "loading", members: [], invitations: [] });
	const [inviting, setInviting] = useState(false);
	const [fresh, setFresh] = useState(null); // just made: {invitation, link}

	const read = async (isWanted = () => true) => {
		try {
			const [members, invitations] = await Promise.all([readMembers(), readInvitations(serviceNow())]);
			if (isWanted())
				setList({ state: "ready", members, invitations });
		} catch (error) {
			if (isWanted())
				setList({ state: error, members: [], invitations: [] });
		}
	};
	useEffect(() => {
		let wanted = true;
		read(() => wanted);
		return () => { wanted = false; };
	}, []);

	const made = (answer) => {
		setInviting(false);
		setFresh(answer);
		setList((before) => ({ ...before, invitations: [answer.invitation, ...before.invitations] }));
	};
	const without = (key, { id }) => setList((before) => ({ ...before, [key]: before[key].filter((item) => item.id !== id) }));
	const changed = (member) => setList((before) => ({ ...before, members: before.members.map((item) => (item.id === member.id ? member : item)) }));
	const backToWay = () => setTimeout(() => document.getElementById("invite")?.focus());

	let body;
	if (list.state === "loading")
		body = html`<p class="waiting">${t("people.loading")}</p>`;
	else if (list.state !== "ready")
		body = html`<${Failure} title=${t("people.unread")} error=${list.state} onRetry=${() => read()}/>`;
	else
		body = html`<ul class="servers">${list.members.map((item) => html`<li key=${item.id}><${Member} item=${item} isMe=${item.id === person.user?.id}
			mayChange=${mayChange} onChanged=${changed} onRemoved=${(gone) => without("members", gone)}/></li>`)}</ul>
		${list.invitations.length > 0 && html`<section class="group" aria-labelledby="invited-title">
			<h2 id="invited-title">${t("people.invited")}</h2>
			<ul class="servers">${list.invitations.map((item) => html`<li key=${item.id}>${mayChange
				? html`<${Invited} item=${item} onTakenBack=${(gone) => without("invitations", gone)}/>`
				: html`<article class="server"><h3>${item.name || t("people.nameless")} <span class="hint">${t(`role.${item.role}`)}</span></h3></article>`}</li>`)}</ul>
		</section>`}`;
	return html`<div>
		<${Heading} text=${t("people")} help="people"><p class="heading-about">${person.customer.name}</p><//>
		${mayChange && list.state === "ready" && !inviting && !fresh && html`<div class="key-ways"><div class="buttons">
			<button type="button" class="button primary" id="invite" onClick=${() => setInviting(true)}>${t("people.invite")}</button>
		</div></div>`}
		${inviting && html`<${Invite} onMade=${made} onCancel=${() => { setInviting(false); backToWay(); }}/>`}
		${fresh && html`<${Link} link=${fresh.link} onDone=${() => { setFresh(null); backToWay(); }}/>`}
		${body}
	</div>`;
}
