// Passkeys: what the browser and the service say to each other, and those of whoever is signed in.

import { ApiError, get, post, remove } from "./api.js";

const algorithms = [-7, -8, -257]; // ES256, EdDSA, RS256
const patience_ms = 180000;

const encode = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const decode = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
const isAddress = (host) => host.startsWith("[") || /^\d+(\.\d+){3}$/.test(host);

/** Why there are no passkeys here: "address", "browser", or "" when there are. */
export function passkeyObstacle() {
	if (isAddress(location.hostname))
		return "address";
	return globalThis.PublicKeyCredential && navigator.credentials ? "" : "browser";
}

/** What the browser refused, as an error of the API would be. */
async function askDevice(work) {
	try {
		return await work();
	} catch (error) {
		const codes = { InvalidStateError: "passkey_present", SecurityError: "passkey_origin", NotSupportedError: "passkey_unverified" };
		throw new ApiError(codes[error.name] ?? "passkey_cancelled", "");
	}
}

const credentialsOf = ({ credentials = [] }) => credentials.map((id) => ({ type: "public-key", id: decode(id) }));

async function make(asked) {
	const { response } = await askDevice(() => navigator.credentials.create({ publicKey: {
		challenge: decode(asked.challenge),
		rp: { id: asked.site, name: "Ippo" },
		user: { id: decode(asked.user.handle), name: asked.user.name, displayName: asked.user.name },
		pubKeyCredParams: algorithms.map((alg) => ({ type: "public-key", alg })),
		excludeCredentials: credentialsOf(asked),
		authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
		attestation: "none",
		timeout: patience_ms,
	} }));
	return { client_data: encode(response.clientDataJSON), authenticator_data: encode(response.getAuthenticatorData()) };
}

async function show(asked) {
	const { rawId, response } = await askDevice(() => navigator.credentials.get({ publicKey: {
		challenge: decode(asked.challenge),
		rpId: asked.site,
		allowCredentials: credentialsOf(asked),
		userVerification: "required",
		timeout: patience_ms,
	} }));
	return {
		credential: encode(rawId),
		client_data: encode(response.clientDataJSON),
		authenticator_data: encode(response.authenticatorData),
		signature: encode(response.signature),
	};
}

async function challengeOf(path, options, said) {
	const answer = await post(`${path}/challenge`, said, options);
	if (!answer?.passkey_challenge)
		throw new ApiError("bad_answer", "no challenge in the answer");
	return answer.passkey_challenge;
}

/** [{id, name, created, last_used}] */
export const readPasskeys = async () => (await get("/v1/me/passkeys")).passkeys;
export const removePasskey = (id) => remove(`/v1/me/passkeys/${id}`);

export async function addPasskey(name) {
	const made = await make(await challengeOf("/v1/me/passkeys"));
	return (await post("/v1/me/passkeys", { name, ...made })).passkey;
}

/** A new one at a one-time link, where nobody is signed in yet; @param said  which link, and who one wants to be */
export const makeForLink = async (path, said) => make(await challengeOf(path, { anonymous: true }, said));

/** Gets the session's cookie; see session.js for what comes after. */
export async function showToSignIn() {
	const anonymous = { anonymous: true };
	await post("/v1/sessions/passkey", await show(await challengeOf("/v1/sessions/passkey", anonymous)), anonymous);
}

export async function showToProve() {
	const path = "/v1/sessions/current/proof/passkey";
	await post(path, await show(await challengeOf(path)));
}
