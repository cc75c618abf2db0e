// The operation history: what was done in this account, by whom, from where and how it went. For
// operators, also whether it is whole.

import { csvAddress, readHistory, verifyHistory } from "../lib/history.js";
import { t } from "../lib/i18n.js";
import { me } from "../lib/session.js";
import { announce, html, useValue } from "../lib/ui.js";
import { Failure } from "../parts/failure.js";
import { problemsOf } from "../parts/form.js";
import { HistoryFilter, nothingFiltered } from "../parts/history-filter.js";
import { HistoryLine } from "../parts/history-line.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const fields = {
	actor: { field: "history-actor", key: "history.wrong" },
	customer: { field: "history-customer", key: "history.customer.none" },
	from: { field: "history-from", key: "history.wrong" },
	to: { field: "history-to", key: "history.wrong" },
};

function Verification() {
	const [state, setState] = useState({ busy: false });

	const verify = async () => {
		if (state.busy)
			return;
		setState({ busy: true });
		try {
			const found = await verifyHistory();
			setState({ busy: false, found });
			announce(t(found.whole ? "history.whole" : "history.broken", { count: found.lines }));
		} catch (failure) {
			setState({ busy: false, failure });
		}
	};
	const { busy, found, failure } = state;
	return html`<div class="history-verify">
		<button type="button" class="button" id="verify-history" aria-disabled=${busy ? "true" : undefined} onClick=${verify}>
			${t(busy ? "history.verifying" : "history.verify")}
		</button>
		${failure && html`<${Failure} title=${t("history.verify.failed")} error=${failure} onRetry=${verify}/>`}
		${found && html`<p class=${found.whole ? "notice" : "notice attention"} id="verification">
			${t(found.whole ? "history.whole" : "history.broken", { count: found.lines })}
			${found.problems.map(({ problem, first, last }) => html`<br/>${t(`history.problem.${problem}`, { first, last })}`)}
		</p>`}
	</div>`;
}

export function History() {
	const isOperator = useValue(me)?.user?.operator ?? false;
	const [list, setList] = useState({ state: "loading", lines: [], more: false });
	const [filter, setFilter] = useState(nothingFiltered);
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
		read(nothingFiltered);
		return () => { asked.current++; };
	}, []);
	const choose = (wanted) => {
		setFilter(wanted);
		read(wanted);
	};

	const { state, lines, more } = list;
	const problems = state.code ? problemsOf(state, fields) ?? [] : [];
	const isFiltered = Object.values(filter).some(Boolean);
	return html`<div>
		<${Heading} text=${t("history")}><p class="heading-about">${t("history.about")}</p><//>
		<${HistoryFilter} isOperator=${isOperator} problems=${problems} attempt=${asked.current} onFilter=${choose}/>
		<div class="history-tools">
			<a class="button" href=${csvAddress(filter)} download="history.csv">${t("history.csv")}</a>
			${isOperator && html`<${Verification}/>`}
		</div>
		${lines.length > 0 && html`<ol class="history-lines" aria-label=${t("history")}>${lines.map((line) => html`<${HistoryLine} key=${line.id} line=${line}/>`)}</ol>`}
		${state === "loading" && html`<p class="waiting">${t("history.loading")}</p>`}
		${state.code && problems.length === 0 && html`<${Failure} title=${t("history.unread")} error=${state} onRetry=${() => read(filter, lines)}/>`}
		${state === "ready" && lines.length === 0 && html`<div class="empty"><p>${t(isFiltered ? "history.none.filtered" : "history.none")}</p></div>`}
		${more && html`<div class="more"><button type="button" class="button" id="more-history" onClick=${() => read(filter, lines)}>${t("history.more")}</button></div>`}
	</div>`;
}
