// What opens with `?`: what every word means, with examples, and every key.

import { useState } from "preact/hooks";
import { GUIDE } from "../guide";
import { CONTROLS, keyName } from "../keys";
import { type Choice, HAPPENINGS, HIDDEN, SUBJECTS, VERDICTS } from "../label";
import { Box } from "./Boxes";

const GROUPS: [string, Choice[]][] = [
  ["Verdict", [...VERDICTS, HIDDEN]],
  ["Who or what", SUBJECTS],
  ["What happens", HAPPENINGS],
];

export function GuideBox({ close }: { close: () => void }) {
  const [isKeys, setKeys] = useState(false);
  return (
    <Box title="What the words mean" close={close} isWide>
      <div class="tabs" role="group" aria-label="Show">
        <button type="button" class="chip" aria-pressed={!isKeys} onClick={() => setKeys(false)}>
          Words
        </button>
        <button type="button" class="chip" aria-pressed={isKeys} onClick={() => setKeys(true)} data-testid="guide-keys">
          Keys
        </button>
      </div>
      <section class="pages" aria-label={isKeys ? "Keys" : "Words"} data-testid="guide">
        {isKeys ? <Keys /> : GROUPS.map(([name, words]) => <Group key={name} name={name} words={words} />)}
      </section>
      <form method="dialog">
        <button type="submit" class="main" autofocus>
          Back
        </button>
      </form>
    </Box>
  );
}

function Group({ name, words }: { name: string; words: Choice[] }) {
  return (
    <>
      <h3>{name}</h3>
      <dl class="meanings">
        {words.map(({ word, key, name: said }) => (
          <div key={word}>
            <dt>
              {said} <kbd>{key.toUpperCase()}</kbd>
            </dt>
            <dd>
              {GUIDE[word].means} <em>{GUIDE[word].example}</em> {GUIDE[word].not}
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function Keys() {
  return (
    <>
      <dl class="keys">
        {CONTROLS.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{keyName(key)}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <p class="fine">
        Keys go to the film wherever the focus is. A button that you reached with Tab is pressed with Enter; arrows move
        the slider.
      </p>
    </>
  );
}
