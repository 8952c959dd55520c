/** Bounds of what a configuration may ask for: a typing slip must not become a device that is out of memory. */

/** Each agent is a process of its own; an edge device runs a handful. */
export const MAX_GROUPS = 64;
export const MAX_AGENTS = 64;
export const MAX_INPUTS = 64;
/** A JSON payload of more channels than this is better sent as f32le. */
export const MAX_POINTERS = 1024;
export const MAX_POINTER_LENGTH = 256;
export const MAX_ALARMS = 64;
export const MAX_LABELS = 1000;
/** Votes are bits of one 32-bit number for each key and rule (flow/decide.ts). */
export const MAX_VOTES = 32;
/** Names become parts of topics, file names and process titles. */
export const MAX_NAME_LENGTH = 64;
/** AWS IoT's limit for a thing name. */
export const MAX_THING_LENGTH = 128;
/** Four times what AWS IoT accepts; the MQTT limit of 65,535 serves nobody. */
export const MAX_TOPIC_LENGTH = 1024;
/** Of topics and filters at AWS IoT Core (its service quotas). */
export const MAX_IOT_CORE_SLASHES = 7;
export const MAX_IOT_CORE_BYTES = 256;
/** PATH_MAX of Linux. */
export const MAX_PATH_LENGTH = 4096;
/** An action is a short word to an actuator, and waits in the outbox. */
export const MAX_ACTION_LENGTH = 8192;
/** The buses throw larger packets away (1 MiB with the topic, adapters/mqtt/options.ts): they never get as far as an input. */
export const MAX_PAYLOAD_BYTES = 1e6;
/** Windows of a batch are copied into one tensor. */
export const MAX_BATCH = 1024;
export const MAX_QUEUE = 65_536;
export const MAX_KEYS = 100_000;
export const MAX_HOP = 10_000_000;
export const MAX_THREADS = 64;
/** Node and the ONNX Runtime with a small model take 80 to 100 MB; with less the runner would only ever restart. */
export const MIN_RUNNER_BYTES = 128e6;
export const MAX_RUNNER_BYTES = 1e12;
/** Database, its log and the ballast, each with room for one group commit (adapters/sqlite/limits.ts). */
export const MIN_OUTBOX_BYTES = 4 * 1024 * 1024;
export const MAX_OUTBOX_BYTES = 100e9;
export const MAX_OUTBOX_ROWS = 10_000_000;
export const MAX_TRIES = 1000;
/** AWS IoT allows 100 unacknowledged publishes a connection. */
export const MAX_IN_FLIGHT = 1000;
/** A shadow is updated by the whole fleet at once: below this the updates are a load of their own. */
export const MIN_HEARTBEAT_MS = 10_000;
/** MQTT counts the keepalive in whole seconds, as 16 bits. */
export const MIN_KEEPALIVE_MS = 1000;
export const MAX_KEEPALIVE_MS = 65_535_000;
/** Timers hold 31 bits of milliseconds; 20 days fit. */
export const MAX_TIMER_MS = 20 * 86_400_000;
/** Gaps and cooldowns are compared, not waited for. */
export const MAX_PERIOD_MS = 366 * 86_400_000;
