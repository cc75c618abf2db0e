// Prices, the days on which they fall due, and what is said before something that costs.

import { readQuote } from "../lib/contract.js";
import { day, price, t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { failureText } from "./failure.js";
import { useRead } from "./read.js";

/** A day in the reader's zone, and its moment as ISO on hover or focus. */
export function Day({ at }) {
	const iso = new Date(at).toISOString();
	return html`<time class="moment" tabindex="0" datetime=${iso} title=${iso} data-iso=${iso}>${day(new Date(at))}</time>`;
}

export const priceText = ({ amount, currency }) => price(amount, currency);

/** Of each currency one; nothing is nothing in words. */
export function Prices({ of }) {
	return of.length === 0 ? html`<span class="hint">${t("contract.nothing")}</span>` : html`<span class="number">${of.map(priceText).join(" + ")}</span>`;
}

/** "980 yen on 27 December" of a server, or that it costs nothing. */
export function NextCharge({ next }) {
	return next ? html`<span class="number">${priceText(next.price)}</span> <${Day} at=${next.at}/>` : html`<span class="hint">${t("contract.free")}</span>`;
}

/** When months begin, in one sentence. */
export const termsText = ({ period }) => t(`contract.terms.${period}`);

function chargeText({ kind, days, of_days: whole }) {
	return kind === "initial" ? t("contract.kind.initial") : days === whole ? t(`contract.kind.${kind}`) : t(`contract.kind.${kind}.days`, { days, whole });
}

/**
 * What it would cost now and next, asked of the service: what is said here is what is charged.
 * @param plan    the number of a plan
 * @param server  whose new plan it would be; left out: of a new one
 */
export function Quote({ plan, server }) {
	// Another plan is another question: its price never stands beside the answer to the one before.
	return html`<${OneQuote} key=${`${plan}/${server}`} plan=${plan} server=${server}/>`;
}

function OneQuote({ plan, server }) {
	const { value, failure, again } = useRead(() => readQuote(plan, server), `${plan}/${server}`);

	if (failure) {
		return html`<div role="alert"><p>${t("contract.quote.unread")} ${failureText(failure.code)}</p>
			<p class="buttons"><button type="button" class="button small" onClick=${again}>${t("retry")}</button></p></div>`;
	}
	if (!value)
		return html`<p class="waiting">${t("contract.quote.loading")}</p>`;
	const { now, charges, next_charge: next, terms } = value;
	return html`<div class="quote" aria-live="polite" data-quote=${value.server_type}>
		<dl class="lines">
			<div><dt>${t("contract.now")}</dt><dd><strong class="number create-price">${priceText(now)}</strong>
				${charges.length > 0 && html`<ul class="quote-parts">${charges.map((charge) => html`<li key=${charge.kind}>${chargeText(charge)} <span class="number">${priceText(charge.price)}</span></li>`)}</ul>`}</dd></div>
			<div><dt>${t("contract.next")}</dt><dd><${NextCharge} next=${next}/></dd></div>
		</dl>
		<p class="hint">${termsText(terms)}</p>
	</div>`;
}

export { chargeText };
