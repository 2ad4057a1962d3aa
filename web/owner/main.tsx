import { render } from "preact";
import { Cameras } from "./cameras/Page";
import { ClipPage } from "./clip/Page";
import { GivePage } from "./give/Page";
import { callWhenReady } from "./give/underway";
import { GivingPage } from "./giving/Page";
import { HomePage } from "./home/Page";
import { HouseholdPage } from "./household/Page";
import { showOnTab } from "./hub";
import { SetUp } from "./setup/Page";
import { SignIn } from "./signin/Page";
import { path, ring, start, state, unreachable } from "./state";
import { showTheme } from "./theme";
import { Timeline } from "./timeline/Page";
import { Link, Mark, Quiet, Toast, Wait } from "./ui";

const TABS = [
  ["/", "Home", "M4 11 12 4l8 7v9h-5v-6H9v6H4z"],
  ["/timeline", "Timeline", "M3 12h4l3-7 4 14 3-7h4"],
  ["/cameras", "Cameras", "M3 7h13v10H3zM16 11l5-3v8l-5-3z"],
  ["/household", "Household", "M7 11V8a5 5 0 0 1 10 0v3M5 11h14v9H5z"],
] as const;

function Page() {
  const at = path.value.split("?")[0] ?? "/";
  if (at.startsWith("/clip/")) return <ClipPage id={at.slice(6)} />;
  if (at === "/timeline") return <Timeline />;
  if (at.startsWith("/cameras")) return <Cameras at={at} />;
  if (at === "/giving") return <GivingPage />;
  if (at.startsWith("/give/")) return <GivePage id={at.slice(6)} />;
  if (at === "/household") return <HouseholdPage />;
  return <HomePage />;
}

// Home says it in its own words.
const isHome = (at: string) => (at.split("?")[0] ?? "/") === "/";

function App() {
  if (!globalThis.isSecureContext || !crypto.subtle) {
    return (
      <main class="narrow">
        <h1>This address is not secure enough</h1>
        <p>
          Your recordings are opened in this browser, and browsers do that only on <code>https://</code> pages or on the
          hub's own machine. Open the https address that the hub printed when it started.
        </p>
      </main>
    );
  }
  const found = state.value;
  if (!found) {
    return (
      <main class="narrow">
        {unreachable.value ? <p role="alert">{unreachable.value.text}</p> : <Wait text="Looking for your hub…" />}
      </main>
    );
  }
  if (!found.set_up)
    return (
      <>
        <Quiet />
        <SetUp codeNeeded={found.setup_code_needed} />
      </>
    );
  if (!found.signed_in || !ring.value)
    return (
      <>
        <Quiet />
        <SignIn />
      </>
    );
  const at = path.value;
  return (
    <>
      <a class="skip" href="#content">
        Skip to the page
      </a>
      <header>
        <Link href="/" class="brand">
          <Mark /> <span>{found.household?.name}</span>
        </Link>
        <nav aria-label="Pages">
          {TABS.map(([to, name, icon]) => {
            const here =
              to === "/"
                ? at === "/" || at.startsWith("/clip/") || at.startsWith("/give/")
                : at.startsWith(to) || (to === "/household" && at === "/giving");
            return (
              <Link key={to} href={to} aria-current={here ? "page" : undefined}>
                <svg viewBox="0 0 24 24" aria-hidden="true">
                  <path d={icon} />
                </svg>
                {name}
              </Link>
            );
          })}
        </nav>
      </header>
      {!isHome(at) && <Quiet />}
      <main id="content" tabIndex={-1}>
        <Page />
      </main>
      <Toast />
    </>
  );
}

showTheme();
showOnTab();
callWhenReady();
render(<App />, document.getElementById("app")!);
void start();
