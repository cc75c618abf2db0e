// Primary IPs: what servers are reached at, kept or given to others while their servers are off.

import { getEvery, post, put, remove } from "./api.js";
import { takeEvent } from "./servers.js";

/** {ips, locations}: what the room shows, and where an address can be at home. */
export async function readRoom() {
	const [ips, locations] = await Promise.all([getEvery("/v1/primary_ips?sort=id:asc", "primary_ips"), getEvery("/v1/locations", "locations")]);
	return { ips, locations };
}

export const reserve = async (fields) => (await post("/v1/primary_ips", fields)).primary_ip;
export const change = (id, fields) => put(`/v1/primary_ips/${id}`, fields);
export const giveBack = (id) => remove(`/v1/primary_ips/${id}`);

const act = async (id, what, body) => takeEvent("action", await post(`/v1/primary_ips/${id}/actions/${what}`, body));
export const assign = (id, server) => act(id, "assign", { assignee_id: server, assignee_type: "server" });
export const unassign = (id) => act(id, "unassign");
export const setReverse = (id, ip, name) => act(id, "change_dns_ptr", { ip, dns_ptr: name || null });

/** The address that a system has of it: of a /64 the first one. */
export const hostOf = ({ ip }) => (ip.includes("/") ? `${ip.split("/")[0]}1` : ip);
export const reverseOf = (address) => address.dns_ptr.find(({ ip }) => ip === hostOf(address))?.dns_ptr ?? "";

/** Servers that could be given one of this kind: off, and without any. */
export const takersOf = ({ type }, servers) => servers.filter(({ status, public_net: net }) => status === "off" && !net?.[type]);
