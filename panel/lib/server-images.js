// Images made of servers: snapshots, and backups by the day.

import { get, getEvery, post, put, remove } from "./api.js";
import { takeEvent } from "./servers.js";

/** Six windows of four hours, as the API names them: in UTC. */
export const windows = ["22-02", "02-06", "06-10", "10-14", "14-18", "18-22"];

/** When a window begins and ends where the reader is: two dates of today. */
export function hoursOf(window) {
	return window.split("-").map((hour) => new Date(new Date().setUTCHours(Number(hour), 0, 0, 0)));
}

/** The window in which it is three in the morning where the reader is. */
export function windowAtNight() {
	const hour = new Date(new Date().setHours(3, 0, 0, 0)).getUTCHours();
	return windows.find((window) => (hour - Number(window.split("-")[0]) + 24) % 24 < 4);
}

/** Those that were made of a server, the newest first. */
export async function readImagesOf(server) {
	return (await getEvery("/v1/images?type=snapshot&type=backup&sort=created:desc", "images"))
		.filter(({ created_from: from }) => from?.id === server);
}

/** What each day's backup of a server would cost, or costs. */
export const readBackupQuote = async (server) => (await get(`/v1/contract/quote?server=${server}&backup=true`)).quote;

async function act(server, verb, body) {
	const answer = await post(`/v1/servers/${server}/actions/${verb}`, body);
	takeEvent("action", answer);
	takeEvent("server", await get(`/v1/servers/${server}`));
	return answer;
}

export const enableBackups = (server, window) => act(server, "enable_backup", { backup_window: window });
export const disableBackups = (server) => act(server, "disable_backup", {});
export const makeSnapshot = (server, description) => act(server, "create_image", { type: "snapshot", ...(description ? { description } : {}) });

/** The server gets a fresh disk with what is in the image. @return root's password when it was made without a key, else null */
export const restoreImage = async (server, image) => (await act(server, "rebuild", { image })).root_password ?? null;

export const protectImage = (image, on) => put(`/v1/images/${image}/protection`, { delete: on });
export const deleteImage = (image) => remove(`/v1/images/${image}`);

/** Of all actions, those that change which images there are of a server: another text when one begins or ends. */
export function imageChanges(actions, server) {
	const about = [];
	for (const { id, command, status, resources = [] } of actions.values()) {
		if (command === "delete_image" || (["create_image", "disable_backup", "change_protection"].includes(command) && resources.some((each) => each.type === "server" && each.id === server)))
			about.push(`${id}${status}`);
	}
	return about.join(" ");
}
