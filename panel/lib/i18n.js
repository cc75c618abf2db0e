// Words and formats in the chosen language.
//
// A catalogue is a flat object: key to text with {placeholders}, or to {one, other} chosen by
// `count`. Both catalogues have the same keys; a test holds them to that.

import { signal } from "../vendor/signals.js";
import { recall, remember } from "./storage.js";

export const languages = [
	{ id: "ja", name: "日本語" },
	{ id: "en", name: "English" },
];

const catalogues = {};

/** The language in use. It changes only once its catalogue is here. */
export const language = signal(document.documentElement.lang === "en" ? "en" : "ja");

async function load(id) {
	if (!catalogues[id]) {
		const response = await fetch(`/i18n/${id}.json`);
		if (!response.ok)
			throw new Error(`no catalogue: ${response.status}`);
		catalogues[id] = await response.json();
	}
}

export async function startLanguage() {
	await load(language.peek());
	document.documentElement.lang = language.peek();
}

/** Changes words and formats in place: the route and what was typed stay. */
export async function chooseLanguage(id) {
	await load(id);
	remember("language", id);
	document.documentElement.lang = id;
	language.value = id;
}

export function has(key) {
	return key in catalogues[language.peek()];
}

export function t(key, values = {}) {
	const id = language.peek();
	let text = catalogues[id][key];

	if (text === undefined)
		throw new Error(`no words for ${key} in ${id}`);
	if (typeof text === "object")
		text = text[new Intl.PluralRules(id).select(values.count)] ?? text.other;
	return text.replace(/\{(\w+)\}/g, (all, name) => {
		const value = values[name];
		return typeof value === "number" ? number(value) : String(value);
	});
}

export function number(value, options) {
	return new Intl.NumberFormat(language.peek(), options).format(value);
}

export function gigabytes(value) {
	return number(value, { style: "unit", unit: "gigabyte", maximumFractionDigits: 1 }).replace(" ", "\u00a0");
}

/** What went over a wire, as contracts have it: a GB is a thousand million bytes. */
export function trafficSize(bytes) {
	const [unit, factor] = bytes < 1e9 ? ["megabyte", 1e6] : bytes < 1e12 ? ["gigabyte", 1e9] : ["terabyte", 1e12];
	return number(bytes / factor, { style: "unit", unit, maximumFractionDigits: bytes / factor < 10 ? 1 : 0 }).replace(" ", "\u00a0");
}

/** A file's, as people say it. */
export function fileSize(bytes) {
	const [unit, factor] = bytes < 1024 ** 2 ? ["kilobyte", 1024] : ["megabyte", 1024 ** 2];
	return number(Math.max(bytes / factor, 0.1), { style: "unit", unit, maximumFractionDigits: bytes / factor < 10 ? 1 : 0 }).replace(" ", "\u00a0");
}

/** @param amount  decimal text, as the API gives it */
export function price(amount, currency) {
	return number(Number(amount), { style: "currency", currency, maximumFractionDigits: Number(amount) % 1 === 0 ? 0 : 4 });
}

/** A day in the reader's own zone. */
export function day(date) {
	return new Intl.DateTimeFormat(locale(), { dateStyle: "medium" }).format(date);
}

/** "2026-11" as people say it. */
export function month(text) {
	return new Intl.DateTimeFormat(locale(), { year: "numeric", month: "long", timeZone: "UTC" }).format(new Date(`${text}-15T00:00:00Z`));
}

/** "0.9 s", "42 s", "3 min 05 s": how long something took or has taken. */
export function duration(ms, running = false) {
	const seconds = Math.max(0, ms) / 1000;

	if (seconds < 10 && !running)
		return t("duration.seconds", { seconds: number(seconds, { minimumFractionDigits: 1, maximumFractionDigits: 1 }) });
	if (seconds < 60)
		return t("duration.seconds", { seconds: number(Math.floor(seconds)) });
	return t("duration.minutes", {
		minutes: number(Math.floor(seconds / 60)),
		seconds: number(Math.floor(seconds % 60), { minimumIntegerDigits: 2 }),
	});
}

/** The chosen language as the reader's own region writes it. */
function locale() {
	return navigator.languages.find((tag) => tag.startsWith(language.peek())) ?? language.peek();
}

/** A moment in the reader's own zone: today's with the time alone. */
export function moment(date, now = new Date()) {
	const today = date.toDateString() === now.toDateString();
	return new Intl.DateTimeFormat(locale(), today
		? { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }
		: { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" }).format(date);
}

/** What a plan bounds of it, or null when that is nothing. */
export function bandwidth({ bandwidth_in: inwards = 0, bandwidth_out: outwards = 0 }) {
	const key = inwards > 0 && inwards === outwards ? "same" : inwards > 0 && outwards > 0 ? "both" : inwards > 0 ? "in" : "out";
	return inwards + outwards > 0 ? t(`plan.bandwidth.${key}`, { in: number(inwards), out: number(outwards) }) : null;
}
