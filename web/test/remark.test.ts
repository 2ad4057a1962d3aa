import { describe, expect, test } from "vitest";
import { remark } from "../owner/clip/remarks";
import { broken } from "../shared/api";
import { type Bytes, utf8 } from "../shared/bytes";
import { TableHub, UNREACHABLE, yes } from "./table";

describe("the owner's remark", () => {
  const PATH = "/clips/c1/remark";
  function remarking(answers: ConstructorParameters<typeof TableHub>[0], seal: typeof same | null = same) {
    const hub = new TableHub(answers);
    const failed: string[] = [];
    const opened = async (bytes: Bytes) =>
      bytes.length ? yes(JSON.parse(new TextDecoder().decode(bytes))) : broken("no");
    const mine = remark("c1", { hub: hub.doors, opened, seal, failed: ({ text }) => failed.push(text) });
    return { mine, hub, failed };
  }
  const same = async (plain: Bytes) => plain;
  const kept = (text: string) => ({ [`GET ${PATH}`]: [yes({ bytes: utf8(text), headers: new Headers() })] });

  test("is shown when there is one, and asked for when there is none", async () => {
    const { mine } = remarking(kept('{"right": "routine", "note": "the cat"}'));
    await mine.load();
    expect(mine.at.value).toEqual({ isOpen: true, said: { right: "routine", note: "the cat" } });
    const { mine: none, failed } = remarking({ [`GET ${PATH}`]: [yes(null)] });
    await none.load();
    expect(none.at.value).toEqual({ isOpen: false, said: null });
    none.open();
    expect(none.at.value).toEqual({ isOpen: true, said: null });
    expect(failed).toEqual([]);
  });

  test("that does not open is said to be so", async () => {
    const { mine, failed } = remarking(kept(""));
    await mine.load();
    expect(failed).toEqual(["The remark on this clip cannot be opened."]);
  });

  test("is kept sealed, and its other half stays", async () => {
    const { mine, hub } = remarking({ [`PUT ${PATH}`]: [yes(undefined)] });
    await mine.keep({ note: "the cat" });
    await mine.keep({ right: "routine" });
    expect(hub.bodies[`PUT ${PATH}`]).toEqual(utf8('{"right":"routine","note":"the cat"}'));
  });

  test("that cannot be kept is taken back and says why", async () => {
    const { mine, failed } = remarking({ [`PUT ${PATH}`]: [yes(undefined), UNREACHABLE] });
    await mine.keep({ right: "threat" });
    await mine.keep({ right: "routine" });
    expect(mine.at.value.said).toEqual({ right: "threat", note: "" });
    const { mine: out, failed: why } = remarking({}, null);
    await out.keep({ right: "threat" });
    expect([failed, why]).toEqual([[UNREACHABLE.text], ["Sign in first."]]);
  });
});
