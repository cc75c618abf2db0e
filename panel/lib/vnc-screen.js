// A server's screen and keyboard by noVNC, on a connection that is made elsewhere. Loaded, with
// noVNC, when a screen is opened.

import RFB from "../vendor/novnc/core/rfb.js";
import { initLogging } from "../vendor/novnc/core/util/logging.js";

initLogging("error");

/** What noVNC takes for a WebSocket: the part of ours after the greeting. */
class Channel {
	constructor(link) {
		this.link = link;
		this.binaryType = "arraybuffer";
		this.protocol = "binary";
		this.readyState = "open";
		this.onopen = null;
		this.onmessage = null;
		this.onerror = null;
		this.onclose = null;
	}

	send(data) {
		// noVNC uses its buffer again; a WebSocket copies it.
		this.link.send(data);
	}

	/** noVNC wants to end it: what follows is the link's to decide. */
	close() {
		this.readyState = "closed";
	}
}

export class VncScreen {
	/**
	 * @param link        an open ConsoleLink
	 * @param whenShown   once the screen is there
	 * @param whenFailed  (text) when the other side speaks no RFB that noVNC knows
	 */
	constructor(host, link, { viewOnly, isScaled, label, describedBy, whenShown, whenFailed }) {
		this.channel = new Channel(link);
		this.isGone = false;
		this.isShown = false;
		this.rfb = new RFB(host, this.channel, { shared: true });
		this.rfb.viewOnly = viewOnly;
		this.rfb.scaleViewport = isScaled;
		this.rfb.background = "transparent";
		this.rfb.addEventListener("connect", () => {
			this.isShown = true;
			whenShown();
		});
		this.rfb.addEventListener("disconnect", () => {
			if (!this.isGone) {
				this.isGone = true;
				whenFailed();
			}
		});
		this.canvas = host.querySelector("canvas");
		this.canvas.tabIndex = viewOnly ? -1 : 0;
		this.canvas.setAttribute("role", viewOnly ? "img" : "application");
		this.canvas.setAttribute("aria-label", label);
		if (!viewOnly)
			this.canvas.setAttribute("aria-describedby", describedBy);
		// A key that is held while the focus goes elsewhere must not stay down in the guest.
		this.canvas.addEventListener("blur", () => this.releaseAll());
	}

	set label(text) {
		this.canvas.setAttribute("aria-label", text);
	}

	set isScaled(value) {
		this.rfb.scaleViewport = value;
	}

	take(data) {
		this.channel.onmessage?.({ data });
	}

	/** noVNC lets go of every key when the window loses the focus. */
	releaseAll() {
		dispatchEvent(new Event("blur"));
	}

	key(keysym, code, down) {
		if (this.isGone || !this.isShown)
			return false;
		this.rfb.sendKey(keysym, code, down);
		return true;
	}

	/** @param keys  [{keysym, code}], pressed in this order and let go in reverse */
	chord(keys) {
		for (const { keysym, code } of keys)
			this.key(keysym, code, true);
		for (const { keysym, code } of [...keys].reverse())
			this.key(keysym, code, false);
	}

	focus() {
		this.rfb.focus({ preventScroll: true });
	}

	/** The connection has gone, or is given up. */
	dispose() {
		if (this.isGone)
			return;
		this.isGone = true;
		this.channel.readyState = "closed";
		this.rfb.disconnect();
		this.channel.onclose?.({ code: 1000, reason: "" });
	}
}
