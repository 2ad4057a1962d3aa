// On other pages: what is being prepared to be given, and the way back to it.

import { useEffect } from "preact/hooks";
import { offersChanged } from "../state";
import { Link } from "../ui";
import { askOffers, offers } from "./underway";
import { lineOf } from "./words";

// `clip`: only what is on its way of this one.
export function OffersUnderway({ clip }: { clip?: string }) {
  useEffect(() => void askOffers(), [offersChanged.value]);
  const shown = offers.value.filter((offer) => !clip || offer.clip === clip);
  if (shown.length === 0) return null;
  return (
    <div class="underway" role="status" data-testid="underway">
      {shown.map((offer) => {
        const { text, link } = lineOf(offer);
        return (
          <p key={offer.id} class="note">
            <span>{text}</span>
            <Link href={`/give/${offer.clip}`} class="button" data-testid="underway-look">
              {link}
            </Link>
          </p>
        );
      })}
    </div>
  );
}
