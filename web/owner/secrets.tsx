// What the owner keeps secret, as several pages ask for it and show it: a new passphrase, the recovery sheet.

import { useEffect, useMemo, useState } from "preact/hooks";
import { encode } from "uqr";
import { attempt } from "../shared/api";
import { download } from "./download";
import { judge } from "./judge";
import { BITS, type Chosen, fiveWords, isTooShort, type Strength, strength } from "./passphrase";
import { Mark, Secret } from "./ui";

interface NewPassphraseProps {
  label: string;
  chosen: Chosen;
  set: (part: Partial<Chosen>) => void;
  testid: string; // of the first field; that of the second is `repeatTestid`
  repeatTestid: string;
}

// Typed twice, and judged while it is typed; or five words that chance chooses.
export function NewPassphrase({ label, chosen, set, testid, repeatTestid }: NewPassphraseProps) {
  const judged = useStrength(chosen);
  return (
    <>
      <Secret
        label={label}
        testid={testid}
        autocomplete="new-password"
        value={chosen.passphrase}
        onInput={(passphrase) => set({ passphrase })}
        hint={judged.text}
        meter={chosen.passphrase ? judged.level : undefined}
      />
      <FiveWords use={(passphrase) => set({ passphrase, repeat: "" })} />
      <Secret
        label="Type it again"
        testid={repeatTestid}
        autocomplete="new-password"
        value={chosen.repeat}
        onInput={(repeat) => set({ repeat })}
      />
    </>
  );
}

const UNTYPED: Strength = strength("", { guesses: 0, why: null });

function useStrength({ passphrase, known }: Chosen): Strength {
  const [judged, setJudged] = useState(UNTYPED);
  useEffect(() => {
    if (isTooShort(passphrase)) return setJudged(UNTYPED);
    let isStale = false;
    void judge(passphrase, known).then((found) => {
      if (isStale) return;
      setJudged(found.ok ? strength(passphrase, found.value) : { level: 0, text: found.text });
    });
    return () => {
      isStale = true;
    };
  }, [passphrase, known.join("\n")]);
  return judged;
}

function FiveWords({ use }: { use: (words: string) => void }) {
  const [words, setWords] = useState<string | null>(null);
  const [copied, setCopied] = useState<string | null>(null);
  const offer = () => {
    const drawn = fiveWords((numbers) => crypto.getRandomValues(numbers));
    setWords(drawn);
    setCopied(null);
    use(drawn);
  };
  const copy = async () => {
    const done = await attempt(() => navigator.clipboard.writeText(words ?? ""));
    setCopied(done.ok ? "Copied." : "This browser does not let the page copy. Select the words instead.");
  };
  return (
    <div class={words ? "offer" : ""}>
      {words && (
        <>
          <output class="words" data-testid="five-words-shown">
            {words}
          </output>
          <p class="fine">
            Drawn by chance in this browser, {BITS} bits. Write them down or keep them in a password manager, then type
            them again below.
          </p>
        </>
      )}
      <div class="row">
        <button key="offer" type="button" class="quiet" data-testid="five-words" onClick={offer}>
          {words ? "Another five" : "Use five random words"}
        </button>
        {words && (
          <button type="button" onClick={() => void copy()}>
            Copy
          </button>
        )}
        <span role="status">{copied}</span>
      </div>
    </div>
  );
}

export function RecoverySheet(props: { words: string[]; household: string; recipient: string }) {
  const { words, household, recipient } = props;
  const printed = new Date().toLocaleDateString(undefined, { dateStyle: "long" });
  const numbered = words.map((word, i) => `${i + 1}. ${word}`).join("\n");
  const save = () => {
    download("nightlatch-recovery-sheet.txt", `Nightlatch recovery sheet: ${household}\n\n${numbered}\n`);
  };
  return (
    <section class="sheet" aria-label="Recovery sheet">
      <h2>
        <Mark /> Recovery sheet: {household}
      </h2>
      <div class="sheet-body">
        <ol>
          {words.map((word, i) => (
            <li key={i} data-testid="recovery-word">
              {word}
            </li>
          ))}
        </ol>
        <Code text={words.join(" ")} />
      </div>
      <p class="print-only">
        Anyone who has these words can open everything that this household records. Keep this sheet where you keep your
        passports. Public key: <code>{recipient}</code>. Printed on {printed}.
      </p>
      <div class="row no-print">
        <button type="button" onClick={() => print()}>
          Print
        </button>
        <button type="button" class="quiet" onClick={save}>
          Save as a text file
        </button>
      </div>
    </section>
  );
}

function Code({ text }: { text: string }) {
  const { size, data } = useMemo(() => encode(text, { ecc: "M" }), [text]);
  const dots = data.flatMap((row, y) => row.map((isOn, x) => (isOn ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  return (
    <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label="The same 24 words as a QR code">
      <rect width={size} height={size} fill="#fff" />
      <path d={dots} fill="#000" />
    </svg>
  );
}
