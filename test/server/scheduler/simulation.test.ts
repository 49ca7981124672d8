// Random lives of a cluster against the oracle. SEED=n runs one of them, STEPS=n longer ones.
import { describe, expect, it } from 'vitest';
import { Simulation } from './simulation.ts';

const steps = Number(process.env['STEPS'] ?? 250);
const seeds = process.env['SEED'] ? [Number(process.env['SEED'])] : Array.from({ length: 12 }, (_, i) => i + 1);

describe('the filters, against rules written plainly', () => {
  it.each(seeds)('seed %i', (seed) => {
    const life = new Simulation(seed);
    try {
      for (let i = 0; i < steps; i++) life.step();
      life.settle();
    } catch (error) {
      throw new Error(`SEED=${seed} STEPS=${steps}: ${String(error)}`, { cause: error });
    }
    expect(life.placedCount).toBeGreaterThan(steps / 10);
    expect(life.refusedCount).toBeGreaterThan(0);
    expect(life.preemptions).toBeGreaterThan(0);
  });
});
