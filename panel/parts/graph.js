// One graph: a picture that has a name and can be focused, what it says in words, and the same
// numbers as a table.

import { moment, t } from "../lib/i18n.js";
import { theme } from "../lib/theme.js";
import { html, useValue } from "../lib/ui.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";

const day_s = 86400;
const height_px = 200;
const short_px = 136;

/** Colours as the tokens are now; a canvas knows no variables. */
function coloursOf(element) {
	const { color, borderTopColor, outlineColor } = getComputedStyle(element);
	return { lines: [color, outlineColor], grid: borderTopColor };
}

function timeWords(span_s) {
	const format = new Intl.DateTimeFormat(document.documentElement.lang, span_s <= day_s
		? { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }
		: { month: "numeric", day: "numeric" });
	return (plot, times) => times.map((time) => format.format(new Date(time * 1000)));
}

function useSystemLight() {
	const [dark, setDark] = useState(false);
	useEffect(() => {
		const query = matchMedia("(prefers-color-scheme: dark)");
		const note = () => setDark(query.matches);
		note();
		query.addEventListener("change", note);
		return () => query.removeEventListener("change", note);
	}, []);
	return dark;
}

function Picture({ Plot, columns, span, words, steps, top, name, height }) {
	const place = useRef(null);
	const colours = useRef(null);
	const chosen = useValue(theme);
	const dark = useSystemLight();

	useEffect(() => {
		const { lines, grid } = coloursOf(colours.current);
		const { color, fontFamily } = getComputedStyle(place.current);
		const axis = { stroke: color, font: `12px ${fontFamily}`, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
		const plot = new Plot({
			width: Math.max(1, place.current.clientWidth), height,
			legend: { show: false }, cursor: { show: false },
			scales: {
				x: { time: true, range: () => [span.start_s, span.end_s] },
				y: { range: (self, low, high) => [0, Math.max(top, (high ?? 0) * 1.1)] },
			},
			axes: [{ ...axis, space: 64, values: timeWords(span.end_s - span.start_s) }, { ...axis, size: 84, incrs: steps, values: (self, values) => values.map(words) }],
			// A measurement alone between gaps is a point.
			series: [{}, ...columns.slice(1).map((values, index) => ({ stroke: lines[index], width: 2, dash: index ? [6, 4] : undefined, spanGaps: false }))],
		}, columns, place.current);
		const fit = new ResizeObserver(() => plot.setSize({ width: Math.max(1, place.current?.clientWidth ?? 1), height }));
		fit.observe(place.current);
		return () => {
			fit.disconnect();
			plot.destroy();
		};
	}, [columns, chosen, dark, document.documentElement.lang]);

	return html`<div class="graph-colours" ref=${colours}></div>
		<div class="graph-picture" ref=${place} tabindex="0" role="img" aria-label=${name}></div>`;
}

function Table({ id, title, columns: [times, ...values], labels, words }) {
	const rows = times.map((time, index) => ({ time, cells: values.map((each) => each[index]) })).reverse();
	return html`<div class="graph-table" id=${id} tabindex="0" role="region" aria-label=${t("graphs.table.of", { title })}>
		<table>
			<thead><tr><th scope="col">${t("graphs.time")}</th>${labels.map((label) => html`<th scope="col" key=${label}>${label}</th>`)}</tr></thead>
			<tbody>${rows.map(({ time, cells }) => html`<tr key=${time}>
				<th scope="row"><time datetime=${new Date(time * 1000).toISOString()}>${moment(new Date(time * 1000))}</time></th>
				${cells.map((cell) => html`<td>${cell === null ? t("graphs.gap") : words(cell)}</td>`)}
			</tr>`)}</tbody>
		</table>
	</div>`;
}

/**
 * @param columns  [times, values...] in seconds and numbers
 * @param span     {start_s, end_s}
 * @param words    a number as text, with its unit
 * @param steps    between the lines of the vertical axis; undefined: of ten
 * @param top      the vertical axis reaches at least so far
 * @param isShort  a small one among other things: without its table, which the room of graphs has
 */
export function Graph({ id, title, labels, columns, span, words, steps, top, isShort, Plot, more }) {
	const [isTable, setTable] = useState(false);
	const told = columns.slice(1).map((values, index) => {
		const there = values.filter((value) => value !== null);
		return { label: labels[index], now: there.at(-1), most: there.reduce((most, value) => Math.max(most, value), 0) };
	});
	const isEmpty = told.every(({ now }) => now === undefined);
	const text = ({ label, now, most }) => t("graphs.told", { label, now: now === undefined ? t("graphs.gap") : words(now), most: words(most) });

	return html`<section class="graph" aria-labelledby=${`${id}-title`} data-graph=${id}>
		<div class="graph-top">
			${isShort ? html`<h3 id=${`${id}-title`}>${title}</h3>` : html`<h2 id=${`${id}-title`}>${title}</h2>`}
			${!isEmpty && !isShort && html`<button type="button" class="button small" aria-expanded=${String(isTable)} aria-controls=${isTable ? `${id}-table` : undefined}
				onClick=${() => setTable(!isTable)}>${t("graphs.table")}<span class="visually-hidden"> (${title})</span></button>`}
		</div>
		${isEmpty
			? html`<p class="hint">${t("graphs.none")}</p>`
			: html`<ul class="graph-about number">${told.map((each) => html`<li key=${each.label}>${text(each)}</li>`)}</ul>
				<${Picture} Plot=${Plot} columns=${columns} span=${span} words=${words} steps=${steps} top=${top} height=${isShort ? short_px : height_px} name=${`${title}: ${told.map(text).join(" ")}`}/>
				${isTable && html`<${Table} id=${`${id}-table`} title=${title} columns=${columns} labels=${labels} words=${words}/>`}`}
		${more}
	</section>`;
}
