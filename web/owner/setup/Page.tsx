// First start: the owner's key is made here, in the browser, and written down before anything is recorded.

import { useMemo } from "preact/hooks";
import type { Failure } from "../../shared/api";
import { NewPassphrase, RecoverySheet } from "../secrets";
import { Field, Mark, Trouble, useTitle, Wait } from "../ui";
import { doors } from "./doors";
import { type Founder, founder } from "./founder";
import { type Check, type Form, known, type NewKey, nameOf, numberOf, type SetUp as SetUpNow } from "./steps";

export function SetUp({ codeNeeded }: { codeNeeded: boolean }) {
  useTitle("Welcome");
  const setUp = useMemo(() => {
    const code = new URLSearchParams(location.search).get("setup") ?? "";
    return founder(code, codeNeeded, doors());
  }, [codeNeeded]);
  const now = setUp.now.value;
  return (
    <main class="narrow">
      <p class="brand large no-print">
        <Mark /> Nightlatch
        <span class="grow" />
        <small>Step {numberOf(now.at)} of 3</small>
      </p>
      <StepNow setUp={setUp} now={now} codeNeeded={codeNeeded} />
    </main>
  );
}

function StepNow({ setUp, now, codeNeeded }: { setUp: Founder; now: SetUpNow; codeNeeded: boolean }) {
  switch (now.at.step) {
    case "welcome":
      return <Welcome setUp={setUp} form={now.form} failure={now.at.failure} codeNeeded={codeNeeded} />;
    case "sheet":
      return <Sheet setUp={setUp} household={nameOf(now.form)} made={now.at.key} />;
    case "check":
      return <ThreeWords setUp={setUp} at={now.at} isBusy={false} />;
    case "finishing":
      return <ThreeWords setUp={setUp} at={now.at.check} isBusy />;
  }
}

interface WelcomeProps {
  setUp: Founder;
  form: Form;
  failure: Failure | null;
  codeNeeded: boolean;
}

function Welcome({ setUp, form, failure, codeNeeded }: WelcomeProps) {
  const make = async (event: Event) => {
    event.preventDefault();
    await setUp.make();
    if (setUp.now.value.at.step === "sheet") scrollTo(0, 0);
  };
  return (
    <form onSubmit={make}>
      <h1>The camera cloud that locks from the inside</h1>
      <p class="lead">
        What your cameras record is sealed before it touches a disk. Only a key that is made now, in this browser, opens
        it: not the hub, not the cloud, not us.
      </p>
      <Field label="What is this home called?">
        <input
          data-testid="setup-name"
          value={form.name}
          placeholder="Home"
          maxLength={80}
          onInput={(e) => setUp.write({ name: e.currentTarget.value })}
        />
      </Field>
      <NewPassphrase
        label="Passphrase"
        testid="setup-passphrase"
        repeatTestid="setup-repeat"
        chosen={{ ...form, known: known(form) }}
        set={setUp.write}
      />
      {codeNeeded && (
        <Field label="Set-up code" hint="It is in the address that the hub printed when it started.">
          <input
            data-testid="setup-code"
            value={form.code}
            onInput={(e) => setUp.write({ code: e.currentTarget.value })}
          />
        </Field>
      )}
      <Trouble of={failure} />
      <button type="submit" class="main big" data-testid="setup-continue">
        Make my key
      </button>
    </form>
  );
}

function Sheet({ setUp, household, made }: { setUp: Founder; household: string; made: NewKey }) {
  const check = () => {
    setUp.check();
    scrollTo(0, 0);
  };
  return (
    <>
      <h1 class="no-print">Your recovery sheet</h1>
      <p class="lead no-print">
        If you forget the passphrase, these 24 words are the only other way in. Nobody can reset it for you. Write them
        down or print them; you will be asked for three.
      </p>
      <RecoverySheet words={made.words} household={household} recipient={made.recipient} />
      <button type="button" class="main big no-print" data-testid="setup-continue" onClick={check}>
        I have it on paper
      </button>
    </>
  );
}

function ThreeWords({ setUp, at, isBusy }: { setUp: Founder; at: Check; isBusy: boolean }) {
  const finish = (event: Event) => {
    event.preventDefault();
    void setUp.finish();
  };
  return (
    <form onSubmit={finish}>
      <h1>Three words from your sheet</h1>
      <p class="lead">To be sure that it is on paper and not only on this screen.</p>
      {at.asked.map((index, n) => (
        <Field key={index} label={`Word ${index + 1}`}>
          <input
            data-testid={`recovery-check-${n}`}
            data-word-index={index}
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            value={at.typed[index] ?? ""}
            onInput={(e) => setUp.type(index, e.currentTarget.value)}
          />
        </Field>
      ))}
      <Trouble of={at.failure} />
      <div class="row">
        <button type="submit" class="main" data-testid="setup-finish" disabled={isBusy}>
          Start recording
        </button>
        <button type="button" class="quiet" disabled={isBusy} onClick={setUp.showAgain}>
          Show the sheet again
        </button>
      </div>
      {isBusy && <Wait text="Locking your key with the passphrase. This takes a second on purpose." />}
    </form>
  );
}
