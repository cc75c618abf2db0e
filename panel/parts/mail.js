// The mail address in the account room: none, one that waits to be confirmed, and one that counts.

import { t } from "../lib/i18n.js";
import { looksLikeAddress, readMail, removeMail, setMail } from "../lib/mail.js";
import { announce, html } from "../lib/ui.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Dialog } from "./dialog.js";
import { Failure } from "./failure.js";
import { problemsOf, Summary, TextField } from "./form.js";

const focusHeading = () => document.getElementById("heading").focus();

function problemsFrom(error) {
	if (error.code === "rate_limit_exceeded")
		return [{ key: "mail.too-often", error }];
	if (error.code === "mail_not_set_up")
		return [{ key: "mail.unavailable", error }];
	return problemsOf(error, { address: { field: "address", key: "mail.address.wrong" } }) ?? [{ key: "mail.failed", error }];
}

function Form({ onSent }) {
	const form = useRef(null);
	const busy = useRef(false);
	const [state, setState] = useState({ problems: [], attempt: 0, busy: false });

	const submit = async (event) => {
		event.preventDefault();
		if (busy.current)
			return;
		const address = form.current.elements.address.value.trim();
		const attempt = state.attempt + 1;
		if (!looksLikeAddress(address)) {
			setState({ problems: [{ field: "address", key: address === "" ? "mail.address.missing" : "mail.address.wrong" }], attempt, busy: false });
			return;
		}
		busy.current = true;
		setState({ problems: [], attempt, busy: true });
		try {
			const mail = await setMail(address);
			form.current.reset();
			setState({ problems: [], attempt, busy: false });
			onSent(mail);
		} catch (error) {
			setState({ problems: problemsFrom(error), attempt: attempt + 1, busy: false });
		} finally {
			busy.current = false;
		}
	};
	return html`<${Summary} ...${state}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<${TextField} id="address" label=${t("mail.address")} problems=${state.problems} type="email" inputmode="email" autocomplete="email"
				autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="254"/>
			<div class="buttons">
				<button class="button primary" aria-disabled=${state.busy ? "true" : undefined}>${t(state.busy ? "mail.busy" : "mail.set")}</button>
			</div>
		</form>`;
}

function Present({ mail, onRemove }) {
	return html`<dl class="facts">
			<div><dt>${t("mail.confirmed")}</dt><dd translate="no">${mail.address ?? t("mail.none")}</dd></div>
			${mail.unconfirmed && html`<div><dt>${t("mail.unconfirmed")}</dt><dd translate="no">${mail.unconfirmed}</dd></div>`}
		</dl>
		${mail.unconfirmed && html`<p>${t("mail.unconfirmed.what")}</p>`}
		${(mail.address || mail.unconfirmed) && html`<p class="buttons"><button type="button" class="button" onClick=${onRemove}>${t("mail.remove")}</button></p>`}`;
}

export function Mail() {
	const [mail, setMailState] = useState({ state: "loading" });
	const [asking, setAsking] = useState(false);
	const [failure, setFailure] = useState(null);

	const read = async (isWanted = () => true) => {
		try {
			const found = await readMail();
			if (isWanted())
				setMailState({ state: "ready", ...found });
		} catch (error) {
			if (isWanted())
				setMailState({ state: "failed", error });
		}
	};
	useEffect(() => {
		let wanted = true;
		read(() => wanted);
		return () => { wanted = false; };
	}, []);

	const onSent = (found) => {
		setMailState({ state: "ready", ...found });
		focusHeading();
		announce(t(found.unconfirmed ? "mail.sent" : "mail.kept"));
	};
	const takeAway = async () => {
		setAsking(false);
		setFailure(null);
		try {
			await removeMail();
			focusHeading();
			announce(t("mail.removed"));
			read();
		} catch (error) {
			setFailure(error);
		}
	};
	return html`<section class="notice key-form" aria-labelledby="mail-title">
		<h2 id="mail-title">${t("mail")}</h2>
		<p class="hint">${t("mail.what")}</p>
		${mail.state === "loading" && html`<p class="waiting">${t("mail.loading")}</p>`}
		${mail.state === "failed" && html`<${Failure} title=${t("mail.unread")} error=${mail.error} onRetry=${() => read()}/>`}
		${failure && html`<${Failure} title=${t("mail.remove.failed")} error=${failure} onRetry=${takeAway}/>`}
		${mail.state === "ready" && html`
			<${Present} mail=${mail} onRemove=${() => setAsking(true)}/>
			${mail.available ? html`<${Form} onSent=${onSent}/>` : html`<p>${t("mail.unavailable")}</p>`}`}
		${asking && html`<${Dialog} id="remove-mail" title=${t("mail.remove.title")} refuse=${t("cancel")} confirm=${t("mail.remove")}
			onRefuse=${() => setAsking(false)} onConfirm=${takeAway} fallback=${() => document.getElementById("heading")}>
			<p>${t("mail.remove.what")}</p>
		<//>`}
	</section>`;
}
