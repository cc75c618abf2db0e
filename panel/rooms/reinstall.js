// A fresh system on a server that keeps its name and addresses: the way out of every mistake.

import { fits, readImages } from "../lib/create.js";
import { choicesOf, fields as choice_fields, judgeChoices } from "../lib/first-choices.js";
import { gigabytes, t } from "../lib/i18n.js";
import { go } from "../lib/router.js";
import { reinstallServer } from "../lib/server-changes.js";
import { runningActions } from "../lib/servers.js";
import { me } from "../lib/session.js";
import { kindOf, readKeys } from "../lib/ssh-keys.js";
import { announce, html, useValue } from "../lib/ui.js";
import { Choices } from "../parts/choices.js";
import { Crumbs } from "../parts/crumbs.js";
import { Failure } from "../parts/failure.js";
import { FirstChoices } from "../parts/first-choices.js";
import { AreaField, problemsOf, Summary, TextField, useSubmit } from "../parts/form.js";
import { aboutImage } from "../parts/image-about.js";
import { KeptDisk } from "../parts/kept-disk.js";
import { NameDialog } from "../parts/name-dialog.js";
import { OneServer } from "../parts/one-server.js";
import { RootPassword } from "../parts/root-password.js";
import { ServerTabs } from "../parts/server-tabs.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const user_pattern = /^[a-z_][a-z0-9_-]*$/;

const explain = (error) => (error.code === "resource_limit_exceeded" ? [{ key: "create.limit", error }] : null) ?? problemsOf(error, {
	ssh_keys: { field: "keys", key: "create.keys.wrong" },
	image: { field: "image", key: "create.image.wrong" },
	user_data: { field: "user-data", key: "create.script.wrong" },
	...choice_fields,
}) ?? [{ key: "reinstall.failed", error }];

/** Why it cannot be done now, as words; null when it can. */
function obstacleOf(server, running) {
	if (server.protection?.rebuild)
		return t("reinstall.locked");
	return running.length > 0 ? t("reinstall.busy") : null;
}

/** Why the old disk cannot be kept; null when it can. */
function keepObstacleOf(server) {
	if (server.ippo?.kept_disk)
		return t("reinstall.keep.one");
	return server.ippo?.first_boot_done === false ? t("reinstall.keep.fresh") : null;
}

function Keep({ server, keep, onChoose }) {
	return html`<${Choices} id="keep" type="checkbox" legend=${t("reinstall.keep.legend")} chosen=${new Set(keep ? ["keep"] : [])} onChoose=${() => onChoose(!keep)}
		choices=${[{ value: "keep", text: t("reinstall.keep"), about: t("reinstall.keep.what"), obstacle: keepObstacleOf(server) }]}/>`;
}

/** Who logs in to the new system; as it was when nothing is said. */
function Login({ server, keys, chosen, onChoose, problems }) {
	return html`<div>
		<${TextField} id="user" label=${t("create.user")} hint=${t("reinstall.user.hint", { user: server.ippo?.user ?? "" })} problems=${problems} autocomplete="off"
			autocapitalize="none" spellcheck="false" maxlength="32"/>
		${keys.length > 0 && html`<${Choices} id="keys" legend=${t("create.keys")} hint=${t("reinstall.keys.hint")} type="checkbox" chosen=${chosen}
			problems=${problems} onChoose=${onChoose}
			choices=${keys.map((key) => ({ value: key.id, text: key.name, about: html`<span translate="no">${kindOf(key)}</span>` }))}/>`}
	</div>`;
}

