// What the log and the programme say of a donation, in words. Pure.

import type { Confirmation } from "../../shared/ledger";
import { type Contradiction, HubChanged, type KeyChange, newestOf, sizeOf, type Unvouched } from "../../shared/log";
import { positionOf } from "../../shared/parts";
import { dayName, HOUR, hhmm, hhmmss, lasting, MINUTE, SECOND, when } from "../../shared/time";
import type { Donation, Invitation, Letter } from "../../shared/wire";
import type { Entry } from "./entries";
import { type Entering, INTO_LOG_MS, type KeyEnd, type Look, type Next, type Standing } from "./standing";
import { isRead, type Reading } from "./steps";

const KINDS: Record<string, string> = {
  "consent.give": "You gave it",
  "view.open": "Looked at",
  "view.close": "Stopped looking",
  label: "Labelled",
  flag: "A reviewer said it should not have been shared",
  "consent.withdraw": "Taken back",
  shred: "Its key was destroyed",
};

// A label that says nothing of the clip: too much of it was hidden, or it was taken back just after it was written.
const ANSWERS: Record<string, string> = {
  hidden: "A reviewer could not say: too much is hidden",
  undone: "A reviewer took their label back",
};

export function happened({ kind, event }: Entry): string {
  const { answer } = (kind === "label" && (event.label as { answer?: string } | undefined)) || {};
  return (answer !== undefined && ANSWERS[answer]) || (KINDS[kind] ?? kind);
}
export const moment = (ms: number, nowMs: number) => `${dayName(ms, nowMs)}, ${hhmmss(ms)}`;

// Whether the entry can be believed, and why (not).
export function proofOf({ proof }: Entry, reading: Reading): { mark: "good" | "waiting" | "bad"; text: string } {
  if (proof.is === "faulty") return { mark: "bad", text: proof.fault };
  if (proof.is === "coming") return { mark: "waiting", text: "It is on its way into the log." };
  if (!isRead(reading)) return { mark: "waiting", text: "Not checked just now." };
  return { mark: "good", text: `Proven: ${placeOf(proof.index)}` };
}

// Where an entry is, in words: a log that goes on for months has parts.
export function placeOf(position: number): string {
  const { part, index } = positionOf(position);
  return part ? `entry ${index} of part ${part} of the log` : `entry ${index} of the log`;
}

// What a receipt's file is called.
export function fileName(position: number): string {
  const { part, index } = positionOf(position);
  return part ? `entry-${part}-${index}` : `entry-${index}`;
}

// The same of one line of a clip. Nothing about a clip that was seen when it should not have been is shown as good.
export function markOf(entry: Entry, reading: Reading, look: Look, isFaulted: boolean): ReturnType<typeof proofOf> {
  const { mark, text } = proofOf(entry, reading);
  if (look === "after-refusal" || look === "after-withdrawal")
    return { mark: "bad", text: `${LOOKS[look].text} ${text}` };
  if (look === "turned-away") return { mark: mark === "good" ? "waiting" : mark, text: `${TURNED_AWAY} ${text}` };
  return { mark: isFaulted && mark === "good" ? "waiting" : mark, text };
}

// Which clip it is, and until when it is given.
export function about(donation: Donation, stands: Standing, nowMs: number): string {
  const { onset_ms, length_ms, given_ms, withdrawn_ms, expires_ms } = donation;
  const since = when(withdrawn_ms ?? given_ms, nowMs);
  const until = {
    given: () => `kept until ${new Date(expires_ms).toLocaleDateString(undefined, { dateStyle: "long" })}`,
    coming: () => "on its way",
    "not-taken": () => "not taken",
    unanswered: () => `taken back ${since}, not answered yet`,
    refused: () => `taken back ${since}, not proven yet`,
    proven: () => `taken back ${since}`,
    "never-came": () => `taken back ${since}`,
  }[stands.is]();
  return `${when(onset_ms, nowMs)}, ${lasting(length_ms)}; given ${when(given_ms, nowMs)}, ${until}`;
}

