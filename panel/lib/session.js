// Who is signed in. The cookie itself is out of reach of scripts; a mark in storage says whether
// asking is worth a request, and tells other tabs of signing in and out.

import { signal } from "../vendor/signals.js";
import { ApiError, get, onUnauthorized, post, remove } from "./api.js";
import { startEvents, stopEvents } from "./events.js";
import { forgetServers, refreshServers, takeEvent } from "./servers.js";
import { onOtherTab, recall, remember } from "./storage.js";

/** undefined: not known yet; null: nobody; else {user, customer, role, via}. */
export const me = signal(undefined);

/** Why nobody is signed in any more: "" or "expired". */
export const leftBecause = signal("");

/** Set when the service could not be asked who is signed in. */
export const startFailure = signal(null);

function enter(answer) {
	me.value = answer;
	leftBecause.value = "";
	remember("session", String(answer.user?.id ?? "yes"));
	startEvents({ renew: refreshServers, whenEvent: takeEvent, whenUnauthorized: () => leave("expired") });
}

function leave(because) {
	stopEvents();
	forgetServers();
	remember("session", null);
	leftBecause.value = me.peek() ? because : "";
	me.value = null;
}

export async function startSession() {
	startFailure.value = null;
	if (recall("session") === null) {
		me.value = null;
		return;
	}
	try {
		enter((await get("/v1/me")).me);
	} catch (error) {
		if (error.code === "unauthorized")
			leave("");
		else
			startFailure.value = error;
	}
}

async function enterByCookie() {
	enter((await get("/v1/me")).me);
}

export async function signIn(name, password) {
	await post("/v1/sessions", { name, password }, { anonymous: true });
	await enterByCookie();
}

export async function redeemInvitation(key, name, password) {
	await post("/v1/invitations/redeem", { key, name, password }, { anonymous: true });
	await enterByCookie();
}

export async function checkInvitation(key) {
	const answer = await post("/v1/invitations/check", { key }, { anonymous: true });
	if (!answer?.invitation)
		throw new ApiError("bad_answer", "no invitation in the answer");
	return answer.invitation;
}

/** Whose password the link sets: {user}. */
export async function checkPasswordReset(key) {
	const answer = await post("/v1/password_resets/check", { key }, { anonymous: true });
	if (!answer?.password_reset)
		throw new ApiError("bad_answer", "no password reset in the answer");
	return answer.password_reset;
}

export async function redeemPasswordReset(key, password) {
	await post("/v1/password_resets/redeem", { key, password }, { anonymous: true });
	await enterByCookie();
}

export async function signOut() {
	try {
		await remove("/v1/sessions/current");
	} catch (error) {
		if (error.code !== "unauthorized")
			throw error;
	}
	leave("");
}

onUnauthorized(() => leave("expired"));
onOtherTab("session", (value) => {
	if (value === null)
		leave("");
	else
		startSession();
});
