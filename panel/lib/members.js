// The people of the account, and the invitations to it.

import { get, post, put, remove } from "./api.js";

const page_size = 50;

export const roles = ["reader", "operator", "owner"];

async function all(path, key) {
	const found = [];
	for (let page = 1; page !== null;) {
		const answer = await get(`/v1/${path}?page=${page}&per_page=${page_size}`);
		found.push(...answer[key]);
		page = answer.meta.pagination.next_page;
	}
	return found;
}

/** By name: [{id, name, role, disabled}]. */
export const readMembers = () => all("members", "members");

/** Those to the account that nobody has used and that are still good, the newest first. */
export async function readInvitations(now_ms) {
	return (await all("invitations", "invitations")).filter(({ redeemed, expires }) => !redeemed && Date.parse(expires) > now_ms);
}

export const setRole = async (id, role) => (await put(`/v1/members/${id}`, { role })).member;
export const removeMember = (id) => remove(`/v1/members/${id}`);
export const leaveAccount = () => remove("/v1/members/current");

/** @return {invitation, link}; the link is never told again */
export const invite = (role, name) => post("/v1/invitations", { role, name: name || undefined });
export const takeBack = (id) => remove(`/v1/invitations/${id}`);
