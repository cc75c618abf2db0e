// A field for each limit, for operators: of one account, or of accounts that are to come.

import { quotas } from "../lib/customers.js";
import { t } from "../lib/i18n.js";
import { announce, html } from "../lib/ui.js";
import { useEffect, useRef } from "../vendor/hooks.js";
import { Summary, TextField, useSubmit } from "./form.js";

const wholeNumber = /^[1-9][0-9]{0,8}$/;

/** @param limits  {servers: 10, cores: null, …}; @param save  async, takes them as they were typed */
export function QuotaForm({ limits, what, save, onDone, onCancel }) {
	const form = useRef(null);
	const typed = (quota) => form.current.elements[`quota-${quota}`].value.trim();
	const { submit, busy, ...told } = useSubmit({
		judge: () => quotas.filter((quota) => typed(quota) !== "" && !wholeNumber.test(typed(quota)))
			.map((quota) => ({ field: `quota-${quota}`, key: "quota.wrong" })),
		work: async () => {
			await save(Object.fromEntries(quotas.map((quota) => [quota, typed(quota) === "" ? null : Number(typed(quota))])));
			document.getElementById("heading").focus();
			announce(t("quota.saved"));
			onDone();
		},
		explain: (error) => [{ key: "customers.failed", error }],
	});
	useEffect(() => { form.current.elements["quota-servers"].focus(); }, []);
	return html`<div>
		<${Summary} ...${told}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<p class="hint">${what}</p>
			<div class="quota-fields">${quotas.map((quota) => html`<${TextField} key=${quota} id=${`quota-${quota}`} label=${t(`quota.field.${quota}`)} problems=${told.problems}
				inputmode="numeric" autocomplete="off" maxlength="9" defaultValue=${limits[quota] ?? ""}/>`)}</div>
			<div class="buttons">
				<button class="button primary" aria-disabled=${busy ? "true" : undefined}>${t("quota.save")}</button>
				<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>
			</div>
		</form>
	</div>`;
}
