// The owner's own remark on a clip.

import { useEffect, useState } from "preact/hooks";
import { ApiError, put, sealed } from "../../shared/throwing";
import { opener, say } from "../state";

const RIGHT: [string, string][] = [
  ["threat", "A threat"],
  ["routine", "Daily life"],
  ["nothing", "Nothing there"],
];

// "Not right?": a remark kept at home, sealed in this browser to the owner's own key.
export function Remark({ clip }: { clip: string }) {
  const [said, setSaid] = useState<{ right: string; note: string } | null>(null);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    let gone = false;
    setSaid(null);
    setOpen(false);
    void (async () => {
      try {
        const found = await sealed(`/clips/${clip}/remark`);
        if (!found || !opener.value) return;
        const opened = JSON.parse(new TextDecoder().decode(await opener.value.open(found.bytes))) as {
          right: string;
          note: string;
        };
        if (!gone) setSaid(opened);
      } catch (error) {
        if (!gone && !(error instanceof ApiError)) say("The remark on this clip cannot be opened.");
      }
    })();
    return () => {
      gone = true;
    };
  }, [clip]);
  const keep = async (next: { right: string; note: string }) => {
    const had = said;
    setSaid(next);
    try {
      if (!opener.value) throw new Error("Sign in first.");
      await put(`/clips/${clip}/remark`, await opener.value.seal(new TextEncoder().encode(JSON.stringify(next))));
    } catch (error) {
      setSaid(had);
      say((error as Error).message);
    }
  };
  if (!open && !said) {
    return (
      <button type="button" class="quiet" data-testid="remark-open" onClick={() => setOpen(true)}>
        Not right?
      </button>
    );
  }
  return (
    <div class="remark" data-testid="remark">
      <span>It was</span>
      <div class="segmented" role="group" aria-label="What it was">
        {RIGHT.map(([value, name]) => (
          <button
            key={value}
            type="button"
            aria-pressed={said?.right === value}
            onClick={() => void keep({ right: value, note: said?.note ?? "" })}
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
        onChange={(e) => void keep({ right: said?.right ?? "", note: e.currentTarget.value })}
      />
      <small>Stays at home, sealed to your key.</small>
    </div>
  );
}
