// The manual: its topics, a search through all of them, and one topic. Open to all: who cannot sign in
// needs it most.

import { language, number, t } from "../lib/i18n.js";
import { readContents, readSearch, readTopic, search, wordsOf } from "../lib/manual.js";
import { loadSheet } from "../lib/sheet.js";
import { announce, html, useValue } from "../lib/ui.js";
import { CopyBlock } from "../parts/copy.js";
import { Failure } from "../parts/failure.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { h } from "../vendor/preact.js";
import { signal } from "../vendor/signals.js";
import { Heading } from "./room.js";

const shown_results = 30;
const announce_ms = 600; // a reader is told when the typing pauses

/** What was searched for: one comes back from a topic to its results. */
const typed = signal("");

/** What read() gives, in the language of now: {state: "loading"}, {state: error} or {state: "ready", found}. */
function useRead(read, depends) {
	const now = useValue(language);
	const [attempt, setAttempt] = useState(0);
	const [result, setResult] = useState({ state: "loading" });

	useEffect(() => {
		let wanted = true;
		setResult((before) => (before.state === "ready" ? before : { state: "loading" }));
		Promise.all([read(now), loadSheet("/style/manual.css")]).then(
			([found]) => wanted && setResult({ state: "ready", found, language: now }),
			() => wanted && setResult({ state: { code: "network" } }),
		);
		return () => { wanted = false; };
	}, [now, attempt, ...depends]);
	return { ...result, again: () => { setResult({ state: "loading" }); setAttempt(attempt + 1); } };
}

function Waiting({ result }) {
	return html`<div class="narrow"><${Heading} text=${t("manual")}/>
		${result.state === "loading"
			? html`<p class="waiting">${t("manual.loading")}</p>`
			: html`<${Failure} title=${t("manual.unread")} error=${result.state} onRetry=${result.again}/>`}
	</div>`;
}

const marked = (pieces) => pieces.map(({ text, found }) => (found ? html`<mark>${text}</mark>` : text));

