// Asks the API. A failure is always an ApiError with a stable code: the API's own, or one of
// network, timeout and bad_answer, which say what happened on the way.

const timeout_ms = 30000;

export class ApiError extends Error {
	constructor(code, message, status = 0, details = {}) {
		super(message);
		this.name = "ApiError";
		this.code = code;
		this.status = status;
		this.details = details;
	}

	/** The fields that the API found wrong: [{name, messages}]. */
	get fields() {
		return Array.isArray(this.details?.fields) ? this.details.fields : [];
	}
}

let whenUnauthorized = () => {};
let askForProof = async () => false;
let clockAhead_ms = 0;

/** Called when an answer says that nobody is signed in. */
export function onUnauthorized(callback) {
	whenUnauthorized = callback;
}

/** Called when the service wants to know once more who it is; returns whether that was shown. */
export function onProofRequired(callback) {
	askForProof = callback;
}

/** The service's clock, as near as its answers' Date header tells (whole seconds). */
export function serviceNow() {
	const skew = Math.abs(clockAhead_ms) < 2000 ? 0 : clockAhead_ms;
	return Date.now() + skew;
}

function noteClock(response) {
	const date = Date.parse(response.headers.get("date") ?? "");
	if (!Number.isNaN(date))
		clockAhead_ms = date - Date.now();
}

export async function errorOf(response) {
	let error = null;
	try {
		error = (await response.json()).error;
	} catch {
		// Not from the API: a proxy's page, or a body cut short.
	}
	if (typeof error?.code === "string")
		return new ApiError(error.code, String(error.message ?? ""), response.status, error.details ?? {});
	return new ApiError("bad_answer", `HTTP ${response.status}`, response.status);
}

/**
 * A request that needs a proof of who it is waits for that, and is sent again.
 * @param body    sent as JSON; undefined sends none
 * @param customer  whose account an operator looks at with it; undefined: the one that is worked for
 * @param signal  ends the request from outside
 * @return the decoded answer, or null for one without a body
 */
export async function request(method, path, options = {}) {
	for (;;) {
		try {
			return await send(method, path, options);
		} catch (error) {
			if (error.code !== "proof_required" || !(await askForProof()) || options.signal?.aborted)
				throw error;
		}
	}
}

async function send(method, path, { body, signal, anonymous = false, customer }) {
	const headers = { Accept: "application/json" };
	if (body !== undefined)
		headers["Content-Type"] = "application/json";
	if (customer !== undefined)
		headers["X-Ippo-Customer"] = String(customer);
	if (method !== "GET")
		headers["X-Ippo-Csrf"] = "1";

	const limit = new AbortController();
	const timer = setTimeout(() => limit.abort("timeout"), timeout_ms);
	const stop = () => limit.abort("stopped");
	signal?.addEventListener("abort", stop);
	try {
		const response = await fetch(path, {
			method,
			headers,
			body: body === undefined ? undefined : JSON.stringify(body),
			credentials: "same-origin",
			cache: "no-store",
			signal: limit.signal,
		});
		noteClock(response);
		if (!response.ok) {
			const error = await errorOf(response);
			if (response.status === 401 && !anonymous)
				whenUnauthorized();
			throw error;
		}
		if (response.status === 204)
			return null;
		return await response.json();
	} catch (error) {
		if (error instanceof ApiError)
			throw error;
		if (limit.signal.aborted)
			throw new ApiError(limit.signal.reason === "timeout" ? "timeout" : "stopped", "");
		if (error instanceof SyntaxError)
			throw new ApiError("bad_answer", error.message);
		throw new ApiError("network", "");
	} finally {
		clearTimeout(timer);
		signal?.removeEventListener("abort", stop);
	}
}

export const get = (path, options) => request("GET", path, options);

const page_size = 50;

/** Every page of a list, in turn: all that stands under `key`. */
export async function getEvery(path, key, options) {
	const found = [];
	for (let page = 1; page !== null;) {
		const answer = await get(`${path}${path.includes("?") ? "&" : "?"}page=${page}&per_page=${page_size}`, options);
		found.push(...answer[key]);
		page = answer.meta.pagination.next_page;
	}
	return found;
}

export const post = (path, body, options) => request("POST", path, { ...options, body });
export const put = (path, body, options) => request("PUT", path, { ...options, body });
export const remove = (path, options) => request("DELETE", path, options);
