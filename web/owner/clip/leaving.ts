// A clip leaves the page: as a file, or for good.

import type { Result } from "../../shared/api";
import { deletion, manifest, wholeFilm } from "../clips";
import { download } from "../download";
import { clipsChanged, go, leaving, state } from "../state";
import { say, sayWhy, withUndo } from "../toast";
import { fileName } from "./words";

// Open all of the clip in this browser and hand it over as one film; `heard` is told the share that is open, in %.
export async function save(id: string, heard: (percent: number) => void): Promise<Result<void>> {
  const facts = await manifest(id);
  if (!facts.ok) return facts;
  const all = facts.value.parts.length;
  const film = await wholeFilm(id, facts.value, (count) => heard(Math.round((count / all) * 100)));
  if (!film.ok) return film;
  download(fileName(facts.value), film.value);
  return { ok: true, value: undefined };
}

// Hidden at once, deleted in a few seconds unless the owner takes it back.
export async function remove(id: string) {
  const act = await deletion(id);
  if (!act.ok) return sayWhy(act);
  hide(id, true);
  go("/");
  withUndo(
    state.value?.cloud.configured ? "Deleting the clip here and in the mailbox." : "Deleting the clip.",
    async () => {
      const done = await act.value();
      clipsChanged.value++;
      if (done.ok) say("The clip is gone.");
      return done;
    },
    () => {
      hide(id, false);
      go(`/clip/${id}`);
    },
  );
}

function hide(id: string, isLeaving: boolean) {
  const next = new Set(leaving.value);
  if (isLeaving) next.add(id);
  else next.delete(id);
  leaving.value = next;
}
