// A clock that is only read for how long something took. A machine's wall clock may be set back while somebody works:
// then the steady one goes on. It may also jump ahead, after a sleep that the steady one slept through: that counts.

export function elapsing(wallMs: () => number, steadyMs: () => number): () => number {
  let [wall, steady, at] = [wallMs(), steadyMs(), wallMs()];
  return () => {
    const [wallNow, steadyNow] = [wallMs(), steadyMs()];
    at += Math.max(wallNow - wall, steadyNow - steady, 0);
    [wall, steady] = [wallNow, steadyNow];
    return at;
  };
}
