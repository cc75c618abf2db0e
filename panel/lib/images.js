// The images that servers are made from, for operators of the service.

import { get, getEvery, post } from "./api.js";

export const readImages = () => getEvery("/v1/images?sort=name:asc&type=system&type=app", "images");
export const readImage = async (id) => (await get(`/v1/images/${id}`)).image;
export const checkUpdates = async (id) => (await post(`/v1/images/${id}/actions/check_updates`)).image;
