// Floating IPs: addresses that go from one server to another, and what a system must be told of them.

import { getEvery, post, put, remove } from "./api.js";
import { takeEvent } from "./servers.js";

export const readFloatingIps = () => getEvery("/v1/floating_ips?sort=name:asc", "floating_ips");

/** {ips, locations}: what the room shows, and where an address can be at home. */
export async function readRoom() {
	const [ips, locations] = await Promise.all([readFloatingIps(), getEvery("/v1/locations", "locations")]);
	return { ips, locations };
}

export async function reserve(fields) {
	const answer = await post("/v1/floating_ips", fields);
	if (answer.action)
		takeEvent("action", answer);
	return answer.floating_ip;
}

export const rename = (id, name) => put(`/v1/floating_ips/${id}`, { name });
export const giveBack = (id) => remove(`/v1/floating_ips/${id}`);

/** @param server  its number, or null: no server has it then */
export async function move(id, server) {
	takeEvent("action", await (server === null
		? post(`/v1/floating_ips/${id}/actions/unassign`)
		: post(`/v1/floating_ips/${id}/actions/assign`, { server })));
}

/** As the system has it: 203.0.113.7/32, or the first one of the /64. */
export const inside = ({ ip }) => (ip.includes("/") ? `${ip.split("/")[0]}1/128` : `${ip}/32`);

/** Until the next start. */
export const commandFor = (ip) => `sudo ip addr add ${inside(ip)} dev eth0`;

/** A file of netplan, for good. */
export const netplanFor = (ip) => ["network:", "  version: 2", "  ethernets:", "    eth0:", "      addresses:", `      - ${inside(ip)}`, ""].join("\n");
