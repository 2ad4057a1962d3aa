// A hub that answers from a table and writes down what it was asked. Answers of one address come one after another,
// the last again and again; an address that is not in the table is a hub that cannot be reached.

import type { Failure, get, Result, sealed, send } from "../shared/api";

export type Answers = Record<string, Result<unknown>[]>;

export const UNREACHABLE: Failure = { ok: false, kind: "unreachable", text: "The hub cannot be reached.", status: 0 };
export const REFUSED: Failure = { ok: false, kind: "refused", text: "Sign it again.", status: 422 };

export const yes = <T>(value: T): Result<T> => ({ ok: true, value });

export class TableHub {
  readonly asked: string[] = [];
  readonly bodies: Record<string, unknown> = {};
  readonly doors: { get: typeof get; send: typeof send; sealed: typeof sealed } = {
    get: (path) => this.ask(`GET ${path}`),
    send: (method, path, body) => this.ask(`${method} ${path}`, body),
    sealed: (path) => this.ask(`GET ${path}`),
  };

  constructor(private readonly answers: Answers) {}

  async ask(line: string, body?: unknown): Promise<Result<never>> {
    this.asked.push(line);
    this.bodies[line] = body;
    const left = this.answers[line] ?? [];
    return ((left.length > 1 ? left.shift() : left[0]) ?? UNREACHABLE) as Result<never>;
  }
}
