// Private networks: segments between an account's own servers, and what a system must be told of its place there.

import { getEvery, post, remove } from "./api.js";
import { takeEvent } from "./servers.js";

export const readNetworks = () => getEvery("/v1/networks?sort=name:asc", "networks");

/** {networks, zone}: what the room shows, and where a first subnet is. */
export async function readRoom() {
	const [networks, locations] = await Promise.all([readNetworks(), getEvery("/v1/locations", "locations")]);
	return { networks, zone: locations[0]?.network_zone };
}

/** With one subnet, the first /24 of the range. */
export async function makeNetwork(name, range, zone) {
	return (await post("/v1/networks", { name, ip_range: range, subnets: [{ type: "cloud", network_zone: zone }] })).network;
}

export const deleteNetwork = (id) => remove(`/v1/networks/${id}`);

/** @param ip  "": the lowest free one */
export async function attach(server, network, ip) {
	takeEvent("action", await post(`/v1/servers/${server}/actions/attach_to_network`, { network, ...(ip ? { ip } : {}) }));
}

export async function detach(server, network) {
	takeEvent("action", await post(`/v1/servers/${server}/actions/detach_from_network`, { network }));
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
