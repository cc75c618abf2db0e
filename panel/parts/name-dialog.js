// The question before a server, or all that is on it, is lost for good: only who types its exact name goes on.

import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { useState } from "../vendor/hooks.js";
import { Dialog } from "./dialog.js";

/**
 * @param id        "delete", "reinstall": of the field, with "-name" behind it
 * @param server    what is lost: {id, name}
 * @param label     what its name is called; a server's when left out
 * @param typing    the words that ask for the name, a key with {name}
 * @param locked    why it cannot be done at all, in visible text; null when it can
 */
export function NameDialog({ id, server, label, title, confirm, typing, locked, fallback, onRefuse, onConfirm, children }) {
	const [typed, setTyped] = useState("");
	const obstacle = locked ?? (typed === server.name ? null : t(typing, { name: server.name }));
	return html`<${Dialog} id=${`${id}-${server.id}`} title=${title} refuse=${t("cancel")} confirm=${confirm} obstacle=${obstacle}
		fallback=${fallback} onRefuse=${onRefuse} onConfirm=${onConfirm}>
		${children}
		<div class="field">
			<label for=${`${id}-name`}>${label ?? t("home.delete.name")}</label>
			<input id=${`${id}-name`} type="text" autocomplete="off" autocapitalize="none" spellcheck="false" value=${typed}
				onInput=${(event) => setTyped(event.target.value)}/>
		</div>
	<//>`;
}
