/** Every time that the nuclei wait, in their seconds; a test may make a second shorter. */
export const SECONDS = {
  /** install, startup and bootstrap without a Timeout (classic Lifecycle; recipe2unit). */
  stage: 120,
  /** Classic: shutdown, recover and uninstall without a Timeout. */
  shutdown: 15,
  recover: 60,
  uninstall: 120,
  /** Classic: from SIGTERM to SIGKILL (Exec.gracefulShutdownTimeout). */
  grace: 5,
  /** systemd: the same, where a unit sets no other (DefaultTimeoutStopSec). */
  unitStop: 90,
  /** systemd: between two starts (recipe2unit: RestartSec), and the window in which starts count (StartLimitInterval). */
  restartDelay: 1,
  startLimitInterval: 3_600,
  /** Lite: before it asks for states, and how long it waits for one component (ggdeploymentd). */
  settle: 5,
  wait: 300,
  /** From the start of a nucleus until the cloud has sent again what has not ended: a connection takes its time. */
  resend: 10,
  /** Classic: how often it looks whether services have started, and whether components have answered. */
  poll: 1,
  /** Classic: errors that lie so far apart do not add up. */
  errorReset: 3_600,
  /** Classic: policies of a deployment without times of their own. */
  updatePolicy: 60,
  validation: 20,
} as const;

/** Errors in one state, or starts in one interval, after which a component is BROKEN on either nucleus. */
export const MAX_ERRORS = 3;
