// Mails and webhooks on their way out, for operators of the service.

import { get, post, remove } from "./api.js";

const page_size = 50;

/** {messages, total, next, mailAvailable}: the newest first; `next` is the page after it, or null. */
export async function readOutbox(status, page = 1) {
	const { messages, mail_available: mailAvailable, meta } = await get(`/v1/outbox?page=${page}&per_page=${page_size}${status && `&status=${status}`}`);
	return { messages, mailAvailable, total: meta.pagination.total_entries, next: meta.pagination.next_page };
}

export const retryMessage = async (id) => (await post(`/v1/outbox/${id}/retry`)).message;
export const discardMessage = (id) => remove(`/v1/outbox/${id}`);
