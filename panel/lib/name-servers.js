// The further name servers, for operators of the service.

import { get, post, remove } from "./api.js";

const formatOf = (format, primary) => ({ format, ...(primary ? { primary } : {}) });

export const readNameServers = async () => (await get("/v1/name_servers")).name_servers;
/** Asks it now: {status, zone, serial, expected, reason}. */
export const readState = async (id) => (await get(`/v1/name_servers/${id}/state`)).state;
/** {name_server, config}: the configuration has the key, this once. */
export const addNameServer = ({ name, address, port, format, primary }) => post("/v1/name_servers", { name, address, port, ...formatOf(format, primary) });
export const readConfig = async (id, format, primary) => (await get(`/v1/name_servers/${id}/config?${new URLSearchParams(formatOf(format, primary))}`)).config;
export const renewKey = async (id, format, primary) => (await post(`/v1/name_servers/${id}/actions/renew_key`, formatOf(format, primary))).config;
export const removeNameServer = (id) => remove(`/v1/name_servers/${id}`);
/** {total, outdated, elsewhere, protected} */
export const countZones = async () => (await get("/v1/name_servers/zones")).zones;
/** How many were given the name servers of now. */
export const updateZones = async () => (await post("/v1/name_servers/actions/update_zones")).updated;
