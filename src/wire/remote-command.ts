// Exec and attach: both sides, over WebSocket or SPDY. The server half answers a request and runs a session; the
// client half prefers WebSocket v5 and falls back to SPDY, as kubectl does. Upstream: kubelet/pkg/cri/streaming/
// remotecommand (server), client-go/tools/remotecommand (client).
export { runRemoteCommand } from './remote-command-client.ts';
export { serveRemoteCommand } from './remote-command-server.ts';
