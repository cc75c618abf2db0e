// The alerts that are open, for the header, the servers and their room; and the rules they come from.

import { computed, signal } from "../vendor/signals.js";
import { get, getEvery, post, put, remove } from "./api.js";
import { number } from "./i18n.js";

const page_size = 50;
const max_pages = 4;

/** state: "loading", "ready" or an ApiError; the newest of `total` that are open. */
export const alerts = signal({ state: "loading", items: [], total: 0 });

/** server id → its open alerts. */
export const alertsOf = computed(() => {
	const found = new Map();
	for (const alert of alerts.value.items)
		found.set(alert.server.id, [...found.get(alert.server.id) ?? [], alert]);
	return found;
});

let generation = 0; // of the session: answers to an earlier one are dropped
let asked = 0; // an older answer does not overwrite a newer one

export function forgetAlerts() {
	generation++;
	alerts.value = { state: "loading", items: [], total: 0 };
}

/** Never fails: what went wrong is the list's state, unless there is something to show already. */
export async function refreshAlerts() {
	const [session, question] = [generation, ++asked];
	const isOld = () => session !== generation || question !== asked;
	try {
		const items = [];
		let pagination = { next_page: 1 };
		while (pagination.next_page && pagination.next_page <= max_pages) {
			const answer = await get(`/v1/alerts?status=open&page=${pagination.next_page}&per_page=${page_size}`);
			items.push(...answer.alerts);
			pagination = answer.meta.pagination;
		}
		if (!isOld())
			alerts.value = { state: "ready", items, total: pagination.total_entries };
	} catch (error) {
		if (!isOld() && alerts.peek().state !== "ready")
			alerts.value = { ...alerts.peek(), state: error };
	}
}

/** The last ones that ended: {items, total}. */
export async function readEnded(count) {
	const items = [];
	let pagination = { next_page: 1 };
	while (pagination.next_page && items.length < count) {
		const answer = await get(`/v1/alerts?status=ended&page=${pagination.next_page}&per_page=20`);
		items.push(...answer.alerts);
		pagination = answer.meta.pagination;
	}
	return { items, total: pagination.total_entries };
}

export const readRules = () => getEvery("/v1/alert_rules", "alert_rules");

/** @return {alert_rule, webhook_secret?}; the secret is never told again */
export const makeRule = (rule) => post("/v1/alert_rules", rule);

/** Its open alerts end when it is about something else from then on. @return as makeRule() */
export async function changeRule(id, rule) {
	const answer = await put(`/v1/alert_rules/${id}`, rule);
	await refreshAlerts();
	return answer;
}

export async function deleteRule(id) {
	await remove(`/v1/alert_rules/${id}`);
	await refreshAlerts();
}

/** What is measured, and the unit in which people say it: 1 of it is so many of the API's. */
export const metrics = {
	cpu: { unit: "percent", factor: 1, suggested: 90 },
	memory_used: { unit: "megabyte", factor: 1024 ** 2, suggested: 900 },
	disk_used: { unit: "gigabyte", factor: 1024 ** 3, suggested: 18 },
	disk_read: { unit: "megabyte-per-second", factor: 1e6, suggested: 50 },
	disk_write: { unit: "megabyte-per-second", factor: 1e6, suggested: 50 },
	network_in: { unit: "megabyte-per-second", factor: 1e6, suggested: 10 },
	network_out: { unit: "megabyte-per-second", factor: 1e6, suggested: 10 },
};

/** A value of the API as people read it. */
export function valueWords(metric, value) {
	const { unit, factor } = metrics[metric];
	return number(value / factor, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: value / factor < 10 ? 2 : 0 }).replace(" ", "\u00a0");
}
