// A server's place in a private network, and what its system has to be told of it.

import { t } from "../lib/i18n.js";
import { commandFor, netplanFor } from "../lib/networks.js";
import { html } from "../lib/ui.js";
import { Copy, CopyBlock } from "./copy.js";

export function PrivatePort({ port, network, name }) {
	return html`<div class="private-port"><dl class="facts">
			<div><dt>${t("networks.address")}</dt><dd><${Copy} text=${port.ip}/></dd></div>
			${port.alias_ips.length > 0 && html`<div><dt>${t("networks.aliases")}</dt><dd><code>${port.alias_ips.join(" ")}</code></dd></div>`}
			<div><dt>${t("networks.mac")}</dt><dd><code>${port.mac_address}</code></dd></div>
		</dl>
		<details class="further">
			<summary>${t("networks.inside", { server: name })}</summary>
			<p class="hint">${t("networks.inside.when")}</p>
			<p class="hint">${t("networks.inside.now")}</p>
			<${CopyBlock} text=${commandFor(port, network)}/>
			<p class="hint">${t("networks.inside.kept")}</p>
			<${CopyBlock} text=${netplanFor(port, network)}/>
		</details>
		</div>`;
}
