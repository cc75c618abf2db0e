// What a new zone starts with, so that it is of use at once.

import { ipv6Address } from "./power.js";

const ssh_algorithms = { "ssh-rsa": 1, "ecdsa-sha2-nistp256": 3, "ssh-ed25519": 4 }; // RFC 4255, 6594, 7479
const sha256 = 2; // RFC 6594

const set = (name, type, ...values) => ({ name, type, records: values.map((value) => ({ value })) });

/** "SHA256:…" as ssh shows it, in the hexadecimal form of SSHFP. */
function hexOf(fingerprint) {
	return [...atob(fingerprint.replace(/^SHA256:/, ""))].map((each) => each.charCodeAt(0).toString(16).padStart(2, "0")).join("").toUpperCase();
}

/** Values of SSHFP records: none where no host key is known. */
export function hostKeysOf(server) {
	return (server.ippo?.host_keys ?? []).filter(({ type }) => type in ssh_algorithms)
		.map(({ type, fingerprint }) => `${ssh_algorithms[type]} ${sha256} ${hexOf(fingerprint)}`);
}

/** The domain and its www lead to a server, whose host keys ssh can compare (VerifyHostKeyDNS). */
export function recordsOf(server) {
	const ipv4 = server.public_net?.ipv4?.ip;
	const ipv6 = ipv6Address(server);
	const keys = hostKeysOf(server);
	return [
		...["@", "www"].flatMap((name) => [ipv4 && set(name, "A", ipv4), ipv6 && set(name, "AAAA", ipv6)]),
		keys.length > 0 && set("@", "SSHFP", ...keys),
	].filter(Boolean);
}

/** Nobody can write in the name of a domain without mail: RFC 7505, 7208, 7489. */
export const recordsWithoutMail = [set("@", "MX", "0 ."), set("@", "TXT", "\"v=spf1 -all\""), set("_dmarc", "TXT", "\"v=DMARC1; p=reject\"")];
