// The customer's public keys, as the service has them.

import { get, post, remove } from "./api.js";

const page_size = 50;

/** All of them, oldest first. */
export async function readKeys() {
	const keys = [];
	for (let page = 1; page !== null;) {
		const answer = await get(`/v1/ssh_keys?page=${page}&per_page=${page_size}&sort=id:asc`);
		keys.push(...answer.ssh_keys);
		page = answer.meta.pagination.next_page;
	}
	return keys;
}

export async function addKey(name, publicKey) {
	return (await post("/v1/ssh_keys", { name, public_key: publicKey })).ssh_key;
}

export const removeKey = (id) => remove(`/v1/ssh_keys/${id}`);

/** What kind of key a line of authorized_keys holds, as people call it. */
export function kindOf({ public_key: line }) {
	const [type] = line.split(" ", 1);
	const kinds = { "ssh-ed25519": "Ed25519", "ssh-rsa": "RSA" };
	return kinds[type] ?? (type.startsWith("ecdsa-sha2-") ? "ECDSA" : type.replace(/@.*$/, ""));
}
