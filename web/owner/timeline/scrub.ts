// Shows the still that was asked for last: while one minute is being opened, only the newest wish waits.

import type { Failure, Result } from "../../shared/api";

export interface Wish {
  sheet: number; // its id
  at: number; // epoch ms
}

export class Scrub<Sheet> {
  private wish: Wish | null = null;
  private isWorking = false;

  constructor(
    private readonly open: (sheet: number) => Promise<Result<Sheet>>,
    private readonly show: (sheet: Sheet, at: number) => void,
    private readonly fail: (failure: Failure) => void,
  ) {}

  // Null when there is nothing to show: what is still being opened is then not shown either.
  want(wish: Wish | null) {
    this.wish = wish;
    if (wish && !this.isWorking) void this.work();
  }

  private async work() {
    this.isWorking = true;
    for (let done: Wish | null = null; this.wish && this.wish !== done; ) {
      const asked: Wish = this.wish;
      const opened = await this.open(asked.sheet);
      // The same minute, but another moment of it by now: this answer does for that one as well.
      const latest: Wish | null = this.wish?.sheet === asked.sheet ? this.wish : asked;
      if (opened.ok && this.wish) this.show(opened.value, latest.at);
      if (!opened.ok && this.wish === latest) this.fail(opened);
      done = latest;
    }
    this.isWorking = false;
  }
}
