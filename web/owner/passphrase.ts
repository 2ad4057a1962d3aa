// The owner's passphrase: how hard it is to guess. Pure.

export const SHORTEST = 10;

export interface Strength {
  level: 0 | 1 | 2 | 3;
  text: string; // what to say about it
}

export function strength(passphrase: string): Strength {
  if (isTooShort(passphrase)) {
    const text = `At least ${SHORTEST} characters. Four or five random words are good and easy to keep.`;
    return { level: 0, text };
  }
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^\w]/].filter((kind) => kind.test(passphrase)).length;
  if (new Set(passphrase).size < 6) return { level: 1, text: "Long enough, but easy to guess." };
  const isLong = passphrase.length >= 20 || (passphrase.length >= 14 && kinds >= 3);
  return isLong ? { level: 3, text: "Strong." } : { level: 2, text: "Fair. A few more words make it strong." };
}

export const isTooShort = (passphrase: string) => passphrase.length < SHORTEST;

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
