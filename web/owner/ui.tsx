// Small parts that several pages share.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Failure, sealed } from "../shared/api";
import type { Bytes } from "../shared/bytes";
import { Latest } from "../shared/latest";
import { quiet, title as titled } from "./hub";
import { go, opened, opener } from "./state";
import { toast } from "./toast";

interface LinkProps {
  href: string;
  class?: string;
  children?: ComponentChildren;
  "aria-current"?: "page" | undefined;
  "aria-label"?: string;
  "data-testid"?: string;
  "data-clip"?: string;
  onPointerDown?: (event: PointerEvent) => void;
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

export function Problem({ text, todo }: { text: string; todo?: string | undefined }) {
  return (
    <div class="problem" role="alert">
      <strong>{text}</strong>
      {todo && <span>{todo}</span>}
    </div>
  );
}

interface TroubleProps {
  of: Failure | null | undefined;
  todo?: string | undefined;
  isPlain?: boolean; // a line without a box, as over a picture
}

// What went wrong, in the words of the program that knows. A page shows failures with this and never words its own.
export function Trouble({ of, todo, isPlain }: TroubleProps) {
  if (!of || of.kind === "aborted") return null;
  return isPlain ? <p role="alert">{of.text}</p> : <Problem text={of.text} todo={todo} />;
}

export function Field(props: { label: string; hint?: string | undefined; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the input is the child that is put in here
    <label class="field">
      <span>{props.label}</span>
      {props.children}
      {props.hint && <small>{props.hint}</small>}
    </label>
  );
}

interface CheckProps {
  name: string;
  about: ComponentChildren; // what it means
  checked: boolean;
  set: (isOn: boolean) => void;
  disabled?: boolean;
  isBusy?: boolean; // and not disabled, which would take the focus away
  testid?: string;
}

export function Check({ name, about, checked, set, disabled = false, isBusy = false, testid }: CheckProps) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={checked}
        disabled={disabled}
        aria-disabled={isBusy}
        data-testid={testid}
        onClick={(event) => isBusy && event.preventDefault()}
        onChange={(event) => set(event.currentTarget.checked)}
      />
      <span>
        <strong>{name}</strong>
        <small>{about}</small>
      </span>
    </label>
  );
}

export function Secret(props: {
  value: string;
  onInput: (v: string) => void;
  testid: string;
  autocomplete: string;
  label: string;
  hint?: string | undefined;
  meter?: number | undefined;
}) {
  const [shown, setShown] = useState(false);
  return (
    <Field label={props.label} hint={props.hint}>
      <span class="secret">
        <input
          type={(shown ? "text" : "password") as "password"}
          value={props.value}
          autocomplete={props.autocomplete}
          autocapitalize="none"
          spellcheck={false} // what is shown must not go to a spelling service
          data-testid={props.testid}
          onInput={(e) => props.onInput(e.currentTarget.value)}
        />
        <button
          type="button"
          class="quiet"
          aria-pressed={shown}
          aria-label={`${shown ? "Hide" : "Show"} what is typed: ${props.label}`}
          onClick={() => setShown(!shown)}
        >
          {shown ? "Hide" : "Show"}
        </button>
      </span>
      {props.meter !== undefined && <span class={`meter level-${props.meter}`} aria-hidden="true" />}
    </Field>
  );
}

// A question before something that cannot be taken back.
export function Confirm(props: { title: string; text: string; yes: string; act: () => void; close: () => void }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current?.showModal(), []);
  return (
    <dialog ref={box} onClose={props.close} aria-labelledby="confirm-title">
      <form method="dialog" onSubmit={(e) => (e.submitter as HTMLButtonElement).value === "yes" && props.act()}>
        <h2 id="confirm-title">{props.title}</h2>
        <p>{props.text}</p>
        <div class="row">
          <button type="submit" value="yes" class="main danger" data-testid="confirm-yes">
            {props.yes}
          </button>
          <button type="submit" value="no" class="quiet" autofocus>
            Cancel
          </button>
        </div>
      </form>
    </dialog>
  );
}

export function useTitle(title: string) {
  useEffect(() => {
    titled.value = title;
  }, [title]);
}

// What stands above a page while the hub is silent. It goes by itself.
export function Quiet() {
  const said = quiet.value;
  if (!said) return null;
  return (
    <div class="banner quiet" role="status" data-testid="hub-silent">
      <strong>{said.title}.</strong> {said.text} {said.todo}
    </div>
  );
}

interface OpenedPicture {
  url: string;
  of: number | undefined; // what `again` was
}

const pictures = new Latest<string, OpenedPicture>(160, ({ url }) => URL.revokeObjectURL(url));

interface PictureProps {
  path: string;
  again?: number | undefined; // changes when there is a newer one; while it does not, one that was opened once stays
  alt: string;
  empty?: string;
  class?: string;
}

// A sealed picture, opened here when it comes into sight. Keeps the old one until the new one is there.
export function SealedPicture({ path, again, alt, empty, class: style }: PictureProps) {
  const [url, setUrl] = useState<string | null>(pictures.get(path)?.url ?? null);
  const [seen, setSeen] = useState(false);
  const box = useRef<HTMLImageElement & HTMLDivElement>(null);
  useEffect(() => {
    if (!box.current || seen) return;
    const watcher = new IntersectionObserver((all) => all.some((each) => each.isIntersecting) && setSeen(true), {
      rootMargin: "300px",
    });
    watcher.observe(box.current);
    return () => watcher.disconnect();
  }, [seen]);
  useEffect(() => {
    const had = pictures.get(path);
    if (!seen || (had && had.of === again)) return;
    let gone = false;
    void (async () => {
      const found = await sealed(path);
      if (gone || !found.ok || !found.value) return; // there is none (yet): the box says so
      const jpeg = await opened(found.value.bytes);
      if (!jpeg.ok) return;
      const made = pictureUrl(jpeg.value);
      pictures.set(path, { url: made, of: again });
      if (!gone) setUrl(made);
    })();
    return () => {
      gone = true;
    };
  }, [path, again, opener.value, seen]);
  if (url) return <img ref={box} class={style} src={url} alt={alt} />;
  return (
    <div
      ref={box}
      class={`blank ${style ?? ""}`}
      role="img"
      aria-label={alt}
      aria-hidden={alt === "" ? true : undefined}
    >
      {empty ?? ""}
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
      {shown.act && (
        <button type="button" onClick={shown.act.go} data-testid="toast-act">
          {shown.act.name}
        </button>
      )}
    </div>
  );
}

export { Mark } from "../shared/Mark";
