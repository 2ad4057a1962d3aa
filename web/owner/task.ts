// One thing that is being done at a time, and why the last one failed.

import { useState } from "preact/hooks";
import type { Failure, Result } from "../shared/api";

export interface Task {
  isBusy: boolean;
  failure: Failure | null;
  run: <T>(act: () => Promise<Result<T>>) => Promise<Result<T>>;
}

export function useTask(): Task {
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const run: Task["run"] = async (act) => {
    setBusy(true);
    setFailure(null);
    const done = await act();
    setFailure(done.ok ? null : done);
    setBusy(false);
    return done;
  };
  return { isBusy, failure, run };
}
