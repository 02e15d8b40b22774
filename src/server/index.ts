export { parseAdmission } from "./admission.js";
export type { Decision, Policy, Query, Rule, Verb } from "./policy/policy.js";
export { type Broker, type BrokerOptions, startBroker } from "./start-broker.js";
export { StartupError } from "./startup-error.js";
