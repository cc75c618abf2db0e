// Where whoever is signed in gets mail, and what is asked for by mail.

import { get, post, put, remove } from "./api.js";
import { language } from "./i18n.js";

/** {address, unconfirmed, language, available} */
export const readMail = async () => (await get("/v1/me/mail")).mail;
/** A link is sent there; the address counts when it was opened. Mails are in the panel's language of now. */
export const setMail = async (address) => (await put("/v1/me/mail", { address, language: language.peek() })).mail;
export const removeMail = () => remove("/v1/me/mail");

export const confirmMail = async (key) => (await post("/v1/mail_confirmations/redeem", { key }, { anonymous: true })).mail;
/** Answered the same whether there is such a person or not. @param name  a name or an address */
export const askForPasswordMail = (name) => post("/v1/password_resets/request", { name }, { anonymous: true });

/** Roughly what is an address: what it must be exactly the service says. */
export const looksLikeAddress = (text) => /^[^\s@]+@[^\s@]+$/.test(text);
