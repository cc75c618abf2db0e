// What an account has and may have; and, for operators, the customers.

import { get, getEvery, post, put, remove } from "./api.js";
import { gigabytes, number } from "./i18n.js";

const page_size = 50;
const mib_of_gb = 1024;

/** In the order in which they are shown. */
export const quotas = ["servers", "cores", "memory_mib", "disk_gb", "addresses", "ssh_keys", "tokens", "members", "snapshots"];

/** An amount as people read it. */
export function amount(quota, value) {
	if (quota === "memory_mib")
		return gigabytes(value / mib_of_gb);
	return quota === "disk_gb" ? gigabytes(value) : number(value);
}

/** Those of which no more can be had. */
export const fullOf = (account) => quotas.filter((quota) => account.quotas[quota].limit !== null
	&& account.quotas[quota].used >= account.quotas[quota].limit);

export const readAccount = async () => (await get("/v1/account")).account;

/** {customers, total, next}: `next` is the page after it, or null. */
export async function readCustomers({ search, status }, page = 1) {
	const query = new URLSearchParams({ page, per_page: page_size, sort: "name" });
	if (search)
		query.set("search", search);
	if (status)
		query.set("status", status);
	const { customers, meta } = await get(`/v1/customers?${query}`);
	return { customers, total: meta.pagination.total_entries, next: meta.pagination.next_page };
}

/** One customer with all there is to be seen of it: {customer, members, servers}. */
export async function readCustomer(id) {
	const [{ customer }, members, servers] = await Promise.all([
		get(`/v1/customers/${id}`), getEvery("/v1/members", "members", { customer: id }), getEvery("/v1/servers", "servers", { customer: id }),
	]);
	return { customer, members, servers };
}

export const createCustomer = async (name) => (await post("/v1/customers", { name })).customer;
export const setQuotas = async (id, limits) => (await put(`/v1/customers/${id}`, { quotas: limits })).customer;
/** What a new customer may have: {servers: 10, cores: null, …}; null is no limit. */
export const readDefaults = async () => (await get("/v1/customer_defaults")).customer_defaults.quotas;
export const setDefaults = (limits) => put("/v1/customer_defaults", { quotas: limits });
export const setNote = async (id, note) => (await put(`/v1/customers/${id}`, { note })).customer;
/** Port 25 outwards, for all of its servers. */
export const setMail = async (id, open) => (await put(`/v1/customers/${id}`, { smtp_open: open })).customer;
export const suspendCustomer = async (id, reason) => (await put(`/v1/customers/${id}/suspension`, { reason })).customer;
export const resumeCustomer = (id) => remove(`/v1/customers/${id}/suspension`);
export const handOver = (server, customer) => put(`/v1/servers/${server}/owner`, { customer });
export const deletePerson = (id) => remove(`/v1/users/${id}`);
/** @return the one-time link for somebody who becomes the customer's */
export const inviteTo = async (customer, role) => (await post("/v1/invitations", { customer, role })).link;
