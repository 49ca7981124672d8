// TEMPORARY SIGNATURES
export class WorkQueue {}
