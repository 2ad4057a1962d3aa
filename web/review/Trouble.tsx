// What went wrong, in the words of the program that knows it.

import type { Failure } from "../shared/ask";

export function Trouble({ of }: { of: Failure | null }) {
  if (!of || of.kind === "aborted") return null;
  return (
    <p class="problem" role="alert">
      {of.text}
    </p>
  );
}
