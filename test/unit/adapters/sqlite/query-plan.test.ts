import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { SCHEMA } from '../../../../src/adapters/sqlite/schema.ts';
import { SQL } from '../../../../src/adapters/sqlite/store.ts';

describe('the statements of the outbox', () => {
  function plan(sql: string): string {
    const db = new DatabaseSync(':memory:');
    db.exec(SCHEMA);
    const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    db.close();
    return steps.map((step) => String(step['detail'])).join('; ');
  }

  it('read a page by the primary key, without sorting, however long the queue is', () => {
    assert.equal(plan(SQL.page), 'SEARCH messages USING INTEGER PRIMARY KEY (rowid>?)');
  });

  it('read a page of one bus along the index of routes, without sorting, however much waits for another', () => {
    const steps = plan(SQL.pageOfRoute);
    assert.equal(steps, 'SEARCH messages USING INDEX messages_by_route (<expr>=? AND rowid>?)');
  });

  it('find what to drop along the index of classes, without sorting', () => {
    assert.equal(plan(SQL.victims), 'SEARCH messages USING INDEX messages_by_class (class<?)');
  });

  for (const name of ['find', 'remove', 'setTries'] as const) {
    it(`${name} one row by its key`, () => {
      assert.equal(plan(SQL[name]), 'SEARCH messages USING INTEGER PRIMARY KEY (rowid=?)');
    });
  }
});
