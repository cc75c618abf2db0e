// One's own password, and where one is signed in.

import { getEvery, put, remove } from "./api.js";

/** All of one's sessions, the one used last first: [{id, current, address, client, customer, created, last_used, expires}]. */
export const readSessions = () => getEvery("/v1/sessions", "sessions");

export const endSession = (id) => remove(`/v1/sessions/${id}`);
export const endOtherSessions = () => remove("/v1/sessions");

/** All other sessions end with it; this one goes on with another cookie. @param present  undefined: there is none so far */
export const changePassword = (present, fresh) => put("/v1/me/password", { current_password: present, password: fresh });

// More telling names first: each browser also calls itself by the names of those it descends from.
const browsers = [["Edg", "Edge"], ["OPR", "Opera"], ["Firefox", "Firefox"], ["Chrome", "Chrome"], ["Safari", "Safari"], ["curl", "curl"]];
const systems = [["iPhone", "iPhone"], ["iPad", "iPad"], ["Android", "Android"], ["Windows", "Windows"], ["Mac OS X", "Mac"], ["Linux", "Linux"]];

/** What people call the program that says `client` of itself: {browser, system}, either may be "". */
export function programOf(client) {
	const named = (list, mark) => list.find(([word]) => client.includes(word + mark))?.[1] ?? "";
	return { browser: named(browsers, "/"), system: named(systems, "") };
}
