// A key pair made in the browser. The private half leaves this page only as the file that its owner
// saves: as OpenSSH reads it (openssh-key-v1, PROTOCOL.key of OpenSSH) and as PuTTY does (PPK version 3).

const text = new TextEncoder();
const line_bytes = 70; // of base64 in OpenSSH's files; PuTTY's have 64
const ppk_line_bytes = 64;
const cipher_block_bytes = 8; // of the cipher "none"

const join = (...parts) => new Uint8Array(parts.flatMap((part) => [...part]));
const uint32 = (number) => [number >>> 24, number >>> 16 & 255, number >>> 8 & 255, number & 255];

/** RFC 4251 section 5, "string". */
function string(data) {
	const bytes = typeof data === "string" ? text.encode(data) : data;
	return join(uint32(bytes.length), bytes);
}

/** RFC 4251 section 5, "mpint", of a number that is not negative. */
function mpint(bytes) {
	const start = bytes.findIndex((byte) => byte !== 0);
	const digits = start < 0 ? new Uint8Array() : bytes.slice(start);
	return string(digits[0] >= 128 ? join([0], digits) : digits);
}

const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
const fromBase64Url = (digits) => Uint8Array.from(atob(digits.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
const lines = (digits, width) => digits.match(new RegExp(`.{1,${width}}`, "g"));

/** RFC 8709. The last 32 bytes of its PKCS #8 form are the seed (RFC 8410 section 7). */
async function makeEd25519() {
	const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
	const name = "ssh-ed25519";
	const open = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
	const seed = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey)).slice(-32);
	return {
		name,
		open: join(string(name), string(open)),
		opensshSecret: join(string(open), string(join(seed, open))),
		puttySecret: string(seed),
	};
}

/** RFC 5656: for browsers whose WebCrypto has no Ed25519 yet. */
async function makeEcdsa() {
	const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
	const name = "ecdsa-sha2-nistp256";
	const curve = "nistp256";
	const point = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
	const secret = mpint(fromBase64Url((await crypto.subtle.exportKey("jwk", pair.privateKey)).d));
	return {
		name,
		open: join(string(name), string(curve), string(point)),
		opensshSecret: join(string(curve), string(point), secret),
		puttySecret: secret,
	};
}

function opensshFile(pair, comment) {
	const check = crypto.getRandomValues(new Uint8Array(4));
	const secret = join(check, check, string(pair.name), pair.opensshSecret, string(comment));
	const padding = Array.from({ length: (cipher_block_bytes - secret.length % cipher_block_bytes) % cipher_block_bytes }, (_, i) => i + 1);
	const file = join(text.encode("openssh-key-v1\0"), string("none"), string("none"), string(""), uint32(1), string(pair.open),
		string(join(secret, padding)));
	return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines(base64(file), line_bytes), "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}

/** The key of its MAC is empty without a passphrase; WebCrypto wants a byte, and HMAC fills up with zeros. */
async function puttyFile(pair, comment) {
	const key = await crypto.subtle.importKey("raw", new Uint8Array(1), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
	const covered = join(string(pair.name), string("none"), string(comment), string(pair.open), string(pair.puttySecret));
	const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, covered));
	const open = lines(base64(pair.open), ppk_line_bytes);
	const secret = lines(base64(pair.puttySecret), ppk_line_bytes);
	return [
		`PuTTY-User-Key-File-3: ${pair.name}`, "Encryption: none", `Comment: ${comment}`,
		`Public-Lines: ${open.length}`, ...open, `Private-Lines: ${secret.length}`, ...secret,
		`Private-MAC: ${[...mac].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`, "",
	].join("\n");
}

/**
 * Makes a key pair: Ed25519, or ECDSA on P-256 where the browser has no Ed25519.
 * @param comment  stands in all three; of one line
 * @return {name, publicKey, openssh, putty}: the key type, and what is in authorized_keys and the two files
 */
export async function makeKeyPair(comment) {
	let pair;
	try {
		pair = await makeEd25519();
	} catch (error) {
		if (error.name !== "NotSupportedError")
			throw error;
		pair = await makeEcdsa();
	}
	return {
		name: pair.name,
		publicKey: `${pair.name} ${base64(pair.open)} ${comment}`,
		openssh: opensshFile(pair, comment),
		putty: await puttyFile(pair, comment),
	};
}
