// The field for a code of an authenticator, or for a recovery code instead.

import { t } from "../lib/i18n.js";
import { plainCode } from "../lib/two-step.js";
import { html } from "../lib/ui.js";
import { useState } from "../vendor/hooks.js";
import { TextField } from "./form.js";

/** What is wrong with a code before the service is asked; null when nothing is. */
export const codeProblem = (text) => (plainCode(text) === "" ? { field: "code", key: "code.missing" } : null);

/** The problem that an answer tells of a code, or null. */
export const codeProblemFrom = (error) => (error.code === "wrong_code" ? { field: "code", key: "code.wrong" } : null);

/** @param recovery  a recovery code can be given instead; its letters need another keyboard */
export function CodeField({ problems, recovery = true }) {
	const [written, setWritten] = useState(false);

	return html`<${TextField} id="code" label=${t(written ? "code.recovery" : "code")} hint=${t(written ? "code.recovery.hint" : "code.hint")}
			problems=${problems} autocomplete="one-time-code" inputmode=${written ? "text" : "numeric"} autocapitalize="none" autocorrect="off" spellcheck="false"/>
		${recovery && html`<p><button type="button" class="button small" onClick=${() => {
			setWritten(!written);
			document.getElementById("code").focus();
		}}>${t(written ? "code.use-app" : "code.use-recovery")}</button></p>`}`;
}
