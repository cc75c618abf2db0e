// The operation history: what was done in this account, by whom, from where and how it went. For
// operators, also whether it is whole.

import { csvAddress, verifyHistory } from "../lib/history.js";
import { t } from "../lib/i18n.js";
import { me } from "../lib/session.js";
import { announce, html, useValue } from "../lib/ui.js";
import { Failure } from "../parts/failure.js";
import { problemsOf } from "../parts/form.js";
import { HistoryFilter, nothingFiltered } from "../parts/history-filter.js";
import { HistoryList, useHistory } from "../parts/history-list.js";
import { useState } from "../vendor/hooks.js";
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
	const list = useHistory(nothingFiltered);
	const { state, filter, attempt, choose } = list;
	const problems = state.code ? problemsOf(state, fields) ?? [] : [];
	const isFiltered = Object.values(filter).some(Boolean);
	return html`<div>
		<${Heading} text=${t("history")} help="history"><p class="heading-about">${t("history.about")}</p><//>
		<${HistoryFilter} isOperator=${isOperator} problems=${problems} attempt=${attempt} onFilter=${choose}/>
		<div class="history-tools">
			<a class="button" href=${csvAddress(filter)} download="history.csv">${t("history.csv")}</a>
			${isOperator && html`<${Verification}/>`}
		</div>
		<${HistoryList} history=${list} isRefused=${problems.length > 0} none=${t(isFiltered ? "history.none.filtered" : "history.none")}/>
	</div>`;
}
