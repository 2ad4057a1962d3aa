// Giving one clip: choose, hide people, play the film to its end, answer one question, sign.

import { useEffect, useMemo, useRef } from "preact/hooks";
import { Link, Problem, Trouble, useTitle, Wait } from "../ui";
import { Choose } from "./Choose";
import { doors } from "./doors";
import { type Giver, giverOf } from "./giver";
import { Heading } from "./Heading";
import { PreviewStep } from "./Preview";
import { Progress } from "./Progress";
import type { Hiding } from "./steps";
import { leftInWords } from "./words";

export function GivePage({ id }: { id: string }) {
  useTitle("Give a clip");
  const giving = useMemo(() => giverOf(id, doors), [id]);
  const before = useRef(""); // the step that was shown last
  useEffect(() => {
    void giving.open();
    return giving.leave;
  }, [giving]);
  const at = giving.at.value;
  const isFirst = before.current === "" || before.current === "opening";
  useEffect(() => {
    before.current = at.step;
  }, [at.step]);
  switch (at.step) {
    case "opening":
    case "given":
      return <Wait text="Opening the clip…" />;
    case "unopened":
      return <Trouble of={at.failure} />;
    case "unjoined":
      return <JoinFirst />;
    case "too-short":
      return (
        <Problem text="This clip is shorter than 20 seconds." todo="Only clips of 20 seconds or more can be given." />
      );
    case "choosing":
      return <Choose id={id} giving={giving} at={at} isFirst={isFirst} />;
    case "hiding":
      return <HidingStep giving={giving} at={at} />;
    case "previewing":
      return <PreviewStep key={at.preview.url} giving={giving} at={at} isBusy={false} />;
    case "signing":
      return <PreviewStep key={at.from.preview.url} giving={giving} at={at.from} isBusy />;
  }
}

function JoinFirst() {
  return (
    <div class="narrow empty">
      <h2>Join a programme first</h2>
      <p>Clips are given to one programme, which you choose.</p>
      <Link href="/giving" class="button main">
        Join a programme
      </Link>
    </div>
  );
}

const DOING: Record<Hiding["doing"], string> = {
  opening: "Opening the clip in this browser, and what the camera saw before it",
  hiding: "Hiding people",
  covering: "Covering what you marked",
};

function HidingStep({ giving, at }: { giving: Giver; at: Hiding }) {
  const isHere = at.doing === "opening"; // it ends with this page
  return (
    <div class="narrow wide give" data-testid="give-hiding">
      <Heading step={1}>{at.doing === "covering" ? "Covering" : "Hiding people"}</Heading>
      <p class="lead">
        {isHere
          ? "Keep Nightlatch open for this. After that, your own hub draws everybody anew."
          : "Your own hub does this; nothing leaves the house. You may leave this page: " +
            "it goes on without you, and you are told when it is ready."}
      </p>
      <Progress name={DOING[at.doing]} share={at.share} left={leftInWords(at.leftMs)} />
      {at.doing !== "covering" && (
        <div class="row">
          <button type="button" onClick={giving.stop} data-testid="give-stop">
            Stop
          </button>
          {!isHere && (
            <Link href="/" class="button quiet">
              Leave it running
            </Link>
          )}
        </div>
      )}
    </div>
  );
}
