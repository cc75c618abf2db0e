// What an account has of what it may have, as words and as a bar.

import { amount, fullOf, quotas, readAccount } from "../lib/customers.js";
import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { Icon } from "./icon.js";

/** @param only  some of them; all when left out */
export function Quotas({ account, only = quotas }) {
	const full = fullOf(account);
	return html`<dl class="facts quotas">${only.map((quota) => {
		const { used, limit } = account.quotas[quota];
		const words = { used: amount(quota, used), limit: amount(quota, limit ?? 0) };
		return html`<div key=${quota} data-quota=${quota}>
			<dt>${t(`quota.${quota}`)}</dt>
			<dd>${t(limit === null ? "quota.unlimited" : "quota.of", words)}
				${full.includes(quota) && html` <span class="quota-full"><${Icon} name="attention"/> ${t("quota.full")}</span>`}
			</dd>
		</div>`;
	})}</dl>`;
}

/** The account's own, read when it is shown; what cannot be read leaves nothing. */
export function Allowance({ only }) {
	const [account, setAccount] = useState(null);

	useEffect(() => {
		let wanted = true;
		readAccount().then((found) => wanted && setAccount(found), () => {});
		return () => { wanted = false; };
	}, []);
	return account && html`<section class="group" aria-labelledby="allowance-title">
		<h2 id="allowance-title">${t("quota.title")}</h2>
		<p class="hint">${t("quota.what")} <a href="#/contact">${t("quota.ask")}</a></p>
		<${Quotas} account=${account} only=${only}/>
	</section>`;
}
