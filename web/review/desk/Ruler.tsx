// The clip's time line: what has come, the spans, the moment. A slider for pointers and screen readers alike.

import type { Span } from "../label";
import type { Roll } from "./playing";

interface RulerProps {
  at: number;
  length: number;
  began: number | null; // of a span that has no end yet
  spans: readonly Span[];
  film: Roll | null;
  seek: (ms: number) => void;
}

export function Ruler({ at, length, began, spans, film, seek }: RulerProps) {
  const x = (ms: number) => (1000 * Math.min(ms, length)) / length;
  return (
    <div class="ruler">
      <svg viewBox="0 0 1000 40" preserveAspectRatio="none" aria-hidden="true" data-testid="ruler">
        <rect class="bed" x="0" y="14" width="1000" height="12" rx="3" />
        <rect class="come" x="0" y="14" width={x(comeTo(film, length))} height="12" rx="3" />
        {spans.map(([from, to]) => (
          <Stretch key={from} from={x(from)} to={x(to)} />
        ))}
        {began !== null && <Stretch from={x(Math.min(began, at))} to={x(Math.max(began, at))} isOpen />}
        <rect class="cursor" x={Math.min(997, x(at))} y="2" width="3" height="36" />
      </svg>
      <input
        type="range"
        aria-label="Moment in the clip"
        min={0}
        max={length}
        step={40}
        value={at}
        onInput={(e) => seek(Number(e.currentTarget.value))}
        onKeyUp={(e) => e.currentTarget.blur()}
        onPointerUp={(e) => e.currentTarget.blur()}
      />
    </div>
  );
}

function Stretch({ from, to, isOpen }: { from: number; to: number; isOpen?: boolean }) {
  return (
    <rect class={isOpen ? "span open" : "span"} x={from} y="8" width={Math.max(3, to - from)} height="24" rx="3" />
  );
}

// Until when pictures are here.
function comeTo(film: Roll | null, length: number): number {
  if (!film) return 0;
  return film.here >= film.count ? length : film.timeOf(film.here - 1);
}
