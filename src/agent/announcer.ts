import type { AgentSpec, AlarmRule } from '../domain/agent-spec.ts';
import type { AlarmChange } from '../domain/decision.ts';
import type { OutMessage } from '../domain/message.ts';
import type { Decider } from '../flow/decide.ts';
import type { Encoder } from '../flow/encode.ts';
import { compileTopic, type TopicTemplate } from '../flow/topic.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { type Fact, MAX_PER_PUT, type Outbox } from '../ports/outbox.ts';
import type { AgentMode } from './commands/controls.ts';
import type { Metrics } from './metrics.ts';

export type AnnouncerNeeds = {
  readonly thing: string;
  readonly spec: AgentSpec;
  readonly alarms: readonly AlarmRule[];
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly decider: Decider;
  readonly encoder: Encoder;
};

type KnownRule = { readonly rule: AlarmRule; readonly actionTopic: TopicTemplate | undefined };

/**
 * Makes alarms known, once. The alarm and the fact that it was raised are one transaction: after a power cut either
 * both are there, and the episode goes on silently, or neither is, and the next windows raise it anew.
 */
export class Announcer {
  readonly #needs: AnnouncerNeeds;
  readonly #rules: ReadonlyMap<string, KnownRule>;
  readonly #alarmTopic: TopicTemplate;
  readonly #prefix: string;

  constructor(needs: AnnouncerNeeds) {
    this.#needs = needs;
    const names = { thing: needs.thing, agent: needs.spec.name };
    this.#alarmTopic = compileTopic(needs.spec.outputs.alarmTopic, names);
    this.#prefix = `alarm/${needs.spec.name}/`;
    this.#rules = new Map(
      needs.alarms.map((rule) => [
        rule.name,
        { rule, actionTopic: rule.action === undefined ? undefined : compileTopic(rule.action.topic, names) },
      ]),
    );
  }

  /** Takes up the episodes that were going on when the agent last ended. */
  async resume(): Promise<void> {
    const forgotten: Fact[] = [];
    for (const [name, value] of this.#needs.outbox.facts(this.#prefix)) {
      const [rule = '', key = ''] = name.slice(this.#prefix.length).split('/');
      const sinceMs = Number(value);
      const resumed = Number.isSafeInteger(sinceMs) && this.#needs.decider.resume(rule, key, { sinceMs });
      if (!resumed) forgotten.push({ name, value: null }); // its rule is no longer configured
    }
    // Those beyond one put are found again at the next start.
    if (forgotten.length > 0) await this.#needs.outbox.put([], forgotten.slice(0, MAX_PER_PUT));
  }

  /** Queues the change durably. One that cannot be queued is taken back, so that the next window tries again. */
  async announce(change: AlarmChange, mode: AgentMode): Promise<void> {
    const known = this.#rules.get(change.rule);
    if (known === undefined) return;
    const { outbox, decider, log, metrics } = this.#needs;
    const messages = this.#messages(known, change, mode);
    const fact = {
      name: `${this.#prefix}${change.rule}/${change.key}`,
      value: change.kind === 'raised' ? String(change.episode.sinceMs) : null,
    };
    const put = await outbox.put(messages, [fact]);
    if (!put.ok) {
      decider.undo(change);
      log.error(
        { key: change.key, rule: change.rule, code: put.error.code, reason: put.error.message },
        'alarm not queued',
      );
      return;
    }
    metrics.inc(change.kind === 'raised' ? 'alarmsRaised' : 'alarmsCleared');
    if (change.kind === 'raised' && known.rule.action !== undefined)
      metrics.inc(mode === 'observe' ? 'actionsWithheld' : 'actions');
    log.warn({ key: change.key, rule: change.rule, signal: change.signal }, `alarm ${change.kind}`);
  }

  #messages({ rule, actionTopic }: KnownRule, change: AlarmChange, mode: AgentMode): OutMessage[] {
    const { id, payload } = this.#needs.encoder.alarm(rule, change, this.#needs.clock.now());
    const alarm: OutMessage = {
      id,
      class: 'alarm',
      topic: this.#alarmTopic(change.key),
      payload: Buffer.from(payload),
    };
    if (change.kind !== 'raised' || rule.action === undefined || actionTopic === undefined) return [alarm];
    if (mode === 'observe') return [alarm];
    // The actuator first: it is what protects people; the alarm tells them.
    const action: OutMessage = {
      id: `${id}/action`,
      class: 'alarm',
      topic: actionTopic(change.key),
      payload: Buffer.from(rule.action.payload),
    };
    return [action, alarm];
  }
}
