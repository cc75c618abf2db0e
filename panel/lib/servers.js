// The servers and their actions as the service last told them, and what was asked of them here.
//
// Two sources meet: lists that were asked for, and events. An event is always newer than a list
// that was asked for before it came, so each list remembers when it was asked and never overwrites
// what an event has said since.

import { computed, signal } from "../vendor/signals.js";
import { get, post } from "./api.js";
import { onOtherTab, recall, remember } from "./storage.js";

const page_size = 50;
const max_actions = 500;
const max_dismissed = 200;

/** id → server; replaced, never changed in place. */
export const servers = signal(new Map());
/** state: "loading", "ready" or an ApiError; how many there are in all; more: "", "reading" or an ApiError. */
export const listState = signal({ state: "loading", total: 0, more: "" });
/** id → action. */
export const actions = signal(new Map());
/** server id → {command}: asked here, not yet answered. */
export const requests = signal(new Map());
/** server id → {command, error, at}: asked here, and refused or lost. */
export const refusals = signal(new Map());
/** Ids of failed actions whose notice was dismissed. */
export const dismissed = signal(parseDismissed(recall("dismissed")));

const noticed = new Set(); // ids of failed actions that have been shown: only their owner dismisses them

let whenFinished = () => {};
let moment = 0; // counts events; orders them against lists
let touched = new Map(); // "server/3" → the moment of its last event
let strays = new Set(); // ids of those that were found by a search, beyond the pages that were read
let pages = 1;
let refreshing = null;
let refreshAgain = false;
let generation = 0; // of the session: answers to an earlier one are dropped

function parseDismissed(text) {
	try {
		const ids = JSON.parse(text ?? "[]");
		return new Set(Array.isArray(ids) ? ids : []);
	} catch {
		return new Set();
	}
}

onOtherTab("dismissed", (text) => { dismissed.value = parseDismissed(text); });

// Looking at a server is nothing that was done to it, and keeps nobody from doing something.
const isLook = ({ command: what }) => what === "request_console" || what === "check_first_step";

function lastOf(all) {
	const last = new Map();
	for (const action of all.values()) {
		if (isLook(action))
			continue;
		for (const { id, type } of action.resources ?? []) {
			if (type === "server" && !(last.get(id)?.id > action.id))
				last.set(id, action);
		}
	}
	return last;
}

/** The last action of each server: server id → action. */
export const lastActions = computed(() => lastOf(actions.value));

/** All running actions by server: a forced stop may run beside a waiting shutdown. */
export const runningActions = computed(() => {
	const running = new Map();
	for (const action of actions.value.values()) {
		if (action.status !== "running" || isLook(action))
			continue;
		for (const { id, type } of action.resources ?? []) {
			if (type === "server")
				running.set(id, [...(running.get(id) ?? []), action]);
		}
	}
	return running;
});

/** Failures to show, by server: those not dismissed that are its last action or were when they came. */
export const failedActions = computed(() => {
	const failed = new Map();
	for (const action of actions.value.values()) {
		if (action.status !== "error" || !noticed.has(action.id) || dismissed.value.has(action.id))
			continue;
		for (const { id, type } of action.resources ?? []) {
			if (type === "server")
				failed.set(id, [...(failed.get(id) ?? []), action].sort((a, b) => b.id - a.id));
		}
	}
	return failed;
});

/** Counts how often everything was read anew. */
export const refreshes = signal(0);

export const sortedServers = computed(() =>
	[...servers.value.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id - b.id)));

/** Called with (action, server) when an action is seen to end. */
export function onActionFinished(callback) {
	whenFinished = callback;
}

function changed(source, change) {
	const copy = new Map(source.peek());
	change(copy);
	source.value = copy;
}

/** @param live  the actions come as events: one that is new here and has ended did so just now */
function mergeActions(list, live = false) {
	const copy = new Map(actions.peek());
	const ended = [];

	for (const action of list) {
		const before = copy.get(action.id);
		// What has ended does not run again: this is an older answer that was overtaken.
		if (before && before.status !== "running" && action.status === "running")
			continue;
		if (action.status !== "running" && (before ? before.status === "running" : live))
			ended.push(action);
		copy.set(action.id, action);
	}
	noticeFailures(copy);
	forgetOldest(copy);
	actions.value = copy;
	for (const action of ended) {
		const target = action.resources?.find(({ type }) => type === "server");
		whenFinished(action, servers.peek().get(target?.id));
	}
}

