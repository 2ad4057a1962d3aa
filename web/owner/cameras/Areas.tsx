// Areas drawn on the picture: tap corners, drag them, take steps back; or all of it by keyboard.

import { useRef, useState } from "preact/hooks";
import type { Area, Camera } from "../../shared/wire";
import { home, stillsChanged } from "../state";
import { SealedPicture } from "../ui";

type Point = [number, number];
interface Drawing {
  areas: Area[];
  draft: Point[];
}

const WIDTH = 1600;
const NEAR_PX = 22;
const STEP = 0.01;
const USES = ["ignore", "watch", "mask"] as const;
const WORDS = { ignore: "Ignore", watch: "Watch", mask: "Mask" } as const;
const NAMES = { ignore: "Ignored", watch: "Watched", mask: "Mask" } as const;
const STAYS = [0, 2, 5, 10, 20, 30]; // seconds
const ABOUT = {
  ignore: "Motion here never makes an event.",
  watch: "If there is a watched area, only motion inside one makes an event.",
  mask: "Nobody looks under a mask, and it is black in stills, alerts and given clips. Your own recordings still show what is there: they are kept as the camera sends them, sealed for you.",
} as const;

export function AreaEditor({ camera, save }: { camera: Camera; save: (areas: Area[]) => void }) {
  const [drawing, setDrawing] = useState<Drawing>({ areas: camera.areas, draft: [] });
  const [past, setPast] = useState<Drawing[]>([]);
  const [use, setUse] = useState<Area["use"]>("ignore");
  const [chosen, setChosen] = useState<number | null>(null);
  const [corner, setCorner] = useState<number | null>(null);
  const [cross, setCross] = useState<Point | null>(null); // where the keyboard is
  const box = useRef<SVGSVGElement>(null);
  const held = useRef<{ before: Drawing; moved: boolean } | null>(null);
  const { areas, draft } = drawing;
  const size = home.value?.cameras.find((c) => c.id === camera.id);
  const height = (WIDTH * (size?.height ?? 9)) / (size?.width ?? 16);
  const changed = JSON.stringify(areas) !== JSON.stringify(camera.areas);

  const change = (next: Drawing, before = drawing) => {
    setPast([...past, before]);
    setDrawing(next);
  };
  const undo = () => {
    const last = past.at(-1);
    if (!last) return;
    setPast(past.slice(0, -1));
    setDrawing(last);
    choose(null);
  };
  const choose = (area: number | null, point: number | null = null) => {
    setChosen(area);
    setCorner(point);
    if (area !== null) setUse(areas[area]?.use ?? use);
  };
  const close = () => {
    if (draft.length < 3) return;
    change({ areas: [...areas, { name: named(areas, use), use, points: draft, dwell_s: 0 }], draft: [] });
    choose(areas.length);
  };
  const add = (point: Point) => {
    const first = draft[0];
    if (first && draft.length > 2 && near(first, point)) return close();
    change({ areas, draft: [...draft, point] });
    choose(null);
  };
  const replaced = (points: Point[], at = chosen): Area[] =>
    areas.map((area, i) => (i === at ? { ...area, points } : area));
  const removeArea = (at: number) => {
    change({ areas: areas.filter((_, i) => i !== at), draft });
    choose(null);
  };
  const removeCorner = () => {
    const area = chosen === null ? null : areas[chosen];
    if (!area || corner === null || chosen === null) return;
    if (area.points.length <= 3) return removeArea(chosen);
    change({ areas: replaced(area.points.filter((_, i) => i !== corner)), draft });
    setCorner(null);
  };
  const kind = (to: Area["use"]) => {
    setUse(to);
    if (chosen === null || areas[chosen]?.use === to) return;
    edit(chosen, { use: to, dwell_s: 0, ...(isUnnamed(areas[chosen]!) ? { name: named(areas, to) } : {}) });
  };
  const edit = (at: number, what: Partial<Area>) =>
    change({ areas: areas.map((area, i) => (i === at ? { ...area, ...what } : area)), draft });

  const place = (event: PointerEvent): Point => {
    const frame = box.current!.getBoundingClientRect();
    return [clamp((event.clientX - frame.left) / frame.width), clamp((event.clientY - frame.top) / frame.height)];
  };
  const near = (a: Point, b: Point) => {
    const frame = box.current!.getBoundingClientRect();
    return Math.hypot((a[0] - b[0]) * frame.width, (a[1] - b[1]) * frame.height) < NEAR_PX;
  };
  const down = (event: PointerEvent) => {
    setCross(null);
    const point = place(event);
    const area = chosen === null ? null : areas[chosen];
    const grabbed = area && draft.length === 0 ? area.points.findIndex((each) => near(each, point)) : -1;
    if (grabbed >= 0) {
      box.current?.setPointerCapture(event.pointerId);
      setCorner(grabbed);
      held.current = { before: drawing, moved: false };
      return;
    }
    if (draft.length === 0) {
      const hit = areas.findLastIndex((each) => holds(each.points, point));
      if (hit >= 0) return choose(hit);
    }
    add(point);
  };
  const drag = (event: PointerEvent) => {
    const area = chosen === null ? null : areas[chosen];
    if (!held.current || !area || corner === null) return;
    held.current.moved = true;
    const point = place(event);
    setDrawing({ areas: replaced(area.points.map((each, i) => (i === corner ? point : each))), draft });
  };
  const up = () => {
    if (held.current?.moved) setPast([...past, held.current.before]);
    held.current = null;
  };
  const keys = (event: KeyboardEvent) => {
    const by = event.shiftKey ? 5 * STEP : STEP;
    const arrow = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] }[event.key];
    const area = chosen === null ? null : areas[chosen];
    if (arrow) {
      const shift = ([x, y]: Point): Point => [clamp(x + arrow[0]!), clamp(y + arrow[1]!)];
      if (area && corner !== null)
        change({ areas: replaced(area.points.map((each, i) => (i === corner ? shift(each) : each))), draft });
      else setCross(shift(cross ?? [0.5, 0.5]));
    } else if (event.key === "Enter" || event.key === " ") add(cross ?? [0.5, 0.5]);
    else if (event.key === "Backspace" || (event.key === "z" && (event.ctrlKey || event.metaKey))) undo();
    else if (event.key === "Delete") corner === null ? chosen !== null && removeArea(chosen) : removeCorner();
    else if (event.key === "Escape") {
      setDrawing({ areas, draft: [] });
      choose(null);
    } else return;
    event.preventDefault();
  };

  const line = (points: Point[]) => points.map(([x, y]) => `${x * WIDTH},${y * height}`).join(" ");
  const dots = draft.length ? draft : chosen === null ? [] : (areas[chosen]?.points ?? []);
  return (
    <div class="areas">
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
          // biome-ignore lint/a11y/noNoninteractiveTabindex: role="application" makes it interactive, by keys, too
          tabIndex={0}
          role="application"
          data-testid="area-canvas"
          aria-label="Draw an area. Arrow keys move the cross, Enter sets a corner, Enter on the first corner closes the shape, Backspace takes a step back."
          onPointerDown={down}
          onPointerMove={drag}
          onPointerUp={up}
          onPointerCancel={up}
          onKeyDown={keys}
        >
          {areas.map((area, i) => (
            <polygon key={i} class={`${area.use} ${i === chosen ? "chosen" : ""}`} points={line(area.points)} />
          ))}
          {draft.length > 0 && <polyline class={use} points={line(draft)} />}
          {dots.map(([x, y], i) => (
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
        </svg>
      </div>
      <div class="row">
        <div class="segmented" role="group" aria-label="Kind of area">
          {USES.map((each) => (
            <button key={each} type="button" aria-pressed={use === each} onClick={() => kind(each)}>
              {WORDS[each]}
            </button>
          ))}
        </div>
        {draft.length > 0 ? (
          <button type="button" disabled={draft.length < 3} onClick={close}>
            Close shape
          </button>
        ) : (
          corner !== null && (
            <button type="button" onClick={removeCorner}>
              Delete corner
            </button>
          )
        )}
        <button type="button" class="quiet" disabled={!past.length} onClick={undo}>
          Undo
        </button>
        <span class="grow" />
        <button
          type="button"
          class="main"
          data-testid="areas-save"
          disabled={draft.length > 0 || !changed}
          onClick={() => save(areas)}
        >
          Save areas
        </button>
      </div>
      {areas.length > 0 && (
        <ul class="rows plain compact" aria-label="Areas">
          {areas.map((area, i) => (
            <li key={i}>
              <button
                type="button"
                class="quiet name"
                aria-pressed={i === chosen}
                onClick={() => choose(i === chosen ? null : i)}
              >
                <span class={`swatch ${area.use}`} /> {area.name}
              </button>
              {i !== chosen && area.dwell_s > 0 && <small>who stays {area.dwell_s} s</small>}
              <button
                type="button"
                class="quiet danger"
                aria-label={`Remove the area ${area.name}`}
                onClick={() => removeArea(i)}
              >
                Remove
              </button>
              {i === chosen && (
                <div class="row about">
                  <label class="field inline">
                    <span>Name</span>
                    <input
                      maxLength={60}
                      value={area.name}
                      data-testid="area-name"
                      onChange={(e) => edit(i, { name: e.currentTarget.value.trim() || named(areas, area.use) })}
                    />
                  </label>
                  {area.use === "watch" && (
                    <label class="field inline">
                      <span>Only who stays</span>
                      <select
                        data-testid="area-dwell"
                        value={area.dwell_s}
                        onChange={(e) => edit(i, { dwell_s: Number(e.currentTarget.value) })}
                      >
                        {[...new Set([...STAYS, area.dwell_s])]
                          .sort((a, b) => a - b)
                          .map((s) => (
                            <option key={s} value={s}>
                              {s === 0 ? "at once" : `${s} s`}
                            </option>
                          ))}
                      </select>
                    </label>
                  )}
                </div>
              )}
            </li>
          ))}
        </ul>
      )}
      <p class="fine">
        {draft.length > 0
          ? draft.length < 3
            ? "Set at least three corners."
            : "Tap the first corner to close the shape."
          : `Tap the corners of an area on the picture. ${ABOUT[use]}`}
      </p>
    </div>
  );
}

function clamp(share: number): number {
  return Math.round(Math.max(0, Math.min(1, share)) * 1e4) / 1e4;
}

function named(areas: Area[], use: Area["use"]): string {
  for (let n = 1; ; n++) if (!areas.some((area) => area.name === `${NAMES[use]} ${n}`)) return `${NAMES[use]} ${n}`;
}

// Whether nobody gave it a name yet.
function isUnnamed(area: Area): boolean {
  return new RegExp(`^${NAMES[area.use]} \\d+$`).test(area.name);
}

// Is a point in a polygon? Count the edges that a ray to the right crosses.
function holds(points: Point[], [x, y]: Point): boolean {
  let inside = false;
  points.forEach(([ax, ay], i) => {
    const [bx, by] = points[(i + points.length - 1) % points.length]!;
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  });
  return inside;
}
