// Steps as a person sees them: listr2 on a terminal; elsewhere one plain line when a step has done something.
import type { ListrTask } from 'listr2';
import type { Io } from '../io.ts';
import { showsProgress } from '../progress/progress.ts';

export interface Step {
  title: string;
  /** False: there was nothing to do; a text says what was done instead of the title. */
  run(): Promise<boolean | string | void>;
  /** Steps of a group run at the same time. */
  steps?: undefined;
}
export interface StepGroup {
  title: string;
  steps: Step[];
}

const done = (title: string, result: boolean | string | void): string =>
  typeof result === 'string' ? result : result === false ? `${title}: nothing to do` : title;

/** Answers whether any of them had something to do. */
export async function runSteps(steps: readonly (Step | StepGroup)[], io: Io): Promise<boolean> {
  if (io.stdout.isTTY && showsProgress(io)) return runOnTerminal(steps);
  let busy = false;
  for (const step of steps) {
    const parts = step.steps ?? [step];
    await Promise.all(
      parts.map(async (part) => {
        const result = await part.run();
        if (result === false) return;
        busy = true;
        io.stdout.write(`${done(part.title, result)}\n`);
      }),
    );
  }
  return busy;
}

async function runOnTerminal(steps: readonly (Step | StepGroup)[]): Promise<boolean> {
  let busy = false;
  const task = (step: Step): ListrTask => ({
    title: step.title,
    task: async (_, handle) => {
      const result = await step.run();
      busy ||= result !== false;
      handle.title = done(step.title, result);
    },
  });
  const group = ({ title, steps: parts }: StepGroup): ListrTask => ({
    title,
    task: (_, handle) => handle.newListr(parts.map(task), { concurrent: true }),
  });
  const tasks = steps.map((step) => (step.steps ? group(step) : task(step)));
  const { Listr } = await import('listr2');
  // The message itself is the command's last line, printed once by who catches it.
  await new Listr(tasks, { rendererOptions: { collapseSubtasks: false, showErrorMessage: false } }).run();
  return busy;
}