function noticeFailures(all) {
	for (const action of lastOf(all).values()) {
		if (action.status === "error")
			noticed.add(action.id);
	}
}

function forgetOldest(all) {
	const ended = [...all.values()].filter((action) => action.status !== "running" && !noticed.has(action.id));
	ended.sort((a, b) => a.id - b.id);
	for (const action of ended.slice(0, Math.max(0, all.size - max_actions)))
		all.delete(action.id);
}

function touch(type, id) {
	moment++;
	touched.set(`${type}/${id}`, moment);
}

export function takeEvent(name, value) {
	if (name === "server" && value.server) {
		const known = servers.peek().has(value.server.id);
		touch("server", value.server.id);
		changed(servers, (copy) => copy.set(value.server.id, value.server));
		if (!known)
			listState.value = { ...listState.peek(), total: Math.max(listState.peek().total + 1, servers.peek().size) };
	} else if (name === "action" && value.action) {
		mergeActions([value.action], true);
	} else if (name === "deleted" && value.deleted?.type === "server") {
		touch("server", value.deleted.id);
		if (servers.peek().has(value.deleted.id)) {
			changed(servers, (copy) => copy.delete(value.deleted.id));
			listState.value = { ...listState.peek(), total: Math.max(0, listState.peek().total - 1) };
		}
	}
}

async function readPage(page) {
	const { servers: list, meta } = await get(`/v1/servers?sort=name%3Aasc&per_page=${page_size}&page=${page}`);
	return { list, total: meta?.pagination?.total_entries ?? list.length, isLast: !meta?.pagination?.next_page };
}

async function readPages(count) {
	const list = [];
	let total = 0;

	for (let page = 1; page <= count; page++) {
		const answer = await readPage(page);
		list.push(...answer.list);
		total = Math.max(answer.total, list.length);
		if (answer.isLast)
			break;
	}
	return { list, total };
}

/** @param before  what stays though it is not in the list */
function applyList(list, total, asked, before = new Map()) {
	const isNewer = (id) => (touched.get(`server/${id}`) ?? 0) > asked;
	const next = new Map(before);

	for (const server of list) {
		if (!isNewer(server.id))
			next.set(server.id, server);
	}
	for (const [id, server] of servers.peek()) {
		if (isNewer(id))
			next.set(id, server);
	}
	for (const { id } of list)
		strays.delete(id);
	strays = new Set([...strays].filter((id) => next.has(id)));
	servers.value = next;
	listState.value = { ...listState.peek(), state: "ready", total: Math.max(total, next.size) };
}

async function refreshOnce() {
	const asked = moment;
	const mine = generation;

	try {
		const [{ list, total }, recent] = await Promise.all([
			readPages(pages),
			get(`/v1/actions?sort=id%3Adesc&per_page=${page_size}`),
		]);
		if (mine !== generation)
			return;
		applyList(list, total, asked);
		mergeActions(recent.actions);
		await askAboutRunning(new Set(recent.actions.map(({ id }) => id)), mine);
		refreshes.value++;
	} catch (error) {
		if (mine === generation && listState.peek().state !== "ready")
			listState.value = { ...listState.peek(), state: error };
		throw error;
	}
}

/** Actions that run as far as is known here, but were not among the recent ones. */
async function askAboutRunning(recent, mine) {
	const missing = [...actions.peek().values()]
		.filter((action) => action.status === "running" && !recent.has(action.id))
		.map(({ id }) => id);

	for (let i = 0; i < missing.length; i += 25) {
		const ids = missing.slice(i, i + 25).map((id) => `id=${id}`).join("&");
		const answer = await get(`/v1/actions?${ids}&per_page=${page_size}`);
		if (mine === generation)
			mergeActions(answer.actions);
	}
}

