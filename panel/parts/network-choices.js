// The private networks that a new server is in from the beginning, and its address in each.

import { t } from "../lib/i18n.js";
import { most_networks } from "../lib/networks.js";
import { html } from "../lib/ui.js";
import { Choices } from "./choices.js";
import { problemsOf, TextField } from "./form.js";

const codes = { ip_not_available: "networks.ip.taken", no_subnet_available: "networks.full", networks_overlap: "create.networks.overlap", locked: "create.networks.going" };

/**
 * What the service has against them, as problems of the form; null when it is about something else.
 * @param ipOf  the address that was typed for a network
 */
export function explainNetworks(error, chosen, ipOf) {
	const typed = [...chosen].filter((id) => ipOf(id));
	const field = typed.length === 1 ? `network-ip-${typed[0]}` : "networks";
	if (chosen.size > 0 && codes[error.code])
		return [{ field: error.code === "ip_not_available" ? field : "networks", key: codes[error.code], error }];
	return problemsOf(error, { ip: { field, key: "networks.ip.wrong" }, networks: { field: "networks", key: "create.networks.wrong" } });
}

export function NetworkChoices({ networks, chosen, problems, onChoose }) {
	const isFull = chosen.size >= most_networks;
	return networks.length > 0 && html`
		<${Choices} id="networks" legend=${t("networks")} hint=${t("create.networks.hint")} type="checkbox" chosen=${chosen} problems=${problems} onChoose=${onChoose}
			choices=${networks.map((network) => ({
				value: network.id, text: html`<bdi translate="no">${network.name}</bdi>`, about: html`<code>${network.ip_range}</code>`,
				obstacle: isFull && !chosen.has(network.id) ? t("create.networks.most", { count: most_networks }) : null,
			}))}/>
		${networks.filter(({ id }) => chosen.has(id)).map(({ id, name }) => html`<${TextField} key=${id} id=${`network-ip-${id}`} label=${t("create.networks.address", { network: name })}
			hint=${t("networks.ip.hint")} problems=${problems} autocomplete="off" maxlength="15"/>`)}`;
}
