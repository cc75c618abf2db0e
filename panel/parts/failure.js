// Words for a failure: what happened and what to do next, by its code.

import { has, language, t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";

export function failureText(code) {
	return t(has(`error.${code}`) ? `error.${code}` : "error.other");
}

/** The service's own words, which are English, for whoever has to look into it. */
export function FailureDetail({ error }) {
	if (!error.message)
		return null;
	return html`<p class="detail"><span>${t("error.detail")}</span> <span lang="en">${error.message}</span> <code>${error.code}</code></p>`;
}

/** What stands in place of a room that could not be read. */
export function Failure({ title, error, onRetry }) {
	return html`<div class="notice attention" role="alert" data-language=${language.peek()}>
		<p><strong>${title}</strong></p>
		<p>${failureText(error.code)}</p>
		<${FailureDetail} error=${error}/>
		<p class="buttons"><button type="button" class="button" onClick=${onRetry}>${t("retry")}</button></p>
	</div>`;
}
