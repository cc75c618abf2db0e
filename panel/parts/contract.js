// An account's contract: what it comes to, what it is made of, and a month's statement.

import { csvAddress, monthsUntil, readContract, readStatement } from "../lib/contract.js";
import { month as monthText, number, t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { useState } from "../vendor/hooks.js";
import { Failure } from "./failure.js";
import { Moment } from "./moment.js";
import { chargeText, Day, NextCharge, Prices, priceText, termsText } from "./price.js";
import { useRead } from "./read.js";

function Sums({ contract }) {
	const { monthly, next_charge: next, terms, servers } = contract;
	return html`<section class="box" aria-labelledby="sums-title">
		<h2 id="sums-title">${t("contract.sums")}</h2>
		<dl class="lines">
			<div><dt>${t("contract.monthly")}</dt><dd><strong class="create-price" id="contract-monthly"><${Prices} of=${monthly}/></strong></dd></div>
			<div><dt>${t("contract.next")}</dt><dd id="contract-next">${next ? html`<${Prices} of=${next.prices}/> <${Day} at=${next.at}/>` : html`<span class="hint">${t("contract.nothing")}</span>`}</dd></div>
			<div><dt>${t("nav.servers")}</dt><dd class="number">${number(servers)}</dd></div>
		</dl>
		<p class="hint">${termsText(terms)} ${t("contract.included")}</p>
	</section>`;
}

function Items({ items, hasLinks }) {
	return html`<section class="box" aria-labelledby="items-title">
		<h2 id="items-title">${t("contract.items")}</h2>
		<div class="graph-table contract-table" tabindex="0" role="group" aria-labelledby="items-title"><table>
			<thead><tr><th scope="col">${t("contract.server")}</th><th scope="col" class="contract-aside">${t("server.plan")}</th><th scope="col" class="contract-since">${t("contract.since")}</th>
				<th scope="col" class="amount">${t("contract.monthly")}</th><th scope="col">${t("contract.next")}</th></tr></thead>
			<tbody>${items.map((item) => html`<tr key=${item.id} data-item=${item.id}>
				<th scope="row" translate="no">${hasLinks ? html`<a href=${`#/servers/${item.id}/settings`}>${item.name}</a>` : item.name}</th>
				<td translate="no" class="contract-aside">${item.server_type}</td><td class="contract-since"><${Day} at=${item.since}/></td>
				<td class="amount">${priceText(item.price_monthly)}</td><td><${NextCharge} next=${item.next_charge}/></td>
			</tr>`)}</tbody>
		</table></div>
	</section>`;
}

const serverText = ({ server, server_type: plan }) => `${server.name} (${plan})`;

function Lines({ statement }) {
	const { charges, totals, complete } = statement;
	if (charges.length === 0)
		return html`<p class="hint">${t("contract.no-charges")}</p>`;
	return html`<div class="graph-table contract-table" tabindex="0" role="group" aria-labelledby="statement-title"><table>
		<thead><tr><th scope="col">${t("contract.at")}</th><th scope="col" class="contract-aside">${t("contract.server")}</th><th scope="col">${t("contract.for")}</th><th scope="col" class="amount">${t("contract.amount")}</th></tr></thead>
		<tbody>${charges.map((charge) => html`<tr key=${`${charge.server.id}/${charge.at}/${charge.kind}`}>
			<td><${Moment} at=${charge.at} full=${true}/></td><td translate="no" class="contract-aside">${serverText(charge)}</td>
			<td><span class="contract-where" translate="no">${serverText(charge)}</span>${chargeText(charge)}</td><td class="amount">${priceText(charge.price)}</td>
		</tr>`)}</tbody>
		<tfoot>${totals.map((total, index) => html`<tr key=${total.currency}><th scope="row" colspan="2">${index === 0 && t(complete ? "contract.total" : "contract.total.so-far")}</th><td class="contract-aside"></td><td class="amount"><strong>${priceText(total)}</strong></td></tr>`)}</tfoot>
	</table></div>`;
}

function Statement({ now, customer }) {
	const [month, setMonth] = useState(now);
	const { value, failure, again } = useRead(() => readStatement(month, customer), month);
	const isHere = value?.month === month;
	return html`<section class="box" aria-labelledby="statement-title">
		<h2 id="statement-title">${t("contract.statement")}</h2>
		<div class="field contract-month">
			<label for="month">${t("contract.month")}</label>
			<select id="month" value=${month} onChange=${(event) => setMonth(event.target.value)}>${monthsUntil(now).map((each) =>
				html`<option key=${each} value=${each}>${monthText(each)}</option>`)}</select>
		</div>
		${failure ? html`<${Failure} title=${t("contract.statement.unread")} error=${failure} onRetry=${again}/>`
			: isHere ? html`<${Lines} statement=${value}/>` : html`<p class="waiting">${t("contract.statement.loading")}</p>`}
		${isHere && value.charges.length > 0 && html`<p class="buttons"><a class="button small" href=${csvAddress(month, customer)} download=${`ippo-${month}.csv`}>${t("contract.csv")}</a></p>`}
	</section>`;
}

/**
 * @param customer  whose, for operators of the service; left out: of the account one works for
 * @param empty     what stands where there is nothing that costs
 */
export function Contract({ customer, empty }) {
	const { value, failure, again } = useRead(() => readContract(customer), `${customer}`);

	if (failure)
		return html`<${Failure} title=${t("contract.unread")} error=${failure} onRetry=${again}/>`;
	if (!value)
		return html`<p class="waiting">${t("contract.loading")}</p>`;
	const { contract, items } = value;
	return html`<div class="contract">
		${items.length === 0 ? empty : html`<${Sums} contract=${contract}/><${Items} items=${items} hasLinks=${customer === undefined}/>`}
		<${Statement} now=${contract.month} customer=${customer}/>
	</div>`;
}
