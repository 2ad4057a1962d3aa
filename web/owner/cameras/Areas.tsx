// Areas drawn on the picture: tap corners, drag them, take steps back; or all of it by keyboard.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Failure } from "../../shared/api";
import type { Area, Camera } from "../../shared/wire";
import { home, stillsChanged } from "../state";
import { SealedPicture, Trouble } from "../ui";
import { LandmarkChoice } from "./Choices";
import { keep, kept, read, written } from "./drafts";
import {
  begin,
  choose,
  clamped,
  close,
  corners,
  type Drawing,
  dragged,
  edited,
  hasChanged,
  keyed,
  type Point,
  pressed,
  released,
  removeArea,
  removeCorner,
  renamed,
  reset,
  showing,
  undo,
  withUse,
} from "./drawing";

const WIDTH = 1600; // of the canvas, in units of its own
const USES = ["ignore", "watch", "mask"] as const;
const WORDS = { ignore: "Ignore", watch: "Watch", mask: "Mask" } as const;
const STAYS = [0, 2, 5, 10, 20, 30]; // seconds
const ABOUT = {
  ignore: "Motion here never becomes an event.",
  watch: "Once there is a watched area, only motion inside one becomes an event.",
  mask:
    "Nobody looks under a mask, and it is black in stills, alerts and given clips. Your own recordings still show " +
    "what is there: they are kept as the camera sends them, sealed for you.",
} as const;
const HELP =
  "Draw an area. Arrow keys move the cross, Enter sets a corner, Enter on the first corner closes the shape, " +
  "Backspace undoes a step.";

type Set = (next: (had: Drawing) => Drawing) => void;

interface EditorProps {
  camera: Camera;
  save: (areas: Area[]) => Promise<Failure | null>;
}

export function AreaEditor({ camera, save }: EditorProps) {
  const [back, setBack] = useState(() => read(kept(camera.id), camera.areas));
  const [drawing, setDrawing] = useState(() => back?.drawing ?? begin(camera.areas));
  const [isSaving, setSaving] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const unsaved = written(drawing, camera.areas);
  useEffect(() => {
    if (!drawing.held) keep(camera.id, unsaved); // a corner under the finger moves with each pixel
  }, [camera.id, unsaved, drawing.held === null]);
  const saveAll = async (areas: Area[]) => {
    setSaving(true);
    const why = await save(areas);
    setFailure(why);
    if (!why) setBack(null);
    setSaving(false);
  };
  return (
    <div class="areas">
      {back && unsaved && (
        <p class="note" data-testid="areas-back">
          <span>
            Your unsaved drawing is back.
            {back.isOutdated && " Other areas have been saved since; saving this replaces them."}
          </span>
          <button
            type="button"
            onClick={() => {
              setDrawing((had) => reset(had, camera.areas));
              setBack(null);
            }}
          >
            Start from what is saved
          </button>
        </p>
      )}
      <Canvas camera={camera} drawing={drawing} set={setDrawing} />
      <Tools
        drawing={drawing}
        set={setDrawing}
        canSave={!isSaving && hasChanged(drawing, camera.areas)}
        save={(areas) => void saveAll(areas)}
      />
      <Trouble of={failure} todo="Nothing that you drew is lost: it is kept on this device. Save it again." />
      {drawing.areas.length > 0 && (
        <ul class="rows plain compact" aria-label="Areas">
          {drawing.areas.map((_, at) => (
            <Row key={at} at={at} drawing={drawing} set={setDrawing} />
          ))}
        </ul>
      )}
      <p class="fine">
        {advice(drawing)}
        {unsaved && " Not saved yet; this device keeps what you have drawn."}
      </p>
    </div>
  );
}

function advice({ draft, use }: Drawing): string {
  if (draft.length === 0) return `Tap the corners of an area on the picture. ${ABOUT[use]}`;
  return draft.length < 3 ? "Set at least three corners." : "Tap the first corner to close the shape.";
}

function Canvas({ camera, drawing, set }: { camera: Camera; drawing: Drawing; set: Set }) {
  const box = useRef<SVGSVGElement>(null);
  const size = home.value?.cameras.find((each) => each.id === camera.id);
  const height = (WIDTH * (size?.height ?? 9)) / (size?.width ?? 16);
  const frame = () => box.current!.getBoundingClientRect();
  const place = (event: PointerEvent): Point => {
    const { left, top, width, height } = frame();
    return clamped([(event.clientX - left) / width, (event.clientY - top) / height]);
  };
  const down = (event: PointerEvent) => {
    box.current?.setPointerCapture(event.pointerId); // a corner may be dragged beyond the edge
    set((had) => pressed(had, place(event), frame()));
  };
  const up = () => set(released);
  const keys = (event: KeyboardEvent) => {
    if (!keyed(drawing, event, frame())) return;
    event.preventDefault();
    set((had) => keyed(had, event, frame()) ?? had);
  };
  return (
    <div class="canvas" style={{ aspectRatio: `${WIDTH} / ${height}` }}>
      <SealedPicture
        path={`/cameras/${camera.id}/still`}
        again={stillsChanged.value[camera.id] ?? 0}
        alt={`${camera.name} now`}
        empty="No picture yet"
      />
      <svg
        ref={box}
        viewBox={`0 0 ${WIDTH} ${height}`}
        preserveAspectRatio="none"
        tabindex={0} // in small letters: an SVG knows no other
        role="application"
        data-testid="area-canvas"
        aria-label={HELP}
        onPointerDown={down}
        onPointerMove={(event) => drawing.held && set((had) => dragged(had, place(event)))}
        onPointerUp={up}
        onPointerCancel={up}
        onKeyDown={keys}
      >
        <Shapes drawing={drawing} height={height} />
      </svg>
    </div>
  );
}

