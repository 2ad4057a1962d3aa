// The house's mark: a lock.

const BODY = "M21 29h22a6 6 0 0 1 6 6v12a6 6 0 0 1-6 6H21a6 6 0 0 1-6-6V35a6 6 0 0 1 6-6Z";
const KEYHOLE = "m11 5.500a6.500 6.500 0 1 0 0 13a6.500 6.500 0 0 0 0-13Z";

export const Mark = () => (
  <svg class="mark" viewBox="0 0 64 64" aria-hidden="true">
    <path d="M20 30v-6a12 12 0 0 1 24 0v6" fill="none" stroke="currentColor" stroke-width="5" stroke-linecap="round" />
    <path d={BODY + KEYHOLE} fill="currentColor" fill-rule="evenodd" />
  </svg>
);
