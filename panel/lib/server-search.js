// Which servers of a long list are looked for. What is asked stands in the address, so that it survives a
// reload and can be passed on.

import { ipv6Address } from "./power.js";

export const statuses = ["running", "off"];

/** {search, status} of an address's query; both "" when nothing is asked. */
export function askedIn(query) {
	const given = new URLSearchParams(query);
	const status = given.get("status") ?? "";
	return { search: (given.get("search") ?? "").trim().slice(0, 100), status: statuses.includes(status) ? status : "" };
}

/** As the API's query, and as the address's; "" when nothing is asked. */
export const queryOf = (asked) => new URLSearchParams(Object.entries(asked).filter(([, value]) => value)).toString();

export const addressOf = (asked) => (queryOf(asked) ? `/servers?${queryOf(asked)}` : "/servers");

/** As the service judges it: in the name, an address or a label; also any address of its IPv6 network. */
export function isFound(server, { search, status }) {
	if (status && server.status !== status)
		return false;
	const text = search.toLowerCase();
	const network = server.public_net?.ipv6?.ip?.split("/")[0];
	return text === "" || server.name.toLowerCase().includes(text)
		|| Object.entries(server.labels ?? {}).some(([key, value]) => `${key}=${value}`.toLowerCase().includes(text))
		|| [server.public_net?.ipv4?.ip, server.public_net?.ipv6?.ip, ipv6Address(server)].some((address) => address?.includes(text))
		|| Boolean(network && text.startsWith(network));
}
