import { FakeOutbox } from '../fakes/outbox.ts';
import { sqliteOutbox, stateFolder } from '../fixtures/outbox/messages.ts';
import { outboxContract } from './outbox.ts';

describe('the fake outbox', () => {
  outboxContract(() => {
    let outbox = new FakeOutbox();
    return {
      make(limits) {
        outbox = new FakeOutbox({ ...limits, maxBytes: 3 * 1024 * 1024 });
        return outbox;
      },
      reopen: () => outbox,
      end() {},
    };
  });
});

describe('the outbox in SQLite', () => {
  outboxContract(() => {
    const folder = stateFolder();
    let made = {};
    return {
      make(limits) {
        made = limits;
        return sqliteOutbox(folder.file(), limits);
      },
      reopen: () => sqliteOutbox(folder.file(), made),
      end: () => folder.remove(),
    };
  });
});
