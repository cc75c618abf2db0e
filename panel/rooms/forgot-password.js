// Somebody has forgotten their password: a link by mail, to whoever has a confirmed address.

import { t } from "../lib/i18n.js";
import { askForPasswordMail } from "../lib/mail.js";
import { html } from "../lib/ui.js";
import { Summary, TextField } from "../parts/form.js";
import { useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const words = { rate_limit_exceeded: "forgot.too-often", mail_not_set_up: "forgot.unavailable" };

const Back = () => html`<p class="buttons"><a class="button" href="#/sign-in">${t("forgot.back")}</a></p>`;

export function ForgotPassword() {
	const form = useRef(null);
	const busy = useRef(false);
	const [state, setState] = useState({ problems: [], attempt: 0, busy: false });
	const [sent, setSent] = useState(false);

	const submit = async (event) => {
		event.preventDefault();
		if (busy.current)
			return;
		const name = form.current.elements.name.value.trim();
		const attempt = state.attempt + 1;
		if (name === "") {
			setState({ problems: [{ field: "name", key: "forgot.name.missing" }], attempt, busy: false });
			return;
		}
		busy.current = true;
		setState({ problems: [], attempt, busy: true });
		try {
			await askForPasswordMail(name);
			setSent(true);
		} catch (error) {
			setState({ problems: [{ key: words[error.code] ?? "forgot.failed", error }], attempt: attempt + 1, busy: false });
		} finally {
			busy.current = false;
		}
	};
	if (sent)
		return html`<div class="narrow" key="sent">
			<${Heading} text=${t("forgot.sent")} help="sign-in"/>
			<p>${t("forgot.sent.what")}</p>
			<p class="hint">${t("forgot.sent.else")}</p>
			<${Back}/>
		</div>`;
	return html`<div class="narrow" key="form">
		<${Heading} text=${t("forgot")} help="sign-in"/>
		<p>${t("forgot.what")}</p>
		<${Summary} ...${state}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<${TextField} id="name" label=${t("forgot.name")} problems=${state.problems} autocomplete="username"
				autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="254"/>
			<div class="buttons">
				<button class="button primary" aria-disabled=${state.busy ? "true" : undefined}>${t(state.busy ? "forgot.busy" : "forgot.submit")}</button>
				<a class="button" href="#/sign-in">${t("forgot.back")}</a>
			</div>
		</form>
		<p class="hint">${t("forgot.without")}</p>
	</div>`;
}
