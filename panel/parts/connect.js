// How its owner logs in: a command that is ready to be run, and what the server must show then.

import { t } from "../lib/i18n.js";
import { hostKeys, sshCommand } from "../lib/power.js";
import { html } from "../lib/ui.js";
import { Copy } from "./copy.js";

/** @param children  what stands behind the command */
export function Connect({ server, children }) {
	const ssh = sshCommand(server);
	return ssh && html`<p class="connect"><span>${t("server.connect")}</span>
		<${Copy} text=${ssh} what=${t("server.connect.what", { name: server.name })}/>${children}</p>`;
}

/** The first of its host keys; nothing before it has told them. */
export function Fingerprint({ server }) {
	const key = hostKeys(server)[0];
	return key ? html`<span class="hint">${t("connect.fingerprint.short")}</span> <${Copy} text=${key.fingerprint} what=${t("connect.fingerprint")}/>` : null;
}
