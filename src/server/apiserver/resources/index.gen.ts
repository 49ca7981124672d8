// Made by `npm run generate` from the files of this folder. Do not edit.

export default [] as const;
