// The words of a label as buttons, each with its key and, under the pointer, its meaning.

import { GUIDE } from "../guide";
import { type Choice, HAPPENINGS, HIDDEN, type Label, SUBJECTS, VERDICTS } from "../label";
import type { Acts } from "./acts";

export function Words({ label, acts }: { label: Label; acts: Acts }) {
  return (
    <>
      <Group name="Who or what" of={SUBJECTS} acts={acts} chosen={label.subjects} />
      <Group name="What happens" of={HAPPENINGS} acts={acts} chosen={label.happenings} />
      <Group name="Verdict" of={VERDICTS} acts={acts} chosen={label.verdict ? [label.verdict] : []} isVerdict />
      <fieldset class="group instead">
        <legend class="unseen">Instead of all that</legend>
        <Chip of={HIDDEN} acts={acts} isOn={label.hidden} />
      </fieldset>
    </>
  );
}

interface GroupProps {
  name: string;
  of: Choice[];
  acts: Acts;
  chosen: string[];
  isVerdict?: boolean;
}

function Group({ name, of, acts, chosen, isVerdict }: GroupProps) {
  return (
    <fieldset class={isVerdict ? "group verdicts" : "group"}>
      <legend>{name}</legend>
      {of.map((each) => (
        <Chip key={each.word} of={each} acts={acts} isOn={chosen.includes(each.word)} isVerdict={isVerdict} />
      ))}
    </fieldset>
  );
}

interface ChipProps {
  of: Choice;
  acts: Acts;
  isOn: boolean;
  isVerdict?: boolean | undefined;
}

function Chip({ of: { word, key, name }, acts, isOn, isVerdict }: ChipProps) {
  return (
    <button
      type="button"
      class={isVerdict ? `chip ${word}` : "chip"}
      aria-pressed={isOn}
      onClick={acts[key]}
      title={GUIDE[word].means}
      data-testid={`say-${word}`}
    >
      <kbd>{key.toUpperCase()}</kbd> {name}
    </button>
  );
}
