// Questions to the operators, and their answers; for operators, everybody's.

import { closeThread, contactNews, openThread, readThread, readThreads, reply } from "../lib/contact.js";
import { t } from "../lib/i18n.js";
import { go } from "../lib/router.js";
import { me } from "../lib/session.js";
import { announce, html, useValue } from "../lib/ui.js";
import { Files, FilesField, useFiles } from "../parts/attachments.js";
import { Failure } from "../parts/failure.js";
import { AreaField, problemsOf, Summary, TextField } from "../parts/form.js";
import { Moment } from "../parts/moment.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

const max_subject = 120;
const max_text = 8000;
const states = ["", "open", "answered", "closed"];
const focusHeading = () => document.getElementById("heading").focus();
const isOperator = (person) => Boolean(person.user?.operator);

/** What the state means for whoever reads: "open" waits for the operators. */
function stateWords(state, forOperator) {
	if (state === "open")
		return t(forOperator ? "contact.state.waiting" : "contact.state.open");
	return t(state === "answered" ? "contact.state.answered" : "contact.state.closed");
}

function problemsFrom(error) {
	if (error.code === "rate_limit_exceeded")
		return [{ key: "contact.too-many", error }];
	if (error.problems)
		return error.problems;
	const wrong = { subject: { field: "contact-subject", key: "contact.refused" }, text: { field: "contact-text", key: "contact.refused" } };
	return problemsOf(error, wrong) ?? [{ key: "contact.failed", error }];
}

/**
 * A message, with a subject when it begins a thread. What was typed stays until it has been sent.
 * @param send  (subject, text, ids of files) sends it
 */
function Write({ id, title, hasSubject, submit, send, onSent, onCancel }) {
	const form = useRef(null);
	const busy = useRef(false);
	const files = useFiles();
	const [state, setState] = useState({ problems: [], attempt: 0, busy: false });

	useEffect(() => {
		if (hasSubject)
			form.current.elements["contact-subject"].focus();
	}, []);
	const trySend = async (event) => {
		event.preventDefault();
		if (busy.current)
			return;
		const attempt = state.attempt + 1;
		const { "contact-subject": subject, "contact-text": text } = form.current.elements;
		const problems = [subject, text].filter((field) => field?.value.trim() === "").map((field) => ({ field: field.id, key: "contact.missing" }));
		if (problems.length > 0) {
			setState({ problems, attempt, busy: false });
			return;
		}
		busy.current = true;
		setState({ problems: [], attempt, busy: true });
		try {
			const answer = await send(subject?.value.trim(), text.value.trim(), await files.send());
			form.current?.reset();
			files.clear();
			setState({ problems: [], attempt, busy: false });
			onSent(answer);
		} catch (error) {
			setState({ problems: problemsFrom(error), attempt: attempt + 1, busy: false });
		} finally {
			busy.current = false;
		}
	};
	return html`<section class="notice key-form notice-form" aria-labelledby=${id}>
		<h2 id=${id}>${title}</h2>
		<${Summary} ...${state}/>
		<form ref=${form} onSubmit=${trySend} novalidate>
			${hasSubject && html`<${TextField} id="contact-subject" label=${t("contact.subject")} problems=${state.problems} maxlength=${max_subject} autocomplete="off"/>`}
			<${AreaField} id="contact-text" label=${t("contact.text")} hint=${t("contact.text.hint")} problems=${state.problems} maxlength=${max_text} rows="6"/>
			<${FilesField} ...${files} busy=${state.busy} problems=${state.problems} onProblems=${(problems) => setState({ problems, attempt: state.attempt + 1, busy: false })}/>
			<div class="buttons">
				<button class="button primary" aria-disabled=${state.busy ? "true" : undefined}>${state.busy ? t("contact.sending") : submit}</button>
				${onCancel && html`<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>`}
			</div>
		</form>
	</section>`;
}

/* --- one thread --- */

function Message({ message, forOperator }) {
	const { name, operator } = message.author;
	const who = operator ? t("contact.operator") : name;
	return html`<article class=${`server message${operator ? " message-operator" : ""}`} data-message=${message.id} aria-label=${who}>
		<p class="news-marks"><strong dir="auto">${who}</strong>${operator && forOperator && name && html` <span dir="auto">${name}</span>`} <${Moment} at=${message.created}/></p>
		<p class="notice-body" dir="auto">${message.text}</p>
		<${Files} files=${message.attachments}/>
	</article>`;
}

