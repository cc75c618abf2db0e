// What a new server may be made of, and the asking for one.

import { getEvery, post } from "./api.js";
import { readKeys } from "./ssh-keys.js";
import { takeEvent } from "./servers.js";

/** The systems that can be installed now. */
export async function readImages() {
	return (await getEvery("/v1/images?status=available", "images")).filter(({ deprecated }) => !deprecated);
}

/** {plans, images, locations, keys}: what can be chosen now; plans with the cheapest first. */
export async function readOffer() {
	const [plans, images, locations, keys] = await Promise.all([
		getEvery("/v1/server_types", "server_types"), readImages(), getEvery("/v1/locations", "locations"), readKeys(),
	]);
	return {
		plans: plans.filter(({ deprecated }) => !deprecated)
			.sort((a, b) => a.price_monthly_minor - b.price_monthly_minor || a.memory - b.memory || a.id - b.id),
		images,
		locations,
		keys,
	};
}

/** Whether an image's disk fits into a plan's. */
export const fits = (image, plan) => image.disk_size <= plan.disk;

/** What a plan costs at a place: {monthly, initial} as decimal text, and in which currency. */
export function costOf(plan, location) {
	const monthly = (plan.prices.find((each) => each.location === location?.name) ?? plan.prices[0]).price_monthly.gross;
	const decimals = (monthly.split(".")[1] ?? "").length;
	return { monthly, initial: (plan.price_initial_minor / 10 ** minorDigits(plan)).toFixed(decimals), currency: plan.currency };
}

/** How many decimals the currency's smallest unit is away: yen has none. */
function minorDigits({ currency }) {
	return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
}

/** Asks for a server; {server, password}, the password when no key was given. */
export async function createServer(wish) {
	const answer = await post("/v1/servers", wish);
	takeEvent("server", answer);
	takeEvent("action", answer);
	return { server: answer.server, password: answer.root_password ?? null };
}
