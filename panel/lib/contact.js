// Threads with the operators, as the service has them.

import { signal } from "../vendor/signals.js";
import { get, post, put } from "./api.js";

const page_size = 25;

/** Counts what was heard of threads: whoever shows some reads again when it changes. */
export const contactNews = signal(0);

export function noteContact() {
	contactNews.value = contactNews.peek() + 1;
}

/**
 * What was written in last comes first: {items, total}.
 * @param state  "open", "answered", "closed", or "" for all
 */
export async function readThreads(state, pages) {
	const items = [];
	for (let page = 1; ; page++) {
		const answer = await get(`/v1/contact_threads?page=${page}&per_page=${page_size}${state && `&state=${state}`}`);
		items.push(...answer.contact_threads);
		const { next_page: next, total_entries: total } = answer.meta.pagination;
		if (next === null || page >= pages)
			return { items, total };
	}
}

/** {thread, messages}; the messages, oldest first. */
export async function readThread(id) {
	const { contact_thread: thread } = await get(`/v1/contact_threads/${id}`);
	const messages = [];
	for (let page = 1; page !== null;) {
		const answer = await get(`/v1/contact_threads/${id}/messages?page=${page}&per_page=50`);
		messages.push(...answer.messages);
		page = answer.meta.pagination.next_page;
	}
	return { thread, messages };
}

export const openThread = async (subject, text) => (await post("/v1/contact_threads", { subject, text })).contact_thread;
export const reply = (id, text) => post(`/v1/contact_threads/${id}/messages`, { text });
export const closeThread = (id) => put(`/v1/contact_threads/${id}`, { state: "closed" });
