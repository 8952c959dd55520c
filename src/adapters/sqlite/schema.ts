import type { MessageClass } from '../../domain/message.ts';
import type { Route } from '../../domain/route.ts';

/** Bumped when the tables change. A file with another version is moved aside and what is readable is taken over. */
export const SCHEMA_VERSION = 1;

/**
 * How classes are stored: the lower goes first when the file is full. Numbers with room between them, since a file
 * outlives the list of classes.
 */
export const CLASS_RANK = { result: 10, incident: 20, alarm: 30, reply: 40 } as const satisfies Record<
  MessageClass,
  number
>;

const CLASS_OF_RANK = new Map<number, MessageClass>([
  [CLASS_RANK.result, 'result'],
  [CLASS_RANK.incident, 'incident'],
  [CLASS_RANK.alarm, 'alarm'],
  [CLASS_RANK.reply, 'reply'],
]);

export function classOf(rank: number): MessageClass | undefined {
  return CLASS_OF_RANK.get(rank);
}

/** How an index tells the bus that a topic names; 0: none. A change needs an index of another name. */
const ROUTE_CODE = { mqtt: 1, local: 2, iotcore: 3 } as const satisfies Record<Route, number>;
const NO_ROUTE = 0;

export function routeCode(route: Route | undefined): number {
  return route === undefined ? NO_ROUTE : ROUTE_CODE[route];
}

/** The code of a row's topic, in SQL. Written the same in index and query, or the query would not find the index. */
export const ROUTE_OF_TOPIC = `CASE ${Object.entries(ROUTE_CODE)
  .map(([route, code]) => `WHEN substr(topic, 1, ${route.length + 1}) = '${route}:' THEN ${code}`)
  .join(' ')} ELSE ${NO_ROUTE} END`;

/**
 * Finds the rows of one bus among those of others. An index of an expression, and not a column: the tables stay as
 * they are, so that files of older and newer agents can be opened by each other, and a file in which it has no room
 * is merely slower.
 */
export const ROUTE_INDEX = `CREATE INDEX IF NOT EXISTS messages_by_route ON messages (${ROUTE_OF_TOPIC})`;

/** Facts without a message may displace any message: forgetting that a command was done means doing it twice. */
export const HIGHEST_RANK = CLASS_RANK.reply;

/**
 * Facts whose name starts so are forgotten last. A forgotten command can only be repeated within its expiry; a
 * forgotten alarm would be raised again under a new id.
 */
export const LASTING_FACTS = 'alarm/';

/** Of a message that is set aside, this much is kept to look at: evidence must not eat the space of the queue. */
export const QUARANTINE_PAYLOAD_BYTES = 1024;

/** Rows in quarantine: enough to see a pattern, at most 64 KiB of payloads. The oldest go. */
export const QUARANTINE_ROWS = 64;

// AUTOINCREMENT: a seq is never given twice, even when the queue was empty in between.
// The index on class holds the seq too: (class, seq) order is what the drop policy walks along.
export const SCHEMA = `
  CREATE TABLE messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    class INTEGER NOT NULL,
    topic TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    correlation BLOB,
    payload BLOB NOT NULL
  ) STRICT;
  CREATE INDEX messages_by_class ON messages (class);
  ${ROUTE_INDEX};
  CREATE TABLE quarantine (
    n INTEGER PRIMARY KEY,
    seq INTEGER, id TEXT, class INTEGER, topic TEXT, created_at INTEGER, payload BLOB,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
  );
  CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    lasting INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    checksum INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX facts_by_turn ON facts (lasting, turn);
  PRAGMA user_version = ${SCHEMA_VERSION};
`;