export function keyLine(key: KeyEnd): string {
  switch (key.is) {
    case "destroyed":
      return `The key was destroyed at ${hhmmss(key.atMs)}, ${key.isInTime ? "in time" : "late"}.`;
    case "overdue":
      return `The key should have been destroyed by ${hhmmss(key.byMs)}, and the log does not say so.`;
    case "due":
      return `The key is to be destroyed by ${hhmmss(key.byMs)}.`;
  }
}

export interface Sentence {
  text: string;
  todo?: string;
}

// What is wrong or not known about a clip that was given or taken back; null when all is as it should be.
export function troubleOf(stands: Standing, programme: string, nowMs: number): Sentence | null {
  switch (stands.is) {
    case "unanswered":
      return { text: unansweredLine(stands, programme, nowMs), todo: NEXT[stands.next] };
    case "refused": {
      const since = at(stands.sinceMs, nowMs);
      const text = `${programme} says that it has refused this clip since ${since}, but its log does not prove it yet.`;
      return {
        text,
        todo: stands.asked ? `Asked ${timesSince(stands.asked, nowMs)}. ${lastAnswer(stands.asked)}` : "",
      };
    }
    case "not-taken":
      return { text: `${programme} did not take this clip.`, todo: `${sentence(stands.why)} Take it back to be sure.` };
    case "coming": {
      if (stands.asked === null || nowMs <= stands.asked.since_ms + INTO_LOG_MS) return null;
      const asked = stands.asked.tries > 0 ? lastAnswer(stands.asked) : "";
      const text = `This clip is on its way: ${programme} has not said yet that it has it.`;
      return asked ? { text, todo: `Sent ${timesSince(stands.asked, nowMs)}. ${asked}` } : null;
    }
    default:
      return null;
  }
}

// Of a clip that was given a moment ago.
export function enteringLine(
  { sinceMs, byMs, hasArrived }: Extract<Entering, { is: "on its way" }>,
  programme: string,
) {
  const by = `should be there by ${hhmm(byMs + MINUTE - 1)}.`;
  return {
    what: hasArrived ? "On its way into the log" : "On its way",
    since: `since ${hhmmss(sinceMs)}`,
    by: hasArrived ? `It ${by}` : `To ${programme}, and into its log: it ${by}`,
  };
}

export function missingLine({ sinceMs }: Extract<Entering, { is: "missing" }>, programme: string): Sentence {
  const text = `${programme} has had this clip since ${hhmmss(sinceMs)}, and its log does not say that you gave it.`;
  return { text, todo: "Looks at it may be missing there, too. Ask the programme, or take the clip back." };
}

// Of a log that was not read here yet, while all that was given to it is on its way.
export const AWAITED = "Your hub is about to read the programme's log. Nothing in it is proven yet.";

const NEXT: Record<Next, string> = {
  hub: "Your hub goes on asking, whatever page is open, until the programme agrees.",
  sign: "The signature was not kept. Take the clip back once more.",
  join: "Your household left this programme, and its address was not kept. Join it again, and it is asked at once.",
};

function unansweredLine({ asked, sinceMs }: Extract<Standing, { is: "unanswered" }>, programme: string, nowMs: number) {
  const still = "Until it does, this clip may still be seen.";
  if (!asked || asked.tries === 0)
    return (
      `${programme} has not been asked yet to stop showing this clip, which you took back ${when(sinceMs, nowMs)}. ` +
      still
    );
  const answered = asked.answer?.startsWith(ANSWERED);
  const how = answered ? "it has not agreed" : "it has not answered";
  const last = asked.answer ? ` ${lastAnswer(asked)}` : "";
  return `Asked ${programme} to stop showing this clip, ${timesSince(asked, nowMs)}; ${how}. ${still}${last}`;
}

