// The customer's public keys, as the service has them.

import { getEvery, post, remove } from "./api.js";

/** All of them, oldest first. */
export const readKeys = () => getEvery("/v1/ssh_keys?sort=id:asc", "ssh_keys");

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