/** Reads everything anew, or rejects; calls that come meanwhile are answered by one more round. */
export async function refreshServers() {
	if (refreshing) {
		refreshAgain = true;
		return refreshing;
	}
	refreshing = (async () => {
		do {
			refreshAgain = false;
			await refreshOnce();
		} while (refreshAgain);
	})().finally(() => { refreshing = null; });
	return refreshing;
}

/** Reads one server, which need not be among those of the list. */
export async function readServer(id) {
	const asked = moment;
	const mine = generation;
	const { server } = await get(`/v1/servers/${id}`);
	if (mine === generation && (touched.get(`server/${id}`) ?? 0) <= asked)
		changed(servers, (copy) => copy.set(server.id, server));
}

/**
 * Reads a page of what the service finds; those servers are known from then on.
 * @param query  of GET /v1/servers
 * @return {total, next}: how many there are in all, and the next page, or null
 */
export async function readFound(query, page) {
	const asked = moment;
	const mine = generation;
	const { servers: list, meta: { pagination } } = await get(`/v1/servers?${query}&sort=name%3Aasc&per_page=${page_size}&page=${page}`);
	if (mine === generation)
		changed(servers, (copy) => {
			for (const server of list) {
				if ((touched.get(`server/${server.id}`) ?? 0) > asked)
					continue; // an event has said more since
				if (!copy.has(server.id))
					strays.add(server.id);
				copy.set(server.id, server);
			}
		});
	return { total: pagination.total_entries, next: pagination.next_page };
}

/** Reads what was done to one server lately, which need not be among the recent actions of all. */
export async function readServerActions(id) {
	const mine = generation;
	const answer = await get(`/v1/servers/${id}/actions?sort=id%3Adesc&per_page=25`);
	if (mine === generation)
		mergeActions(answer.actions);
}

export async function retryList() {
	listState.value = { ...listState.peek(), state: "loading" };
	await refreshServers().catch(() => {}); // the list's state says it
}

/** The next page alone; when everything is read anew, it is among that. */
export async function readMore() {
	const asked = moment;
	const mine = generation;
	let outcome = "";

	listState.value = { ...listState.peek(), more: "reading" };
	try {
		await refreshing; // or it would take away what is read here
		const page = Math.floor((servers.peek().size - strays.size) / page_size) + 1;
		const { list, total } = await readPage(page);
		if (mine !== generation)
			return;
		pages = page;
		applyList(list, total, asked, servers.peek());
	} catch (error) {
		outcome = error;
	}
	if (mine === generation)
		listState.value = { ...listState.peek(), more: outcome };
}

export function forgetServers() {
	generation++;
	pages = 1;
	touched = new Map();
	strays = new Set();
	noticed.clear();
	servers.value = new Map();
	actions.value = new Map();
	requests.value = new Map();
	refusals.value = new Map();
	listState.value = { state: "loading", total: 0, more: "" };
}

/**
 * Asks for a power command ("poweron", "shutdown", "poweroff"). The same one is not asked twice
 * while the first has no answer, however often the button is pressed.
 */
export async function command(serverId, verb) {
	const mine = generation;

	if (requests.peek().get(serverId)?.verb === verb)
		return;
	changed(requests, (copy) => copy.set(serverId, { verb, started: new Date().toISOString() }));
	changed(refusals, (copy) => copy.delete(serverId));
	try {
		const answer = await post(`/v1/servers/${serverId}/actions/${verb}`);
		if (mine === generation && answer?.action)
			mergeActions([answer.action], true);
	} catch (error) {
		if (mine === generation && error.code !== "unauthorized")
			changed(refusals, (copy) => copy.set(serverId, { verb, error, at: new Date().toISOString() }));
	} finally {
		if (mine === generation)
			changed(requests, (copy) => {
				if (copy.get(serverId)?.verb === verb)
					copy.delete(serverId);
			});
	}
}

export function dismissAction(id) {
	const ids = [...dismissed.peek(), id].slice(-max_dismissed);
	dismissed.value = new Set(ids);
	remember("dismissed", JSON.stringify(ids));
}

export function dismissRefusal(serverId) {
	changed(refusals, (copy) => copy.delete(serverId));
}
