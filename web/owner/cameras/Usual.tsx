// When somebody is usually here: 24 hours as a small strip, of the last 14 days.

import { useEffect, useRef, useState } from "preact/hooks";
import { type Failure, get } from "../../shared/api";
import type { Habits } from "../../shared/wire";
import { useWidth } from "../timeline/Strip";
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
      {places?.map((place) => (
        <Strip key={place.name} place={place} />
      ))}
      <p class="fine">
        {habits && !places ? tooFew(habits) : "Of the last 14 days."} {KEPT}
      </p>
    </section>
  );
}

const KEPT = "Kept at home, never sent.";
const HIGH = 44;

function Strip({ place: { name, shares } }: { place: UsualPlace }) {
  const box = useRef<HTMLElement>(null);
  const width = useWidth(box, 200, 520);
  const step = width / 24;
  return (
    <figure class="usual" ref={box}>
      {name && <figcaption class="fine">{name}</figcaption>}
      <svg viewBox={`0 0 ${width} ${HIGH + 16}`} role="img" aria-label={`${name ?? "Anywhere"}. ${inWords(shares)}`}>
        <rect class="bed" width={width} height={HIGH} rx="6" />
        {shares.map((share, hour) => (
          <rect
            key={hour}
            class="there"
            x={hour * step + 1}
            width={step - 2}
            y={HIGH * (1 - share)}
            height={HIGH * share}
            rx="3"
          />
        ))}
        {[0, 6, 12, 18, 24].map((hour) => (
          <text key={hour} x={hour * step} y={HIGH + 13} text-anchor={hour === 24 ? "end" : hour ? "middle" : "start"}>
            {String(hour).padStart(2, "0")}
          </text>
        ))}
      </svg>
      <small>{inWords(shares)}</small>
    </figure>
  );
}
