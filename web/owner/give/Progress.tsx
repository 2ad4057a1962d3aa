// A bar that fills, and what it says. Said aloud now and then, not with every step.

const ALOUD_EVERY = 25; // %

export function Progress({ name, share, left = "" }: { name: string; share: number | null; left?: string }) {
  const percent = share === null ? null : Math.round(share * 100);
  const aloud = percent === null ? name : `${name}: ${Math.floor(percent / ALOUD_EVERY) * ALOUD_EVERY} %`;
  return (
    <div class="progress">
      <div
        class={percent === null ? "bar unknown" : "bar"}
        role="progressbar"
        aria-label={name}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent ?? undefined}
      >
        <span style={{ width: `${percent ?? 30}%` }} />
      </div>
      <p class="fine" aria-hidden="true">
        {name}… {percent === null ? "" : `${percent} %`} {left && `· ${left}`}
      </p>
      <span class="aloud" role="status">
        {aloud}
      </span>
    </div>
  );
}
