// A room of things that are made in it: the way to the form, the form, and the list or why there is none.

import { me } from "../lib/session.js";
import { announce, html, useValue } from "../lib/ui.js";
import { Heading } from "../rooms/room.js";
import { useState } from "../vendor/hooks.js";
import { Failure } from "./failure.js";
import { GroupTabs } from "./group-tabs.js";
import { useRead } from "./read.js";

const focusHeading = () => document.getElementById("heading").focus();

/** For one thing of the list: what is asked about it, and one change at a time. */
export function useAsked(onChanged) {
	const [asking, setAsking] = useState(null);
	const [state, setState] = useState({ busy: false, failure: null });
	const attempt = async (work, words) => {
		setAsking(null);
		if (state.busy)
			return;
		setState({ busy: true, failure: null });
		try {
			await work();
			announce(words);
			setState({ busy: false, failure: null });
			onChanged();
		} catch (failure) {
			setState({ busy: false, failure });
		}
	};
	return { asking, setAsking, attempt, ...state };
}

/**
 * @param here    the room's name among those of the network
 * @param makeId  of the button that leads to the form
 * @param read    what the room is about, read again whenever `readKey` is another
 * @param listOf  of that, the things that are listed
 * @param words   {title, make, unread, loading, none, made(thing)}
 * @param form    (value, {onMade, onCancel}), the form in which one is made
 * @param item    (thing, {mayChange, onChanged}), how one looks
 */
export function MadeList({ here, help, makeId, read, readKey = "", listOf, words, form, item }) {
	const mayChange = useValue(me)?.role !== "reader";
	const { value, failure, again } = useRead(read, readKey);
	const [making, setMaking] = useState(false);
	const list = value && listOf(value);
	const onMade = (thing) => {
		setMaking(false);
		announce(words.made(thing));
		focusHeading();
		again();
	};
	const onCancel = () => {
		setMaking(false);
		setTimeout(() => (document.getElementById(makeId) ?? document.getElementById("heading")).focus());
	};
	const way = mayChange && !making && html`<p class="buttons"><button type="button" class="button primary" id=${makeId} onClick=${() => setMaking(true)}>${words.make}</button></p>`;
	return html`<div>
		<${Heading} text=${words.title} help=${help}/>
		<${GroupTabs} of="network" here=${here}/>
		${making && form(value, { onMade, onCancel })}
		${failure && html`<${Failure} title=${words.unread} error=${failure} onRetry=${again}/>`}
		${!list && !failure && html`<p class="waiting">${words.loading}</p>`}
		${list?.length === 0 && !making && html`<div class="empty"><p>${words.none}</p>${way}</div>`}
		${list?.length > 0 && html`${way}<ul class="servers">${list.map((thing) => html`<li key=${thing.id}>${item(thing, { mayChange, onChanged: again })}</li>`)}</ul>`}
	</div>`;
}
