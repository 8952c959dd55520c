/** Two recipes without a fault, in which tests plant one. */
export const AGENT = `RecipeFormatVersion: '2020-01-25'
ComponentName: com.example.Agent
ComponentVersion: '1.2.3'
ComponentType: aws.greengrass.generic
ComponentDescription: Watches
ComponentPublisher: Example
ComponentConfiguration:
  DefaultConfiguration:
    level: 3
    accessControl:
      aws.greengrass.ipc.pubsub:
        com.example.Agent:pubsub:1:
          policyDescription: Readings and results
          operations: ['aws.greengrass#SubscribeToTopic', 'aws.greengrass#PublishToTopic']
          resources: ['sensors/*/vibration']
      aws.greengrass.ipc.mqttproxy:
        com.example.Agent:mqttproxy:1:
          operations: ['aws.greengrass#PublishToIoTCore']
          resources: ['dt/edge-agent/+/alarm']
Manifests:
  - Name: x86-64
    Platform:
      os: linux
      architecture: amd64
      runtime: '*'
    Artifacts:
      - Uri: s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/agent.tar.gz
        Unarchive: NONE
        Permission: { Read: OWNER, Execute: NONE }
    Lifecycle:
      Setenv:
        LANG: C
      install:
        Timeout: 200
        Script: |
          set -eu
          export ORT_DISABLE_TELEMETRY=1
          tar -xzf "{artifacts:path}/agent.tar.gz" -C "{work:path}"
          bin/openclaw-edge doctor
      run:
        Script: exec env ORT_DISABLE_TELEMETRY=1 "{work:path}/bin/start"
  - Name: Arm
    Platform: { os: linux, architecture: aarch64, runtime: '*' }
    Artifacts: []
    Lifecycle:
      install: 'true'
      run: exec sleep 9
`;

export const MODEL = `RecipeFormatVersion: '2020-01-25'
ComponentName: com.example.model.Bearing
ComponentVersion: '1.2.3'
ComponentDependencies:
  com.example.Agent:
    VersionRequirement: '>=1.0.0 <2.0.0'
    DependencyType: SOFT
Manifests:
  - Platform: { os: linux, architecture: '*', runtime: '*' }
    Artifacts:
      - Uri: s3://BUCKET_NAME/com.example.model.Bearing/1.2.3/bearing.zip
    Lifecycle:
      install:
        Script: test -r "{artifacts:path}/bearing.zip"
      startup:
        Timeout: 2400
        Script: |
          export ORT_DISABLE_TELEMETRY=1
          if "{work:path}/../com.example.Agent/bin/openclaw-edge" model activate --wait "{artifacts:path}/bearing.zip"; then
            if [ -n "$NOTIFY_SOCKET" ]; then systemd-notify --ready; fi
            exit 0
          fi
          exit 1
`;
