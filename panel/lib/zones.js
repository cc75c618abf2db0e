// Zones: the domains that this service's name servers answer for.

import { get, getEvery, post, remove } from "./api.js";

const page_size = 50;

/** {zones, quota: {used, limit}, next}: `next` is the page after it, or null. */
export async function readZones(page = 1) {
	const { zones, quota, meta } = await get(`/v1/zones?${new URLSearchParams({ page, per_page: page_size, sort: "name" })}`);
	return { zones, quota, next: meta.pagination.next_page };
}

export const makeZone = async (fields) => (await post("/v1/zones", fields)).zone;
export const deleteZone = (id) => remove(`/v1/zones/${id}`);
export const readZone = async (id) => (await get(`/v1/zones/${id}`)).zone;

/** All record sets of a zone. */
export const readRrsets = (id) => getEvery(`/v1/zones/${id}/rrsets`, "rrsets");

/** A page of what a secondary zone has: {rrsets, total, next}; `next` is the page after it, or null. */
export async function readHeld(id, page = 1) {
	const { rrsets, meta } = await get(`/v1/zones/${id}/rrsets?${new URLSearchParams({ page, per_page: page_size })}`);
	return { rrsets, total: meta.pagination.total_entries, next: meta.pagination.next_page };
}

const pathOf = ({ zone, name, type }) => `/v1/zones/${zone}/rrsets/${encodeURIComponent(name)}/${type}`;

export const makeRrset = (zone, fields) => post(`/v1/zones/${zone}/rrsets`, fields);
export const deleteRrset = (rrset) => remove(pathOf(rrset));

/** Other values and another TTL; a value that stays keeps its comment. */
export async function changeRrset(rrset, { records, ttl }) {
	const comments = new Map(rrset.records.map(({ value, comment }) => [value, comment]));
	await post(`${pathOf(rrset)}/actions/set_records`, { records: records.map(({ value }) => ({ value, ...(comments.get(value) ? { comment: comments.get(value) } : {}) })) });
	// Last: of the two, the values are what is refused.
	if (ttl !== rrset.ttl)
		await post(`${pathOf(rrset)}/actions/change_ttl`, { ttl });
}
/** Whether the zone above has the DS: {status, found, checked, reason}; asked for now. */
export const readParent = async (id) => (await get(`/v1/zones/${id}/parent_ds`)).parent_ds;
/** Looks now whether the name is proven; the zone as it is then. */
export const checkProof = async (id) => (await post(`/v1/zones/${id}/actions/check_proof`, {})).zone;
/** What each of those that a secondary zone is fetched from says: [{address, port, status, serial, reason}]; asked for now. */
export const readPrimaries = async (id) => (await get(`/v1/zones/${id}/primary_nameservers`)).primary_nameservers;
export const changePrimaries = (id, primary_nameservers) => post(`/v1/zones/${id}/actions/change_primary_nameservers`, { primary_nameservers });
export const rollKey = (id) => post(`/v1/zones/${id}/actions/roll_ksk`, {});
export const setDnssec = (id, enabled) => post(`/v1/zones/${id}/actions/change_dnssec`, { enabled });
export const readFile = async (id) => (await get(`/v1/zones/${id}/zonefile`)).zonefile;
export const importFile = (id, zonefile) => post(`/v1/zones/${id}/actions/import_zonefile`, { zonefile });
export const readVersions = async (id) => (await get(`/v1/zones/${id}/versions`)).versions;
/** What one version changed: [{name, type, before, after}]; a name of "" is the TTL of the zone. */
export const readChanges = async (id, version) => (await get(`/v1/zones/${id}/versions/${version}`)).changes;
export const goBack = (id, version) => post(`/v1/zones/${id}/actions/rollback`, { version });
