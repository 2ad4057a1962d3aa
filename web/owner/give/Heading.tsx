// The heading of a step, and how many there are. It takes the focus when a step follows another: what was pressed to
// get there is gone.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

const STEPS = ["Choose", "Hide", "Look", "Sign"];

export function Heading(props: { step: number; isFirst?: boolean; children: ComponentChildren }) {
  const box = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!props.isFirst) box.current?.focus();
  }, []);
  return (
    <>
      <ol class="way" aria-label="Steps">
        {STEPS.map((name, i) => (
          <li key={name} class={i < props.step ? "done" : ""} aria-current={i === props.step ? "step" : undefined}>
            {name}
          </li>
        ))}
      </ol>
      <h1 ref={box} tabIndex={-1}>
        {props.children}
      </h1>
    </>
  );
}
