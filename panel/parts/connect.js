// How its owner logs in: a command that is ready to be run.

import { t } from "../lib/i18n.js";
import { sshCommand } from "../lib/power.js";
import { html } from "../lib/ui.js";
import { Copy } from "./copy.js";

export function Connect({ server }) {
	const ssh = sshCommand(server);
	return ssh && html`<p class="connect"><span>${t("server.connect")}</span>
		<${Copy} text=${ssh} what=${t("server.connect.what", { name: server.name })}/></p>`;
}
