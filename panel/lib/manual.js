// The manual: built beside the panel (docs/manual/render), fetched when somebody reads it.

import { insist } from "./insist.js";

const kept = new Map();

/** @param name  "contents", "search", or a topic that the contents name */
function fetchPart(language, name) {
	const path = `/manual/${language}/${name}.json`;
	if (!kept.has(path)) {
		const part = insist(async () => {
			const response = await fetch(path);
			if (!response.ok)
				throw new Error(`no manual: ${response.status}`);
			return response.json();
		});
		kept.set(path, part);
		part.catch(() => kept.delete(path));
	}
	return kept.get(path);
}

/** {groups: [{title, topics: [{name, title, summary}]}]} */
export const readContents = (language) => fetchPart(language, "contents");

/** {topics: [{name, sections: [{id, heading, text}]}]} */
export const readSearch = (language) => fetchPart(language, "search");

/** {contents, topic, before, after}; topic is null where the contents name no such. */
export async function readTopic(language, name) {
	const contents = await readContents(language);
	const all = contents.groups.flatMap(({ topics }) => topics);
	const at = all.findIndex((each) => each.name === name);
	return { contents, topic: at < 0 ? null : await fetchPart(language, name), before: all[at - 1], after: all[at + 1] };
}

const fold = (text) => text.normalize("NFKC").toLowerCase();

/** A text as searches compare it, and for each of its characters where in the text it comes from. */
function folded(text) {
	let plain = "";
	const from = [];
	let at = 0;
	for (const character of text) {
		for (const each of fold(character)) {
			plain += each;
			for (let i = 0; i < each.length; i++)
				from.push(at);
		}
		at += character.length;
	}
	from.push(text.length);
	return { plain, from };
}

/** The words of what was typed; Japanese has none, so that a whole phrase is one. */
export const wordsOf = (typed) => [...new Set(fold(typed).split(/\s+/).filter(Boolean))].slice(0, 8);

const before_chars = 32;
const excerpt_chars = 150;

/** Where in the text the words are, in order, without overlaps: [begin, end]. */
function placesOf({ plain, from }, words) {
	const places = [];
	for (const word of words) {
		for (let at = plain.indexOf(word); at >= 0; at = plain.indexOf(word, at + word.length))
			places.push([from[at], from[at + word.length]]);
	}
	places.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
	return places.filter((place, i) => i === 0 || places.slice(0, i).every((other) => other[1] <= place[0]));
}

/** A text in pieces: [{text, found}], cut to what is around the first word. */
function cut(text, words, whole) {
	const places = placesOf(folded(text), words);
	const begin = whole || places.length === 0 ? 0 : Math.max(0, places[0][0] - before_chars);
	const end = whole ? text.length : Math.min(text.length, begin + excerpt_chars);
	const pieces = [{ text: begin > 0 ? "…" : "", found: false }];
	let at = begin;
	for (const [from, to] of places) {
		if (from < at || to > end)
			continue;
		pieces.push({ text: text.slice(at, from), found: false }, { text: text.slice(from, to), found: true });
		at = to;
	}
	pieces.push({ text: text.slice(at, end) + (end < text.length ? "…" : ""), found: false });
	return pieces.filter((piece) => piece.text !== "");
}

/**
 * The sections in which every word stands, those with the words in their heading first.
 * @return [{name, id, title, heading, excerpt}]: heading and excerpt in pieces; heading null: the topic's beginning
 */
export function search({ topics }, typed) {
	const words = wordsOf(typed);
	const found = [];
	if (words.length === 0)
		return found;
	for (const { name, sections } of topics) {
		const title = sections[0].heading;
		for (const { id, heading, text } of sections) {
			const inHeading = words.every((word) => fold(heading).includes(word));
			const all = fold(`${title} ${heading} ${text}`);
			const own = fold(`${heading} ${text}`);
			// The topic's title helps a section that has at least one of the words itself.
			if (!words.every((word) => all.includes(word)) || !words.some((word) => own.includes(word)))
				continue;
			found.push({ name, id, title: cut(title, words, true), heading: id ? cut(heading, words, true) : null, excerpt: cut(text, words, false), rank: inHeading ? (id ? 1 : 0) : 2 });
		}
	}
	return found.sort((a, b) => a.rank - b.rank);
}
