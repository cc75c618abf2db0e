// Writing a notice, for operators: both languages, a look at what everybody will see, then publishing.

import { serviceNow } from "../lib/api.js";
import { languages, t } from "../lib/i18n.js";
import { saveNotice } from "../lib/notices.js";
import { html } from "../lib/ui.js";
import { useEffect, useLayoutEffect, useRef, useState } from "../vendor/hooks.js";
import { useModal } from "./dialog.js";
import { AreaField, ChoiceField, problemsOf, Summary, TextField } from "./form.js";
import { Moment } from "./moment.js";
import { Body, Phase, titleOf } from "./notice.js";

const max_title = 120;
const max_body = 4000;
const texts = ["title_ja", "body_ja", "title_en", "body_en"];
const fieldOf = (key) => `notice-${key.replace("_", "-")}`;
const isShown = (item) => item !== null && !item.scheduled;

/** "2026-12-01T02:00" in the zone of this browser, as its field wants it. */
function localTime(iso) {
	if (!iso)
		return "";
	const date = new Date(iso);
	return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

const isoTime = (local) => new Date(local).toISOString().replace(/\.[0-9]+/, "");

/** What was typed, as the API takes it; a time that is missing or no time is null. */
function valuesOf({ elements }, isScheduled) {
	const isMaintenance = elements["notice-kind"].value === "maintenance";
	const time = (name) => (isMaintenance && elements[name].value ? isoTime(elements[name].value) : null);
	return {
		kind: isMaintenance ? "maintenance" : "ordinary",
		pinned: elements["notice-pinned"].checked,
		...Object.fromEntries(texts.map((key) => [key, elements[fieldOf(key)].value.trim()])),
		starts: time("notice-starts"),
		ends: time("notice-ends"),
		tell: elements["notice-tell"]?.checked,
		...publicationOf(elements["notice-publish-at"], isScheduled),
	};
}

/** Nothing when everybody sees it already. */
function publicationOf(field, isScheduled) {
	if (!field)
		return {};
	if (field.value)
		return { publish_at: isoTime(field.value) };
	return isScheduled ? { publish_now: true } : {};
}

function problemsIn(values) {
	const found = texts.filter((key) => values[key] === "").map((key) => ({ field: fieldOf(key), key: "notices.text.missing" }));
	if (values.kind === "maintenance") {
		for (const edge of ["starts", "ends"]) {
			if (values[edge] === null)
				found.push({ field: fieldOf(edge), key: "notices.time.missing" });
		}
		if (values.starts && values.ends && values.ends <= values.starts)
			found.push({ field: "notice-ends", key: "notices.time.order" });
	}
	if (values.publish_at && Date.parse(values.publish_at) <= serviceNow())
		found.push({ field: "notice-publish-at", key: "notices.publish-at.past" });
	return found;
}

function problemsFrom(error) {
	if (error.code === "gone" || error.code === "not_found")
		return [{ key: "notices.gone", error }];
	const wrong = Object.fromEntries([...texts, "starts", "ends"].map((key) => [key, { field: fieldOf(key), key: "notices.refused" }]));
	wrong.publish_at = { field: "notice-publish-at", key: "notices.publish-at.wrong" };
	return problemsOf(error, wrong) ?? [{ key: "notices.save.failed", error }];
}

/** Both languages as they will be seen, and the last moment to go back. */
function Preview({ item, confirm, onRefuse, onConfirm }) {
	const dialog = useRef(null);
	const back = useRef(null);
	const { keepInside } = useModal(dialog, back, () => document.getElementById("notice-title-ja"));

	return html`<dialog ref=${dialog} aria-labelledby="preview-title" onCancel=${(event) => { event.preventDefault(); onRefuse(); }} onKeyDown=${keepInside}>
		<h2 id="preview-title">${t("notices.preview")}</h2>
		<p>${item.publish_at ? html`${t("notices.preview.later")} <${Moment} at=${item.publish_at} full/>` : t("notices.preview.what")}</p>
		${languages.map(({ id, name }) => html`<section key=${id} class="notice notice-preview" aria-label=${name}>
			<h3 lang=${id} dir="auto">${titleOf(item, id)}</h3>
			<${Phase} item=${item}/>
			<${Body} item=${item} id=${id}/>
		</section>`)}
		<div class="buttons">
			<button type="button" class="button" ref=${back} onClick=${onRefuse}>${t("notices.preview.back")}</button>
			<button type="button" class="button primary" onClick=${onConfirm}>${confirm}</button>
		</div>
	</dialog>`;
}

function confirmWords(item, { publish_at: later }) {
	if (later)
		return t("notices.schedule");
	return t(isShown(item) ? "notices.save" : "notices.publish");
}

/**
 * @param item     the notice to change; null: a new one
 * @param onSaved  called with what was sent when it is kept
 */
export function NoticeForm({ item, onSaved, onCancel }) {
	const form = useRef(null);
	const busy = useRef(false);
	const [kind, setKind] = useState(item?.kind ?? "ordinary");
	const [state, setState] = useState({ problems: [], attempt: 0, busy: false });
	const [preview, setPreview] = useState(null);

	// Once, before it is seen, and not by the template: what was typed stays whatever is drawn again.
	useLayoutEffect(() => {
		const { elements } = form.current;
		for (const key of item ? texts : [])
			elements[fieldOf(key)].value = item[key];
		elements["notice-kind"].value = item?.kind ?? "ordinary";
		elements["notice-pinned"].checked = item?.pinned ?? false;
		if (item?.scheduled)
			elements["notice-publish-at"].value = localTime(item.published);
	}, []);
	useEffect(() => form.current.elements["notice-kind"].focus(), []); // after the room's heading
	useLayoutEffect(() => {
		const { elements } = form.current;
		for (const edge of kind === "maintenance" ? ["starts", "ends"] : [])
			elements[fieldOf(edge)].value ||= localTime(item?.[edge]);
	}, [kind]);

	const look = (event) => {
		event.preventDefault();
		if (busy.current)
			return;
		const values = valuesOf(form.current, Boolean(item?.scheduled));
		const problems = problemsIn(values);
		setState({ problems, attempt: state.attempt + 1, busy: false });
		setPreview(problems.length > 0 ? null : values);
	};
	const save = async () => {
		if (busy.current)
			return;
		const { attempt } = state;
		busy.current = true;
		setPreview(null);
		setState({ problems: [], attempt, busy: true });
		try {
			await saveNotice(item?.id ?? null, preview);
			onSaved(preview);
		} catch (error) {
			setState({ problems: problemsFrom(error), attempt: attempt + 1, busy: false });
		} finally {
			busy.current = false;
		}
	};
	const { problems } = state;
	const time = (edge, label) => html`<${TextField} id=${fieldOf(edge)} type="datetime-local" label=${label} hint=${t("notices.time.hint")} problems=${problems} required/>`;
	return html`<section class="notice key-form notice-form" aria-labelledby="write-title">
		<h2 id="write-title">${t(item ? "notices.edit.title" : "notices.write")}</h2>
		<${Summary} ...${state}/>
		<form ref=${form} onSubmit=${look} onChange=${() => setKind(form.current.elements["notice-kind"].value)} novalidate>
			<${ChoiceField} id="notice-kind" label=${t("notices.kind")} choices=${[
				{ value: "ordinary", text: t("notices.ordinary") }, { value: "maintenance", text: t("notices.maintenance") }]}/>
			${kind === "maintenance" && html`${time("starts", t("notices.starts"))}${time("ends", t("notices.ends"))}`}
			<label class="check"><input type="checkbox" id="notice-pinned" name="notice-pinned"/> <span>${t(kind === "maintenance" ? "notices.pin.maintenance" : "notices.pin")}</span></label>
			<${TextField} id="notice-title-ja" label=${t("notices.title.ja")} problems=${problems} lang="ja" maxlength=${max_title} autocomplete="off"/>
			<${AreaField} id="notice-body-ja" label=${t("notices.body.ja")} hint=${t("notices.body.hint")} problems=${problems} lang="ja" maxlength=${max_body} rows="6"/>
			<${TextField} id="notice-title-en" label=${t("notices.title.en")} problems=${problems} lang="en" maxlength=${max_title} autocomplete="off"/>
			<${AreaField} id="notice-body-en" label=${t("notices.body.en")} problems=${problems} lang="en" maxlength=${max_body} rows="6"/>
			${!isShown(item) && html`<${TextField} id="notice-publish-at" type="datetime-local" label=${t("notices.publish-at")} hint=${t("notices.publish-at.hint")} problems=${problems}/>`}
			${isShown(item) && html`<label class="check"><input type="checkbox" id="notice-tell" name="notice-tell"/> <span>${t("notices.tell")}</span></label>`}
			<div class="buttons">
				<button class="button primary" id="look" aria-disabled=${state.busy ? "true" : undefined}>${t(state.busy ? "notices.saving" : "notices.look")}</button>
				<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>
			</div>
		</form>
	</section>
	${preview && html`<${Preview} item=${preview} confirm=${confirmWords(item, preview)} onRefuse=${() => setPreview(null)} onConfirm=${save}/>`}`;
}
