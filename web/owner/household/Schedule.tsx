// The week: when the house goes over to night and to away by itself, as bars and as times to set.

import { useEffect, useRef, useState } from "preact/hooks";
import { type Failure, get, send } from "../../shared/api";
import type { Schedule, WeeklySpan } from "../../shared/wire";
import { MODE_NAMES } from "../home/mode";
import { refresh } from "../state";
import { useTask } from "../task";
import { useWidth } from "../timeline/Strip";
import { say } from "../toast";
import { Trouble, Wait } from "../ui";
import {
  barsOf,
  clock,
  DAY_MIN,
  DAYS,
  GROUPINGS,
  type Grouping,
  inWords,
  isChanged,
  type Kept,
  minutesOf,
  type Row,
  regrouped,
  retimed,
  spansOf,
  type Time,
  type Week,
  weekOf,
  withoutTime,
  withTime,
} from "./week";

export function WeekSection() {
  const [kept, setKept] = useState<Schedule | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  useEffect(() => {
    void get<Schedule>("/mode/schedule").then((found) => {
      if (found.ok) setKept(found.value);
      setFailure(found.ok ? null : found);
    });
  }, []);
  return (
    <section data-testid="schedule">
      <h2>Home, night and away by the week</h2>
      {!kept && !failure && <Wait text="Asking the hub…" />}
      <Trouble of={failure} />
      {kept && <Editor kept={kept} keep={setKept} />}
    </section>
  );
}

function Editor({ kept, keep }: { kept: Schedule; keep: (schedule: Schedule) => void }) {
  const [week, setWeek] = useState(() => weekOf(kept.spans));
  const task = useTask();
  const spans = spansOf(week);
  const save = async () => {
    const done = await task.run(() => send<Schedule>("PUT", "/mode/schedule", { spans }));
    if (!done.ok) return;
    keep(done.value);
    void refresh(); // the mode may be another one now
    say(spans.length ? "The schedule is kept." : "There is no schedule any more.");
  };
  const isUnsaved = isChanged(week, kept.spans);
  return (
    <>
      {spans.length > 0 && <Picture spans={spans} />}
      <p class="fine">{spans.length > 0 ? ABOUT : "No schedule: the mode stays as you set it."}</p>
      {spans.length > 0 && <Groupings week={week} set={setWeek} />}
      {week.rows.map((row, at) => (
        <Times key={row.name} row={row} at={at} set={setWeek} />
      ))}
      <Trouble of={task.failure} todo="Your times are still here. Save them again." />
      <div class="row" hidden={!isUnsaved && spans.length === 0}>
        <button
          type="button"
          class="main"
          data-testid="schedule-save"
          disabled={!isUnsaved || task.isBusy}
          onClick={() => void save()}
        >
          Save schedule
        </button>
        {isUnsaved && (
          <button type="button" class="quiet" onClick={() => setWeek(weekOf(kept.spans))}>
            Leave it as it was
          </button>
        )}
      </div>
      {spans.length > 0 && <p class="fine">{byWhichClock(kept)}</p>}
    </>
  );
}

const ABOUT =
  "At all other times it is home. What somebody sets by hand holds until the schedule's next change. " +
  "Where night and away meet, it is away.";

function byWhichClock({ zone, utc_offset_min }: Schedule): string {
  const isOther = -new Date().getTimezoneOffset() !== utc_offset_min;
  return isOther ? `Times are by the hub's clock (${zone}), which is not this device's.` : "";
}

const LEFT = 44; // of the names of the days, px
const LINE = 22;

