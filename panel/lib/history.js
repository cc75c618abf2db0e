// The operation history, as the service has it: newest first, in pages that do not shift while
// lines are added.

import { get } from "./api.js";

const page_size = 50;

/** A day as the reader's clock has it: the moment at which it begins, or the one after it does. */
function beginningOf(day, after = 0) {
	const [year, month, date] = day.split("-").map(Number);
	return new Date(year, month - 1, date + after).toISOString();
}

/**
 * What is asked for, as the API's query.
 * @param filter  {what, actor, server, result, from, to, customer}: days are the reader's, both included;
 *                an empty one is not asked for
 */
function queryOf({ from, to, ...others }) {
	const query = new URLSearchParams(Object.entries(others).filter(([, value]) => value));
	if (from)
		query.set("from", beginningOf(from));
	if (to)
		query.set("to", beginningOf(to, 1));
	return query;
}

/** @return {lines, more}; `more` says that there are older ones */
export async function readHistory(filter, before) {
	const query = queryOf(filter);
	query.set("per_page", page_size);
	if (before)
		query.set("before", before);
	const { history, meta } = await get(`/v1/history?${query}`);
	return { lines: history, more: meta.pagination.next_page !== null };
}

/** Where all lines are, as a file for spreadsheets. */
export function csvAddress(filter) {
	const query = queryOf(filter);
	query.set("format", "csv");
	return `/v1/history?${query}`;
}

/** Whether the chain is whole: {whole, lines, problem_count, problems}; takes seconds with a million lines. */
export async function verifyHistory() {
	return (await get("/v1/history/verify")).verification;
}
