// Who gets a key that is pressed: the film, wherever the focus is. A text field keeps all, a slider its arrows, and a
// button that was reached with Tab is pressed with Enter. Space always plays.

const ARROWS = /^(Arrow|Home|End|Page)/;

export interface KeyTarget {
  tag: string; // upper case
  type: string;
  isEditable: boolean;
}

export const targetOf = (target: EventTarget | null): KeyTarget | null =>
  target instanceof HTMLElement
    ? { tag: target.tagName, type: (target as HTMLInputElement).type ?? "", isEditable: target.isContentEditable }
    : null;

export function isKept(target: KeyTarget | null, key: string): boolean {
  if (!target) return false;
  if (target.isEditable || target.tag === "TEXTAREA" || target.tag === "SELECT") return true;
  if (target.tag === "INPUT") return target.type !== "range" || ARROWS.test(key);
  return (target.tag === "BUTTON" || target.tag === "A" || target.tag === "SUMMARY") && key === "Enter";
}