function Form({ server, images, keys, onDone }) {
	const form = useRef(null);
	const [image, setImage] = useState(() => images.find(({ id }) => id === server.image?.id) ?? images[0]);
	const [wants_keep, setKeep] = useState(false);
	const [chosen, setChosen] = useState(() => new Set());
	const [question, setQuestion] = useState(null); // {resolve}: whether the name was typed
	const running = useValue(runningActions).get(server.id) ?? [];
	const obstacle = obstacleOf(server, running);
	const keep = wants_keep && !keepObstacleOf(server);
	const disk = { disk: server.primary_disk_size };
	const field = (name) => form.current.elements[name]?.value.trim() ?? "";
	const toggle = (id) => setChosen((before) => {
		const next = new Set(before);
		if (!next.delete(id))
			next.add(id);
		return next;
	});
	const ask = () => new Promise((resolve) => setQuestion({ resolve: (answer) => { setQuestion(null); resolve(answer); } }));

	const { problems, attempt, busy, submit } = useSubmit({
		judge: () => [
			field("user") !== "" && !user_pattern.test(field("user")) && { field: "user", key: "create.user.wrong" },
			...judgeChoices(form.current),
		].filter(Boolean),
		work: async () => {
			if (obstacle || !await ask())
				return;
			const script = form.current.elements["user-data"].value;
			const { first_step } = choicesOf(form.current);
			const user = field("user");
			onDone(await reinstallServer(server.id, {
				image: image.id, ...(script.trim() ? { user_data: script } : {}), ...(keep ? { keep_disk: true } : {}),
				...(chosen.size > 0 ? { ssh_keys: [...chosen] } : {}),
				...(first_step || user ? { first_step: { ...first_step, ...(user ? { user } : {}) } } : {}),
			}));
		},
		explain,
	});
	return html`<form ref=${form} class="reinstall" onSubmit=${submit} novalidate>
		<${Summary} problems=${problems} attempt=${attempt}/>
		<${Choices} id="image" legend=${t("create.image")} chosen=${image.id} problems=${problems}
			onChoose=${(id) => setImage(images.find((each) => each.id === id))}
			choices=${images.map((each) => ({
				value: each.id, text: each.description || each.name,
				about: aboutImage(each),
				obstacle: fits(each, disk) ? null : t("create.plan.small", { needed: gigabytes(each.disk_size), disk: gigabytes(disk.disk) }),
			}))}/>
		<${Keep} server=${server} keep=${keep} onChoose=${setKeep}/>
		<details class="further" open=${problems.some((problem) => ["user", "keys", "user-data"].includes(problem.field)) || undefined}>
			<summary>${t("create.further")}</summary>
			<${Login} server=${server} keys=${keys} chosen=${chosen} onChoose=${toggle} problems=${problems}/>
			<${AreaField} id="user-data" label=${t("create.script")} hint=${t("create.script.hint")} problems=${problems} rows="6"
				spellcheck="false" autocapitalize="none" maxlength="32768" class="fixed"/>
		</details>
		<${FirstChoices} port=${server.ippo?.ssh_port} updates=${server.ippo?.updates} problems=${problems}/>
		${obstacle && html`<p class="hint" id="reinstall-obstacle">${obstacle}</p>`}
		<div class="buttons"><button class="button destroys" disabled=${Boolean(obstacle)} aria-disabled=${busy ? "true" : undefined}
			aria-describedby=${obstacle ? "reinstall-obstacle" : undefined}>${t("reinstall.submit")}</button></div>
		${question && html`<${NameDialog} id="reinstall" server=${server} title=${t("reinstall.title", { name: server.name })} confirm=${t("reinstall.submit")}
			typing="reinstall.type" locked=${server.protection?.rebuild ? t("reinstall.locked") : null} fallback=${() => document.getElementById("heading")}
			onRefuse=${() => question.resolve(false)} onConfirm=${() => question.resolve(true)}>
			<p>${t(keep ? "reinstall.kept" : "reinstall.loses")}</p>
			<p>${t("reinstall.keeps")}</p>
		<//>`}
	</form>`;
}

function Kept({ server, mayChange }) {
	const running = useValue(runningActions).get(server.id) ?? [];
	return html`<${KeptDisk} server=${server} obstacle=${mayChange ? (running.length > 0 ? t("reinstall.busy") : null) : t("reinstall.reader")}/>`;
}

function Inside({ server }) {
	const [offer, setOffer] = useState(null); // {images, keys}
	const [failure, setFailure] = useState(null);
	const [password, setPassword] = useState(null);
	const mayChange = useValue(me)?.role !== "reader";

	const read = () => {
		setFailure(null);
		Promise.all([readImages(), readKeys()]).then(([images, keys]) => setOffer({ images, keys }), setFailure);
	};
	useEffect(read, []);
	const leave = () => {
		announce(t("reinstall.begun", { name: server.name }));
		go(`/servers/${server.id}`);
	};

	let body;
	if (!mayChange)
		body = html`<p>${t("reinstall.reader")}</p>`;
	else if (failure)
		body = html`<${Failure} title=${t("reinstall.unread")} error=${failure} onRetry=${read}/>`;
	else if (!offer)
		body = html`<p class="waiting">${t("reinstall.loading")}</p>`;
	else if (offer.images.length === 0)
		body = html`<p>${t("create.no-images")}</p>`;
	else
		body = html`<${Form} server=${server} images=${offer.images} keys=${offer.keys} onDone=${(made) => (made ? setPassword(made) : leave())}/>`;
	return html`<div>
		<${Crumbs} server=${server}/>
		<${Heading} text=${t("reinstall.heading", { name: server.name })} help="reinstall"/>
		<${ServerTabs} server=${server} now="reinstall"/>
		<div class="narrow from-start">
			<p>${t("reinstall.about")}</p>
			<p>${t("reinstall.loses.unless")} ${t("reinstall.keeps")}</p>
			<${Kept} server=${server} mayChange=${mayChange}/>
			${body}
		</div>
		${password && html`<${RootPassword} server=${server} password=${password} onDone=${leave}/>`}
	</div>`;
}

export function Reinstall({ parameters }) {
	return html`<${OneServer} id=${parameters.id} heading=${t("reinstall")} help="reinstall">${(server) => html`<${Inside} server=${server}/>`}<//>`;
}
