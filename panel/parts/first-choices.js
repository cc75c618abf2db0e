// A folded part of a form: what may be chosen for a system's first boot, with the usual filled in.

import { isAboutChoices, usual_log_days, usual_port, usual_updates } from "../lib/first-choices.js";
import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { useState } from "../vendor/hooks.js";
import { Choices } from "./choices.js";
import { PasswordField, TextField } from "./form.js";

/**
 * @param port     that SSH has now
 * @param updates  how it is updated now
 */
export function FirstChoices({ port = usual_port, updates, problems }) {
	const [way, setWay] = useState(port === usual_port ? "usual" : "own");
	const [policy, setPolicy] = useState(updates ?? usual_updates);
	return html`<details class="further" id="first-choices" open=${problems.some(isAboutChoices) || undefined}>
		<summary>${t("choices")}</summary>
		<div class="further-fields">
			<p class="hint">${t("choices.about")}</p>
			<${Choices} id="port-way" legend=${t("choices.port")} hint=${t("choices.port.hint")} chosen=${way} onChoose=${setWay} choices=${[
				{ value: "usual", text: t("choices.port.usual"), about: t("choices.port.usual.what") },
				{ value: "random", text: t("choices.port.random"), about: t("choices.port.random.what") },
				{ value: "own", text: t("choices.port.own"), about: t("choices.port.own.what") },
			]}/>
			${way === "own" && html`<${TextField} id="ssh-port" label=${t("choices.port.number")} hint=${t("choices.port.number.hint")} problems=${problems}
				inputmode="numeric" autocomplete="off" maxlength="5" defaultValue=${port === usual_port ? "" : String(port)}/>`}
			<${TextField} id="open-ports" label=${t("choices.open")} hint=${t("choices.open.hint")} problems=${problems} autocomplete="off" autocapitalize="none"
				spellcheck="false" maxlength="400"/>
			<${Choices} id="updates" legend=${t("choices.updates")} chosen=${policy} onChoose=${setPolicy} problems=${problems} choices=${[
				{ value: "reboot", text: t("choices.updates.reboot"), about: t("choices.updates.reboot.what") },
				{ value: "no_reboot", text: t("choices.updates.no_reboot"), about: t("choices.updates.no_reboot.what") },
				{ value: "manual", text: t("choices.updates.manual"), about: t("choices.updates.manual.what") },
			]}/>
			<${TextField} id="log-days" label=${t("choices.logs")} hint=${t("choices.logs.hint")} problems=${problems} inputmode="numeric" autocomplete="off"
				maxlength="4" defaultValue=${String(usual_log_days)}/>
			<${PasswordField} id="console-password" label=${t("choices.password")} hint=${t("choices.password.hint")} problems=${problems}
				autocomplete="new-password" maxlength="128"/>
			<p class="hint">${t("choices.always")}</p>
		</div>
	</details>`;
}
