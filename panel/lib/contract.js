// What there is that costs something, what was charged, and what more would cost.

import { get, getEvery } from "./api.js";

/** Of the account one works for, or of the customer that an operator looks at. */
const place = (customer) => (customer === undefined ? "/v1/contract" : `/v1/customers/${customer}/contract`);

/** {contract, items}: the sums, and everything that is charged for, by name. */
export async function readContract(customer) {
	const [{ contract }, items] = await Promise.all([get(place(customer)), getEvery(`${place(customer)}/items`, "contract_items")]);
	return { contract, items };
}

/** A month's statement, "2026-11": {charges, totals, complete}. */
export async function readStatement(month, customer) {
	const address = `${place(customer)}/charges?month=${month}`;
	const [{ totals, complete }, charges] = await Promise.all([get(`${address}&per_page=1`), getEvery(address, "charges")]);
	return { month, charges, totals, complete };
}

/** Where all lines of a month are, as a file for spreadsheets. */
export const csvAddress = (month, customer) => `${place(customer)}/charges?month=${month}&format=csv`;

/** What a plan would cost from now on. @param server  whose new plan it would be; left out: of a new one */
export async function readQuote(plan, server) {
	const query = new URLSearchParams({ server_type: plan, ...(server === undefined ? {} : { server }) });
	return (await get(`/v1/contract/quote?${query}`)).quote;
}

/** "2026-11" and the eleven before it, the newest first. */
export function monthsUntil(month) {
	const [year, last] = month.split("-").map(Number);
	return Array.from({ length: 12 }, (_, back) => {
		const count = year * 12 + last - 1 - back;
		return `${Math.floor(count / 12)}-${String((count % 12) + 1).padStart(2, "0")}`;
	});
}
