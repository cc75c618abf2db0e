// What is changed of a server other than its power. What the service answers is shown at once; the
// events that follow say the same.

import { get, post, put, remove } from "./api.js";
import { takeEvent } from "./servers.js";

export async function renameServer(id, name) {
	takeEvent("server", await put(`/v1/servers/${id}`, { name }));
}

async function act(id, verb, body) {
	const answer = await post(`/v1/servers/${id}/actions/${verb}`, body);
	takeEvent("action", answer);
	takeEvent("server", await get(`/v1/servers/${id}`));
	return answer;
}

/** @param name    null: back to the service's own
 * @param rename  the server is called so as well
 * @return whether the name leads back; null without a name */
export const setReverseName = async (id, ip, name, rename) =>
	(await act(id, "change_dns_ptr", { ip, dns_ptr: name, rename_server: rename && name !== null })).reverse_name;

/** A locked server is neither deleted nor reinstalled. */
export const setLock = (id, on) => act(id, "change_protection", { delete: on, rebuild: on });

/** The rescue system at the next start, once; or not after all. */
export const setRescue = (id, on) => (on ? act(id, "enable_rescue", { type: "linux64" }) : act(id, "disable_rescue", {}));

/** Off, the host has nothing done inside the server. */
export const setAgent = (id, enabled) => act(id, "change_guest_agent", { enabled });

/** Another plan, for a server that is off. @param grow  its disk grows with it, and can never be made smaller again */
export const changePlan = (id, plan, grow) => act(id, "change_type", { server_type: plan, upgrade_disk: grow });

export async function deleteServer(id) {
	takeEvent("action", await remove(`/v1/servers/${id}`));
}

/** A fresh system. @return root's password when the server was made without a key, else null */
export async function reinstallServer(id, wish) {
	const answer = await post(`/v1/servers/${id}/actions/rebuild`, wish);
	takeEvent("action", answer);
	return answer.root_password ?? null;
}

/** Back to the disk that a reinstall has kept; the present one goes. */
export const restoreKeptDisk = (id) => act(id, "restore_kept_disk", {});

export const deleteKeptDisk = (id) => act(id, "delete_kept_disk", {});

let currency = null;

/** In what the service's prices are; asked for once. */
export async function readCurrency() {
	currency ??= (await get("/v1/pricing")).pricing.currency;
	return currency;
}
