// What the hub says over its API: the shapes of its answers.

export interface State {
  version: string;
  now_ms: number;
  set_up: boolean;
  setup_code_needed: boolean;
  signed_in: boolean;
  household: { id: string; name: string } | null;
  cloud: { configured: boolean };
}

export interface Area {
  name: string;
  use: "watch" | "ignore" | "mask";
  points: [number, number][];
  dwell_s: number; // watch: somebody must stay so long
}

export interface Camera {
  id: string;
  name: string;
  enabled: boolean;
  demo: boolean;
  private: boolean;
  transport: "tcp" | "udp";
  address: string;
  has_sub: boolean;
  areas: Area[];
  quota_bytes: number | null;
}

export interface CameraNow extends Camera {
  state: "starting" | "recording" | "retrying" | "off";
  since_ms: number;
  reason: string | null;
  reason_text: string | null;
  still_at_ms: number | null;
  last_clip: { id: string; onset_ms: number } | null;
  recorded_from_ms: number | null;
  bytes: number;
  fps: number | null;
  width: number | null;
  height: number | null;
  codecs: string | null;
  audio: string | null;
  advice: string | null;
  looks: { since_ms: number; looked: number; passed_over: number } | null;
}

export interface Home {
  eye: "eye" | "yolox" | "both" | "motion";
  looking: { blind_since_ms: number | null; chosen: Home["eye"]; coming_percent: number | null } | null;
  well: boolean;
  problems: { camera_id: string | null; text: string; todo: string; since_ms: number | null }[];
  cameras: CameraNow[];
  storage: {
    used_bytes: number;
    free_bytes: number;
    oldest_ms: number | null;
    keep_hours: number;
    full_in_hours: number | null;
  };
  cloud: {
    configured: boolean;
    reachable: boolean | null;
    waiting_parts: number;
    last_sent_ms: number | null;
    clips: number;
  };
}

export interface Clip {
  id: string;
  camera_id: string;
  event_id: string;
  onset_ms: number;
  began_ms: number;
  ended_ms: number | null;
  open: boolean;
  bytes: number;
  parts: number;
  sent_parts: number;
  in_cloud: boolean;
}

export interface CameraDay {
  id: string;
  name: string;
  spans: [number, number][];
  outages: { began_ms: number; ended_ms: number | null; reason: string }[];
  sheets: [number, number, number][];
  clips: Clip[];
}

export interface Segment {
  id: number;
  began_ms: number;
  duration_ms: number;
  bytes: number;
  continues: boolean;
}

export interface Probe {
  ok: boolean;
  width?: number;
  height?: number;
  fps?: number | null;
  gop_s?: number | null;
  audio?: string | null;
  notes?: string[];
  still?: string;
  reason?: string;
  text?: string;
}

export interface Device {
  id: string;
  name: string;
  created_ms: number;
  last_seen_ms: number;
  this: boolean;
}

export interface Programme {
  name: string;
  url: string;
  key: string; // b64: whom a consent names
  policy: string; // whose signatures its log needs
  notice: string; // what the owner is asked
  language: string; // of the notice
}

export interface Donation {
  id: string;
  camera_id: string;
  onset_ms: number;
  length_ms: number;
  consent_sha256: string;
  given_ms: number;
  expires_ms: number;
  withdrawn_ms: number | null;
  refused_ms: number | null;
  shred_by_ms: number | null;
  shredded_ms: number | null;
}

export interface Donations {
  programme: Programme | null;
  given: Donation[];
  witness: { key: string; vouched: number | null }; // how many of the log's entries this hub vouches for
}

export interface Offer {
  id: string;
  share: number; // of the hiding that is done, 0 to 1
  problem: string | null;
  ready: boolean;
  sha256: string | null; // hex, of the film with everybody hidden
  report: { people: number } | null; // pictures × people that were found
}

// What the keeper claims about one entry of the log; the browser holds it against the log.
export interface EntryClaim {
  kind: string;
  leaf: string; // b64
  index: number | null; // null: not in the log yet
  due_ms: number | null; // when it has to be
  sealed_event: string; // b64, to the owner's key
}
