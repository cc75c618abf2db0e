// The packet filters: what the API says of them, their rules as one types them, and what a change of them is.

import { get, getEvery, post, put, remove } from "./api.js";

const everybody = ["0.0.0.0/0", "::/0"];
const database_ports = [1433, 3306, 5432, 5984, 6379, 9200, 11211, 27017];

export const readFirewalls = () => getEvery("/v1/firewalls?sort=name:asc", "firewalls");

/** How many changes of filters have ended, whoever asked for them: when it is another number, what is shown is old. */
export const endedChanges = (actions) => [...actions.values()].filter(({ command, status }) => /firewall/.test(command) && status !== "running").length;

/** By a rule's place: how many connections it let begin, as some servers' hosts have counted. */
export function countsOf(firewall, counters) {
	const sums = firewall.rules.map(() => 0);
	for (const { kind, firewall: of, rule, packets } of counters) {
		if (kind === "rule" && of === firewall.id && rule < sums.length)
			sums[rule] += packets;
	}
	return sums;
}

/** The ids of the servers that it is in force for. */
export const serversOf = ({ applied_to: targets }) => [...new Set(targets
	.flatMap((target) => (target.type === "server" ? [target] : target.applied_to_resources)).map(({ server }) => server.id))];

export const readFirewall = async (id) => (await get(`/v1/firewalls/${id}`)).firewall;
export const readFilter = async (server) => (await get(`/v1/servers/${server}/filter`)).filter;
export const deleteFirewall = (id) => remove(`/v1/firewalls/${id}`);

/** A new one lets SSH in, so that applying it locks nobody out. */
export const makeFirewall = async (name) => (await post("/v1/firewalls", { name, rules: draftsOf("ssh").map(fromDraft) })).firewall;

const act = (id, what, body) => post(`/v1/firewalls/${id}/actions/${what}`, body);

/** What could cut off who asks goes back by itself, unless it is confirmed. */
export const setRules = (id, drafts, confirm_from) => act(id, "set_rules", { rules: drafts.map(fromDraft), trial: true, ...(confirm_from ? { confirm_from } : {}) });
export const applyTo = (id, target) => act(id, "apply_to_resources", { apply_to: [target], trial: true });
export const takeOff = (id, target) => act(id, "remove_from_resources", { remove_from: [target], trial: true });
export const renameFirewall = async (id, name) => (await put(`/v1/firewalls/${id}`, { name })).firewall;

const most_connections = 10; // that a browser keeps open, and some
const in_force_ms = 500;

/** Only a connection from after the change says that one can still connect. Each refusal ends one from before. */
export async function confirmTrial(id) {
	for (let left = most_connections; ; left--) {
		try {
			return await act(id, "confirm");
		} catch (failure) {
			if (failure.code !== "connection_too_old" || left === 0)
				throw failure;
			await new Promise((resolve) => { setTimeout(resolve, in_force_ms / left); });
		}
	}
}
export const revertTrial = (id) => act(id, "revert");

/** Would a packet pass? @param place  "firewalls/1/test" or "servers/1/filter/test" */
export async function testPacket(place, { direction, protocol, address, port }) {
	const query = new URLSearchParams({ direction, protocol, address, ...(hasPorts(protocol) ? { port } : {}) });
	return (await get(`/v1/${place}?${query}`)).test;
}

export const protocols = ["tcp", "udp", "icmp", "icmpv6", "gre", "esp"];
export const hasPorts = (protocol) => protocol === "tcp" || protocol === "udp";

const templates = {
	ssh: [{ port: "22", description: "SSH" }],
	http: [{ port: "80", description: "HTTP" }],
	https: [{ port: "443", description: "HTTPS" }],
	mail: [{ port: "25", description: "SMTP" }, { port: "465", description: "SMTPS" }, { port: "587", description: "Submission" }, { port: "993", description: "IMAPS" }],
	dns: [{ protocol: "udp", port: "53", description: "DNS" }, { port: "53", description: "DNS" }],
	// Nobody's until addresses are given: it is not to stand open by mistake.
	database: [{ port: "5432", addresses: "", description: "PostgreSQL" }],
};
export const templateNames = Object.keys(templates);

