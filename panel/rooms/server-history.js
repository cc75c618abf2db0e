// What was done to one server, by whom and how it went.

import { csvAddress } from "../lib/history.js";
import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { Crumbs } from "../parts/crumbs.js";
import { HistoryList, useHistory } from "../parts/history-list.js";
import { OneServer } from "../parts/one-server.js";
import { ServerTabs } from "../parts/server-tabs.js";
import { Heading } from "./room.js";

function Inside({ server }) {
	const history = useHistory({ server: server.id });

	return html`<div>
		<${Crumbs} server=${server}/>
		<${Heading} text=${t("server-history", { name: server.name })} help="history"/>
		<${ServerTabs} server=${server} now="history"/>
		<div class="history-tools">
			<a class="button" href=${csvAddress(history.filter)} download=${`history-${server.name}.csv`}>${t("history.csv")}</a>
			<a class="button" href="#/history">${t("server-history.all")}</a>
		</div>
		<${HistoryList} history=${history} none=${t("history.none")}/>
	</div>`;
}

export function ServerHistory({ parameters }) {
	return html`<${OneServer} id=${parameters.id} heading=${t("history")} help="history">${(server) => html`<${Inside} server=${server}/>`}<//>`;
}
