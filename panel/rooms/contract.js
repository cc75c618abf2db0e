// 契約・料金: what the account has, what it comes to each month, when the next charge is, and what was charged.

import { t } from "../lib/i18n.js";
import { me } from "../lib/session.js";
import { html, useValue } from "../lib/ui.js";
import { Contract } from "../parts/contract.js";
import { Heading } from "./room.js";

export function ContractRoom() {
	const mayCreate = useValue(me)?.role !== "reader";
	return html`<div>
		<${Heading} text=${t("contract")} help="contract"/>
		<${Contract} empty=${html`<div class="empty"><p>${t("contract.none")}</p>${mayCreate && html`<a class="button primary" href="#/servers/new">${t("create.submit")}</a>`}</div>`}/>
	</div>`;
}