/** Rules as one types them: all of it text. @param ssh_ports  where SSH of its servers listens */
export const draftsOf = (template, ssh_ports = []) => (template === "ssh" && ssh_ports.length > 0 ? ssh_ports.map((port) => ({ ...templates.ssh[0], port: String(port) })) : templates[template])
	.map((draft) => ({ direction: "in", protocol: "tcp", addresses: everybody.join(", "), ...draft }));
export const emptyDraft = () => ({ direction: "in", protocol: "tcp", port: "", addresses: "", description: "" });

export const addressesOf = (rule) => (rule.direction === "in" ? rule.source_ips : rule.destination_ips);

export const toDraft = (rule) => ({
	direction: rule.direction, protocol: rule.protocol, port: rule.port ?? "",
	addresses: addressesOf(rule).join(", "), description: rule.description ?? "",
});

const splitAddresses = (text) => text.split(/[\s,、]+/).filter(Boolean)
	.map((address) => (address.includes("/") ? address : `${address}/${address.includes(":") ? 128 : 32}`));

export function fromDraft({ direction, protocol, port = "", addresses, description }) {
	return {
		direction, protocol, ...(hasPorts(protocol) ? { port: port.trim() } : {}),
		[direction === "in" ? "source_ips" : "destination_ips"]: splitAddresses(addresses),
		description: description.trim() || null,
	};
}

function isPort(text) {
	const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text.trim());
	const [first, last] = match ? [Number(match[1]), Number(match[2] ?? match[1])] : [0, 0];
	return text.trim() === "any" || (first >= 1 && first <= last && last <= 65535);
}

/** What is wrong with the drafts that can be seen here: for <Summary>. */
export function problemsIn(drafts) {
	return drafts.flatMap(({ protocol, port, addresses }, index) => [
		...(hasPorts(protocol) && !isPort(port) ? [{ field: `rule-${index}-port`, key: "firewalls.port.wrong", values: { number: index + 1 } }] : []),
		...(splitAddresses(addresses).length === 0 ? [{ field: `rule-${index}-addresses`, key: "firewalls.addresses.missing", values: { number: index + 1 } }] : []),
	]);
}

/** Those of some ports that a draft is about. */
function portsAmong({ port }, some) {
	const [first, last = first] = port.trim() === "any" ? [1, 65535] : port.split("-").map(Number);
	return some.filter((each) => each >= first && each <= last);
}

/** The ports of databases that a draft opens to everybody. */
export function openDatabases(drafts) {
	return [...new Set(drafts.filter((draft) => draft.direction === "in" && hasPorts(draft.protocol) && splitAddresses(draft.addresses).some((address) => address.endsWith("/0")))
		.flatMap((draft) => portsAmong(draft, database_ports)))];
}

/** Those of the ports of SSH that a removed rule let in and that everybody does not reach by those that stay. */
export function closedSsh(removed, after, ssh_ports) {
	const open = (drafts, port, mustBeAll) => drafts.some((draft) => draft.direction === "in" && draft.protocol === "tcp" && portsAmong(draft, [port]).length > 0
		&& (!mustBeAll || everybody.every((address) => splitAddresses(draft.addresses).includes(address))));
	return ssh_ports.filter((port) => open(removed, port, false) && !open(after, port, true));
}

/** {added, removed}: rules of which only one side has one. */
export function differenceOf(before, after) {
	const key = (draft) => JSON.stringify(fromDraft(draft));
	const without = (list, others) => {
		const left = others.map(key);
		return list.filter((draft) => {
			const at = left.indexOf(key(draft));
			if (at >= 0)
				left.splice(at, 1);
			return at < 0;
		});
	};
	return { added: without(after, before), removed: without(before, after) };
}
