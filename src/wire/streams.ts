// The contract of upgraded connections (exec, attach, port-forward), whatever carries them: SPDY/3.1, WebSocket
// (v1 to v5.channel.k8s.io), or SPDY inside WebSocket (port-forward's tunnel). The node serves them, the CLI dials
// them, the API server only pipes bytes. Implementations: wire/remote-command.ts, wire/port-forward.ts.
import type { Duplex, Readable, Writable } from 'node:stream';
import type { Request, Response } from './http.ts';

export interface TerminalSize {
  width: number;
  height: number;
}

/** The result that goes to the client on the error stream: a metav1.Status. */
export interface RemoteStatus {
  status: 'Success' | 'Failure';
  message?: string;
  /** `NonZeroExitCode` with cause `ExitCode` carries a process' exit code. */
  reason?: string;
  details?: { causes?: { reason?: string; message?: string }[] };
}

/** Server side of exec and attach. Streams that the client did not ask for are undefined. */
export interface RemoteCommandSession {
  stdin?: Readable;
  stdout?: Writable;
  stderr?: Writable;
  tty: boolean;
  resizes: AsyncIterable<TerminalSize>;
  /** Aborted when the client is gone. */
  signal: AbortSignal;
}

/** Client side of exec and attach; the given local streams are pumped until the remote ends. */
export interface RemoteCommandStreams {
  stdin?: Readable;
  stdout?: Writable;
  stderr?: Writable;
  tty: boolean;
  resizes?: AsyncIterable<TerminalSize>;
}

/** Answers an exec or attach request (its query says stdin, stdout, stderr, tty) and runs `run` on the session. */
export type ServeRemoteCommand = (
  request: Request,
  run: (session: RemoteCommandSession) => Promise<RemoteStatus>,
) => Response;

/** Answers a port-forward request; `dial` opens the connection to a port in the pod, or throws with a message. */
export type ServePortForward = (request: Request, dial: (port: number) => Promise<Duplex>) => Response;

/** Opens an upgraded connection to a server: the client transport provides it (TLS, credentials, path prefix). */
export interface UpgradeDialer {
  /** Sends the request line and headers, waits for 101; throws StatusError with the server's body otherwise. */
  upgrade(
    method: string,
    pathAndQuery: string,
    headers: Record<string, string>,
  ): Promise<{ socket: Duplex; head: Uint8Array; headers: Record<string, string> }>;
}

/** Runs a remote command to its end; resolves with the remote status (Success, or Failure with exit code). */
export type RunRemoteCommand = (
  dialer: UpgradeDialer,
  pathAndQuery: string,
  streams: RemoteCommandStreams,
  signal: AbortSignal,
) => Promise<RemoteStatus>;

/** One port-forward connection to a pod, over which any number of streams are opened. */
export interface PortForwardConnection {
  /** Resolves when the stream pair is open; remote errors destroy the stream with a message. */
  open(port: number): Promise<Duplex>;
  closed: Promise<void>;
  close(): void;
}
export type DialPortForward = (dialer: UpgradeDialer, pathAndQuery: string) => Promise<PortForwardConnection>;
