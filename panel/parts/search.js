// The search above a long list of servers: by name, address or label, and by state.

import { t } from "../lib/i18n.js";
import { addressOf, statuses } from "../lib/server-search.js";
import { goInstead } from "../lib/router.js";
import { html } from "../lib/ui.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";

const pause_ms = 120;

/**
 * @param asked  {search, status} as the address has it
 * @param count  how many were found; null while that is not known
 */
export function Search({ asked, count }) {
	const [text, setText] = useState(asked.search);
	const timer = useRef(null);
	const last = useRef(asked.search); // what this field itself has put into the address

	useEffect(() => {
		if (asked.search !== last.current) {
			last.current = asked.search;
			setText(asked.search);
		}
	}, [asked.search]);
	useEffect(() => () => clearTimeout(timer.current), []);
	const ask = (change) => {
		clearTimeout(timer.current);
		const next = { ...asked, search: text.trim(), ...change };
		last.current = next.search;
		goInstead(addressOf(next));
	};
	const type = (search) => {
		setText(search);
		clearTimeout(timer.current);
		timer.current = setTimeout(() => ask({ search: search.trim() }), pause_ms);
	};
	return html`<form role="search" class="history-filter server-search" aria-label=${t("search")} onSubmit=${(event) => { event.preventDefault(); ask({}); }}>
		<div class="field">
			<label for="server-search">${t("search.text")}</label>
			<input id="server-search" type="search" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="100" value=${text}
				aria-describedby="search-count" onInput=${(event) => type(event.target.value)}/>
		</div>
		<div class="field">
			<label for="server-status">${t("search.status")}</label>
			<select id="server-status" value=${asked.status} onChange=${(event) => ask({ status: event.target.value })}>
				<option value="">${t("search.status.all")}</option>
				${statuses.map((status) => html`<option key=${status} value=${status}>${t(`state.${status}`)}</option>`)}
			</select>
		</div>
		<p class="hint number" id="search-count" role="status">${count !== null && t("search.count", { count })}</p>
	</form>`;
}
