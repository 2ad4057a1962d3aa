// Clips that the hub prepares or has ready to be given: other pages lead back to them, and whoever looks elsewhere is
// called once.

import { effect, signal } from "@preact/signals";
import { get } from "../../shared/api";
import type { Offer } from "../../shared/wire";
import { go, hubNow, offersChanged, path, ring } from "../state";
import { call } from "../toast";
import { lineOf, news } from "./words";

export const offers = signal<readonly Offer[]>([]);
const called = new Set<string>();

// Its page shows it: nobody needs to be called to it.
export const looked = (offer: string) => void called.add(offer);

export async function askOffers() {
  if (!ring.value) return;
  const found = await get<Offer[]>("/giving/offers");
  if (found.ok) offers.value = found.value;
}

export function callWhenReady() {
  effect(() => {
    if (offersChanged.value === 0) return;
    void askOffers().then(() => {
      for (const offer of news(offers.value, path.value, hubNow(), called)) {
        called.add(offer.id);
        const { text, link } = lineOf(offer);
        call(text, link ?? "Look at it", () => go(`/give/${offer.clip}`));
      }
    });
  });
}
