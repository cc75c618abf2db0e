// On top of every room: for whom an operator is at work, and that the account is suspended.

import { t } from "../lib/i18n.js";
import { go } from "../lib/router.js";
import { me, switchAccount } from "../lib/session.js";
import { html, useValue } from "../lib/ui.js";
import { useState } from "../vendor/hooks.js";
import { failureText } from "./failure.js";
import { Icon } from "./icon.js";

const service_customer = 1;

function Acting({ person }) {
	const [failure, setFailure] = useState(null);

	const end = async () => {
		setFailure(null);
		try {
			await switchAccount(person.customers?.[0]?.id ?? service_customer);
			go(`/admin/customers/${person.customer.id}`);
		} catch (error) {
			setFailure(error);
		}
	};
	return html`<section class="strip" id="acting" aria-label=${t("acting")}>
		<p><${Icon} name="attention"/> <span><strong>${t("acting.for", { name: person.customer.name })}</strong> ${t("acting.what")}</span></p>
		${failure && html`<p role="alert">${failureText(failure.code)}</p>`}
		<p class="buttons"><button type="button" class="button" id="end-acting" onClick=${end}>${t("acting.end")}</button></p>
	</section>`;
}

export function Standing() {
	const person = useValue(me);
	if (!person)
		return null;
	const { suspended, suspension_reason: reason } = person.customer;
	return html`${person.acts_for && html`<${Acting} person=${person}/>`}
		${suspended && html`<section class="strip" id="suspended" aria-label=${t("suspended")}>
			<p><${Icon} name="attention"/> <span><strong>${t("suspended")}</strong> ${t("suspended.what")}
			${reason && html` ${t("suspended.reason")} <span dir="auto">${reason}</span>`}
			${" "}<a href="#/contact">${t("suspended.ask")}</a></span></p>
		</section>`}`;
}
