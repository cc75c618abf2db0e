// Files of a message: chosen, listed and taken out again before it is sent; saved when it was.

import { fileAddress, maxFileBytes, maxFiles, removeFile, sendFile } from "../lib/contact.js";
import { fileSize, t } from "../lib/i18n.js";
import { announce, html } from "../lib/ui.js";
import { useRef, useState } from "../vendor/hooks.js";
import { Icon } from "./icon.js";

const kinds = ".png,.jpg,.jpeg,.pdf,.txt,.log,image/png,image/jpeg,application/pdf,text/plain";

function problemOf(error) {
	if (error.code === "unsupported_error")
		return "contact.files.kind";
	if (error.code === "resource_limit_exceeded")
		return "contact.files.room";
	return error.code === "unreadable_file" ? "contact.files.unreadable" : null;
}

/**
 * useFiles() - the files of one message that is being written.
 * @return {files, add, take, send, clear}: `send` brings over what is not there yet, and gives the ids; what it throws
 *         has `problems` where a file is the reason
 */
export function useFiles() {
	const nextKey = useRef(1);
	const current = useRef([]);
	const [files, setFiles] = useState([]);

	const change = (next) => {
		current.current = next;
		setFiles(next);
	};
	const set = (key, values) => change(current.current.map((one) => (one.key === key ? { ...one, ...values } : one)));
	const add = (chosen) => {
		const room = maxFiles - current.current.length;
		const problems = chosen.length > room ? [{ field: "contact-files", key: "contact.files.count", values: { count: maxFiles } }] : [];
		const taken = [];
		for (const file of chosen.slice(0, room)) {
			if (file.size > maxFileBytes || file.size === 0)
				problems.push({ field: "contact-files", key: file.size === 0 ? "contact.files.empty" : "contact.files.large", values: { name: file.name } });
			else
				taken.push({ key: nextKey.current++, file, known: null, busy: false });
		}
		change([...current.current, ...taken]);
		if (taken.length > 0)
			announce(t("contact.files.added", { count: taken.length }));
		return problems;
	};
	const take = (key) => {
		const one = current.current.find((each) => each.key === key);
		// What stays behind is gone a day later.
		if (one.known)
			removeFile(one.known.id).catch(() => {});
		change(current.current.filter((each) => each.key !== key));
		announce(t("contact.files.removed"));
	};
	const send = async () => {
		const ids = [];
		for (const { key, file, known } of current.current) {
			try {
				set(key, { busy: true });
				ids.push((await sendFile(file, known, (now) => set(key, { known: now }))).id);
			} catch (error) {
				const words = problemOf(error);
				// Judged and refused, or waited too long: it is not there any more.
				if (words || error.code === "not_found")
					set(key, { known: null });
				if (words)
					error.problems = [{ field: "contact-files", key: words, values: { name: file.name } }];
				throw error;
			} finally {
				set(key, { busy: false });
			}
		}
		return ids;
	};
	return { files, add, take, send, clear: () => change([]) };
}

export function FilesField({ files, add, take, busy, problems, onProblems }) {
	const input = useRef(null);
	const problem = problems.find(({ field }) => field === "contact-files");
	const choose = (event) => {
		onProblems(add([...event.target.files]));
		event.target.value = "";
	};
	const remove = (key) => {
		take(key);
		input.current.focus();
	};
	return html`<div class="field">
		<label for="contact-files">${t("contact.files")}</label>
		<p class="hint" id="contact-files-hint">${t("contact.files.hint", { count: maxFiles, size: fileSize(maxFileBytes) })}</p>
		${problem && html`<p class="field-problem" id="contact-files-problem"><${Icon} name="attention"/> <span>${t(problem.key, problem.values)}</span></p>`}
		<input ref=${input} id="contact-files" class="visually-hidden" type="file" multiple accept=${kinds} onChange=${choose} disabled=${busy || undefined}
			aria-invalid=${problem ? "true" : undefined} aria-describedby=${`contact-files-hint${problem ? " contact-files-problem" : ""}`}/>
		<p><label class="button" for="contact-files">${t("contact.files.choose")}</label></p>
		${files.length > 0 && html`<ul class="file-list">${files.map(({ key, file, known, busy: isSending }) => html`<li key=${key} data-file=${file.name}>
			<span class="file-name" dir="auto">${file.name}</span> <span class="file-size">${fileSize(file.size)}</span>
			${isSending
				? html`<progress max=${file.size} value=${known?.received ?? 0} aria-label=${t("contact.files.sending", { name: file.name })}></progress>`
				: html`<button type="button" class="button" disabled=${busy || undefined} aria-label=${t("contact.files.remove-one", { name: file.name })} onClick=${() => remove(key)}>${t("contact.files.remove")}</button>`}
		</li>`)}</ul>`}
	</div>`;
}

/** What came with a message. */
export function Files({ files }) {
	return files.length > 0 && html`<ul class="file-list" aria-label=${t("contact.files")}>${files.map((file) => html`<li key=${file.id} data-attachment=${file.id}>
		<a class="file-name" href=${fileAddress(file)} download=${file.name} dir="auto">${file.name}</a> <span class="file-size">${fileSize(file.bytes)}</span>
	</li>`)}</ul>`;
}
