// First start: the owner's key is made here, in the browser, and written down before anything is recorded.

import { useMemo, useState } from "preact/hooks";
import { encode } from "uqr";
import { type Bytes, b64, utf8 } from "../../shared/bytes";
import { lockedKeys, newKdf, newRoot, recipientOf, signingPublic, stretch, words, wrap } from "../../shared/keys";
import { send } from "../../shared/throwing";
import { unlock } from "../state";
import { Field, Mark, Problem, Secret, useTitle, Wait } from "../ui";

export const SHORTEST = 10;

// How hard a passphrase is to guess, 0 to 3, and what to say about it.
export function strength(passphrase: string): { level: 0 | 1 | 2 | 3; text: string } {
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^\w]/].filter((r) => r.test(passphrase)).length;
  const distinct = new Set(passphrase).size;
  if (passphrase.length < SHORTEST)
    return { level: 0, text: `At least ${SHORTEST} characters. Four or five random words are good and easy to keep.` };
  if (distinct < 6) return { level: 1, text: "Long enough, but easy to guess." };
  if (passphrase.length >= 20 || (passphrase.length >= 14 && kinds >= 3)) return { level: 3, text: "Strong." };
  return { level: 2, text: "Fair. A few more words make it strong." };
}

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

export function deviceName(): string {
  const agent = navigator.userAgent;
  const system = /iPhone|iPad|Android|Windows|Mac OS|CrOS|Linux/.exec(agent)?.[0] ?? "a device";
  const browser =
    /Firefox|Edg|Chrom|Safari/.exec(agent)?.[0]?.replace("Edg", "Edge").replace("Chrom", "Chrome") ?? "Browser";
  return `${browser} on ${system}`;
}

