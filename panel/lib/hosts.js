// The machines that servers run on, for operators of the service; and what everybody learns of their maintenance.

import { get, put } from "./api.js";

export const readHosts = async () => (await get("/v1/hosts")).hosts;
/** @param reason  what customers are told; null: it is over */
export const setMaintenance = async (id, reason) => (await put(`/v1/hosts/${id}`, { maintenance: reason === null ? null : { reason } })).host;
/** {reason, since} while no new servers are made, else null. */
export const readMaintenance = async () => (await get("/v1/health")).health.maintenance ?? null;
