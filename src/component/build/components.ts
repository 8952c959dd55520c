/** The component that holds the agent itself. */
export const AGENT_COMPONENT = 'com.openclaw.edge.Agent';

/** The components that hold a shipped model, and its folder in artifacts/. */
export const MODEL_COMPONENTS: Readonly<Record<string, string>> = {
  'com.openclaw.edge.model.BearingFault': 'bearing-fault',
  'com.openclaw.edge.model.TurbofanRul': 'turbofan-rul',
};

export const COMPONENTS: readonly string[] = [AGENT_COMPONENT, ...Object.keys(MODEL_COMPONENTS)];
