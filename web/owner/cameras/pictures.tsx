// Small drawn pictures: the places where a camera may be, and what an area may show. Lines take the colour of the text.

import type { ComponentChildren } from "preact";
import type { Landmark, Site } from "../../shared/wire";

function Scene({ children }: { children: ComponentChildren }) {
  return (
    <svg class="scene" viewBox="0 0 96 60" aria-hidden="true">
      {children}
    </svg>
  );
}

const SCENES: Record<Site, () => ComponentChildren> = {
  street: () => (
    <>
      <path class="ground" d="M0 60 40 26h16l40 34z" />
      <path d="M48 56v-8m0-6v-5m0-5v-3" />
      <path class="wall" d="M2 42V16l12-9 12 9v14M70 30V12h20v32" />
      <path d="M9 20h6v6H9zM75 17h4v5h-4zM83 17h4v5h-4z" />
      <path d="M62 33V12h-5" />
      <path class="light" d="M54 12h5l-2.5 5z" />
    </>
  ),
  front_door: () => (
    <>
      <path class="wall" d="M12 4h72v46H12z" />
      <path class="thing" d="M36 14h24v36H36z" />
      <path d="M41 19h14v10H41zM41 35h14" />
      <circle class="light" cx="56" cy="39" r="1.6" />
      <path d="M68 28h4v8h-4z" />
      <path class="light" d="M45 8h6l1.5 3h-9z" />
      <path class="ground" d="M30 50h36l5 6H25z" />
    </>
  ),
  drive: () => (
    <>
      <path class="wall" d="M8 44V18L30 5l22 13v26" />
      <path d="M15 44V26h30v18M15 32h30M15 38h30" />
      <path class="ground" d="M8 44h46l30 14H4z" />
      <path class="thing" d="M50 50v-7l6-2 5-8h17l6 8 6 2v7z" />
      <path d="M61 41h21M70 33v8" />
      <circle class="wheel" cx="60" cy="51" r="4" />
      <circle class="wheel" cx="82" cy="51" r="4" />
    </>
  ),
  garden: () => (
    <>
      <path class="ground" d="M0 42h96v18H0z" />
      <path d="M4 44V26l3-4 3 4v18M16 44V26l3-4 3 4v18M28 44V26l3-4 3 4v18M40 44V26l3-4 3 4v18M2 31h46M2 38h46" />
      <path d="M72 50V30" />
      <path class="thing" d="M72 8c10 0 15 7 14 13 3 7-4 13-14 13s-17-6-14-13c-1-6 4-13 14-13z" />
      <path d="m20 53 2-4 2 4m20 2 2-4 2 4m4-8 2-4 2 4" />
    </>
  ),
  inside: () => (
    <>
      <path class="wall" d="M4 4h88v42H4z" />
      <path d="M12 10h22v18H12zM23 10v18M12 19h22" />
      <path class="ground" d="M4 46h88l4 12H0z" />
      <path class="thing" d="M40 46V30c0-3 2-5 5-5h24c3 0 5 2 5 5v16" />
      <path class="thing" d="M35 50V38c0-5 8-5 8 0v3h28v-3c0-5 8-5 8 0v12z" />
      <path d="M85 50V22" />
      <path class="light" d="m81 22 2-8h4l2 8z" />
    </>
  ),
};

export function Picture({ of }: { of: Site }) {
  return <Scene>{SCENES[of]()}</Scene>;
}

const SIGNS: Record<Landmark, string> = {
  door: "M7 3h10v18H7zM4 21h16M14 12v1",
  window: "M4 4h16v16H4zM12 4v16M4 12h16",
  car: "M3 17v-4l2-1 2-5h9l3 5 2 1v4zM8 17a1.5 1.5 0 1 0 .1 0M16 17a1.5 1.5 0 1 0 .1 0M6 12h12",
  fence: "M5 21V7l2-3 2 3v14zM15 21V7l2-3 2 3v14zM2 10h3m4 0h6m4 0h3M2 16h3m4 0h6m4 0h3",
};

export function Sign({ of }: { of: Landmark }) {
  return (
    <svg class="sign" viewBox="0 0 24 24" aria-hidden="true">
      <path d={SIGNS[of]} />
    </svg>
  );
}
