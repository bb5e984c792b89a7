// Where the compiled gateway lies: test/kit/compiled-gateway.mjs puts the path here.

export const BUILD_FOLDER = '__BUILD_FOLDER__';