function Shapes({ drawing, height }: { drawing: Drawing; height: number }) {
  const { areas, draft, use, chosen, corner, cross } = drawing;
  const line = (points: Point[]) => points.map(([x, y]) => `${x * WIDTH},${y * height}`).join(" ");
  return (
    <>
      {areas.map((area, i) => (
        <polygon key={i} class={`${area.use} ${i === chosen ? "chosen" : ""}`} points={line(area.points)} />
      ))}
      {draft.length > 0 && <polyline class={use} points={line(draft)} />}
      {corners(drawing).map(([x, y], i) => (
        <circle
          key={i}
          class={i === corner && !draft.length ? "corner" : ""}
          cx={x * WIDTH}
          cy={y * height}
          r={draft.length > 2 && i === 0 ? 20 : 13}
        />
      ))}
      {cross && (
        <path
          class="cross"
          d={`M${cross[0] * WIDTH - 28} ${cross[1] * height}h56M${cross[0] * WIDTH} ${cross[1] * height - 28}v56`}
        />
      )}
    </>
  );
}

interface ToolsProps {
  drawing: Drawing;
  set: Set;
  canSave: boolean;
  save: (areas: Area[]) => void;
}

function Tools({ drawing, set, canSave, save }: ToolsProps) {
  const { areas, draft, use, corner, past } = drawing;
  return (
    <div class="row">
      <div class="segmented" role="group" aria-label="Kind of area">
        {USES.map((each) => (
          <button key={each} type="button" aria-pressed={use === each} onClick={() => set((had) => withUse(had, each))}>
            {WORDS[each]}
          </button>
        ))}
      </div>
      {draft.length > 0 && (
        <button type="button" disabled={draft.length < 3} onClick={() => set(close)}>
          Close shape
        </button>
      )}
      {draft.length === 0 && corner !== null && (
        <button type="button" onClick={() => set(removeCorner)}>
          Delete corner
        </button>
      )}
      <button type="button" class="quiet" disabled={!past.length} onClick={() => set(undo)}>
        Undo
      </button>
      <span class="grow" />
      <button
        type="button"
        class="main"
        data-testid="areas-save"
        disabled={draft.length > 0 || !canSave}
        onClick={() => save(areas)}
      >
        Save areas
      </button>
    </div>
  );
}

function Row({ at, drawing, set }: { at: number; drawing: Drawing; set: Set }) {
  const area = drawing.areas[at]!;
  const isChosen = at === drawing.chosen;
  return (
    <li>
      <button
        type="button"
        class="quiet name"
        aria-pressed={isChosen}
        onClick={() => set((had) => choose(had, isChosen ? null : at))}
      >
        <span class={`swatch ${area.use}`} /> {area.name}
      </button>
      {!isChosen && <small>{inShort(area)}</small>}
      <button
        type="button"
        class="quiet danger"
        aria-label={`Remove the area ${area.name}`}
        onClick={() => set((had) => removeArea(had, at))}
      >
        Remove
      </button>
      {isChosen && <About at={at} area={area} set={set} />}
    </li>
  );
}

function inShort({ name, shows, dwell_s }: Area): string {
  const isSaid = shows !== null && name.toLowerCase().includes(shows);
  const said = [!isSaid && shows && `a ${shows}`, dwell_s > 0 && `someone must stay ${dwell_s} s`];
  return said.filter(Boolean).join(", ");
}

function About({ at, area, set }: { at: number; area: Area; set: Set }) {
  const stays = [...new Set([...STAYS, area.dwell_s])].sort((a, b) => a - b);
  return (
    <div class="row about">
      <label class="field inline">
        <span>Name</span>
        <input
          maxLength={60}
          value={area.name}
          data-testid="area-name"
          onChange={({ currentTarget }) => set((had) => renamed(had, at, currentTarget.value))}
        />
      </label>
      {area.use === "watch" && (
        <label class="field inline">
          <span>Someone must stay</span>
          <select
            data-testid="area-dwell"
            value={area.dwell_s}
            onChange={({ currentTarget }) => set((had) => edited(had, at, { dwell_s: Number(currentTarget.value) }))}
          >
            {stays.map((s) => (
              <option key={s} value={s}>
                {s === 0 ? "any time" : `${s} s`}
              </option>
            ))}
          </select>
        </label>
      )}
      {area.use === "watch" && (
        <LandmarkChoice
          group={`shows-${at}`}
          chosen={area.shows}
          choose={(shows) => set((had) => showing(had, at, shows))}
        />
      )}
    </div>
  );
}
