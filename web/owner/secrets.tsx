// What the owner keeps secret, as several pages ask for it and show it: a new passphrase, the recovery sheet.

import { useMemo } from "preact/hooks";
import { encode } from "uqr";
import { download } from "./download";
import { strength } from "./passphrase";
import { Mark, Secret } from "./ui";

export function NewPassphrase(props: { label: string; value: string; onInput: (v: string) => void; testid: string }) {
  const { level, text } = strength(props.value);
  return (
    <Secret
      label={props.label}
      testid={props.testid}
      autocomplete="new-password"
      value={props.value}
      onInput={props.onInput}
      hint={text}
      meter={props.value ? level : undefined}
    />
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
