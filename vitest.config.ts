import { defineConfig } from "vitest/config";

/** One project for each ring of tests: `npm test -- --project native`. */
function ring(name: string, ...include: string[]) {
  return { extends: true as const, test: { name, include } };
}

export default defineConfig({
  test: {
    // A process for each file: a leaked descriptor or a crash in the addon stays where it belongs.
    pool: "forks",
    maxWorkers: "100%",
    retry: 0,
    allowOnly: false,
    // Generous, because a timeout here is a verdict about the code and not about the machine.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 15_000,
    reporters: ["default", "./test/support/summary-reporter.ts"],
    projects: [
      ring("unit", "src/**/*.test.ts", "test/unit/**/*.test.ts"),
      ring("native", "test/native/**/*.test.ts"),
      ring("integration", "test/integration/**/*.test.ts"),
      ring("conformance", "test/conformance/**/*.test.ts"),
      ring("security", "test/security/**/*.test.ts"),
      ring("mutants", "test/mutants/**/*.test.ts"),
    ],
  },
});
