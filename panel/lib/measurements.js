// What was measured of a server, as columns for a graph and a table.

import { get, serviceNow } from "./api.js";

const day_s = 86400;
export const ranges = { hour: 3600, day: day_s, week: 7 * day_s, month: 31 * day_s, year: 366 * day_s };
const types = ["cpu", "memory", "disk", "network"];

/** The measurements of the time up to now: as the API gives them, with start and end in seconds. */
export async function readMeasurements(id, range) {
	const end_s = Math.floor(serviceNow() / 1000);
	const start_s = end_s - ranges[range];
	const time = (seconds) => encodeURIComponent(new Date(seconds * 1000).toISOString().replace(/\.[0-9]+/, ""));
	const { metrics } = await get(`/v1/servers/${id}/metrics?${types.map((type) => `type=${type}`).join("&")}&start=${time(start_s)}&end=${time(end_s)}`);
	return { start_s, end_s, step_s: metrics.step, series: metrics.time_series };
}

/**
 * columnsOf() - the named series over one line of times.
 * @return [times, values...]; null where nothing was measured, and one null in each gap, so that no
 *         line is drawn across it
 */
export function columnsOf({ step_s, series }, names) {
	const maps = names.map((name) => new Map((series[name]?.values ?? []).map(([time, value]) => [time, Number(value)])));
	const measured = [...new Set(maps.flatMap((map) => [...map.keys()]))].sort((a, b) => a - b);
	const times = [];
	for (const time of measured) {
		if (times.length > 0 && time - times.at(-1) > 1.5 * step_s)
			times.push(times.at(-1) + step_s);
		times.push(time);
	}
	return [times, ...maps.map((map) => times.map((time) => map.get(time) ?? null))];
}
