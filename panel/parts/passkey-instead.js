// At a one-time link: a passkey of this device instead of a password.

import { programOf } from "../lib/account.js";
import { t } from "../lib/i18n.js";
import { passkeyObstacle } from "../lib/passkeys.js";
import { html } from "../lib/ui.js";

/** What the passkey is called until there are more of them: the program and the system that made it. */
export function nameOfPasskey() {
	const { browser, system } = programOf(navigator.userAgent);
	return browser && system ? t("account.program", { browser, system }) : browser || system || t("passkeys");
}

/** What is wrong, for the summary; null when it has nothing to do with passkeys. */
export const passkeyProblem = (error) => (error.code.startsWith("passkey") ? { key: `error.${error.code}` } : null);

/** @param busy  false, true, or "passkey" while the device is waited for */
export function PasskeyInstead({ what, busy, onUse }) {
	const obstacle = passkeyObstacle();
	return html`<section class="passkey-instead" aria-labelledby="passkey-instead-title">
		<h2 id="passkey-instead-title">${t("link.passkey")}</h2>
		<p class="hint">${what}</p>
		<div class="buttons">
			<button type="button" class="button" id="use-passkey" onClick=${() => obstacle || onUse()} aria-disabled=${obstacle || busy ? "true" : undefined}
				aria-describedby=${obstacle ? "passkey-obstacle" : undefined}>${t(busy === "passkey" ? "passkeys.busy" : "link.passkey.use")}</button>
		</div>
		${obstacle && html`<p class="hint" id="passkey-obstacle">${t(`passkeys.obstacle.${obstacle}`)}</p>`}
	</section>`;
}