function Picture({ spans }: { spans: WeeklySpan[] }) {
  const box = useRef<HTMLElement>(null);
  const width = useWidth(box, 260, 700);
  const x = (minutes: number) => LEFT + ((width - LEFT) * minutes) / DAY_MIN;
  const foot = DAYS.length * LINE;
  return (
    <figure class="week" ref={box}>
      <svg viewBox={`0 0 ${width} ${foot + 16}`} role="img" aria-label={inWords(spans)} data-testid="week">
        {DAYS.map((name, day) => (
          <g key={name}>
            <text x="0" y={day * LINE + 14}>
              {name.slice(0, 3)}
            </text>
            <rect class="bed" x={LEFT} y={day * LINE + 2} width={width - LEFT} height={LINE - 6} rx="4" />
          </g>
        ))}
        {barsOf(spans).map(({ day, mode, from, to }) => (
          <rect
            key={`${day} ${mode} ${from} ${to}`}
            class={mode}
            x={x(from)}
            y={day * LINE + 2}
            width={x(to) - x(from)}
            height={LINE - 6}
            rx="4"
          />
        ))}
        {[0, 6, 12, 18, 24].map((hour) => (
          <text key={hour} x={x(hour * 60)} y={foot + 12} text-anchor={hour === 24 ? "end" : hour ? "middle" : "start"}>
            {String(hour).padStart(2, "0")}
          </text>
        ))}
      </svg>
      <figcaption class="fine">
        <span class="swatch night" /> Night <span class="swatch away" /> Away <span class="swatch home" /> Home
      </figcaption>
    </figure>
  );
}

type Set = (next: (had: Week) => Week) => void;

function Groupings({ week, set }: { week: Week; set: Set }) {
  return (
    <div class="segmented groupings" role="group" aria-label="Which days are alike">
      {(Object.keys(GROUPINGS) as Grouping[]).map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={week.grouping === each}
          onClick={() => set((had) => regrouped(had, each))}
        >
          {GROUPINGS[each]}
        </button>
      ))}
    </div>
  );
}

function Times({ row, at, set }: { row: Row; at: number; set: Set }) {
  return (
    <fieldset class="times">
      <legend>{row.name}</legend>
      {row.times.map((time, n) => (
        <TimeRow
          key={n}
          name={`${row.name}, time ${n + 1}`}
          time={time}
          change={(part) => set((had) => retimed(had, at, n, part))}
          remove={() => set((had) => withoutTime(had, at, n))}
        />
      ))}
      <button type="button" class="quiet flush" data-testid="time-add" onClick={() => set((had) => withTime(had, at))}>
        {row.times.length ? "Add another time" : "Add a time"}
      </button>
    </fieldset>
  );
}

interface TimeRowProps {
  name: string;
  time: Time;
  change: (part: Partial<Time>) => void;
  remove: () => void;
}

function TimeRow({ name, time, change, remove }: TimeRowProps) {
  const clockField = (edge: "from" | "to", said: string) => (
    <label>
      <span>{said}</span>
      <input
        type="time"
        aria-label={`${name}: ${said}`}
        value={clock(time[edge])}
        onChange={({ currentTarget }) => {
          const minutes = minutesOf(currentTarget.value);
          if (minutes === null)
            currentTarget.value = clock(time[edge]); // emptied
          else change({ [edge]: minutes });
        }}
      />
    </label>
  );
  const dismiss = ({ currentTarget }: { currentTarget: HTMLElement }) => {
    const next = currentTarget.closest("fieldset")?.querySelector<HTMLElement>("[data-testid=time-add]");
    next?.focus(); // this button goes
    remove();
  };
  return (
    <div class="time">
      <select
        aria-label={`${name}: mode`}
        value={time.mode}
        onChange={({ currentTarget }) => change({ mode: currentTarget.value as Kept })}
      >
        <option value="night">{MODE_NAMES.night}</option>
        <option value="away">{MODE_NAMES.away}</option>
      </select>
      {clockField("from", "from")}
      {clockField("to", "to")}
      <button type="button" class="quiet danger" aria-label={`Remove ${name}`} onClick={dismiss}>
        Remove
      </button>
      {time.to <= time.from && <small>{time.to === time.from ? "the whole day" : "until the next day"}</small>}
    </div>
  );
}
