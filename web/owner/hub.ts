// Whether the hub is there, for the whole page: what was heard of it, and what is said while nothing is.

import { computed, effect, signal } from "@preact/signals";
import { letGo } from "../shared/api";
import { hhmm, SECOND } from "../shared/time";
import {
  asked,
  begun,
  type Hearing,
  heard,
  lastWord,
  looked,
  type Moment,
  type Presence,
  presence,
  silence,
  told,
  unasked,
} from "./presence";
import { say } from "./toast";

const ASK_AFTER = 4 * SECOND; // without a word: one beat is late
const REMEMBER_EVERY = 10 * SECOND;
const LAST = "/last-heard"; // where push.js, which shows a page while there is no hub, finds the time

const moment = (): Moment => ({ steady: performance.now(), wall: Date.now() });

let hearing = begun(moment());
const standing = signal<{ found: Presence; lastMs: number | null }>({ found: "asking", lastMs: null });
export const isHere = computed(() => standing.value.found === "here");
export const lastHeard = computed(() => standing.value.lastMs);
// Null while the hub is there: only then is anything on this page said of now.
export const quiet = computed(() => silence(standing.value.found, standing.value.lastMs));
export const title = signal("");

function take(next: Hearing, now: Moment) {
  const was = standing.peek();
  hearing = next;
  const found = presence(hearing, now);
  const lastMs = found === "here" ? null : lastWord(hearing, now, found);
  if (found !== was.found || lastMs !== was.lastMs) standing.value = { found, lastMs };
  if (found === "silent" && was.found !== "silent") letGo();
  if (found === "here" && was.found === "silent" && was.lastMs !== null)
    say(`Your hub answers again. It was not heard from ${hhmm(was.lastMs)} to ${hhmm(now.wall)}.`);
}

export function hear() {
  const now = moment();
  take(heard(hearing, now), now);
  remember(now);
}

export function askHow() {
  hearing = asked(hearing, moment());
}

export function hearHow() {
  const now = moment();
  take(told(hearing, now), now);
}

// It was asked, and the answer failed or is on its way.
export const isOwed = () => hearing.asked !== null;

export function askNoMore() {
  hearing = unasked(hearing);
}

// Look at the clocks; whether the hub is to be asked if it is there.
export function look(): boolean {
  const now = moment();
  take(looked(hearing, now), now);
  return !hearing.heard || hearing.doubt !== null || now.steady - hearing.heard.steady > ASK_AFTER;
}

let remembered = 0;
function remember(now: Moment) {
  if (!globalThis.caches || Math.abs(now.wall - remembered) < REMEMBER_EVERY) return;
  remembered = now.wall;
  void caches
    .open("hub")
    .then((kept) => kept.put(LAST, new Response(String(now.wall))))
    .catch(() => undefined); // a private window, a full disk: the page without a hub then names no time
}

// The tab says it, too: its title and its mark.
const MARKS = { true: "/mark.svg", false: "/mark-silent.svg" } as const;

export function showOnTab() {
  effect(() => {
    const isSilent = quiet.value !== null && standing.value.lastMs !== null;
    const { dataset } = document.documentElement;
    if (isSilent) dataset.hub = "silent";
    else delete dataset.hub;
    const page = title.value ? `${title.value} · Nightlatch` : "Nightlatch";
    document.title = isSilent ? `No answer · ${page}` : page;
    const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    const mark = MARKS[`${!isSilent}`];
    if (icon && icon.getAttribute("href") !== mark) icon.href = mark;
  });
}
