// "Not right?": the owner's own remark on a clip.

import { useEffect, useMemo } from "preact/hooks";
import { remarkDoors } from "./doors";
import { remark } from "./remarks";

const RIGHT: [string, string][] = [
  ["threat", "A threat"],
  ["help", "Help needed"],
  ["routine", "Daily life"],
  ["nothing", "Nothing there"],
];

export function Remark({ clip, after }: { clip: string; after: Promise<void> }) {
  const mine = useMemo(() => remark(clip, remarkDoors()), [clip]);
  useEffect(() => void after.then(mine.load), [mine]);
  const { isOpen, said } = mine.at.value;
  if (!isOpen) {
    return (
      <button type="button" class="quiet" data-testid="remark-open" onClick={mine.open}>
        Not right?
      </button>
    );
  }
  return (
    <div class="remark" data-testid="remark">
      <span>It was</span>
      <div class="segmented" role="group" aria-label="What it was">
        {RIGHT.map(([right, name]) => (
          <button
            key={right}
            type="button"
            aria-pressed={said?.right === right}
            onClick={() => void mine.keep({ right })}
          >
            {name}
          </button>
        ))}
      </div>
      <input
        aria-label="Your note"
        placeholder="A note for yourself"
        maxLength={500}
        value={said?.note ?? ""}
        onChange={(e) => void mine.keep({ note: e.currentTarget.value })}
      />
      <small>Stays at home, sealed to your key.</small>
    </div>
  );
}
