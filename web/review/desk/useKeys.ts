// The desk's keys, for as long as it is there.

import { useEffect } from "preact/hooks";
import { type Acts, actOf } from "./acts";
import { isKept, targetOf } from "./keys";

const isBoxOpen = () => document.querySelector("dialog[open]") !== null;

export function useKeys(acts: Acts) {
  useEffect(() => {
    const onDown = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || isBoxOpen()) return;
      if (isKept(targetOf(event.target), event.key)) return;
      const act = actOf(acts, event.key);
      if (!act) return;
      event.preventDefault();
      if (!event.repeat || event.key === "," || event.key === ".") act();
    };
    // Firefox presses a button that has the focus when Space comes up, whatever became of its going down.
    const onUp = (event: KeyboardEvent) => {
      if (event.key === " " && !isBoxOpen() && !isKept(targetOf(event.target), " ")) event.preventDefault();
    };
    // A pointer presses a button and leaves the focus where it was, so that the next key is the film's.
    const onPress = (event: MouseEvent) => {
      if (isBoxOpen() || !(event.target instanceof Element) || !event.target.closest("button")) return;
      event.preventDefault();
      if (document.activeElement instanceof HTMLButtonElement) document.activeElement.blur();
    };
    addEventListener("keydown", onDown);
    addEventListener("keyup", onUp);
    addEventListener("mousedown", onPress);
    return () => {
      removeEventListener("keydown", onDown);
      removeEventListener("keyup", onUp);
      removeEventListener("mousedown", onPress);
    };
  }, [acts]);
}
