export { parseAdmission } from "./access/admission.js";
export type { Decision, Permission, Policy, Query, Rule } from "./policy/policy.js";
export { type Broker, type BrokerOptions, startBroker } from "./start-broker.js";
export { StartupError } from "./startup-error.js";
