// The first step of a server: what was found, and the two things one can ask for.

import { get, post } from "./api.js";

export const readFirstStep = async (id) => (await get(`/v1/servers/${id}/first_step`)).first_step;
export const checkAgain = async (id) => (await post(`/v1/servers/${id}/actions/check_first_step`, {})).action;
export const openInbound = async (id) => (await post(`/v1/servers/${id}/actions/open_inbound`, {})).action;

/** "11/13"; null while nothing is known. */
export function countOf(server) {
	const found = server.ippo?.first_step;
	return found?.known > 0 ? `${found.passed}/${found.total}` : null;
}

export const isClosed = (server) => server.ippo?.first_step?.inbound === "closed";

/** The command that puts it right inside the server; null where there is none. */
export function commandFor(item) {
	if (item.id === "monitoring")
		return null;
	return item.verdict === "fail" ? `sudo firststep apply ${item.id}` : null;
}
