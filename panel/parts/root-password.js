// The password of a new server without keys: shown once, kept nowhere.

import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { useEffect, useRef } from "../vendor/hooks.js";
import { Copy } from "./copy.js";
import { useModal } from "./dialog.js";

export function RootPassword({ server, password, onDone }) {
	const dialog = useRef(null);
	const first = useRef(null);
	const { keepInside } = useModal(dialog, first, () => document.getElementById("heading"));

	useEffect(() => {
		const hold = (event) => event.preventDefault();
		addEventListener("beforeunload", hold);
		return () => removeEventListener("beforeunload", hold);
	}, []);
	return html`<dialog ref=${dialog} aria-labelledby="root-password-title" aria-describedby="root-password-text"
		onCancel=${(event) => event.preventDefault()} onKeyDown=${keepInside}>
		<h2 id="root-password-title" ref=${first} tabindex="-1">${t("root-password", { name: server.name })}</h2>
		<div id="root-password-text">
			<p>${t("root-password.once")}</p>
			<p>${t("root-password.what")}</p>
		</div>
		<p><${Copy} text=${password} what=${t("root-password.copied")}/></p>
		<div class="buttons"><button type="button" class="button primary" onClick=${onDone}>${t("root-password.done")}</button></div>
	</dialog>`;
}
