// What each word means, with an example, and what it is easily taken for. Shown under `?` and on the words themselves.

import type { Word } from "./label";

export interface Meaning {
  means: string;
  example: string;
  not?: string; // what is rather said of something like it
}

export const GUIDE: Record<Word, Meaning> = {
  person: {
    means: "Somebody is there, for however short a time, also as a drawn figure or a grey cover that walks.",
    example: "A figure crosses the picture behind a fence.",
    not: "A photograph, a statue or a shadow alone is nobody.",
  },
  cat: { means: "A cat, inside or outside.", example: "A small animal jumps onto the sill." },
  dog: { means: "A dog, with its owner or without.", example: "Somebody walks a dog: Person and Dog." },
  other_animal: {
    means: "Any other animal that is large enough to see: fox, bird, hedgehog, horse.",
    example: "A bird lands on the camera.",
    not: "An insect on the lens is Nothing, with Weather or light.",
  },
  vehicle: {
    means: "Something on wheels that moves, comes or goes: car, van, motorcycle, bicycle.",
    example: "A van stops before the house.",
    not: "A car that is parked all the time is part of the place.",
  },
  package: {
    means: "A parcel, a bag or a box that is brought, lies there or is taken.",
    example: "A parcel lies on the step when the clip begins.",
  },
  nothing: {
    means: "Nobody and nothing of the above. It stands alone.",
    example: "Branches move in the wind.",
    not: "If you cannot tell because of the covers, say “Too much is hidden to say”.",
  },
  passing: { means: "They go by and want nothing here.", example: "Somebody walks along the pavement." },
  visiting: {
    means: "They come to the door openly: ring, knock, wait, are let in or leave.",
    example: "Two people ring, wait half a minute and go.",
    not: "Somebody who opens with a key is Resident.",
  },
  delivering: {
    means: "They bring something and go.",
    example: "Somebody puts a parcel down and takes a picture of it.",
  },
  resident: {
    means: "They behave as if they live or work here: a key, the bins, the garden, a room of their own.",
    example: "Somebody unlocks the door and goes in.",
  },
  pet_activity: { means: "A pet does what pets do.", example: "A cat walks over the sofa." },
  loitering: {
    means: "They stay near the house for half a minute or more, and nothing that you see explains it.",
    example: "Somebody walks up and down before the gate and looks at the windows.",
    not: "Waiting at a door after ringing is Visiting.",
  },
  trying_doors: {
    means: "They test doors, windows or cars that are shut, and do not force them.",
    example: "Somebody pulls at the handle of one car after another.",
    not: "With force or tools it is Breaking in.",
  },
  breaking_in: { means: "They get in, or try to, by force or by climbing.", example: "Somebody levers a window open." },
  taking_things: {
    means: "They take what seems not to be theirs.",
    example: "Somebody picks a parcel up from the step and walks off the way they came.",
    not: "Whoever carries it into the house is Resident.",
  },
  violence: { means: "Somebody strikes, pushes or threatens somebody.", example: "Two people shove each other." },
  fall: {
    means: "Somebody falls, or lies where nobody lies down at leisure.",
    example: "Somebody slips on the steps and stays there.",
    not: "Lying on a bed or a sofa is not a fall.",
  },
  fire: { means: "Flames or smoke that should not be there.", example: "Smoke rises from a bin." },
  weather_or_light: {
    means: "Rain, snow, wind, headlights, the sun, a lamp or the camera itself set it off.",
    example: "Headlights move over a wall.",
  },
  threat: {
    means: "Somebody who lives here would want to be woken: a crime, or something just before one.",
    example: "Somebody tries the handles of three cars.",
  },
  help: {
    means: "Nobody does harm, and somebody may need help.",
    example: "Somebody fell and does not get up.",
    not: "Somebody who falls and walks on is Routine.",
  },
  routine: { means: "Daily life: nobody needs to know now.", example: "A neighbour walks by with a dog." },
  unsure: {
    means: "You saw enough, and it could be either.",
    example: "Somebody looks over the fence at night and goes.",
    not: "If you saw too little, say “Too much is hidden to say”.",
  },
  hidden: {
    means: "So much is covered or drawn over that you would only guess. It stands alone, and counts as an answer.",
    example: "Three quarters of the picture are grey, and something moves behind it.",
    not: "Skipping says nothing to anybody. This tells the owner, and those who make the hiding.",
  },
};
