// Private networks: segments between an account's own servers, and what a system must be told of its place there.

import { getEvery, post, put, remove } from "./api.js";
import { takeEvent } from "./servers.js";

export const readNetworks = () => getEvery("/v1/networks?sort=name:asc", "networks");

const most_aliases = 5; // of a server in a network
export const most_networks = 3; // of a server

/** {networks, zone}: what the room shows, and where a subnet is. */
export async function readRoom() {
	const [networks, locations] = await Promise.all([readNetworks(), getEvery("/v1/locations", "locations")]);
	const zone = locations[0]?.network_zone;
	return { networks: networks.map((network) => ({ ...network, zone })), zone };
}

/** With one subnet, the first /24 of the range. */
export async function makeNetwork(name, range, zone) {
	return (await post("/v1/networks", { name, ip_range: range, subnets: [{ type: "cloud", network_zone: zone }] })).network;
}

/** Over when it is gone: its servers are taken out of it first. */
export const deleteNetwork = (id) => remove(`/v1/networks/${id}`);

export const renameNetwork = (id, name) => put(`/v1/networks/${id}`, { name });

const act = (id, what, body) => post(`/v1/networks/${id}/actions/${what}`, body);

/** @param range  "": the first /24 that is free */
export const addSubnet = ({ id, zone }, range) => act(id, "add_subnet", { type: "cloud", network_zone: zone, ...(range ? { ip_range: range } : {}) });
export const deleteSubnet = (id, range) => act(id, "delete_subnet", { ip_range: range });
export const changeRange = (id, range) => act(id, "change_ip_range", { ip_range: range });
export const protect = (id, on) => act(id, "change_protection", { delete: on });

/** @param ip  "": the lowest free one */
export async function attach(server, network, ip) {
	takeEvent("action", await post(`/v1/servers/${server}/actions/attach_to_network`, { network, ...(ip ? { ip } : {}) }));
}

export async function detach(server, network) {
	takeEvent("action", await post(`/v1/servers/${server}/actions/detach_from_network`, { network }));
}

const isAddress = (text) => text.split(".").length === 4 && text.split(".").every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);

/** Addresses as one types them. */
export const splitAddresses = (text) => text.split(/[\s,、]+/).filter(Boolean);

/** What is wrong with further addresses that can be seen here, as a key of the words; null when nothing is. */
export function judgeAliases(text) {
	const aliases = splitAddresses(text);
	return aliases.length > most_aliases ? "networks.aliases.many" : aliases.every(isAddress) ? null : "networks.aliases.wrong";
}

export async function changeAliases(server, network, aliases) {
	takeEvent("action", await post(`/v1/servers/${server}/actions/change_alias_ips`, { network, alias_ips: aliases }));
}

/** For a server that is to be made. @param chosen  ids  @param ipOf  the address that is wanted there; "": the lowest free one */
export function joinedFrom(chosen, ipOf) {
	return chosen.size === 0 ? {} : { networks: [...chosen].map((network) => (ipOf(network) ? { network, ip: ipOf(network) } : network)) };
}

export const portOf = (server, network) => server?.private_net?.find((port) => port.network === network.id);

/** As the system has it: everything of the network is on the link. */
const inside = (port, network) => `${port.ip}/${network.ip_range.split("/")[1]}`;

/** Until the next start. The card is found by its MAC address. */
export const commandFor = (port, network) => [
	`card=$(ip -br link | awk '/${port.mac_address}/ { print $1 }')`,
	`sudo ip addr add ${inside(port, network)} dev $card`,
	"sudo ip link set $card up",
].join("\n");

/** A file of netplan, for good. */
export const netplanFor = (port, network) => ["network:", "  version: 2", "  ethernets:", `    private${network.id}:`, "      match:", `        macaddress: "${port.mac_address}"`,
	"      addresses:", ...[inside(port, network), ...port.alias_ips.map((ip) => `${ip}/32`)].map((address) => `      - ${address}`), ""].join("\n");
