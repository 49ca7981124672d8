// The kernel's own word on containers that it killed for their memory. Docker hears of it by an event that is lost when
// the cgroup is gone before the event is read (containerd's oom epoller, cgroup v1); the kernel has logged it before the
// process ends.
import { closeSync, constants, openSync, readSync } from 'node:fs';

/** Whether the kernel's log says that it killed a process of this container (its full id) for want of memory. */
export function killedForMemory(containerId: string, device = '/dev/kmsg'): boolean {
  const said = new RegExp(`oom-kill:.*oom_memcg=[^,]*${containerId}`);
  let log: number;
  try {
    log = openSync(device, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return false; // no permission, or a kernel that is not ours
  }
  try {
    const record = Buffer.alloc(8192);
    for (;;) {
      const length = readRecord(log, record);
      if (length === 0) return false;
      if (length !== undefined && said.test(record.toString('latin1', 0, length))) return true;
    }
  } finally {
    closeSync(log);
  }
}

/** One record's length, 0 at the end, undefined for one that was overwritten meanwhile (the kernel's ring moved on). */
function readRecord(log: number, into: Buffer): number | undefined {
  try {
    return readSync(log, into);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPIPE' ? undefined : 0;
  }
}
