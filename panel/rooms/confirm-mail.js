// The link that confirms a mail address. Not opened by itself: programs that look at mails open links too.

import { t } from "../lib/i18n.js";
import { confirmMail } from "../lib/mail.js";
import { me } from "../lib/session.js";
import { html, useValue } from "../lib/ui.js";
import { Failure } from "../parts/failure.js";
import { useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const isGone = (error) => ["not_found", "gone"].includes(error.code) || error.fields.some(({ name }) => name === "key");

export function ConfirmMail({ parameters: { key } }) {
	const person = useValue(me);
	const busy = useRef(false);
	const [state, setState] = useState({ is: "asking" });

	const confirm = async () => {
		if (busy.current)
			return;
		busy.current = true;
		setState({ is: "busy" });
		try {
			const { address } = await confirmMail(key);
			setState({ is: "done", address });
		} catch (error) {
			setState({ is: isGone(error) ? "gone" : "failed", error });
		} finally {
			busy.current = false;
		}
	};
	const way = html`<p class="buttons"><a class="button" href=${person ? "#/account" : "#/sign-in"}>${t(person ? "account" : "sign-in")}</a></p>`;
	if (state.is === "done" || state.is === "gone")
		return html`<div class="narrow" key=${state.is}>
			<${Heading} text=${t(state.is === "done" ? "confirm-mail.done" : "new-password.gone")} help="account"/>
			<p>${state.is === "done" ? t("confirm-mail.done.what", { address: state.address }) : t("confirm-mail.gone.what")}</p>
			${way}
		</div>`;
	return html`<div class="narrow" key="asking">
		<${Heading} text=${t("confirm-mail")} help="account"/>
		<p>${t("confirm-mail.what")}</p>
		${state.is === "failed" && html`<${Failure} title=${t("confirm-mail.failed")} error=${state.error} onRetry=${confirm}/>`}
		<p class="buttons"><button type="button" class="button primary" aria-disabled=${state.is === "busy" ? "true" : undefined}
			onClick=${confirm}>${t(state.is === "busy" ? "confirm-mail.busy" : "confirm-mail.submit")}</button></p>
	</div>`;
}
