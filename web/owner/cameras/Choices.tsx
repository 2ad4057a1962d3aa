// One of a few, chosen by its picture: radio buttons that look like what they stand for.

import type { ComponentChildren } from "preact";
import type { Landmark, Site } from "../../shared/wire";
import { Picture, Sign } from "./pictures";
import { LANDMARKS, SITES } from "./sites";

interface ChoiceProps<T> {
  group: string;
  value: T;
  chosen: T;
  choose: (value: T) => void;
  children: ComponentChildren;
}

function Choice<T extends string | null>({ group, value, chosen, choose, children }: ChoiceProps<T>) {
  return (
    <label class="choice">
      <input
        type="radio"
        name={group}
        value={value ?? ""}
        checked={chosen === value}
        data-testid={`${group}-${value ?? "none"}`}
        onChange={() => choose(value)}
      />
      {children}
    </label>
  );
}

interface SiteProps {
  chosen: Site | null;
  choose: (site: Site | null) => void;
  later: string; // what it is called to leave it open
}

export function SiteChoice({ chosen, choose, later }: SiteProps) {
  const same = { group: "site", chosen, choose };
  return (
    <fieldset class="choices scenes">
      <legend>Where is it?</legend>
      <div>
        {(Object.keys(SITES) as Site[]).map((site) => (
          <Choice key={site} value={site} {...same}>
            <Picture of={site} />
            <strong>{SITES[site].name}</strong>
            <small>{SITES[site].about}</small>
          </Choice>
        ))}
        <Choice value={null} {...same}>
          <span class="scene" aria-hidden="true">
            ?
          </span>
          <strong>{later}</strong>
          <small>Nothing is assumed</small>
        </Choice>
      </div>
    </fieldset>
  );
}

interface LandmarkProps {
  group: string;
  chosen: Landmark | null;
  choose: (landmark: Landmark | null) => void;
}

export function LandmarkChoice(props: LandmarkProps) {
  return (
    <fieldset class="choices signs">
      <legend>What is in it?</legend>
      <div>
        <Choice value={null} {...props}>
          Nothing special
        </Choice>
        {(Object.keys(LANDMARKS) as Landmark[]).map((landmark) => (
          <Choice key={landmark} value={landmark} {...props}>
            <Sign of={landmark} />
            {LANDMARKS[landmark]}
          </Choice>
        ))}
      </div>
    </fieldset>
  );
}
