// Two-step verification of whoever is signed in.

import { get, post, remove } from "./api.js";

/** {enabled, since, recovery_codes_left} */
export const readTwoStep = async () => (await get("/v1/me/two_step")).two_step;
/** A secret for an authenticator: {secret, uri}. Nobody is asked for its codes until it is confirmed. */
export const beginTwoStep = async () => (await post("/v1/me/two_step")).two_step;
/** Switches it on. @return the recovery codes, which are never told again */
export const confirmTwoStep = async (code) => (await post("/v1/me/two_step/confirm", { code })).recovery_codes;
export const renewRecoveryCodes = async () => (await post("/v1/me/two_step/recovery_codes")).recovery_codes;
export const endTwoStep = () => remove("/v1/me/two_step");

/** A code as it was typed or pasted: full-width figures become plain ones, blanks and dashes go. */
export const plainCode = (text) => text.normalize("NFKC").replace(/[\s\p{Pd}−ー]/gu, "");
