// What a server has used: processor, memory, disk and network, over an hour to a year.

import { number, t } from "../lib/i18n.js";
import { insist } from "../lib/insist.js";
import { columnsOf, ranges, readMeasurements } from "../lib/measurements.js";
import { loadSheet } from "../lib/sheet.js";
import { html } from "../lib/ui.js";
import { Crumbs } from "../parts/crumbs.js";
import { Failure } from "../parts/failure.js";
import { Graph } from "../parts/graph.js";
import { DeletedServer, useServer } from "../parts/one-server.js";
import { ServerTabs } from "../parts/server-tabs.js";
import { useEffect, useMemo, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

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
	{ id: "cpu", title: "graphs.cpu", names: ["cpu"], labels: ["graphs.cpu"], words: percent, top: (server) => 100 * (server.server_type?.cores ?? 1) },
	{ id: "memory", title: "graphs.memory", names: ["memory.used"], labels: ["graphs.memory.used"], words: memory, steps: memory_steps, top: (server) => (server.server_type?.memory ?? 0) * 1024 ** 3 },
	{ id: "disk", title: "graphs.disk", names: ["disk.0.bandwidth.read", "disk.0.bandwidth.write"], labels: ["graphs.read", "graphs.write"], words: rate, top: () => 1000 },
	{ id: "network", title: "graphs.network", names: ["network.0.bandwidth.in", "network.0.bandwidth.out"], labels: ["graphs.in", "graphs.out"], words: rate, top: () => 1000 },
];

/** The drawing library and its sheet, fetched when graphs are first looked at. */
async function loadPlot() {
	const [module] = await Promise.all([insist(() => import("../vendor/uplot.js")), loadSheet("/vendor/uplot.css")]);
	return module.default;
}

function Pictures({ server, found, Plot }) {
	const columns = useMemo(() => kinds.map(({ names }) => columnsOf(found, names)), [found]);
	return html`<div class="graphs">${kinds.map(({ id, title, labels, words, steps, top }, index) => html`<${Graph} key=${id} id=${id} title=${t(title)}
		labels=${labels.map((label) => t(label))} columns=${columns[index]} span=${found} words=${words} steps=${steps} top=${top(server)} Plot=${Plot}/>`)}</div>`;
}

function Inside({ server, range }) {
	const [state, setState] = useState({ found: null, failure: null, busy: true });
	const Plot = useRef(null);
	const asked = useRef(0);

	const read = async () => {
		const mine = ++asked.current;
		setState((before) => ({ ...before, failure: null, busy: true }));
		try {
			const found = await readMeasurements(server.id, range);
			Plot.current ??= await loadPlot();
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

	return html`<div>
		<${Crumbs} server=${server}/>
		<${Heading} text=${t("graphs.heading", { name: server.name })}/>
		<${ServerTabs} server=${server} now="graphs"/>
		<div class="graph-bar">
			<nav aria-label=${t("graphs.range")}><ul class="buttons">${Object.keys(ranges).map((each) => html`<li key=${each}><a class="button small"
				href=${`#/servers/${server.id}/graphs/${each}`} aria-current=${each === range ? "true" : undefined}>${t(`graphs.range.${each}`)}</a></li>`)}</ul></nav>
			<button type="button" class="button small" aria-disabled=${state.busy ? "true" : undefined} onClick=${() => state.busy || read()}>${t(state.busy ? "graphs.busy" : "graphs.refresh")}</button>
		</div>
		${state.failure && html`<${Failure} title=${t("graphs.unread")} error=${state.failure} onRetry=${read}/>`}
		${state.found ? html`<${Pictures} server=${server} found=${state.found} Plot=${Plot.current}/>`
			: !state.failure && html`<p class="waiting">${t("graphs.loading")}</p>`}
	</div>`;
}

export function Graphs({ parameters }) {
	const { server, known, failure, read } = useServer(Number(parameters.id));

	if (server)
		return html`<${Inside} server=${server} range=${parameters.range ?? "hour"}/>`;
	if (known)
		return html`<${DeletedServer} name=${known.name}/>`;
	return html`<div class="narrow"><${Heading} text=${t("graphs")}/>
		${failure
			? html`<${Failure} title=${t("home.unread")} error=${failure} onRetry=${read}/>`
			: html`<p class="waiting">${t("home.loading")}</p>`}
	</div>`;
}
