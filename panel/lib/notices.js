// What the operators tell everybody, as the service last told it. The header, the strip and the room
// all show the same list; it is read anew when the service says that something in it changed.

import { signal } from "../vendor/signals.js";
import { get, post, put, remove, serviceNow } from "./api.js";

const page_size = 20;

/** state: "loading", "ready" or an ApiError; the newest of `total`, the pinned ones first. */
export const notices = signal({ state: "loading", items: [], total: 0, unread: 0 });

let pages = 1;
let generation = 0; // of the session: answers to an earlier one are dropped
let asked = 0; // counts the questions: an older answer does not overwrite a newer one

export function forgetNotices() {
	generation++;
	pages = 1;
	notices.value = { state: "loading", items: [], total: 0, unread: 0 };
}

/** Never fails: what went wrong is the list's state, unless there is something to show already. */
export async function refreshNotices() {
	const [session, question] = [generation, ++asked];
	const isOld = () => session !== generation || question !== asked;
	try {
		const items = [];
		let answer;
		for (let page = 1; page <= pages; page++) {
			answer = await get(`/v1/notices?page=${page}&per_page=${page_size}`);
			items.push(...answer.notices);
			if (answer.meta.pagination.next_page === null)
				break;
		}
		if (!isOld())
			notices.value = { state: "ready", items, total: answer.meta.pagination.total_entries, unread: answer.unread ?? 0 };
	} catch (error) {
		if (!isOld() && notices.peek().state !== "ready")
			notices.value = { ...notices.peek(), state: error };
	}
}

export function readMoreNotices() {
	pages++;
	return refreshNotices();
}

export async function markRead(id) {
	await put(`/v1/notices/${id}/read`);
	await refreshNotices();
}

/** Those that are there now: one that comes meanwhile is not read unseen. */
export async function markAllRead() {
	const last = Math.max(...notices.peek().items.map((item) => item.id));
	await put("/v1/notices/read", { last });
	await refreshNotices();
}

/** @param id  null: a new one */
export async function saveNotice(id, notice) {
	await (id === null ? post("/v1/notices", notice) : put(`/v1/notices/${id}`, notice));
	await refreshNotices();
}

/** Those that are still to appear, the next one first; for operators. */
export async function readScheduled() {
	const { notices: found } = await get("/v1/notices?status=scheduled&per_page=50");
	return found.sort((a, b) => Date.parse(a.published) - Date.parse(b.published));
}

export async function withdrawNotice(id) {
	await remove(`/v1/notices/${id}`);
	await refreshNotices();
}

/** "coming", "now", "over", or "" for what is no maintenance. */
export function phaseOf({ kind, starts, ends }, now_ms = serviceNow()) {
	if (kind !== "maintenance")
		return "";
	if (Date.parse(ends) <= now_ms)
		return "over";
	return Date.parse(starts) <= now_ms ? "now" : "coming";
}
