// Runs the command line of this process from the sources; the bundle calls main() itself.
import { main } from './main.ts';

void main(process.argv.slice(2));
