// The owner's passphrase: how hard it is to guess, whether it will do, and five words that certainly do. Pure: who
// judges (judge.ts) and where chance comes from are passed in.

import { wordlist } from "@scure/bip39/wordlists/english.js";
import { broken, type Failure, type Result } from "../shared/api";

export const SHORTEST = 10;
const ENOUGH = 1e10; // guesses: zxcvbn calls this "very unguessable"; Argon2id makes each of them dear
const STRONG = 1e14;

// What an estimator finds: after how many guesses it falls, and why it falls so soon.
export interface Estimate {
  guesses: number;
  why: string | null; // a sentence
}

// `known` are words that a guesser would try first: what the home is called, say.
export type Judge = (passphrase: string, known: readonly string[]) => Promise<Result<Estimate>>;

export interface Strength {
  level: 0 | 1 | 2 | 3; // below 2 it will not do
  text: string; // what to say about it
}

export const isTooShort = (passphrase: string) => passphrase.length < SHORTEST;

const MORE = "Five random words are good and easy to keep.";

export function strength(passphrase: string, { guesses, why }: Estimate): Strength {
  if (isTooShort(passphrase)) return { level: 0, text: `At least ${SHORTEST} characters. ${MORE}` };
  if (guesses < ENOUGH) {
    return { level: why ? 0 : 1, text: why ? `${why} ${MORE}` : `Not hard enough to guess yet. ${MORE}` };
  }
  if (guesses < STRONG) return { level: 2, text: "Good enough. A few more words make it strong." };
  return { level: 3, text: "Strong." };
}

export interface Chosen {
  passphrase: string;
  repeat: string;
  known: readonly string[];
}

export function unchosen(household: string | undefined): Chosen {
  return { passphrase: "", repeat: "", known: [household ?? "", "nightlatch"] };
}

// What is wrong with a new passphrase; null when nothing is. One that could not be judged is not taken.
export async function refusal({ passphrase, repeat, known }: Chosen, judge: Judge): Promise<Failure | null> {
  if (isTooShort(passphrase)) return broken(`The passphrase needs at least ${SHORTEST} characters.`);
  const estimate = await judge(passphrase, known);
  if (!estimate.ok) return estimate;
  const { level, text } = strength(passphrase, estimate.value);
  if (level < 2) return broken(text);
  return passphrase === repeat ? null : broken("The two passphrases differ. Type the second one again.");
}

export const OFFERED = 5; // words
export const BITS = OFFERED * Math.log2(wordlist.length); // 2048 words: 11 bits each

// Five words, each as likely as any other: 65,536 is a multiple of 2,048, so the remainder favours none.
export function fiveWords(random: (numbers: Uint16Array<ArrayBuffer>) => Uint16Array): string {
  return [...random(new Uint16Array(OFFERED))].map((n) => wordlist[n % wordlist.length]).join(" ");
}

// The more telling words come first: Android says that it is Linux, too, and Edge that it is Chrome and Safari.
const SYSTEMS = ["iPhone", "iPad", "Android", "Windows", "Mac OS", "CrOS", "Linux"];
const BROWSERS = [
  ["Firefox", "Firefox"],
  ["Edg", "Edge"],
  ["Chrom", "Chrome"],
  ["Safari", "Safari"],
] as const;

// What the list of devices calls this one.
export function deviceName(agent: string): string {
  const system = SYSTEMS.find((word) => agent.includes(word)) ?? "a device";
  const browser = BROWSERS.find(([word]) => agent.includes(word))?.[1] ?? "Browser";
  return `${browser} on ${system}`;
}
