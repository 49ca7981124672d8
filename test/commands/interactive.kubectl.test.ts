// The expectations of interactive.ts are kubectl's own.
import { onTerminals } from './interactive.ts';

onTerminals(process.env['KUBECTL'] ?? 'kubectl');
