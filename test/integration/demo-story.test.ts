import assert from 'node:assert/strict';
import type { Answer } from '../../scripts/demo/observer.ts';
import { Story } from '../../scripts/demo/story.ts';

const FOLDERS = { '1.1.0': '/p/1.1.0', '1.2.0': '/p/1.2.0', '1.3.0': '/p/1.3.0' };

describe('The story of the demo', () => {
  it('asks for one rollout after another, and tells what the agent says of each', async () => {
    const asked: unknown[] = [];
    const answers = [
      { status: 'succeeded', result: { outcome: 'committed', reason: '' } },
      { status: 'failed', result: { outcome: 'rolledBack', reason: 'it drifts' }, error: { code: 'E', message: 'm' } },
      { status: 'rejected', error: { code: 'E_COMMAND_BUSY', message: 'too much to do' } },
    ];
    const story = storyWith(async (verb, args) => {
      asked.push([verb, args]);
      return { id: 'any', status: 'failed', ...answers[asked.length - 1] };
    });
    await story.play(5_000);
    assert.deepEqual(
      asked,
      Object.values(FOLDERS).map((source) => ['model.rollout', { source }]),
    );
    assert.deepEqual(story.told, [
      { version: '1.1.0', outcome: 'committed', reason: '', gapMs: 12 },
      { version: '1.2.0', outcome: 'rolled-back', reason: 'it drifts', gapMs: 12 },
      { version: '1.3.0', outcome: 'failed', reason: 'too much to do', gapMs: 12 },
    ]);
    assert.equal(story.line, '1.1.0 answers, 1.1.0 committed, 1.2.0 rolled-back, 1.3.0 failed');
  });

  it('tells a rollout that nobody answers as unfinished', async () => {
    const story = storyWith(() => Promise.reject(new Error('model.rollout: no reply')));
    await story.play(5_000);
    assert.deepEqual(story.told[0], {
      version: '1.1.0',
      outcome: 'unfinished',
      reason: 'model.rollout: no reply',
      gapMs: 12,
    });
  });
});

function storyWith(ask: (verb: string, args: object) => Promise<Answer>): Story {
  const status = { agents: [{ rollout: { state: 'idle', active: '1.1.0' } }] };
  return new Story({ observer: { ask, command: async () => status, watchGaps: () => () => 12.3 }, folders: FOLDERS });
}
