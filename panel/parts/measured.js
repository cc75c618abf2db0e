// What is measured of a server, and how each is shown; the drawing library is fetched when it is first needed.

import { number, t } from "../lib/i18n.js";
import { insist } from "../lib/insist.js";
import { columnsOf, readMeasurements } from "../lib/measurements.js";
import { loadSheet } from "../lib/sheet.js";
import { me } from "../lib/session.js";
import { html, useValue } from "../lib/ui.js";
import { useEffect, useMemo, useRef, useState } from "../vendor/hooks.js";
import { Graph } from "./graph.js";

const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

function inBytes(value, base, suffix) {
	const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log(value) / Math.log(base)));
	return number(value / base ** power, { style: "unit", unit: units[power] + suffix, unitDisplay: "short", maximumFractionDigits: power ? 1 : 0 }).replace(" ", "\u00a0");
}

const percent = (value) => number(value / 100, { style: "percent", maximumFractionDigits: 1 });
const memory = (value) => inBytes(value, 1024, "");
const rate = (value) => inBytes(value, 1000, "-per-second");

// Memory is counted in powers of two: 16 MiB and up.
const memory_steps = Array.from({ length: 24 }, (_, power) => 2 ** (24 + power));

const kinds = [
	{ id: "cpu", metric: "cpu", title: "graphs.cpu", names: ["cpu"], labels: ["graphs.cpu"], words: percent, top: (server) => 100 * (server.server_type?.cores ?? 1) },
	{ id: "memory", metric: "memory_used", title: "graphs.memory", names: ["memory.used"], labels: ["graphs.memory.used"], words: memory, steps: memory_steps, top: (server) => (server.server_type?.memory ?? 0) * 1024 ** 3 },
	{ id: "disk", metric: "disk_read", title: "graphs.disk", names: ["disk.0.bandwidth.read", "disk.0.bandwidth.write"], labels: ["graphs.read", "graphs.write"], words: rate, top: () => 1000 },
	{ id: "network", metric: "network_in", title: "graphs.network", names: ["network.0.bandwidth.in", "network.0.bandwidth.out"], labels: ["graphs.in", "graphs.out"], words: rate, top: () => 1000 },
];

let plot = null;

async function loadPlot() {
	const [module] = await Promise.all([insist(() => import("../vendor/uplot.js")), loadSheet("/vendor/uplot.css")]);
	plot = module.default;
}

/** @return {found, failure, busy, read}: measurements of the range up to now, once all that shows them is here */
export function useMeasurements(server, range) {
	const [state, setState] = useState({ found: null, failure: null, busy: true });
	const asked = useRef(0);

	const read = async () => {
		const mine = ++asked.current;
		setState((before) => ({ ...before, failure: null, busy: true }));
		try {
			const found = await readMeasurements(server.id, range);
			if (!plot)
				await loadPlot();
			if (mine === asked.current)
				setState({ found: { ...found, range }, failure: null, busy: false });
		} catch (error) {
			if (mine === asked.current)
				setState({ found: null, failure: error.code ? error : { code: "network" }, busy: false });
		}
	};
	useEffect(() => {
		read();
		return () => { asked.current++; };
	}, [server.id, range]);
	return { ...state, read };
}

/** A graph for each kind. @param isShort  small ones, without their tables */
export function Graphs({ server, found, isShort = false }) {
	const columns = useMemo(() => kinds.map(({ names }) => columnsOf(found, names)), [found]);
	const mayAlert = useValue(me)?.role !== "reader" && !isShort;
	return html`<div class="graphs">${kinds.map(({ id, metric, title, labels, words, steps, top }, index) => html`<${Graph} key=${id} id=${id} title=${t(title)} isShort=${isShort}
		labels=${labels.map((label) => t(label))} columns=${columns[index]} span=${found} words=${words} steps=${steps} top=${top(server)} Plot=${plot}
		more=${mayAlert && html`<p><a class="button small" href=${`#/alerts/for/${server.id}/${metric}`}>${t("alerts.graph")}<span class="visually-hidden"> (${t(title)})</span></a></p>`}/>`)}</div>`;
}
