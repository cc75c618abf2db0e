// The people of the account, and the invitations to it.

import { getEvery, post, put, remove } from "./api.js";

export const roles = ["reader", "operator", "owner"];

/** By name: [{id, name, role, disabled}]. */
export const readMembers = () => getEvery("/v1/members", "members");

/** Those to the account that nobody has used and that are still good, the newest first. */
export async function readInvitations(now_ms) {
	return (await getEvery("/v1/invitations", "invitations")).filter(({ redeemed, expires }) => !redeemed && Date.parse(expires) > now_ms);
}

export const setRole = async (id, role) => (await put(`/v1/members/${id}`, { role })).member;
export const removeMember = (id) => remove(`/v1/members/${id}`);
export const leaveAccount = () => remove("/v1/members/current");

/** @return {invitation, link}; the link is never told again */
export const invite = (role, name) => post("/v1/invitations", { role, name: name || undefined });
export const takeBack = (id) => remove(`/v1/invitations/${id}`);
