// Lines of the operation history, newest first, and the older ones when they are asked for.

import { readHistory } from "../lib/history.js";
import { t } from "../lib/i18n.js";
import { announce, html } from "../lib/ui.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Failure } from "./failure.js";
import { HistoryLine } from "./history-line.js";

/**
 * @param first  the filter to begin with
 * @return {filter, state, lines, more, attempt, choose, readOlder, retry}: `state` is "loading", "ready" or an
 *         ApiError; `attempt` counts the questions
 */
export function useHistory(first) {
	const [list, setList] = useState({ state: "loading", lines: [], more: false });
	const [filter, setFilter] = useState(first);
	const asked = useRef(0); // an answer to an earlier question comes too late

	/** @param earlier  the lines that stay: with them, the older ones are read */
	const read = async (wanted, earlier = []) => {
		const number = ++asked.current;
		setList({ state: "loading", lines: earlier, more: false });
		try {
			const { lines, more } = await readHistory(wanted, earlier.at(-1)?.id);
			if (number !== asked.current)
				return;
			setList({ state: "ready", lines: [...earlier, ...lines], more });
			announce(t("history.count", { count: earlier.length + lines.length }));
		} catch (error) {
			if (number === asked.current)
				setList({ state: error, lines: earlier, more: false });
		}
	};
	useEffect(() => {
		read(first);
		return () => { asked.current++; };
	}, []);
	const choose = (wanted) => {
		setFilter(wanted);
		read(wanted);
	};
	const readOlder = () => read(filter, list.lines);
	return { ...list, filter, attempt: asked.current, choose, readOlder, retry: readOlder };
}

/** @param none  what an empty list says */
export function HistoryList({ history: { state, lines, more, readOlder, retry }, none, isRefused = false }) {
	return html`
		${lines.length > 0 && html`<ol class="history-lines" aria-label=${t("history")}>${lines.map((line) => html`<${HistoryLine} key=${line.id} line=${line}/>`)}</ol>`}
		${state === "loading" && html`<p class="waiting">${t("history.loading")}</p>`}
		${state.code && !isRefused && html`<${Failure} title=${t("history.unread")} error=${state} onRetry=${retry}/>`}
		${state === "ready" && lines.length === 0 && html`<div class="empty"><p>${none}</p></div>`}
		${more && html`<div class="more"><button type="button" class="button" id="more-history" onClick=${readOlder}>${t("history.more")}</button></div>`}`;
}
