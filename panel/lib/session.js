// Who is signed in. The cookie itself is out of reach of scripts; a mark in storage says whether
// asking is worth a request, and tells other tabs of signing in and out.

import { signal } from "../vendor/signals.js";
import { ApiError, get, onUnauthorized, post, put, remove } from "./api.js";
import { noteContact } from "./contact.js";
import { startEvents, stopEvents } from "./events.js";
import { forgetAlerts, refreshAlerts } from "./alerts.js";
import { forgetNotices, refreshNotices } from "./notices.js";
import { makeForLink, showToSignIn } from "./passkeys.js";
import { forgetServers, refreshServers, takeEvent } from "./servers.js";
import { onOtherTab, recall, remember } from "./storage.js";

/** undefined: not known yet; null: nobody; else {user, customer, role, via, customers}. */
export const me = signal(undefined);

/** Why nobody is signed in any more: "" or "expired". */
export const leftBecause = signal("");

/** Set when the service could not be asked who is signed in. */
export const startFailure = signal(null);

/** Another person or another account is another mark: other tabs follow when it changes. */
const markOf = (answer) => `${answer.user?.id ?? "yes"}-${answer.customer.id}`;

function forgetAll() {
	forgetServers();
	forgetNotices();
	forgetAlerts();
}

function renew() {
	noteContact();
	return Promise.all([refreshServers(), refreshNotices(), refreshAlerts()]);
}

function whenEvent(name, value) {
	if (name === "notice")
		refreshNotices();
	else if (name === "alerts")
		refreshAlerts();
	else if (name === "contact_thread")
		noteContact();
	else if (name === "account")
		lookAgain();
	else
		takeEvent(name, value);
}

/** The account was suspended, or is no more; or the person has a password now. What cannot be read now is read after the next event. */
export async function lookAgain() {
	try {
		const { me: answer } = await get("/v1/me");
		if (me.peek() && markOf(me.peek()) === markOf(answer))
			me.value = answer;
	} catch {
		// Whoever is signed out is told by whatever else is asked.
	}
}

function enter(answer) {
	// Whoever it was before, or for whom: nothing of that is shown to the next.
	if (me.peek() && markOf(me.peek()) !== markOf(answer))
		forgetAll();
	me.value = answer;
	leftBecause.value = "";
	remember("session", markOf(answer));
	startEvents({ renew, whenEvent, whenUnauthorized: () => leave("expired") });
}

function leave(because) {
	stopEvents();
	forgetAll();
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

/** Works for another account one belongs to, from now on and in every tab. */
export async function switchAccount(customer) {
	await put("/v1/sessions/current", { customer });
	await enterByCookie();
}

/** Uses an invitation as whoever is signed in, and works for that account. */
export async function acceptInvitation(key) {
	await post("/v1/invitations/accept", { key });
	await enterByCookie();
}

/** @param code  of the second step; undefined: none */
export async function signIn(name, password, code) {
	await post("/v1/sessions", { name, password, code }, { anonymous: true });
	await enterByCookie();
}

export async function signInByPasskey() {
	await showToSignIn();
	await enterByCookie();
}

export async function redeemInvitation(key, name, password) {
	await post("/v1/invitations/redeem", { key, name, password }, { anonymous: true });
	await enterByCookie();
}

/** @param called  the passkey's name in the list of one's own */
export async function redeemInvitationByPasskey(key, name, called) {
	const path = "/v1/invitations/redeem/passkey";
	const made = await makeForLink(path, { key, name });
	await post(path, { key, name, passkey_name: called, ...made }, { anonymous: true });
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

export async function redeemPasswordReset(key, password, code) {
	await post("/v1/password_resets/redeem", { key, password, code }, { anonymous: true });
	await enterByCookie();
}

/** What the device made is good for several tries with codes: @return it, for the next function. */
export const makePasskeyForReset = (key) => makeForLink("/v1/password_resets/redeem/passkey", { key });

/** From then on there is no password. */
export async function redeemPasswordResetByPasskey(key, made, called, code) {
	await post("/v1/password_resets/redeem/passkey", { key, code, passkey_name: called, ...made }, { anonymous: true });
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
