// One server, for the rooms that are about it: read when it is not among those of the list, and
// remembered when it is deleted while somebody looks at it.

import { t } from "../lib/i18n.js";
import { listState, readServer, servers } from "../lib/servers.js";
import { html, useValue } from "../lib/ui.js";
import { Heading } from "../rooms/room.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Failure } from "./failure.js";

/**
 * @return {server, known, failure, read}
 *   server  undefined while it is not known, and when it is gone
 *   known   as it was last
 *   read    asks again after a failure
 */
export function useServer(id) {
	const server = useValue(servers).get(id);
	const { state } = useValue(listState);
	const [failure, setFailure] = useState(null);
	const known = useRef(null);
	known.current = server ?? known.current;

	const read = () => {
		setFailure(null);
		readServer(id).catch(setFailure);
	};
	useEffect(() => {
		if (state === "ready" && !known.current)
			read();
	}, [state, id]);
	return { server, known: known.current, failure, read };
}

export function DeletedServer({ name }) {
	return html`<div class="narrow"><${Heading} text=${name}/>
		<div class="notice attention"><p>${t("console.deleted")}</p>
		<p class="buttons"><a class="button" href="#/servers">${t("servers")}</a></p></div></div>`;
}

/** A room about one server: `children(server)`, or why it cannot be shown. */
export function OneServer({ id, heading, help, children }) {
	const { server, known, failure, read } = useServer(Number(id));

	if (server)
		return children(server);
	if (known)
		return html`<${DeletedServer} name=${known.name}/>`;
	return html`<div class="narrow"><${Heading} text=${heading} help=${help}/>
		${failure
			? html`<${Failure} title=${t("home.unread")} error=${failure} onRetry=${read}/>`
			: html`<p class="waiting">${t("home.loading")}</p>`}
	</div>`;
}