function Thread({ id, forOperator }) {
	const news = useValue(contactNews);
	const [found, setFound] = useState({ state: "loading" });
	const [failure, setFailure] = useState(null);
	const question = useRef(0);

	const read = async () => {
		const asked = ++question.current;
		try {
			const answer = await readThread(id);
			if (asked === question.current)
				setFound({ state: "ready", ...answer });
		} catch (error) {
			// What is shown stays, unless there is no such thread any more.
			if (asked === question.current)
				setFound((before) => (before.state === "ready" && error.code !== "not_found" ? before : { state: error }));
		}
	};
	useEffect(() => {
		read();
		return () => { question.current++; };
	}, [id, news]);

	const close = async () => {
		setFailure(null);
		try {
			await closeThread(id);
			await read();
			focusHeading();
			announce(t("contact.closed"));
		} catch (error) {
			setFailure(error);
		}
	};
	const sent = async () => {
		await read();
		focusHeading();
		announce(t("contact.sent"));
	};
	const back = html`<p><a href="#/contact">${t("contact.back")}</a></p>`;
	if (found.state === "loading")
		return html`<div><${Heading} text=${t("contact")}/><p class="waiting">${t("contact.loading")}</p></div>`;
	if (found.state !== "ready")
		return html`<div><${Heading} text=${t("contact")}/>${back}${found.state.code === "not_found"
			? html`<p class="empty">${t("contact.none-such")}</p>`
			: html`<${Failure} title=${t("contact.unread")} error=${found.state} onRetry=${read}/>`}</div>`;
	const { thread, messages } = found;
	return html`<div>
		<${Heading} text=${thread.subject} help="contact"><p class="heading-about">${stateWords(thread.state, forOperator)}${forOperator && html` <span dir="auto">${thread.customer.name}</span>`}</p><//>
		${back}
		<ul class="servers thread">${messages.map((message) => html`<li key=${message.id}><${Message} message=${message} forOperator=${forOperator}/></li>`)}</ul>
		${failure && html`<${Failure} title=${t("contact.failed")} error=${failure} onRetry=${close}/>`}
		<${Write} id="reply-title" title=${t(forOperator ? "contact.answer" : "contact.more-to-say")} submit=${t("contact.send")} send=${(_, text, attachments) => reply(id, text, attachments)} onSent=${sent}/>
		${thread.state !== "closed" && html`<p class="buttons"><button type="button" class="button" id="close-thread" onClick=${close}>${t("contact.close")}</button></p>`}
	</div>`;
}

/* --- all of them --- */

function Threads({ forOperator }) {
	const news = useValue(contactNews);
	const [state, setState] = useState(forOperator ? "open" : "");
	const [pages, setPages] = useState(1);
	const [list, setList] = useState({ state: "loading", items: [], total: 0 });
	const [writing, setWriting] = useState(false);
	const question = useRef(0);

	const read = async () => {
		const asked = ++question.current;
		try {
			const answer = await readThreads(state, pages);
			if (asked === question.current)
				setList({ state: "ready", ...answer });
		} catch (error) {
			if (asked === question.current)
				setList((before) => (before.state === "ready" ? before : { state: error, items: [], total: 0 }));
		}
	};
	useEffect(() => {
		read();
		return () => { question.current++; };
	}, [state, pages, news]);

	const leave = () => {
		setWriting(false);
		setTimeout(() => document.getElementById("ask")?.focus());
	};
	const sent = (thread) => {
		announce(t("contact.sent"));
		go(`/contact/${thread.id}`);
	};
	let body;
	if (list.state === "loading")
		body = html`<p class="waiting">${t("contact.loading")}</p>`;
	else if (list.state !== "ready")
		body = html`<${Failure} title=${t("contact.unread")} error=${list.state} onRetry=${read}/>`;
	else if (list.items.length === 0)
		body = html`<p class="empty">${t("contact.none")}</p>`;
	else
		body = html`<ul class="servers">${list.items.map((thread) => html`<li key=${thread.id}><article class="server news" data-thread=${thread.id}>
			<h2><a href=${`#/contact/${thread.id}`} dir="auto">${thread.subject}</a></h2>
			<p class="news-marks"><span class=${`mark${thread.state === (forOperator ? "open" : "answered") ? " mark-unread" : ""}`}>${stateWords(thread.state, forOperator)}</span>
				${forOperator && html`<span dir="auto">${thread.customer.name}</span>`} <${Moment} at=${thread.updated}/></p>
		</article></li>`)}</ul>
		${list.items.length < list.total && html`<div class="more"><button type="button" class="button" onClick=${() => setPages(pages + 1)}>${t("contact.more")}</button></div>`}`;
	return html`<div>
		<${Heading} text=${t("contact")} help="contact"/>
		${!writing && html`<div class="key-ways"><div class="buttons contact-ways">
			<button type="button" class="button primary" id="ask" onClick=${() => setWriting(true)}>${t("contact.ask")}</button>
			<div class="field contact-state"><label for="contact-state">${t("contact.show")}</label>
				<select id="contact-state" onChange=${(event) => { setPages(1); setState(event.target.value); }}>${states.map((each) => html`<option key=${each} value=${each} selected=${each === state}>${each ? stateWords(each, forOperator) : t("contact.all")}</option>`)}</select></div>
		</div></div>`}
		${writing && html`<${Write} id="ask-title" title=${t("contact.ask")} hasSubject submit=${t("contact.send")} send=${openThread} onSent=${sent} onCancel=${leave}/>`}
		${body}
	</div>`;
}

export function Contact({ parameters }) {
	const forOperator = isOperator(useValue(me));
	return parameters.id
		? html`<${Thread} id=${Number(parameters.id)} forOperator=${forOperator}/>`
		: html`<${Threads} forOperator=${forOperator}/>`;
}
