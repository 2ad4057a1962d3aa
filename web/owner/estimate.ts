// zxcvbn with its lists of passwords, names and words: 1.6 MB, fetched only by pages that take a new passphrase.

import { ZxcvbnFactory } from "@zxcvbn-ts/core";
import { adjacencyGraphs, dictionary as common } from "@zxcvbn-ts/language-common";
import { dictionary as english, translations } from "@zxcvbn-ts/language-en";
import type { Estimate } from "./passphrase";

const WARNINGS = {
  straightRow: "A row of keys is easy to guess.",
  keyPattern: "A pattern on the keyboard is easy to guess.",
  simpleRepeat: "One character again and again is easy to guess.",
  extendedRepeat: "The same thing again and again is easy to guess.",
  sequences: "A sequence like “abc” or “6543” is easy to guess.",
  recentYears: "Recent years are easy to guess.",
  dates: "Dates are easy to guess.",
  topTen: "This is one of the ten most common passwords.",
  topHundred: "This is a very common password.",
  common: "This is a common password.",
  similarToCommon: "This is much like a common password.",
  wordByItself: "A single word is easy to guess.",
  namesByThemselves: "A single name is easy to guess.",
  commonNames: "Common names are easy to guess.",
  userInputs: "What this home is called is easy to guess.",
  pwned: "This password is known from a breach.",
};

const LONGEST = 100; // characters that are looked at: it takes time that grows with them, and these are plenty

const zxcvbn = new ZxcvbnFactory({
  dictionary: { ...common, ...english },
  graphs: adjacencyGraphs,
  translations: { ...translations, warnings: WARNINGS },
  maxLength: LONGEST,
});

// The easier of two readings: "letmein letmein" is also "letmeinletmein", which is one thing twice.
export function estimate(passphrase: string, known: readonly string[]): Estimate {
  const readings = [passphrase, passphrase.replace(/[\s\p{P}]+/gu, "")].filter(Boolean);
  const found = readings.map((each) => zxcvbn.check(each.normalize("NFKC"), [...known]));
  const easiest = found.reduce((a, b) => (b.guesses < a.guesses ? b : a));
  return { guesses: easiest.guesses, why: easiest.feedback.warning };
}