const ANSWERED = "It answered"; // as the hub begins what a programme said, and not what the network did

const timesSince = ({ tries, since_ms }: Letter, nowMs: number) =>
  `${tries === 1 ? "once" : `${tries} times`} since ${at(since_ms, nowMs)}`;

const lastAnswer = ({ answer, last_ms }: Letter) =>
  answer && last_ms !== null ? `Last, at ${hhmmss(last_ms)}: ${sentence(answer)}` : "";

const at = (ms: number, nowMs: number) =>
  dayName(ms, nowMs) === dayName(nowMs, nowMs) ? hhmm(ms) : `${dayName(ms, nowMs)}, ${hhmm(ms)}`;

const sentence = (text: string) => (/[.!?]$/.test(text) ? text : `${text}.`);

// What is said of a clip that was taken back and is refused, once its log proves that.
export const provenLine = (sinceMs: number) =>
  `Refused since ${hhmmss(sinceMs)}, as the programme's log proves. Nobody can see it any more.`;

export const LOOKS: Record<"after-refusal" | "after-withdrawal", Sentence> = {
  "after-refusal": {
    text: "Somebody looked at this clip after the programme had refused to show it.",
    todo: "Save the receipt of that look, and ask the programme who let it happen.",
  },
  "after-withdrawal": {
    text: "Somebody looked at this clip after you had taken it back.",
    todo: "The programme had not refused it yet. Save the receipt of that look, and ask the programme.",
  },
};

export const TURNED_AWAY = "A reviewer asked for it, and the programme says that nothing was shown.";

// What was checked, of a log that holds nothing back, and how: a short log whole, a long one by its indexes.
export function checkedLine({ log, unclaimed, isWhole }: Extract<Reading, { is: "proven" }>): string {
  const witnesses = count(newestOf(log).witnessed.length, "witness", "witnesses");
  const size = sizeOf(log);
  const all = size === 1 ? "the only entry" : `all ${grouped(size)} entries`;
  const read = isWhole ? `${all} of the log` : `your entries and the indexes of ${grouped(size)} entries of the log`;
  const { labels } = unclaimed;
  const among = labels ? ` Among them: ${count(labels, "label", "labels")} that reviewers wrote about your clips.` : "";
  const hub = isWhole ? "Your own hub has read them too, and vouches" : "Your own hub has read every one, and vouches";
  return `Checked in this browser: ${read}, cosigned by ${witnesses}.${among} ${hub} for this log.`;
}

// Whom one must believe has changed, and who signed for it.
export function changeLine({ atMs, what }: KeyChange): string {
  const on = new Date(atMs).toLocaleDateString(undefined, { dateStyle: "long" });
  return `The programme's keys changed on ${on} (${what.join("; ")}). The old ones signed for it.`;
}

export function unvouchedLine(by: Unvouched | HubChanged): { text: string; todo: string } {
  if (by instanceof HubChanged) {
    const todo =
      `It was ${nameOf(by.was)}, and is ${nameOf(by.now)}. Nothing counts as proven until you say that your hub is a ` +
      "new one. If it is not, somebody else may be answering in its place.";
    return { text: "Your hub vouches with another key than this browser knows.", todo };
  }
  const text =
    by.lacks === "lately"
      ? "Your own hub has not vouched for this log lately."
      : "Your own hub has not vouched for this log.";
  const todo =
    "The programme may show your hub another log than this one. Nothing counts as proven until your hub has read it: " +
    "Home says what it found.";
  return { text, todo };
}

const nameOf = (key: string) => key.split("+").slice(0, 2).join("+") || "no key";

const grouped = (n: number) => n.toLocaleString("en");

// When the witnesses last confirmed the log. By the browser's clock.
export function confirmedLine({ by, at_s }: Confirmation, browserMs: number): string {
  return `Last confirmed by ${count(by, "witness", "witnesses")} ${since(browserMs - at_s * SECOND)}.`;
}

