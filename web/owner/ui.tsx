// Small parts that several pages share.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { sealed } from "../shared/api";
import type { Bytes } from "../shared/bytes";
import { go, opener, toast } from "./state";

interface LinkProps {
  href: string;
  class?: string;
  children?: ComponentChildren;
  "aria-current"?: "page" | undefined;
  "data-testid"?: string;
  "data-clip"?: string;
}

export function Link(props: LinkProps) {
  const { href, ...rest } = props;
  return (
    <a
      {...rest}
      href={href}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        go(href);
      }}
    />
  );
}

// Shown only when something takes longer than a glance.
export function Wait({ text }: { text: string }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 300);
    return () => clearTimeout(timer);
  }, []);
  return late ? (
    <p class="wait" role="status">
      <span class="dots" aria-hidden="true" /> {text}
    </p>
  ) : null;
}

export function Problem({ text, todo }: { text: string; todo?: string }) {
  return (
    <div class="problem" role="alert">
      <strong>{text}</strong>
      {todo && <span>{todo}</span>}
    </div>
  );
}

export function Field(props: { label: string; hint?: string; children: ComponentChildren }) {
  return (
    <label class="field">
      <span>{props.label}</span>
      {props.children}
      {props.hint && <small>{props.hint}</small>}
    </label>
  );
}

export function Secret(props: { value: string; onInput: (v: string) => void; testid: string; autocomplete: string; label: string; hint?: string }) {
  const [shown, setShown] = useState(false);
  return (
    <Field label={props.label} hint={props.hint}>
      <span class="secret">
        <input
          type={(shown ? "text" : "password") as "password"}
          value={props.value}
          autocomplete={props.autocomplete}
          data-testid={props.testid}
          onInput={(e) => props.onInput(e.currentTarget.value)}
        />
        <button type="button" class="quiet" aria-pressed={shown} onClick={() => setShown(!shown)}>
          {shown ? "Hide" : "Show"}
        </button>
      </span>
    </Field>
  );
}

export function useTitle(title: string) {
  useEffect(() => {
    document.title = `${title} · Nightlatch`;
  }, [title]);
}

// A sealed picture, opened here. Keeps the old one until the new one is there.
export function SealedPicture(props: { path: string; again?: number; alt: string; empty?: string; class?: string }) {
  const [url, setUrl] = useState<string | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const last = useRef<string | null>(null);
  useEffect(() => {
    let gone = false;
    void (async () => {
      try {
        const found = await sealed(props.path);
        if (gone || !opener.value) return;
        if (!found) return setUrl(null);
        const open = await opener.value.open(found.bytes);
        if (gone) return;
        const made = pictureUrl(open);
        setUrl(made);
        setFailed(null);
        if (last.current) URL.revokeObjectURL(last.current);
        last.current = made;
      } catch (error) {
        if (!gone) setFailed((error as Error).message);
      }
    })();
    return () => {
      gone = true;
    };
  }, [props.path, props.again, opener.value]);
  useEffect(() => () => void (last.current && URL.revokeObjectURL(last.current)), []);
  if (url) return <img class={props.class} src={url} alt={props.alt} />;
  return (
    <div class={`blank ${props.class ?? ""}`} role="img" aria-label={props.alt}>
      {failed ?? props.empty ?? ""}
    </div>
  );
}

export function pictureUrl(jpeg: Bytes): string {
  return URL.createObjectURL(new Blob([jpeg], { type: "image/jpeg" }));
}

export function Toast() {
  const shown = toast.value;
  if (!shown) return null;
  return (
    <div class="toast" role="status">
      <span>{shown.text}</span>
      {shown.undo && (
        <button type="button" onClick={shown.undo} data-testid="undo">
          Undo
        </button>
      )}
    </div>
  );
}

export const Mark = () => (
  <svg class="mark" viewBox="0 0 64 64" aria-hidden="true">
    <path d="M20 30v-6a12 12 0 0 1 24 0v6" fill="none" stroke="currentColor" stroke-width="5" stroke-linecap="round" />
    <path d="M21 29h22a6 6 0 0 1 6 6v12a6 6 0 0 1-6 6H21a6 6 0 0 1-6-6V35a6 6 0 0 1 6-6Zm11 5.500a6.500 6.500 0 1 0 0 13a6.500 6.500 0 0 0 0-13Z" fill="currentColor" fill-rule="evenodd" />
  </svg>
);
