// One's own account: the password, the mail address, and where one is signed in.

import { changePassword, endOtherSessions, endSession, programOf, readSessions } from "../lib/account.js";
import { t } from "../lib/i18n.js";
import { min_password, passwordProblem } from "../lib/password.js";
import { lookAgain, me } from "../lib/session.js";
import { announce, html, useValue } from "../lib/ui.js";
import { Dialog } from "../parts/dialog.js";
import { Failure } from "../parts/failure.js";
import { PasswordField, problemsOf, Summary } from "../parts/form.js";
import { Mail } from "../parts/mail.js";
import { Moment } from "../parts/moment.js";
import { Passkeys } from "../parts/passkeys.js";
import { Allowance } from "../parts/quotas.js";
import { TwoStep } from "../parts/two-step.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const focusHeading = () => document.getElementById("heading").focus();

/* --- the password --- */

function problemsFrom(error) {
	if (error.code === "wrong_password")
		return [{ field: "present", key: "account.present.wrong" }];
	if (error.code === "rate_limit_exceeded")
		return [{ key: "sign-in.too-often", error }];
	return problemsOf(error, { password: { field: "fresh", key: "invitation.password.refused" } }) ?? [{ key: "account.password.failed", error }];
}

/** @param has  whether there is one; who came with a passkey alone may have none */
function Password({ name, has, onChanged }) {
	const form = useRef(null);
	const busy = useRef(false);
	const [state, setState] = useState({ problems: [], attempt: 0, busy: false });

	const submit = async (event) => {
		event.preventDefault();
		if (busy.current)
			return;
		const { present, fresh } = form.current.elements;
		const attempt = state.attempt + 1;
		const problems = [
			present?.value === "" && { field: "present", key: "account.present.missing" },
			passwordProblem("fresh", fresh.value, name),
		].filter(Boolean);
		if (problems.length > 0) {
			setState({ problems, attempt, busy: false });
			return;
		}
		busy.current = true;
		setState({ problems: [], attempt, busy: true });
		try {
			await changePassword(present?.value, fresh.value);
			form.current.reset();
			setState({ problems: [], attempt, busy: false });
			focusHeading();
			announce(t(has ? "account.password.changed" : "account.password.made"));
			onChanged();
			lookAgain();
		} catch (error) {
			setState({ problems: problemsFrom(error), attempt: attempt + 1, busy: false });
		} finally {
			busy.current = false;
		}
	};
	return html`<section class="notice key-form" aria-labelledby="password-title">
		<h2 id="password-title">${t(has ? "account.password" : "account.password.make")}</h2>
		<p class="hint">${t(has ? "account.password.what" : "account.password.make.what")}</p>
		<${Summary} ...${state}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<input class="visually-hidden" type="text" value=${name} autocomplete="username" readonly tabindex="-1" aria-hidden="true"/>
			${has && html`<${PasswordField} id="present" label=${t("account.present")} problems=${state.problems} autocomplete="current-password" maxlength="256"/>`}
			<${PasswordField} id="fresh" label=${t("new-password.field")} hint=${t("invitation.password.hint", { min: min_password })}
				problems=${state.problems} autocomplete="new-password"/>
			<div class="buttons">
				<button class="button primary" aria-disabled=${state.busy ? "true" : undefined}>${t(state.busy ? "new-password.busy" : has ? "account.password.change" : "account.password.make")}</button>
			</div>
		</form>
	</section>`;
}

/* --- sessions --- */

function nameOf({ client }) {
	const { browser, system } = programOf(client);
	return browser && system ? t("account.program", { browser, system }) : browser || system || client || t("account.program.unknown");
}

function Session({ item, onEnd }) {
	const name = nameOf(item);
	return html`<article class="server" aria-labelledby=${`session-${item.id}`} data-session=${item.id}>
		<div class="server-top">
			<h3 id=${`session-${item.id}`} title=${item.client}>${name}${item.current && html` <span class="hint">${t("account.this-one")}</span>`}</h3>
			${!item.current && html`<div class="buttons key-remove">
				<button type="button" class="button small" onClick=${() => onEnd(item)}>${t("account.end")}<span class="visually-hidden"> (${name}, ${item.address})</span></button>
			</div>`}
		</div>
		<dl class="facts">
			<div><dt>${t("account.address")}</dt><dd translate="no">${item.address}</dd></div>
			<div><dt>${t("account.used")}</dt><dd><${Moment} at=${item.last_used}/></dd></div>
			<div><dt>${t("account.opened")}</dt><dd><${Moment} at=${item.created}/></dd></div>
		</dl>
	</article>`;
}

function Sessions({ list, onRead }) {
	const [asking, setAsking] = useState(false);
	const [failure, setFailure] = useState(null);

	const run = async (work, words) => {
		setAsking(false);
		setFailure(null);
		try {
			await work();
		} catch (error) {
			if (error.code !== "not_found") { // it has ended by itself
				setFailure({ error, work, words });
				return;
			}
		}
		focusHeading();
		announce(t(words));
		onRead();
	};
	const others = list.sessions.filter((session) => !session.current);
	return html`<section class="group" aria-labelledby="sessions-title">
		<h2 id="sessions-title">${t("account.sessions")}</h2>
		<p class="hint">${t("account.sessions.what")}</p>
		${failure && html`<${Failure} title=${t("account.end.failed")} error=${failure.error} onRetry=${() => run(failure.work, failure.words)}/>`}
		<ul class="servers">${list.sessions.map((session) => html`<li key=${session.id}><${Session} item=${session}
			onEnd=${({ id }) => run(() => endSession(id), "account.ended")}/></li>`)}</ul>
		${others.length > 0 && html`<p class="buttons"><button type="button" class="button" onClick=${() => setAsking(true)}>${t("account.end-others")}</button></p>`}
		${asking && html`<${Dialog} id="end-others" title=${t("account.end-others.title")} refuse=${t("cancel")} confirm=${t("account.end-others")}
			onRefuse=${() => setAsking(false)} onConfirm=${() => run(endOtherSessions, "account.ended-others")} fallback=${() => document.getElementById("heading")}>
			<p>${t("account.end-others.what", { count: others.length })}</p>
		<//>`}
	</section>`;
}

export function Account() {
	const person = useValue(me);
	const [list, setList] = useState({ state: "loading", sessions: [] });

	const read = async (isWanted = () => true) => {
		try {
			const sessions = await readSessions();
			if (isWanted())
				setList({ state: "ready", sessions });
		} catch (error) {
			if (isWanted())
				setList({ state: error, sessions: [] });
		}
	};
	useEffect(() => {
		let wanted = true;
		read(() => wanted);
		return () => { wanted = false; };
	}, []);

	return html`<div>
		<${Heading} text=${t("account")} help="account">
			<p class="heading-about">${t("account.who", { name: person.user?.name ?? "", customer: person.customer.name })} — ${t(`role.${person.role}`)}</p>
		<//>
		<${Password} name=${person.user?.name ?? ""} has=${person.user?.has_password !== false} onChanged=${() => read()}/>
		<${Passkeys}/>
		<${Mail}/>
		<${TwoStep}/>
		<${Allowance}/>
		${list.state === "loading" && html`<p class="waiting">${t("account.loading")}</p>`}
		${list.state === "ready" && html`<${Sessions} list=${list} onRead=${() => read()}/>`}
		${!["loading", "ready"].includes(list.state) && html`<${Failure} title=${t("account.unread")} error=${list.state} onRetry=${() => read()}/>`}
	</div>`;
}