export function staleLine(of: Extract<Reading, { is: "stale" }>, browserMs: number): { text: string; todo: string } {
  const ask = "Check this device's clock; then ask the programme whether its log and its witnesses are running.";
  if (!of.last) {
    const text = "The witnesses confirmed the log at a time that has not come yet by this device's clock.";
    return { text, todo: `Nothing counts as proven until the clocks agree. ${ask}` };
  }
  const { by, at_s } = of.last;
  const ago = since(browserMs - at_s * SECOND);
  const text = `Last confirmed by ${count(by, "witness", "witnesses")} on ${dated(at_s * SECOND)} (${ago}).`;
  return { text, todo: `Nothing newer than that is proven. The policy allows ${span(of.maxAgeS * SECOND)}. ${ask}` };
}

export function contradictedLine({ how, known }: Contradiction): { text: string; todo: string } {
  const seen = `This browser read ${count(known.size, "entry", "entries")} of it on ${dated(known.seenMs)}`;
  const save = "Nothing in it counts as proven any more. Save the evidence, give nothing more, and show it to others.";
  switch (how) {
    case "fork":
      return { text: `The programme's log was rewritten. ${seen}, and now it shows another history.`, todo: save };
    case "goes on":
      return { text: `The programme's log goes on where it had ended. ${seen}, and now it shows more.`, todo: save };
    case "false index":
      return { text: "The programme's log has signed an index that leaves out some of its entries.", todo: save };
    case "rollback": {
      const wait =
        "Nothing in it counts as proven. If it is still so in a few minutes, save the evidence and ask the programme.";
      return { text: `The programme's log went back. ${seen}, and now it shows fewer.`, todo: wait };
    }
  }
}

export const FORGETFUL =
  "This browser keeps nothing when the page is closed, so it will not notice then if the log was rewritten.";

const dated = (ms: number) => new Date(ms).toLocaleString(undefined, { dateStyle: "long", timeStyle: "short" });

const since = (ms: number) => (ms < 10 * SECOND ? "a few seconds ago" : `${span(ms)} ago`);

function span(ms: number): string {
  if (ms < 90 * SECOND) return count(Math.round(ms / SECOND), "second", "seconds");
  if (ms < 90 * MINUTE) return count(Math.round(ms / MINUTE), "minute", "minutes");
  if (ms < 48 * HOUR) return count(Math.round(ms / HOUR), "hour", "hours");
  return count(Math.round(ms / (24 * HOUR)), "day", "days");
}

// Entries that the programme may still mention.
export function recentLine(recent: number): string {
  const came = count(recent, "entry marked as yours came", "entries marked as yours came");
  return `${came} into the log within the last two minutes; the programme has not said yet what happened.`;
}

export function withheldLine(looks: number): string {
  return `The log holds ${count(looks, "entry", "entries")} marked as yours that the programme did not mention.`;
}

const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;

// How far the way on which an invitation came vouches for it.
export function comesLine({ is_as_linked }: Pick<Invitation, "is_as_linked">): string {
  switch (is_as_linked) {
    case true:
      return "By a link that names exactly this invitation: nobody changed it since the link was made.";
    case false:
      return "By a link that does not say which invitation it means: only its address vouches. Compare the words.";
    case null:
      return "As a file or as text, which vouches for nothing. Compare the words.";
  }
}

// Who notices if the programme looks and does not say so.
export function watchedLine({ witnesses, household_vouches }: Pick<Invitation, "witnesses" | "household_vouches">) {
  const named = `${count(witnesses.length, "witness", "witnesses")} (${witnesses.join(", ")})`;
  return household_vouches
    ? `Every look stands in a log, watched by ${named} and by your own hub: while that is off, nobody sees your clips.`
    : `Every look stands in a log, watched by ${named}. Your clips can be seen while your own hub is off.`;
}
