// The account's API keys, as the service has them. The API calls them tokens.

import { getEvery, post, remove, serviceNow } from "./api.js";

const day_ms = 86400000;

/** All of them, oldest first. */
export const readTokens = () => getEvery("/v1/tokens?sort=id:asc", "tokens");

/**
 * @param days  how long it is good; 0: for ever
 * @return {token, secret}; the secret is never told again
 */
export async function addToken(name, scope, days) {
	// Whole seconds: the service takes no fractions.
	const expires = days > 0 ? new Date(serviceNow() + days * day_ms).toISOString().replace(/\.[0-9]+/, "") : undefined;
	return post("/v1/tokens", { name, scope, expires });
}

export const removeToken = (id) => remove(`/v1/tokens/${id}`);