function Result({ item: { name, id, title, heading, excerpt } }) {
	return html`<li class="manual-result">
		<h3><a href=${`#/manual/${name}${id ? `/${id}` : ""}`}>${marked(title)}${heading && html` <span aria-hidden="true">›</span> ${marked(heading)}`}</a></h3>
		<p>${marked(excerpt)}</p>
	</li>`;
}

function Results({ words }) {
	const result = useRead(readSearch, []);
	const found = result.state === "ready" ? search(result.found, words) : null;
	const count = found?.length;
	const told = count === undefined ? "" : t(count ? "manual.found" : "manual.found.none", { count, words });

	useEffect(() => {
		const timer = setTimeout(() => told && announce(told), announce_ms);
		return () => clearTimeout(timer);
	}, [told]);
	if (!found) {
		return result.state === "loading"
			? html`<p class="waiting">${t("manual.loading")}</p>`
			: html`<${Failure} title=${t("manual.unread")} error=${result.state} onRetry=${result.again}/>`;
	}
	return html`<section aria-labelledby="found-title">
		<h2 id="found-title">${told}</h2>
		${count === 0 && html`<p>${t("manual.found.none.what")}</p>`}
		<ol class="manual-results">${found.slice(0, shown_results).map((item) => html`<${Result} key=${`${item.name} ${item.id}`} item=${item}/>`)}</ol>
		${count > shown_results && html`<p class="hint">${t("manual.found.more", { count: number(shown_results) })}</p>`}
	</section>`;
}

function Contents() {
	const result = useRead(readContents, []);
	const words = useValue(typed);
	const isSearching = wordsOf(words).length > 0;

	if (result.state !== "ready")
		return html`<${Waiting} result=${result}/>`;
	return html`<div class="manual-contents">
		<${Heading} text=${t("manual")}/>
		<form role="search" class="manual-search" onSubmit=${(event) => event.preventDefault()}>
			<div class="field">
				<label for="manual-search">${t("manual.search")}</label>
				<input id="manual-search" type="search" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="100" value=${words}
					onInput=${(event) => { typed.value = event.target.value; }}/>
			</div>
		</form>
		${isSearching ? html`<${Results} words=${words.trim()}/>` : result.found.groups.map(({ title, topics }, index) => html`<section key=${index} aria-labelledby=${`group-${index}`}>
			<h2 id=${`group-${index}`}>${title}</h2>
			<ul class="manual-topics">${topics.map(({ name, title: text, summary }) => html`<li key=${name}>
				<a href=${`#/manual/${name}`}>${text}</a>
				<p>${summary}</p>
			</li>`)}</ul>
		</section>`)}
	</div>`;
}

const tags = new Set(["p", "h2", "h3", "ul", "ol", "li", "code", "em", "strong", "blockquote"]);

/** An element for a node of the manual; what is not known is shown as its text. */
function draw(node) {
	if (typeof node === "string")
		return node;
	const [tag, attributes, ...children] = node;
	const inside = children.map((child) => draw(child));
	if (tag === "pre")
		return html`<${CopyBlock} text=${children[0].slice(2).join("").replace(/\n$/, "")}/>`;
	if (tag === "a") {
		const isOurs = attributes.href.startsWith("#/");
		return isOurs || attributes.href.startsWith("https://")
			? h("a", isOurs ? { href: attributes.href } : { href: attributes.href, target: "_blank", rel: "noopener noreferrer" }, inside)
			: inside;
	}
	if (!tags.has(tag))
		return inside;
	return h(tag, tag === "h2" || tag === "h3" ? { id: `at-${attributes.id}`, tabindex: -1 } : tag === "ol" ? { start: attributes.start } : tag === "code" ? { translate: "no" } : {}, inside);
}

function Places({ topic, body }) {
	const headings = body.filter(([tag]) => tag === "h2");
	return headings.length > 1 && html`<nav class="manual-places" aria-label=${t("manual.places")}>
		<details open=${matchMedia("(min-width: 901px)").matches}>
			<summary>${t("manual.places")}</summary>
			<ol>${headings.map(([, { id }, ...children]) => html`<li key=${id}><a href=${`#/manual/${topic}/${id}`}>${children.map((child) => draw(child))}</a></li>`)}</ol>
		</details>
	</nav>`;
}

function Topic({ name, place }) {
	const result = useRead((now) => readTopic(now, name), [name]);
	const article = useRef(null);
	const isShown = result.state === "ready" && result.found.topic !== null;

	useEffect(() => {
		const heading = isShown && place && article.current.querySelector(`#at-${place}`);
		if (heading) {
			heading.scrollIntoView();
			heading.focus({ preventScroll: true });
		} else if (isShown) {
			scrollTo(0, 0);
		}
	}, [isShown, place]);

	if (result.state !== "ready")
		return html`<${Waiting} result=${result}/>`;
	const { topic, before, after } = result.found;
	const crumbs = html`<nav class="crumbs" aria-label=${t("console.crumbs")}><a href="#/manual">${t("manual")}</a></nav>`;
	if (!topic) {
		return html`<div class="narrow">${crumbs}<${Heading} text=${t("nowhere")}/>
			<p>${t("manual.none-such")}</p>
			<p class="buttons"><a class="button" href="#/manual">${t("manual.all")}</a></p></div>`;
	}
	return html`<div class="manual-topic">
		<div>${crumbs}<${Heading} text=${topic.title}/></div>
		<${Places} topic=${name} body=${topic.body}/>
		<article class="manual-text" ref=${article} lang=${result.language} aria-labelledby="heading">${topic.body.map((node) => draw(node))}</article>
		<nav class="manual-next" aria-label=${t("manual.next")}>
			${before && html`<a href=${`#/manual/${before.name}`} rel="prev"><span>${t("manual.before")}</span> ${before.title}</a>`}
			${after && html`<a href=${`#/manual/${after.name}`} rel="next"><span>${t("manual.after")}</span> ${after.title}</a>`}
		</nav>
	</div>`;
}

export function Manual({ parameters: { topic, place } }) {
	return topic ? html`<${Topic} key=${topic} name=${topic} place=${place}/>` : html`<${Contents}/>`;
}
