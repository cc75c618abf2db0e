// What a new server may be made of, and the asking for one.

import { getEvery, post } from "./api.js";
import { readMaintenance } from "./hosts.js";
import { readNetworks } from "./networks.js";
import { readKeys } from "./ssh-keys.js";
import { takeEvent } from "./servers.js";

/** The systems that can be installed now. */
export async function readImages() {
	return (await getEvery("/v1/images?status=available&type=system&type=app", "images")).filter(({ deprecated }) => !deprecated);
}

/** The image made of a server that is asked for by its number; none when it is not there. */
async function readMade(id) {
	if (!/^[0-9]{1,15}$/.test(id ?? ""))
		return [];
	return (await getEvery("/v1/images?status=available&type=snapshot&type=backup", "images")).filter((image) => image.id === Number(id));
}

/** The plans that can be had now, the cheapest first. */
export async function readPlans() {
	return (await getEvery("/v1/server_types", "server_types")).filter(({ deprecated }) => !deprecated)
		.sort((a, b) => a.price_monthly_minor - b.price_monthly_minor || a.memory - b.memory || a.id - b.id);
}

/** {plans, images, locations, keys, filters, networks, maintenance}: what can be chosen now, and why no server is made just now (null: they are).
 * @param image  the number of an image made of a server: it is chosen first */
export async function readOffer(image) {
	const [plans, made, images, locations, keys, filters, networks, maintenance] = await Promise.all([
		readPlans(), readMade(image), readImages(), getEvery("/v1/locations", "locations"), readKeys(), getEvery("/v1/firewalls", "firewalls"), readNetworks(), readMaintenance(),
	]);
	return {
		plans,
		images: [...made, ...images],
		locations,
		keys,
		filters,
		networks,
		maintenance,
	};
}

/** Whether an image's disk fits into a plan's. */
export const fits = (image, plan) => image.disk_size <= plan.disk;

/** What a plan costs each month at a place: {monthly} as decimal text, and in which currency. */
export function costOf(plan, location) {
	return { monthly: (plan.prices.find((each) => each.location === location?.name) ?? plan.prices[0]).price_monthly.gross, currency: plan.currency };
}

/** Asks for a server; {server, password}, the password when no key was given. */
export async function createServer(wish) {
	const answer = await post("/v1/servers", wish);
	takeEvent("server", answer);
	takeEvent("action", answer);
	return { server: answer.server, password: answer.root_password ?? null };
}
