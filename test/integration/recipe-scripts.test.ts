import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AGENT, type Nucleus, RecipeDevice, scriptOf } from '../fixtures/recipe-device.ts';

const MODELS = [
  ['com.openclaw.edge.model.BearingFault', 'bearing-fault'],
  ['com.openclaw.edge.model.TurbofanRul', 'turbofan-rul'],
] as const;

for (const nucleus of ['classic', 'lite'] satisfies Nucleus[]) {
  describe(`the scripts of the recipes, as nucleus ${nucleus} runs them`, () => {
    let device: RecipeDevice;

    beforeEach(() => {
      device = new RecipeDevice(nucleus);
    });

    afterEach(() => device.remove());

    const apps = () => readdirSync(join(device.work(AGENT), 'app')).sort();

    /** Puts an archive of the agent where the nucleus puts artifacts; its self-check ends as told. */
    function publish(version: string, selfCheck = 0): void {
      const folder = join(device.root, 'archive');
      device.program(
        join(folder, 'bin/openclaw-edge'),
        'echo "$ORT_DISABLE_TELEMETRY $*" >> "$NOTES/checks"',
        `exit ${selfCheck}`,
      );
      device.program(
        join(folder, 'bin/start'),
        'echo "$ORT_DISABLE_TELEMETRY" > "$NOTES/started"',
        'trap "exit 43" TERM',
        'while [ -e "$NOTES/stay" ]; do sleep 0.1; done',
        'exit 42',
      );
      const file = join(device.artifacts(AGENT, version), `openclaw-edge-${version}-linux-x64.tar.gz`);
      execFileSync('tar', ['-czf', file, '-C', folder, '.']);
      rmSync(folder, { recursive: true });
    }

    const install = async (version: string) => (await device.run(AGENT, version, 'install')).code;

    describe('install of the agent', () => {
      it('unpacks the archive, tries it, and leaves it to nobody else', async () => {
        publish('1.0.0');
        assert.equal(await install('1.0.0'), 0);
        assert.deepEqual(apps(), ['1.0.0']);
        assert.deepEqual(device.notes('checks'), ['1 doctor --output json']);
        const start = join(device.work(AGENT), 'app/1.0.0/bin/start');
        assert.equal(statSync(start).mode & 0o777, 0o700);
      });

      it('keeps the version that ran before, and removes older ones and what a power cut has left', async () => {
        for (const [at, version] of ['1.0.0', '1.0.9', '1.0.10'].entries()) {
          publish(version);
          assert.equal(await install(version), 0);
          // File times are coarse here and there; versions come days apart.
          utimesSync(join(device.work(AGENT), 'app', version), at, at);
        }
        mkdirSync(join(device.work(AGENT), 'app/.0.9.0.tmp'));
        publish('1.1.0');
        assert.equal(await install('1.1.0'), 0);
        assert.deepEqual(apps(), ['1.0.10', '1.1.0']);
      });

      it('fails with an archive that does not run here, and leaves what was there', async () => {
        publish('1.0.0');
        await install('1.0.0');
        publish('1.1.0', 1);
        assert.notEqual(await install('1.1.0'), 0);
        assert.deepEqual(
          apps().filter((name) => !name.startsWith('.')),
          ['1.0.0'],
        );
      });

      it('fails with an archive that is cut off, or missing', async () => {
        publish('1.0.0');
        const archive = join(device.artifacts(AGENT, '1.0.0'), 'openclaw-edge-1.0.0-linux-x64.tar.gz');
        writeFileSync(archive, 'not a tar');
        assert.notEqual(await install('1.0.0'), 0);
        rmSync(archive);
        assert.notEqual(await install('1.0.0'), 0);
        assert.deepEqual(
          apps().filter((name) => !name.startsWith('.')),
          [],
        );
      });

      it('may be repeated', async () => {
        publish('1.0.0');
        assert.equal(await install('1.0.0'), 0);
        const first = statSync(join(device.work(AGENT), 'app/1.0.0')).ino;
        assert.equal(await install('1.0.0'), 0);
        assert.equal(statSync(join(device.work(AGENT), 'app/1.0.0')).ino, first, 'what is whole stays');
        assert.deepEqual(apps(), ['1.0.0']);
        rmSync(join(device.work(AGENT), 'app/1.0.0/bin/openclaw-edge'));
        assert.equal(await install('1.0.0'), 0);
        assert.notEqual(
          statSync(join(device.work(AGENT), 'app/1.0.0')).ino,
          first,
          'what does not run is unpacked anew',
        );
        assert.deepEqual(apps(), ['1.0.0']);
      });
    });

    describe('run of the agent', () => {
      beforeEach(async () => {
        publish('1.0.0');
        await install('1.0.0');
      });

      it('becomes the start script of its version, and ends as that does', async () => {
        assert.equal((await device.run(AGENT, '1.0.0', 'run')).code, 42);
        assert.deepEqual(device.notes('started'), ['1']);
      });

      it('passes SIGTERM on', async () => {
        writeFileSync(join(device.root, 'stay'), '');
        device.tool('sleep', 'exec /bin/sleep "$@"');
        const { child, ended } = device.start(AGENT, '1.0.0', 'run');
        while (!existsSync(join(device.root, 'started')) && child.exitCode === null)
          await new Promise((done) => setTimeout(done, 10));
        child.kill('SIGTERM');
        assert.equal((await ended).code, 43);
      });

      it('fails where its version was never installed', async () => {
        assert.notEqual((await device.run(AGENT, '2.0.0', 'run')).code, 0);
      });
    });

    for (const [component, model] of MODELS) {
      describe(`the scripts of ${component}`, () => {
        const launcher = () => join(device.work(AGENT), 'bin/openclaw-edge');
        const zip = () => join(device.artifacts(component, '1.4.0'), `${model}-1.4.0.zip`);
        const stage = (name: string, environment = {}) => device.run(component, '1.4.0', name, environment);
        const LISTENING = { NOTIFY_SOCKET: '/run/systemd/notify' };

        /** The agent's verdict on every model. */
        const verdict = (code: number) => [`printf "%s|" "$@" >> "$NOTES/asked"`, `exit ${code}`];

        beforeEach(() => {
          writeFileSync(zip(), 'PK');
          device.tool('systemd-notify', 'echo "$*" >> "$NOTES/notified"');
          device.tool('sleep', 'echo "$1" >> "$NOTES/slept"');
        });

        it('install: passes an archive that can be read, and no other', async () => {
          assert.equal((await stage('install')).code, 0);
          writeFileSync(zip(), '');
          assert.match((await stage('install')).err, /is missing or empty/);
          rmSync(zip());
          assert.equal((await stage('install')).code, 1);
        });

        it('startup: asks the agent for the verdict, and is ready when it is good', async () => {
          device.program(launcher(), ...verdict(0));
          assert.equal((await stage('startup', LISTENING)).code, 0);
          const [asked = ''] = device.notes('asked');
          assert.equal(asked.replaceAll('//', '/'), `model|activate|--wait|--patience|10m|${zip()}|`);
          assert.deepEqual(device.notes('notified'), ['--ready']);
          assert.deepEqual(device.notes('slept'), []);
        });

        it('startup: fails when the verdict is bad, and is not ready', async () => {
          device.program(launcher(), ...verdict(1));
          assert.equal((await stage('startup', LISTENING)).code, 1);
          assert.deepEqual(device.notes('notified'), []);
        });

        it('startup: waits for an agent that is still starting', async () => {
          const later = join(device.root, 'later');
          device.program(later, ...verdict(0));
          mkdirSync(join(device.work(AGENT), 'bin'));
          const appear = `[ "$(cat "$NOTES/slept")" != "1\n1\n1" ] || mv "${later}" "${launcher()}"`;
          device.tool('sleep', 'echo "$1" >> "$NOTES/slept"', appear);
          assert.equal((await stage('startup', LISTENING)).code, 0);
          assert.deepEqual(device.notes('slept'), ['1', '1', '1']);
          assert.deepEqual(device.notes('notified'), ['--ready']);
        });

        it('startup: gives up after two minutes without an agent, and says so', async () => {
          const { code, err } = await stage('startup', LISTENING);
          assert.equal(code, 1);
          assert.match(err, /no agent after 120 s: .*com\.openclaw\.edge\.Agent\/bin\/openclaw-edge is missing/);
          assert.equal(device.notes('slept').length, 120);
          assert.deepEqual(device.notes('notified'), []);
        });

        it('startup: does not take a launcher that it may not run', async () => {
          mkdirSync(join(device.work(AGENT), 'bin'));
          writeFileSync(launcher(), 'exit 0', { mode: 0o600 });
          assert.equal((await stage('startup')).code, 1);
        });

        it('startup: needs no systemd', async () => {
          rmSync(join(device.bin, 'systemd-notify'));
          device.program(launcher(), ...verdict(0));
          const { code, err } = await stage('startup');
          assert.deepEqual([code, err], [0, '']);
        });

        it('startup: keeps telemetry off', async () => {
          device.program(launcher(), 'echo "$ORT_DISABLE_TELEMETRY" > "$NOTES/telemetry"');
          await stage('startup');
          assert.deepEqual(device.notes('telemetry'), ['1']);
        });
      });
    }
  });
}

describe('the scripts of the recipes', () => {
  for (const [component, stages] of [
    [AGENT, ['install', 'run']],
    [MODELS[0][0], ['install', 'startup']],
    [MODELS[1][0], ['install', 'startup']],
  ] as const) {
    it(`are the same on Arm as on x86-64, and for every version: ${component}`, () => {
      for (const stage of stages) {
        assert.equal(scriptOf(component, stage, 1), scriptOf(component, stage).replaceAll('linux-x64', 'linux-arm64'));
        assert.doesNotMatch(scriptOf(component, stage), /\d+\.\d+\.\d+/);
      }
    });
  }
});