export function RecoverySheet(props: { words: string[]; household: string; recipient: string }) {
  const now = new Date().toLocaleDateString(undefined, { dateStyle: "long" });
  const qr = useMemo(() => encode(props.words.join(" "), { ecc: "M" }), [props.words]);
  const path = qr.data.flatMap((row, y) => row.map((on, x) => (on ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  const download = () => {
    const text = `Nightlatch recovery sheet: ${props.household}\n\n${props.words.map((w, i) => `${i + 1}. ${w}`).join("\n")}\n`;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    link.download = "nightlatch-recovery-sheet.txt";
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <section class="sheet" aria-label="Recovery sheet">
      <h2>
        <Mark /> Recovery sheet: {props.household}
      </h2>
      <div class="sheet-body">
        <ol>
          {props.words.map((word, i) => (
            <li key={i} data-testid="recovery-word">
              {word}
            </li>
          ))}
        </ol>
        <svg viewBox={`0 0 ${qr.size} ${qr.size}`} role="img" aria-label="The same 24 words as a QR code">
          <rect width={qr.size} height={qr.size} fill="#fff" />
          <path d={path} fill="#000" />
        </svg>
      </div>
      <p class="print-only">
        Whoever has these words can open everything that this household records. Keep this sheet where you keep your
        passports. Public key: <code>{props.recipient}</code>. Printed on {now}.
      </p>
      <div class="row no-print">
        <button type="button" onClick={() => print()}>
          Print
        </button>
        <button type="button" class="quiet" onClick={download}>
          Save as a text file
        </button>
      </div>
    </section>
  );
}

type Step = "welcome" | "sheet" | "check" | "finishing";

export function SetUp({ codeNeeded }: { codeNeeded: boolean }) {
  useTitle("Welcome");
  const [step, setStep] = useState<Step>("welcome");
  const [name, setName] = useState("");
  const [passphrase, setPassphrase] = useState("");
  const [repeat, setRepeat] = useState("");
  const [code, setCode] = useState(new URLSearchParams(location.search).get("setup") ?? "");
  const [problem, setProblem] = useState<string | null>(null);
  const [made, setMade] = useState<{ root: Bytes; words: string[]; recipient: string } | null>(null);
  const [asked, setAsked] = useState<number[]>([]);
  const [typed, setTyped] = useState<Record<number, string>>({});

  const make = async (event: Event) => {
    event.preventDefault();
    if (passphrase.length < SHORTEST) return setProblem(`The passphrase needs at least ${SHORTEST} characters.`);
    if (passphrase !== repeat) return setProblem("The two passphrases differ. Type the second one again.");
    setProblem(null);
    const root = newRoot();
    setMade({ root, words: words(root), recipient: await recipientOf(root) });
    setStep("sheet");
    scrollTo(0, 0);
  };

  const check = () => {
    const picks = new Set<number>();
    while (picks.size < 3) picks.add(Math.floor((crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32) * 24));
    setAsked([...picks].sort((a, b) => a - b));
    setTyped({});
    setProblem(null);
    setStep("check");
    scrollTo(0, 0);
  };

  const finish = async (event: Event) => {
    event.preventDefault();
    if (!made) return;
    const wrong = asked.find((i) => (typed[i] ?? "").trim().toLowerCase() !== made.words[i]);
    if (wrong !== undefined) return setProblem(`Word ${wrong + 1} is another one. Look at your sheet again.`);
    setProblem(null);
    setStep("finishing");
    try {
      const kdf = newKdf();
      const stretched = await stretch(passphrase, kdf);
      const answer = await send<{ household: { id: string }; hub_key: string }>("POST", "/household", {
        ...(codeNeeded ? { setup_code: code } : {}),
        name: name.trim() || "Home",
        kdf,
        login_key: b64(stretched.loginKey),
        wrapped_root: await wrap(made.root, stretched.wrapKey),
        recipient: made.recipient,
        signing_key: await signingPublic(made.root),
        device_name: deviceName(),
      });
      const { sign } = await lockedKeys(made.root);
      const statement = utf8(`nightlatch enrol v1\n${answer.household.id}\n${answer.hub_key}`);
      const signature = b64(new Uint8Array(await crypto.subtle.sign("Ed25519", sign, statement)));
      await send("POST", "/household/enrolment", { signature });
      history.replaceState(null, "", "/");
      const done = await unlock(made.root);
      if (!done.ok) throw new Error(done.text);
    } catch (error) {
      setProblem((error as Error).message);
      setStep("check");
    }
  };

  return (
    <main class="narrow">
      <p class="brand large no-print">
        <Mark /> Nightlatch
        <span class="grow" />
        <small>Step {step === "welcome" ? 1 : step === "sheet" ? 2 : 3} of 3</small>
      </p>
      {step === "welcome" && (
        <form onSubmit={make}>
          <h1>The camera cloud that locks from the inside</h1>
          <p class="lead">
            What your cameras record is sealed before it touches a disk. Only a key that is made now, in this browser,
            opens it: not the hub, not the cloud, not us.
          </p>
          <Field label="What is this home called?">
            <input
              data-testid="setup-name"
              value={name}
              placeholder="Home"
              maxLength={80}
              onInput={(e) => setName(e.currentTarget.value)}
            />
          </Field>
          <NewPassphrase label="Passphrase" testid="setup-passphrase" value={passphrase} onInput={setPassphrase} />
          <Secret
            label="The same again"
            testid="setup-repeat"
            autocomplete="new-password"
            value={repeat}
            onInput={setRepeat}
          />
          {codeNeeded && (
            <Field label="Set-up code" hint="It is in the address that the hub printed when it started.">
              <input data-testid="setup-code" value={code} onInput={(e) => setCode(e.currentTarget.value)} />
            </Field>
          )}
          {problem && <Problem text={problem} />}
          <button type="submit" class="main big" data-testid="setup-continue">
            Make my key
          </button>
        </form>
      )}
      {step === "sheet" && made && (
        <>
          <h1 class="no-print">Your recovery sheet</h1>
          <p class="lead no-print">
            If you forget the passphrase, these 24 words are the only other way in. Nobody can reset it for you. Write
            them down or print them; you will be asked for three.
          </p>
          <RecoverySheet words={made.words} household={name.trim() || "Home"} recipient={made.recipient} />
          <button type="button" class="main big no-print" data-testid="setup-continue" onClick={check}>
            I have it on paper
          </button>
        </>
      )}
      {(step === "check" || step === "finishing") && (
        <form onSubmit={finish}>
          <h1>Three words from your sheet</h1>
          <p class="lead">To be sure that it is on paper and not only on this screen.</p>
          {asked.map((index, n) => (
            <Field key={index} label={`Word ${index + 1}`}>
              <input
                data-testid={`recovery-check-${n}`}
                data-word-index={index}
                autocomplete="off"
                autocapitalize="none"
                spellcheck={false}
                value={typed[index] ?? ""}
                onInput={(e) => setTyped({ ...typed, [index]: e.currentTarget.value })}
              />
            </Field>
          ))}
          {problem && <Problem text={problem} />}
          <div class="row">
            <button type="submit" class="main" data-testid="setup-finish" disabled={step === "finishing"}>
              Start recording
            </button>
            <button type="button" class="quiet" onClick={() => setStep("sheet")}>
              Show the sheet again
            </button>
          </div>
          {step === "finishing" && (
            <Wait text="Locking your key with the passphrase. This takes a second on purpose." />
          )}
        </form>
      )}
    </main>
  );
}
