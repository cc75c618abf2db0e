// Threads with the operators, as the service has them.

import { signal } from "../vendor/signals.js";
import { ApiError, get, getEvery, post, put, remove } from "./api.js";

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
	return { thread, messages: await getEvery(`/v1/contact_threads/${id}/messages`, "messages") };
}

export const openThread = async (subject, text, attachments) => (await post("/v1/contact_threads", { subject, text, attachments })).contact_thread;
export const reply = (id, text, attachments) => post(`/v1/contact_threads/${id}/messages`, { text, attachments });
export const closeThread = (id) => put(`/v1/contact_threads/${id}`, { state: "closed" });

/* --- files that go with a message --- */

export const maxFiles = 5;
export const maxFileBytes = 2 * 1024 * 1024;
const piece_bytes = 128 * 1024;

function inBase64(blob) {
	return new Promise((resolve, reject) => {
		const reader = new FileReader();
		reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
		// It was changed or taken away since it was chosen.
		reader.onerror = () => reject(new ApiError("unreadable_file", ""));
		reader.readAsDataURL(blob);
	});
}

/**
 * Goes on where an earlier try broke off.
 * @param begun       what the service said of it so far, or null
 * @param onProgress  told what the service says after each piece
 * @return what the service says of the whole file
 */
export async function sendFile(file, begun, onProgress) {
	let known = begun ?? (await post("/v1/contact_attachments", { name: file.name, bytes: file.size })).contact_attachment;
	onProgress(known);
	while (known.type === null) {
		const at = known.received;
		const data = await inBase64(file.slice(at, at + piece_bytes));
		known = (await put(`/v1/contact_attachments/${known.id}/data`, { at, data })).contact_attachment;
		onProgress(known);
	}
	return known;
}

export const removeFile = (id) => remove(`/v1/contact_attachments/${id}`);
/** Where a file can be saved from; the service lets no browser show it. */
export const fileAddress = ({ id }) => `/v1/contact_attachments/${id}/data`;
