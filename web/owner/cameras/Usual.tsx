// When somebody is usually here: 24 hours as a small strip, of the last 14 days.

import { useEffect, useState } from "preact/hooks";
import { type Failure, get } from "../../shared/api";
import type { Habits } from "../../shared/wire";
import { Trouble } from "../ui";
import { inWords, tooFew, type UsualPlace, usualPlaces } from "./hours";

export function UsualHours({ id }: { id: string }) {
  const [habits, setHabits] = useState<Habits | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  useEffect(() => {
    void get<Habits>(`/cameras/${id}/habits`).then((found) => {
      if (found.ok) setHabits(found.value);
      else setFailure(found);
    });
  }, [id]);
  const places = habits && usualPlaces(habits);
  return (
    <section data-testid="habits">
      <h2>When somebody is usually here</h2>
      <Trouble of={failure} isPlain />
      {habits && !places && <p class="fine">{tooFew(habits)}</p>}
      {places?.map((place) => (
        <Strip key={place.name} place={place} />
      ))}
      <p class="fine">Of the last 14 days. Kept at home, never sent.</p>
    </section>
  );
}

const STEP = 15; // of an hour; units of the drawing
const HIGH = 30;

function Strip({ place: { name, shares } }: { place: UsualPlace }) {
  return (
    <figure class="usual">
      {name && <figcaption class="fine">{name}</figcaption>}
      <svg
        viewBox={`0 0 ${24 * STEP} ${HIGH + 14}`}
        role="img"
        aria-label={`${name ?? "Anywhere"}. ${inWords(shares)}`}
      >
        <rect class="bed" width={24 * STEP} height={HIGH} rx="4" />
        {shares.map((share, hour) => (
          <rect
            key={hour}
            class="there"
            x={hour * STEP + 1}
            width={STEP - 2}
            y={HIGH * (1 - share)}
            height={HIGH * share}
            rx="2"
          />
        ))}
        {[0, 6, 12, 18, 24].map((hour) => (
          <text key={hour} x={hour * STEP} y={HIGH + 11} text-anchor={hour === 24 ? "end" : hour ? "middle" : "start"}>
            {String(hour).padStart(2, "0")}
          </text>
        ))}
      </svg>
      <small>{inWords(shares)}</small>
    </figure>
  );
}
